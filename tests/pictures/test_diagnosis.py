from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.evaluation import Diagnosis
from kgreason.evaluation.findings import Calibration, Effect, Result, Slice, Wrong
from kgreason.metrics import ReliabilityBin
from kgreason.pictures.diagnosis import diagnosis_page, in_words
from tests.pictures.test_page import HOSTILE, Read

WEAK = Slice("nli.jsonl", "negation", 120, 0.4, (0.32, 0.49), 0.6, -0.2, (-0.31, -0.08))
FOUND = Diagnosis(
    weakness=WEAK,
    results=(Result("nli.jsonl", "entailment", 1220, 0.58, (0.55, 0.61)),),
    slices=(WEAK, replace(WEAK, phenomenon="numbers", difference=0.1, ends=(-0.9, 0.9))),
    faculties=(Effect("nli.jsonl", "K", 97, 0.6, 0.5, -0.1, (-0.15, -0.05), 0.9),),
    robustness=(Effect("nli.jsonl", "typos", 97, 0.6, 0.6, 0.0, (-0.1, 0.1), 0.8),),
    calibration=(Calibration("nli.jsonl", 4, 0.1, (ReliabilityBin(1, 0.2, 0.0), ReliabilityBin(3, 0.9, 1.0))),),
    worst=(Wrong("nli.jsonl", "a", "No dog.", ("x", "y"), "x", "y", 0.99, ("negation",), ("dog is an animal",)),),
    left_out=7,
    seconds=1.5,
)


@pytest.fixture(scope="module")
def page():
    return Read(diagnosis_page(FOUND, "Diagnosis"))


def test_it_says_what_was_found(page):
    told = diagnosis_page(FOUND, "Diagnosis")
    assert in_words(WEAK) in told
    assert "Weakest: negation in nli.jsonl. 40.0% of 120 samples are right, −20.0 points" in told
    assert "7 samples name no right option" in told
    assert "−15.0 to −5.0" in told
    assert "dog is an animal" in told


def test_it_is_whole_and_accessible(page):
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("title") == 1
    assert tags.count("table") == tags.count("caption") == 4
    heads = [dict(attributes) for tag, attributes in page.tags if tag == "th"]
    assert {each["scope"] for each in heads} == {"col", "row"}
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 6
    assert all(each["role"] == "img" and each["aria-label"] for each in pictures)


def test_nothing_is_loaded_and_no_script_runs(page):
    html = diagnosis_page(FOUND, "Diagnosis")
    assert not re.search(r"https?:|//|url\(|@import", html)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "a", "base"}
    assert not {name for _, attributes in page.tags for name in attributes} & {"src", "href", "onclick", "onload"}
    (policy,) = [a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


any_text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=[]), min_size=1))


@given(any_text, any_text)
def test_no_text_becomes_markup(one, two):
    wrong = replace(
        FOUND.worst[0], file=one, id=two, text=one, choice=two, right=one, phenomena=(two,), evidence=(one,)
    )
    part = replace(WEAK, file=one, phenomenon=two)
    hostile = replace(
        FOUND,
        weakness=part,
        results=(replace(FOUND.results[0], file=one, task=two),),
        slices=(part,),
        faculties=(replace(FOUND.faculties[0], file=one),),
        robustness=(replace(FOUND.robustness[0], change=two),),
        calibration=(replace(FOUND.calibration[0], file=two),),
        worst=(wrong,),
    )
    html = diagnosis_page(hostile, two)
    html.encode()
    plain = diagnosis_page(replace(FOUND, slices=(WEAK,)), "Diagnosis")
    assert [tag for tag, _ in Read(html).tags] == [tag for tag, _ in Read(plain).tags]
    assert [sorted(names) for _, names in Read(html).tags] == [sorted(names) for _, names in Read(plain).tags]


def test_with_nothing_found_it_says_so():
    nothing = Diagnosis(None, FOUND.results, (), (), (), (), (), 0, 0.1)
    html = diagnosis_page(nothing, "Diagnosis")
    assert html.count("Nothing to show.") == 5
    assert in_words(None) in html
    assert "left out" not in html
