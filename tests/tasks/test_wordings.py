from __future__ import annotations

import json
import tomllib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kg_data
from kgreason.graph.relations import RelationTable
from kgreason.language import lemmas
from kgreason.tasks.wordings import Clue, Name, Noun, Verb, Wordings, fill, is_noun, kept

ROWS = tomllib.loads(kg_data.path("wordings.toml").read_text(encoding="utf-8"))
TABLE = RelationTable.load()
FREQUENT = (
    "AtLocation", "CapableOf", "Causes", "Desires", "HasA", "HasPrerequisite", "HasProperty", "IsA", "MadeOf",
    "MotivatedByGoal", "PartOf", "UsedFor",
)  # fmt: skip
RELATIONS = sorted(set(ROWS) - {"label", "noun", "verb", "join"})


def test_every_relation_of_the_packaged_graph_has_its_wordings():
    facts = json.loads(kg_data.path("facts/facts.json").read_text(encoding="utf-8"))
    assert {name for name in facts["counts"]["by relation"] if not name.startswith("Not")} <= set(RELATIONS)
    assert set(RELATIONS) <= set(TABLE)


@pytest.mark.parametrize("relation", RELATIONS)
def test_wordings_of_a_relation(relation):
    row = ROWS[relation]
    assert ("backward" in row) != TABLE.symmetric(relation)
    for texts in (row["forward"], row.get("backward", row["forward"])):
        assert len(texts) >= (12 if relation in FREQUENT else 8)
        assert all(text.count("{x}") == 1 and text.endswith("?") for text in texts)
    assert ("source" in row) == ("backward" in row)
    for nouns in (row["target"], row.get("source", row["target"])):
        assert len(nouns) == 4
        assert all(noun.count("{x}") == 1 and not noun.endswith("?") for noun in nouns)
    assert 3 <= len(row["names"]) <= 5
    # a new name has to be read as words, not as a relation that the table knows
    assert all(TABLE.canonical(name) == name for name in row["names"])


def test_no_wording_and_no_name_asks_for_two_relations():
    texts = [text for name in RELATIONS for key in ("forward", "backward", "names") for text in ROWS[name].get(key, ())]
    assert len(set(texts)) == len(texts)
    assert not set(texts) & {TABLE.phrase(name) for name in RELATIONS}


def test_labels_and_joins():
    lists = [ROWS["label"][way] for way in ("forward", "backward")]
    lists += [ROWS["label"]["noun"][way] for way in ("forward", "backward")]
    assert all(len(texts) >= 10 for texts in lists)
    lists += [row[way] for row in (ROWS["label"], ROWS["label"]["noun"]) for way in ("target", "source")]
    assert all(text.count("{x}") == text.count("{phrase}") == 1 for texts in lists for text in texts)
    join = ROWS["join"]
    assert all(len(join[name]) >= 8 for name in join)
    assert all(text.count("{one}") == text.count("{other}") == 1 for text in [*join["and"], *join["not"]])
    assert all((row["text"] + row["it"]).count("{before}") == 1 for row in join["then"])
    assert all(any(row["text"].startswith("{") for row in kept(join["then"], held)) for held in (False, True))


def test_verbs_have_all_their_forms():
    verb = ROWS["verb"]
    assert len({forms[0] for forms in verb["forms"]}) == len(verb["forms"])
    assert all(form.isalpha() and form.islower() for forms in verb["forms"] for form in forms)
    for way in ("forward", "backward", "target", "source"):
        assert all(text.count("{x}") == 1 for text in verb[way])
        assert all(text.endswith("?") == (way in ("forward", "backward")) for text in verb[way])


def test_nouns_and_verbs_ask_for_the_same():
    for name in ("noun", "verb"):
        assert all(text.count("{x}") == 1 for way in ("same", "alike") for text in ROWS[name][way])
        assert all(text.endswith("?") for text in ROWS[name]["same"])
    forms = {word for forms in ROWS["verb"]["forms"] for word in forms}
    assert not forms & set(ROWS["verb"]["barred"])


def test_there_and_back_is_the_same():
    wordings = Wordings.load()
    shown: dict[str, Name] = {"parents": Noun("mother"), "written by": Verb("write", "wrote", "written", "writer")}
    for relation, same in (("parents", "mother"), ("written by", "writer")):
        clue = Clue("zog", (relation, f"~{relation}"))
        texts = {wordings.ask([clue], Random(seed), style="label", shown=shown) for seed in range(101)}
        assert f"what has the same {same} as zog?" in texts
        other = Clue("zog", (f"~{relation}", relation))
        texts = {wordings.ask([other], Random(seed), style="label", shown=shown) for seed in range(101)}
        assert not any("same" in text for text in texts)


def test_a_noun_asks_in_the_singular_and_the_plural():
    noun = Noun("company")
    assert set(noun.names) == {"company", "companies", "has company"}
    texts = Wordings.load().templates("rel", shown=noun)
    assert {"what is the company of {x}?", "what are the companies of {x}?"} <= set(texts)
    assert "the companies of {x}" in Wordings.load().templates("rel", shown=noun, noun=True)


def test_concepts_may_be_introduced_by_what_they_are():
    texts = [
        Wordings.load().ask([Clue("zog", ("rel",))], Random(seed), style="label", shown={"rel": Noun("mother")})
        for seed in range(101)
    ]
    assert 5 < sum(any(f"the {kind} zog" in text for kind in ROWS["verb"]["classes"]) for text in texts) < 50


def test_a_verb_asks_for_who_does_it_or_for_what_is_done():
    wordings = Wordings.load()
    built, builds = (Verb("build", "built", "built", "builder", passive=passive) for passive in (True, False))
    assert built.names == ("built by", "builder", "builders")
    assert builds.names == ("built", "builds")
    assert "who built {x}?" in wordings.templates("rel", shown=built)
    assert wordings.templates("~rel", shown=builds) == wordings.templates("rel", shown=built)
    assert "what did {x} build?" in wordings.templates("rel", shown=builds)
    assert "the builder of {x}" in wordings.templates("rel", shown=built, noun=True)
    text = wordings.ask([Clue("zog", ("rel", "~rel"))], Random(1), style="label", shown={"rel": built})
    assert "{" not in text


@given(st.lists(st.integers()))
def test_a_list_is_cut_in_two(values):
    assert [*kept(values, False), *kept(values, True)] == values
    assert len(kept(values, True)) == len(values) // 4


def words(templates):
    found = {word for text in templates for word in text.replace("?", " ").replace("{x}", " ").split()}
    return {(lemmas(word) or (word,))[0] for word in found}


def test_held_out_wordings_are_made_of_known_words():
    """A wording never seen can be understood only if its words were seen in others, as far as inflections."""
    kinds = ("forward", "backward", "target", "source")
    ways = [ROWS[name][way] for name in RELATIONS for way in kinds if way in ROWS[name]]
    known = words(text for texts in ways for text in kept(texts, False))
    assert words(text for texts in ways for text in kept(texts, True)) <= known


def test_own_wordings_and_those_of_the_label():
    wordings = Wordings.load()
    assert set(wordings.templates("IsA")) == set(kept(ROWS["IsA"]["forward"], False))
    assert set(wordings.templates("~IsA", held_out=True)) == set(kept(ROWS["IsA"]["backward"], True))
    assert set(wordings.templates("~Synonym")) == set(wordings.templates("Synonym"))
    assert "{x}: is a what?" in wordings.templates("IsA", "label")
    assert "{x}: falls under what?" in wordings.templates("IsA", "label", shown="falls under")
    assert "what is the birth place of {x}?" in wordings.templates("birthPlace")
    assert not any("the has genre" in text for text in wordings.templates("has_genre"))
    assert wordings.knows("~IsA")
    assert not wordings.knows("birthPlace")


def test_names():
    wordings = Wordings.load()
    seen, unseen = wordings.names("IsA"), wordings.names("is_a", held_out=True)
    assert [*seen, *unseen] == ROWS["IsA"]["names"]
    assert unseen
    assert not wordings.names("birthPlace")


@pytest.mark.parametrize("noun", ["birth place", "seat of government", "author"])
def test_nouns(noun):
    assert is_noun(noun)


@pytest.mark.parametrize("other", ["", "synonym of", "born in", "is a", "causes", "built on the word", "would like"])
def test_what_is_no_noun(other):
    assert not is_noun(other)


steps = st.sampled_from(["IsA", "~PartOf", "Synonym", "~birthPlace", "born_in"])
clues = st.builds(Clue, st.sampled_from(["zog", "mi{x}b"]), st.lists(steps, min_size=1, max_size=3).map(tuple))


@given(clues, st.booleans(), st.sampled_from(["wording", "label"]), st.integers(0, 10**6))
def test_a_chain_names_its_concept_once(clue, held_out, style, seed):
    text = Wordings.load().ask([clue], Random(seed), style=style, held_out=held_out)
    assert text.count(clue.seed) == 1
    rest = text.replace(clue.seed, "")
    assert not any(brace in rest for brace in "{}")
    assert rest.count("“") == rest.count("”")
    assert text.endswith(("?", "?”"))
    assert text == Wordings.load().ask([clue], Random(seed), style=style, held_out=held_out)


@given(clues, clues, st.booleans(), st.booleans(), st.integers(0, 10**6))
def test_two_clues_in_one_question(one, other, positive, held_out, seed):
    asked = [Clue("zog", one.steps), Clue("mib", other.steps, positive)]
    text = Wordings.load().ask(asked, Random(seed), held_out=held_out)
    assert text.index("zog") < text.index("mib")
    joins = kept(ROWS["join"]["and" if positive else "not"], held_out)
    starts = [join[: join.index("{")] for join in joins]
    assert any(text.startswith(start) for start in starts)


def test_steps_are_nested_as_noun_phrases():
    wordings = Wordings.load()
    texts = {wordings.ask([Clue("zog", ("AtLocation", "~PartOf"))], Random(seed)) for seed in range(211)}
    inner = [noun.replace("{x}", "zog") for noun in wordings.templates("AtLocation", noun=True)]
    outer = wordings.templates("~PartOf") + [f"{noun}?" for noun in wordings.templates("~PartOf", noun=True)]
    nested = {text.replace("{x}", noun) for text in outer for noun in inner}
    assert len(texts & nested) > 13
    assert len(texts - nested) > 50


def test_noun_phrases_of_a_name():
    wordings = Wordings.load()
    assert "{x} 's birth place" in wordings.templates("birthPlace", noun=True)
    assert "the one that {x} birth place" not in wordings.templates("birthPlace", noun=True)
    assert "the one born in {x}" in wordings.templates("~born_in", noun=True)


def test_fill_reads_no_brace_of_a_part():
    assert fill("{one} and {other} {third}", one="{other}", other="b") == "{other} and b {third}"
    assert Clue("zog", ("IsA",)).to_list() == ["zog", ["IsA"], True]
