from __future__ import annotations

from dataclasses import replace

import pytest

from kgreason.evaluation.findings import Slice
from kgreason.evaluation.phenomena import phenomena
from kgreason.evaluation.proposal import Proposer, text_of, training_pool, write_proposal
from kgreason.retrieval import Pairs
from kgreason.tasks import read_samples, write_samples
from kgreason.training.config import RunConfig, TaskConfig, load_run
from kgreason.training.mixture import shares
from kgreason.training.run import load_data
from tests.models import DENIED, WORDS, moods, places, reviews

FILMS = tuple(f"film {letter}" for letter in "abcdefghijk")
PLAIN, NOT = reviews(WORDS, ["The {} was {}."], FILMS), reviews(DENIED, ["The {} was not {}."], FILMS)
WEAK = Slice("reviews", "negation", 40, 0.5, (0.3, 0.7), 0.9, -0.4, (-0.6, -0.2))


@pytest.fixture
def run(tmp_path):
    write_samples(tmp_path / "reviews.jsonl", [*PLAIN, *NOT])
    write_samples(tmp_path / "places.jsonl", places(31))
    tasks = {
        "reviews": TaskConfig(str(tmp_path / "reviews.jsonl"), limit=50),
        "places": TaskConfig(str(tmp_path / "places.jsonl"), weight=0.5, own_facts=True),
    }
    return RunConfig(str(tmp_path / "unused"), tasks, init="somewhere", test=True)


@pytest.fixture
def pool(run):
    return training_pool(run)


def test_the_pool_is_what_may_be_trained_on_past_the_limit(run, pool):
    free = replace(run, tasks={name: replace(task, limit=0) for name, task in run.tasks.items()})
    trained = load_data(free, Pairs)
    assert {name: [each for each, _ in task.train] for name, task in trained.items()} == pool
    assert len(pool["reviews"]) > 50


def test_samples_show_the_weakness_and_are_not_measured_on(run, pool, tmp_path):
    examples = NOT[:40]
    proposer = Proposer(pool, without={text_of(each) for each in examples}, number=37)
    found = proposer.propose(WEAK, examples, run, tmp_path / "next")
    assert found == proposer.propose(WEAK, examples, run, tmp_path / "next")
    assert (len(found.samples), found.pooled, found.made) == (37, 37, 0)
    assert all("negation" in phenomena(each) and each.options == NOT[0].options for each in found.samples)
    assert not {text_of(each) for each in found.samples} & {text_of(each) for each in examples}
    assert len({text_of(each) for each in found.samples}) == 37
    assert all(str(each.extra["from"]).startswith("reviews ") for each in found.samples)
    assert found.how.startswith("nothing is made for negation")
    positive = [each for each in NOT if each.answer]
    assert {each.answer for each in proposer.propose(WEAK, positive, run, tmp_path / "next").samples} == {1}


def test_the_run_keeps_its_tasks_and_gives_a_third_to_the_weak_samples(run, pool, tmp_path):
    proposer = Proposer(pool, number=37)
    planned = proposer.propose(WEAK, NOT, run, tmp_path / "next").run
    assert list(planned.tasks) == ["reviews", "places", "weak"]
    assert {name: planned.tasks[name] for name in run.tasks} == run.tasks
    assert (planned.init, planned.test, planned.output) == ("somewhere", False, str(tmp_path / "next" / "run"))
    sizes = {"reviews": 50, "places": len(pool["places"]), "weak": round(37 * 0.9)}
    weights = {name: task.weight for name, task in planned.tasks.items()}
    assert shares(sizes, run.temperature, weights)["weak"] == pytest.approx(1 / 3, abs=0.01)
    taken = replace(run, tasks={"weak": run.tasks["reviews"]})
    again = Proposer({"weak": pool["reviews"]}).propose(WEAK, NOT, taken, tmp_path / "next")
    assert list(again.run.tasks) == ["weak", "weak1"]


def test_what_is_written_is_read_back_and_can_be_trained_on(run, pool, tmp_path):
    found = Proposer(pool, number=37).propose(WEAK, NOT, run, tmp_path / "next")
    write_proposal(tmp_path / "next", found)
    assert load_run(tmp_path / "next" / "proposal.toml") == found.run
    assert (tmp_path / "next" / "proposal.toml").read_text().startswith("# negation in reviews: 50.0% right, 90.0% of")
    assert tuple(read_samples(tmp_path / "next" / "weak.jsonl")) == found.samples
    data = load_data(found.run, Pairs)["weak"]
    assert len(data.train) + len(data.held_out) == 37
    assert [each.text for each, _ in data.dev] == [each.text for each in NOT]


def test_the_first_weakness_with_samples_is_taken(run, pool, tmp_path):
    questions = [*NOT, *moods(40)]
    numbers = replace(WEAK, phenomenon="numbers")
    sure, unsure = (numbers, WEAK), (replace(WEAK, ends=(-0.6, 0.01)),)
    proposer = Proposer(pool)
    found, notes = proposer.first(sure, {"reviews": questions}, run, tmp_path)
    assert found is not None
    assert found.weakness == WEAK
    assert notes[0].startswith("numbers in reviews: 0 samples drawn, 0 made")
    assert notes[0].endswith("fewer than 10 are too few")
    assert proposer.first(sure, {"reviews": questions}, run, tmp_path, skip={("reviews", "negation")})[0] is None
    assert proposer.first(unsure, {"reviews": questions}, run, tmp_path) == (None, ())
