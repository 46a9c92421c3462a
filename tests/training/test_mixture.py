from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.mixture import WINDOW, Mixture, mean_shares, shares, stages
from kgreason.training.practices import AugmentConfig, CurriculumConfig
from tests.models import places

SUBGRAPH = object()


def samples(name, count):
    """Items of many lengths, each with something in place of its graph."""
    return [(Question(f"{name}{i}" + "x" * (i * 7 % 13)), SUBGRAPH) for i in range(count)]


def texts(mixture):
    return [mixture[i][0].text for i in range(len(mixture))]


@given(
    sizes=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 10**6), min_size=1),
    temperature=st.floats(1, 100),
)
def test_shares(sizes, temperature):
    found = shares(sizes, temperature)
    assert sum(found.values()) == pytest.approx(1)
    for a in sizes:
        for b in sizes:
            assert found[a] / found[b] == pytest.approx((sizes[a] / sizes[b]) ** (1 / temperature))


def test_shares_by_size_by_weight_and_even():
    assert shares({"a": 1, "b": 3}, 1.0) == {"a": 0.25, "b": 0.75}
    assert shares({"a": 1, "b": 1}, 5.0, {"a": 3.0}) == {"a": 0.75, "b": 0.25}
    assert shares({"a": 1, "b": 10**6}, 1e9)["a"] == pytest.approx(0.5)


@given(
    sizes=st.tuples(st.integers(1, 41), st.integers(1, 41)),
    steps=st.integers(1, 83),
    batch=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_every_batch_is_of_one_task_and_samples_come_in_turn(sizes, steps, batch, seed):
    tasks = {"a": samples("a", sizes[0]), "b": samples("b", sizes[1])}
    mixture = Mixture(tasks, steps=steps, batch_size=batch, seed=seed)
    found = texts(mixture)
    assert len(found) == len(mixture) == steps * batch
    for start in range(0, len(found), batch):
        assert len({text[0] for text in found[start : start + batch]}) == 1
    for name, size in zip("ab", sizes, strict=True):
        own = [text for text in found if text[0] == name]
        window = batch * max(1, min(WINDOW, size // batch))
        for end in [*range(window, len(own), window), len(own)]:
            counts = Counter(own[:end])
            most, fewest = max(counts.values(), default=0), min(counts.values()) if len(counts) == size else 0
            assert most - fewest <= 1  # each once before any twice, save in the window where a round ends


@pytest.mark.parametrize("size", [7, 211])
def test_a_round_is_a_permutation(size):
    items = samples("a", size)
    found = texts(Mixture({"a": items}, steps=3 * size, batch_size=1, seed=3))
    assert Counter(found) == dict.fromkeys((question.text for question, _ in items), 3)


def test_order_is_a_function_of_the_seed():
    tasks = {"a": samples("a", 53), "b": samples("b", 29)}

    def make(seed):
        return Mixture(tasks, steps=31, batch_size=5, temperature=2.0, graph_dropout=0.5, seed=seed)

    first, again, other = make(7), make(7), make(8)
    assert [first[i] for i in range(len(first))] == [again[i] for i in range(len(again))]
    assert texts(first) != texts(other)
    before = np.random.default_rng(0).permutation(len(first))
    assert [first[int(i)] for i in before] == [again[int(i)] for i in before]  # whatever was read before


def test_a_resumed_tail_is_the_tail_of_the_whole():
    tasks = {"a": samples("a", 53), "b": samples("b", 29)}
    whole = texts(Mixture(tasks, steps=31, batch_size=5, seed=7))
    resumed = Mixture(tasks, steps=31, batch_size=5, seed=7)
    assert [resumed[i][0].text for i in range(65, len(resumed))] == whole[65:]


def test_tasks_come_by_their_shares_and_graphs_are_dropped_by_theirs():
    tasks = {"a": samples("a", 100), "b": samples("b", 900), "empty": []}
    mixture = Mixture(tasks, steps=4001, batch_size=1, temperature=2.0, graph_dropout=0.25, seed=1)
    assert mixture.shares == {"a": pytest.approx(0.25), "b": pytest.approx(0.75)}
    assert sum(text[0] == "a" for text in texts(mixture)) / len(mixture) == pytest.approx(0.25, abs=0.03)
    dropped = sum(mixture[i][1] is None for i in range(len(mixture)))
    assert dropped / len(mixture) == pytest.approx(0.25, abs=0.03)


def test_a_batch_holds_texts_of_like_length():
    items = [(Question("x" * (1 + i * 37 % 101)), None) for i in range(101)]
    mixture = Mixture({"a": items}, steps=20, batch_size=5, seed=1)
    found = np.array([len(text) for text in texts(mixture)]).reshape(-1, 5)
    assert (found.max(1) - found.min(1)).mean() < 10


def test_distractors_are_a_function_of_seed_and_place(tiny_graph):
    items = list(Pairs(places(3), tiny_graph, stored=False))

    def edges(mixture, i):
        subgraph = mixture[i][1]
        return None if subgraph is None else subgraph.edge_index.tolist()

    def make(**more):
        return Mixture({"a": items}, steps=20, batch_size=3, graph_dropout=0.25, seed=7, **more)

    plain, noisy, again = make(), make(edge_noise=0.5), make(edge_noise=0.5)
    for i in reversed(range(60)):  # whatever was read before
        assert noisy[i][0] == plain[i][0]
        assert (edges(noisy, i) is None) == (edges(plain, i) is None)
        assert edges(noisy, i) == edges(again, i)
    first, *others = [i for i in range(60) if plain[i] == plain[0] and edges(plain, i) is not None]
    assert len(edges(noisy, first)[0]) > len(edges(plain, first)[0])
    assert any(edges(noisy, i) != edges(noisy, first) for i in others)


@given(since=st.lists(st.integers(1, 5), min_size=3, max_size=3), steps=st.integers(10, 97))
def test_a_task_comes_from_its_epoch_on(since, steps):
    begins = dict(zip("abc", (1, *since[1:]), strict=True))
    tasks = {name: samples(name, 11) for name in "abc"}
    mixture = Mixture(tasks, steps=steps, batch_size=2, epochs=5, since=begins, seed=3)
    each = steps // 5
    for i, text in enumerate(texts(mixture)):
        assert i // 2 >= (begins[text[0]] - 1) * each
    parts = stages(dict.fromkeys("abc", 11), 1.0, since=begins)
    assert [epoch for epoch, _ in parts] == sorted(set(begins.values()))
    assert all(sum(share.values()) == pytest.approx(1) for _, share in parts)
    mean = mean_shares(parts, 5)
    for name in "abc":
        by_epoch = [[share for epoch, share in parts if epoch <= now][-1].get(name, 0.0) for now in range(1, 6)]
        assert mean[name] == pytest.approx(sum(by_epoch) / 5)
    assert mixture.shares == mean


@given(size=st.integers(3, 41), steps=st.integers(2, 53), until=st.floats(0, 1), start=st.floats(0, 1))
def test_a_curriculum_draws_among_the_easiest(size, steps, until, start):
    items = samples("a", size)
    hard = np.random.default_rng(size).permutation(size).astype(float)
    config = CurriculumConfig("loss", start=start, until=until)
    mixture = Mixture({"a": items}, steps=steps, batch_size=2, curriculum=config, difficulty={"a": hard}, seed=5)
    found = np.array([int(text[1:].rstrip("x")) for text in texts(mixture)]).reshape(-1, 2)
    for step, rows in enumerate(found):
        progress = step / (until * steps) if step < until * steps else 1.0
        allowed = min(1.0, np.sqrt(progress * (1 - start**2) + start**2))
        assert hard[rows].max() < max(2, np.ceil(allowed * size))
        assert progress == 1.0 or rows[0] != rows[1]
    again = Mixture({"a": items}, steps=steps, batch_size=2, curriculum=config, difficulty={"a": hard}, seed=5)
    assert texts(mixture) == texts(again)


def test_augmentation_is_a_function_of_seed_and_place(tiny_graph):
    items = Pairs(places(5), tiny_graph, stored=False)

    def make(**more):
        return Mixture({"a": items}, steps=20, batch_size=3, seed=7, augment=AugmentConfig(**more))

    plain, changed, again = make(), make(share=0.5), make(share=0.5)
    count = 0
    for i in reversed(range(60)):
        before, after = plain[i], changed[i]
        assert after[0] == again[i][0]
        assert after[0].options[after[0].answer] == before[0].options[before[0].answer]
        assert after[1].grounding.question == after[0]  # its graph is its own
        count += after[0] != before[0]
    assert 10 < count < 45
    texts_alone = make(share=1.0, changes=("option order",))
    assert all(texts_alone[i][0].options[0] != plain[i][0].options[0] for i in range(60))


def test_open_questions_those_with_facts_and_plain_items_are_not_changed(tiny_graph):
    own = [replace(question, facts=(("a", "IsA", "b"),)) for question in places(5)]
    asked = [Question(question.text, task="open", gold=("zoo",)) for question in places(5)]
    for items in (
        Pairs(own, tiny_graph, stored=False),
        Pairs(asked, tiny_graph, stored=False),
        list(Pairs(places(5), tiny_graph, stored=False)),
    ):
        mixtures = [
            Mixture({"a": items}, steps=5, batch_size=3, seed=7, augment=AugmentConfig(share)) for share in (0.0, 1.0)
        ]
        assert [mixtures[0][i][0] for i in range(15)] == [mixtures[1][i][0] for i in range(15)]
