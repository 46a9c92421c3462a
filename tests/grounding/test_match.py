from __future__ import annotations

import itertools
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import match
from kgreason.grounding.match import MAX_WORDS, How, WordClass, find_forms, split_texts
from kgreason.language import language, normal_form

ENGLISH = language("en")
WORDS = ["dog", "dogs", "door", "revolving", "store", "went", "the", "of", "at", "is", "what", "up", "not", "2", "Éa"]
NAMES = (
    """
dog|dog door|revolve door|go store|dog of the door|wake up|up|the|dog-door|dogdoor|2 dog|go up|éa|not dog|what is
go up store at dog door|dog, door|dog is door
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def table(names):
    return KnowledgeGraph.from_triples([(name, "RelatedTo", "x") for name in names]).surfaces


def split(text):
    return split_texts([text], ENGLISH)[0]


def hits_in(surfaces, text, max_words=MAX_WORDS, across=False):
    return find_forms(surfaces, [split(text)], [max_words], [across])[:, 1:]


texts = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", " ", " ", "  ", "-", ", ", "/", ""])), max_size=11
).map(lambda parts: "".join(word + gap for word, gap in parts))


def scan(surfaces, text):
    """Every hit by definition, from the strings themselves."""
    words = split(text)
    forms = [[normal_form(t.text), *ENGLISH.lemmas(normal_form(t.text))] for t in words.tokens]
    kinds = [WordClass(kind) for kind in words.kinds.tolist()]
    found = set()

    def look(first, last, form, how):
        if (index := surfaces.index(form)) >= 0:
            found.add((first, last, index, how))

    for first, last in itertools.combinations(range(len(forms) + 1), 2):
        if last - first > MAX_WORDS:
            continue
        span = range(first, last)
        held = [kinds[i] for i in span]
        kept = sum(kind < WordClass.STOP for kind in held)
        if WordClass.CONTENT not in held and kept < 2:
            continue
        plain = [forms[i][0] for i in span]
        gaps = [text[a.end : b.start] for a, b in itertools.pairwise(words.tokens[first:last])]
        own = [normal_form(f"x{gap}x")[1:-1] for gap in gaps]
        look(first, last, plain[0] + "".join(gap + word for gap, word in zip(own, plain[1:], strict=True)), How.AS_IS)
        if not all(words.soft[i] for i in span[1:]) or held[0] >= WordClass.STOP or held[-1] >= WordClass.STOP:
            continue
        if any(gap != " " for gap in own):
            look(first, last, " ".join(plain), How.AS_IS)
            joined = (" " if gap == " " else "" for gap in own)
            look(first, last, plain[0] + "".join(a + b for a, b in zip(joined, plain[1:], strict=True)), How.AS_IS)
        elif last - first > 1:
            look(first, last, "-".join(plain), How.AS_IS)
        for choice in itertools.product(*(forms[i] for i in span)):
            if list(choice) != plain:
                look(first, last, " ".join(choice), How.INFLECTED)
        if kept < len(held) and WordClass.BREAK not in held:
            for choice in itertools.product(*(forms[i] for i in span if kinds[i] < WordClass.STOP)):
                look(first, last, " ".join(choice), How.DROPPED)
    return found


@given(st.sets(st.sampled_from(NAMES)), texts)
def test_the_walk_finds_what_a_scan_by_definition_finds(names, text):
    surfaces = table(names)
    hits = hits_in(surfaces, text).tolist()
    assert {tuple(hit) for hit in hits} == scan(surfaces, text)


#: Words of other scripts, some read from the right, marks, controls, and where the planes of Unicode begin and end.
ODD = [
    "שלום",
    "مرحبا",
    "猫カフェ",
    "ﬁne",
    "İstanbul",
    "ẞ",
    "e\u0301a",
    "\u202edog",
    "\x00",
    "\x1b",
    "\u200d",
    "\ufeff",
    "👩‍👧",
]
PLANES = [(plane << 16, (plane << 16) + 0xFFFF) for plane in range(17)]


def odd_text(chance):
    parts = []
    for _ in range(chance.randrange(9)):
        draw = chance.randrange(4)
        letters = (chr(chance.randint(*chance.choice(PLANES))) for _ in range(chance.randrange(1, 5)))
        parts += ["".join(letters) if draw == 0 else chance.choice(ODD if draw == 1 else WORDS)]
        parts += [chance.choice([" ", " ", "-", "", "\u00a0", "\u2028", "\ud800", "\t", ". "])]
    return "".join(parts)


def test_odd_texts_are_walked_as_by_definition():
    chance = random.Random(17)
    count, pause = (20_000, 2_000) if os.environ.get("KGREASON_PROFILE") == "full" else (300, 100)
    for start in range(0, count, pause):
        asked = [odd_text(chance) for _ in range(pause)]
        names = [form for text in asked for form in map(normal_form, text.split()) if _whole(form)]
        surfaces = table([*NAMES, *chance.sample(names, len(names) // 2)])
        limits, across = [MAX_WORDS] * pause, [False] * pause
        together = find_forms(surfaces, split_texts(asked, ENGLISH), limits, across)
        for number, text in enumerate(asked):
            found = {tuple(hit) for hit in together[together[:, 0] == number, 1:].tolist()}
            assert found == scan(surfaces, text), start + number


def _whole(form):
    return form and not any("\ud800" <= letter <= "\udfff" for letter in form)


@pytest.mark.slow
def test_a_text_of_a_megabyte_is_walked_as_by_definition():
    surfaces, text = table(NAMES), "went to the store, dogs at revolving doors. " * 23_000
    assert len(text) > 1_000_000
    per_copy = len(scan(surfaces, text[:44])), len(hits_in(surfaces, text))
    assert per_copy[1] == 23_000 * per_copy[0]


def test_texts_read_together_or_by_many_threads_are_read_as_alone():
    chance = random.Random(19)
    asked, surfaces = [odd_text(chance) for _ in range(203)], table(NAMES)
    alone = [hits_in(surfaces, text).tolist() for text in asked]
    turned = find_forms(surfaces, split_texts(asked[::-1], ENGLISH), [MAX_WORDS] * 203, [False] * 203)
    for number in range(203):
        assert turned[turned[:, 0] == 202 - number, 1:].tolist() == alone[number]
    match._VOCABULARIES.clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: hits_in(surfaces, text).tolist(), asked)) == alone


def test_a_large_vocabulary_makes_room_for_a_new_one(monkeypatch):
    surfaces, before = table(NAMES), split("revolving doors")
    monkeypatch.setattr(match, "_MOST_ENTRIES", 1)
    after = split("revolving doors")
    assert after.vocabulary is not before.vocabulary
    hits = [find_forms(surfaces, [words], [MAX_WORDS], [False]).tolist() for words in (before, after)]
    assert hits[0] == hits[1]


@pytest.mark.parametrize(
    ("name", "text", "how"),
    [
        ("zoo", "ZOO", How.AS_IS),
        ("revolve door", "revolving doors", How.INFLECTED),
        ("go store", "went to the store", How.DROPPED),
        ("dog bed", "the dog's bed", How.DROPPED),
        ("ice cream", "ice-cream", How.AS_IS),
        ("ice-cream", "ice cream", How.AS_IS),
        ("email", "e-mail", How.AS_IS),
        ("wake up", "woke up", How.INFLECTED),
        ("paris, texas", "Paris, Texas", How.AS_IS),
        ("at&t", "AT&T", How.AS_IS),
    ],
)
def test_how_a_name_may_stand_in_a_text(name, text, how):
    surfaces = table([name])
    hits = hits_in(surfaces, text).tolist()
    assert [surfaces.index(name), how] in [hit[2:] for hit in hits]


@pytest.mark.parametrize("text", ["the", "is", "up", "not", "of the", "bread, butter", "dog. Door", "dog is a door"])
def test_what_is_never_a_name(text):
    surfaces = table(["the", "is", "be", "up", "not", "of the", "bread butter", "dog door"])
    assert not len(hits_in(surfaces, text))


def test_a_name_of_its_own_may_drop_words_that_begin_a_clause():
    assert len(hits_in(table(["dog door"]), "dog is a door", across=True)) == 1


def test_more_hits_than_foreseen_are_all_found():
    names = [" ".join(["dog"] * n) for n in range(1, 50)]
    hits = hits_in(table(names), " ".join(["dog"] * 53), 49)
    assert len(hits) == sum(54 - n for n in range(1, 50))


def test_no_forms_and_no_words():
    assert hits_in(table([]), "dog").shape == (0, 4)
    assert hits_in(table(["dog"]), "?").shape == (0, 4)


def test_many_lemmas_do_not_explode():
    surfaces = table([" ".join(["better"] * 12), " ".join(["good"] * 5)])
    hits = hits_in(surfaces, " ".join(["better"] * 12), 12).tolist()
    assert [0, 12] in [hit[:2] for hit in hits]
    assert [0, 5] in [hit[:2] for hit in hits]
