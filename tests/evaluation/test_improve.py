from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kgreason import storage
from kgreason.errors import ConfigError, FormatError, InputError
from kgreason.evaluation.improve import LoopConfig, Round, halves, improve
from kgreason.records import Question
from kgreason.tasks import write_samples
from kgreason.training.config import RunConfig, TaskConfig
from tests.models import DENIED, WORDS, moods, reviewer, reviews, tiny_model

FILMS = ("film", "play", "song", "book", "show", "tale", "opera", "piece", "work", "story", "poem", "dance")
PLAIN, NOT = ("The {} was {}.", "All of the {} was {}."), ("The {} was not {}.",)


@pytest.fixture(scope="module")
def start(tiny_base, tmp_path_factory):
    """A model that never read a review with a denial."""
    folder = tmp_path_factory.mktemp("start") / "model"
    reviewer(tiny_base, reviews(WORDS, PLAIN, FILMS[:6])).save_pretrained(folder)
    return folder


def planned(folder, pool):
    write_samples(folder / "pool.jsonl", pool)
    return RunConfig(
        str(folder / "unused"), {"reviews": TaskConfig(str(folder / "pool.jsonl"))}, epochs=1, steps_per_epoch=60,
        batch_size=16, learning_rate=1e-3, head_rate=1e-3, bf16=False, device="cpu", dev_limit=20,
    )  # fmt: skip


@pytest.mark.slow
def test_a_planted_weakness_is_named_and_cured(start, tmp_path, home):
    files = {"reviews": [*reviews(WORDS, PLAIN, FILMS[6:]), *reviews(DENIED, NOT, FILMS[6:])]}
    run = planned(tmp_path, [*reviews(WORDS, PLAIN, FILMS[:6]), *reviews(DENIED, NOT, FILMS[:6])])
    told: list[Round] = []
    found = improve(start, files, run, tmp_path / "out", rounds=3, on_round=told.append)
    first = found.rounds[0]
    assert first.weakness is not None
    assert first.weakness.phenomenon == "negation"
    assert first.pooled > 30
    assert first.made == 0
    assert first.kept, first.why
    assert first.gain is not None
    assert first.gain.difference > 0.2
    assert first.model == found.model == str(tmp_path / "out" / "round-1" / "run" / "model")
    assert [each.kept for each in found.rounds] == [True, False]  # nothing is left to cure, so that it ends
    assert found.rounds[1].weakness is None
    assert told == list(found.rounds)
    again = improve(start, files, run, tmp_path / "out", rounds=3)
    assert again == found
    written = json.loads((tmp_path / "out" / "improve.json").read_text())
    assert [Round.from_dict(each) for each in written["rounds"]] == told


@pytest.mark.slow
def test_what_does_not_help_is_not_kept(start, tmp_path, home):
    """The pool's denied reviews have their labels by chance."""
    files = {"reviews": [*reviews(WORDS, PLAIN, FILMS[6:]), *reviews(DENIED, NOT, FILMS[6:])]}
    random = [replace(each, answer=i // 2 % 2) for i, each in enumerate(reviews(DENIED, NOT, FILMS[:6]))]
    before = {path: storage.digest(path) for path in start.rglob("*") if path.is_file()}
    run = planned(tmp_path, [*reviews(WORDS, PLAIN, FILMS[:6]), *random])
    found = improve(start, files, run, tmp_path / "out", rounds=2)
    assert [each.kept for each in found.rounds] == [False, False]
    assert found.rounds[0].weakness is not None
    assert found.rounds[1].weakness is None  # it was tried already
    assert found.model == str(start)
    assert {path: storage.digest(path) for path in start.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_a_loop_that_was_broken_off_goes_on(start, tmp_path, home):
    files = {"reviews": [*reviews(WORDS, PLAIN, FILMS[6:]), *reviews(DENIED, NOT, FILMS[6:])]}
    pool = [*reviews(WORDS, PLAIN, FILMS[:6]), *reviews(DENIED, NOT, FILMS[:6])]
    run = replace(planned(tmp_path, pool), steps_per_epoch=40, save_steps=10)
    steps = []

    def stop(stage, done, total):
        steps.extend([done] if stage == "train" else [])
        if done == 25 and stage == "train":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        improve(start, files, run, tmp_path / "broken", rounds=1, progress=stop)
    with pytest.raises(ConfigError, match="another run"):
        improve(start, files, replace(run, seed=7), tmp_path / "broken", rounds=1)
    steps.clear()
    found = improve(
        start, files, run, tmp_path / "broken", rounds=1,
        progress=lambda stage, done, total: steps.extend([done] if stage == "train" else []),
    )  # fmt: skip
    assert steps == list(range(21, 41))
    whole = improve(start, files, run, tmp_path / "whole", rounds=1)
    assert found.rounds[0] == replace(whole.rounds[0], model=found.model)
    weights = [storage.digest(tmp_path / each / "round-1/run/model/model.safetensors") for each in ("broken", "whole")]
    assert weights[0] == weights[1]


@pytest.fixture
def small(tiny_base, tmp_path, home):
    """A model that answers alike whatever it reads, samples in which nothing is surely weak, and a run."""
    tiny_model(tiny_base, knowledge=None).save_pretrained(tmp_path / "start")
    return tmp_path / "start", {"moods": moods(60)}, planned(tmp_path, moods(211))


def test_where_nothing_is_weak_nothing_is_trained(small, tmp_path):
    start, files, run = small
    found = improve(start, files, run, tmp_path / "out")
    assert [(each.kept, each.weakness) for each in found.rounds] == [(False, None)]
    assert found.rounds[0].why == "nothing is surely weak that could be trained on"
    assert found.model == str(start)
    assert not (tmp_path / "out" / "round-1").exists()
    assert improve(start, files, run, tmp_path / "out", rounds=5) == found


def test_another_loop_is_refused(small, tmp_path):
    start, files, run = small
    improve(start, files, run, tmp_path / "out")
    with pytest.raises(ConfigError, match="holds a loop of another files"):
        improve(start, {"moods": moods(61)}, run, tmp_path / "out")
    with pytest.raises(ConfigError, match="holds a loop of another run, config"):
        improve(start, files, replace(run, seed=2), tmp_path / "out", config=LoopConfig(seed=1))
    (tmp_path / "out" / "improve.json").write_text('{"setup": {}, "rounds": [{"number": 1}]}')
    with pytest.raises(FormatError, match="it holds no rounds"):
        improve(start, files, run, tmp_path / "out")


def test_too_few_samples_are_refused(small, tmp_path):
    start, _, run = small
    with pytest.raises(InputError, match="too few samples whose answer is known"):
        improve(start, {"moods": moods(1)}, run, tmp_path / "out")


@pytest.mark.parametrize("values", [{"margin": -0.1}, {"enough": 0}, {"number": 9}])
def test_a_value_out_of_its_range_is_refused(values):
    (name,) = values
    with pytest.raises(InputError, match=f"{name} is "):
        LoopConfig(**values)


def test_halves_are_apart_and_keep_pairs_of_one_text_together():
    pairs = [Question(f"Premise {i // 3}.", hypothesis=f"{i % 3}", task="entailment") for i in range(300)]
    one, other = halves({"a": pairs})
    assert sorted(map(repr, [*one["a"], *other["a"]])) == sorted(map(repr, pairs))
    assert not {each.text for each in one["a"]} & {each.text for each in other["a"]}
    assert 100 < len(one["a"]) < 200
    assert halves({"b": pairs})[0]["b"] == one["a"]
