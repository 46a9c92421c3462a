from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.records import Question
from kgreason.tasks import Overlap, group_folds, load, overlap, sibling_groups


def choice(options, concept=None, name=""):
    return Question("?", tuple(options), id=name, extra={"question_concept": concept} if concept else {})


@given(
    st.lists(st.tuples(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=5), st.integers(0, 5)), max_size=13)
)
def test_sibling_groups_are_components_of_the_pairs_that_share(made):
    questions = [choice(options, f"concept {concept}" if concept else None) for options, concept in made]
    graph = nx.Graph()
    graph.add_nodes_from(range(len(questions)))
    for (i, (one, c)), (j, (other, d)) in itertools.combinations(enumerate(made), 2):
        if (c and c == d) or len(set(one) & set(other)) >= 3:
            graph.add_edge(i, j)
    expected = {min(component): component for component in nx.connected_components(graph)}
    found = sibling_groups(questions).tolist()
    assert found == [first for i in range(len(made)) for first, part in expected.items() if i in part]


@given(groups=st.lists(st.integers(0, 13), min_size=5, max_size=97), folds=st.integers(2, 3), seed=st.integers(0, 7))
def test_folds_never_part_a_group_and_are_nearly_equal(groups, folds, seed):
    groups = [*groups, 100, 101, 102]
    found = group_folds(groups, folds, seed=seed)
    for group in set(groups):
        assert len({fold for fold, other in zip(found.tolist(), groups, strict=True) if other == group}) == 1
    sizes = np.bincount(found, minlength=folds)
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= max(groups.count(group) for group in groups)
    assert (found == group_folds(groups, folds, seed=seed)).all()


def test_folds_differ_by_seed():
    assert (group_folds(range(31), 3, seed=1) != group_folds(range(31), 3, seed=2)).any()


def test_there_are_no_more_folds_than_groups():
    with pytest.raises(InputError, match="folds is 3, but there are 2 groups"):
        group_folds([1, 1, 2], 3)


def test_overlap_counts_ids_texts_and_samples():
    known = [Question("A bird?", ("yes", "no"), id="1"), Question("A  Fish?", ("yes", "no"), id="2")]
    asked = [
        Question("a bird?", ("no", "yes"), id="3"),
        Question("a fish?", ("yes", "maybe"), id="1"),
        Question("a cat?", ("yes", "no")),
    ]
    assert overlap(known, asked) == Overlap(ids=1, texts=2, samples=1)
    pair = Question("A bird.", ("a", "b"), "entailment", "An animal.")
    assert overlap([pair], [Question("A bird.", ("a", "b"), "entailment", "A plant.")]) == Overlap(0, 1, 0)
    bird, bat = (Question("Who?", ("a", "b"), context=context) for context in ("A bird sings.", "A bat flies."))
    assert overlap([bird], [bat]) == Overlap(0, 1, 0)
    assert overlap([bird], [bird]) == Overlap(0, 1, 1)


@pytest.mark.data
def test_the_splits_that_are_trained_and_tested_on_share_no_sample(data_dir):
    for name in ("commonsenseqa", "conjnli", "explagraphs", "folio", "lingnli", "ocnli-zh", "proofwriter", "sst2"):
        train, dev = load(name, "train", data=data_dir), load(name, "dev", data=data_dir)
        shared = overlap(train, dev)
        assert shared.ids == 0
        assert shared.samples == (75 if name == "sst2" else 0)  # SST-2's dev are held-out phrases of its train part


@pytest.mark.data
@pytest.mark.parametrize("trained", ["commonsenseqa", "commonsenseqa-zh"])
def test_what_is_trained_on_in_one_language_is_not_tested_on_in_the_other(data_dir, trained):
    train = load(trained, "train", data=data_dir)
    for name in ("commonsenseqa", "commonsenseqa-zh"):
        assert all(overlap(train, load(name, split, data=data_dir)).ids == 0 for split in ("dev", "test"))


@pytest.mark.data
def test_siblings_of_commonsenseqa_are_scattered_by_its_splits(data_dir):
    questions = [
        question for part in ("train", "dev", "test") for question in load("commonsenseqa", part, data=data_dir)
    ]
    assert len(questions) == 10_962
    folds = group_folds(sibling_groups(questions), 5)
    assert np.bincount(folds).tolist() == [2193, 2193, 2192, 2192, 2192]
