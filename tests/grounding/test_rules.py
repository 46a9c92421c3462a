"""Rules: read from files, and what they derive, against a naive closure."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import ConfigError, FormatError
from kgreason.grounding.rules import Atom, Rule, Rules, derive, opposite

NAMES, RELATIONS, VARIABLES = ("A", "B", "C", "D"), ("r", "s", "t"), ("x", "y", "z")
WEIGHTS = st.sampled_from([1.0, 0.5, 0.25])


@st.composite
def programs(draw):
    facts = draw(
        st.dictionaries(
            st.tuples(*map(st.sampled_from, (NAMES, RELATIONS, NAMES))), st.just(1.0), min_size=1, max_size=7
        )
    )
    rules = []
    for _ in range(draw(st.integers(1, 5))):
        body = draw(
            st.lists(
                st.builds(Atom, *map(st.sampled_from, (VARIABLES + NAMES[:1], RELATIONS, VARIABLES))),
                min_size=1,
                max_size=3,
            )
        )
        bound = sorted({term for atom in body for term in (atom.source, atom.target)})
        head = draw(st.builds(Atom, *map(st.sampled_from, (bound, RELATIONS, bound))))
        rules.append(Rule(tuple(body), head, draw(WEIGHTS)))
    return facts, rules


def naive(facts, rules):
    """The least fixpoint by trying every value of every variable, over and over."""
    weights = dict(facts)
    while True:
        before = dict(weights)
        for rule in rules:
            for values in product(NAMES, repeat=3):
                bound = dict(zip(VARIABLES, values, strict=True))
                triples = [
                    (bound.get(atom.source, atom.source), atom.relation, bound.get(atom.target, atom.target))
                    for atom in (*rule.body, rule.head)
                ]
                *body, head = triples
                if head[0] != head[2] and head not in facts and all(triple in before for triple in body):
                    weight = rule.weight
                    for triple in body:
                        weight *= before[triple]
                    weights[head] = max(weights.get(head, 0.0), weight)
        if weights == before:
            return weights


@given(programs())
def test_derives_what_a_naive_closure_does(program):
    facts, rules = program
    found = derive(facts, rules, max_depth=100)
    assert {triple: step.weight for triple, step in found.items()} | facts == pytest.approx(naive(facts, rules))


@given(programs())
def test_premises_hold_and_never_run_in_a_circle(program):
    facts, rules = program
    found = derive(facts, rules, max_depth=100)

    def check(triple, above):
        assert triple not in above
        if triple not in facts:
            step = found[triple]
            assert len(step.premises) == len(step.rule.body)
            for premise in step.premises:
                check(premise, {*above, triple})

    for triple in found:
        check(triple, set())


@given(programs(), st.integers(1, 5), st.integers(1, 3))
def test_bounds_are_kept(program, edges, depth):
    found = derive(*program, max_edges=edges, max_depth=depth)
    assert len(found) <= edges
    assert all(step.depth <= depth for step in found.values())


@given(st.sampled_from(["IsA", "NotIsA", "mother of", "not mother of", "taller than"]))
def test_the_opposite_of_an_opposite_is_the_relation(relation):
    assert opposite(opposite(relation)) == relation != opposite(relation)


def test_packaged_rules_know_families():
    chain = [("a", "mother of", "b"), ("b", "brother of", "c"), ("c", "father of", "d"), ("e", "husband of", "a")]
    found = derive(dict.fromkeys(chain, 1.0), Rules.load().rules)
    for triple in [
        ("a", "grandmother of", "d"), ("b", "uncle of", "d"), ("c", "parent of", "d"), ("e", "father of", "b"),
        ("e", "grandfather of", "d"), ("c", "son of", "a"), ("d", "grandchild of", "e"),
    ]:  # fmt: skip
        assert triple in found or triple in chain
    assert ("d", "granddaughter of", "e") not in found


def test_a_users_file_stands_beside_the_packaged_rules(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text(
        'symmetric = ["likes"]\n[[rule]]\nif = ["x likes y", "y owns z"]\nthen = "x visits z"\nweight = 0.5\n'
        '[[negative]]\nif = ["x owns y"]\nnot = "x likes y"\n'
    )
    rules = Rules.load(file)
    assert len(rules.rules) == len(Rules.load().rules) + 3
    found = derive({("Ann", "likes", "Bo"): 1.0, ("Bo", "owns", "cat"): 1.0}, rules.rules)
    assert found["Ann", "visits", "cat"].weight == 0.5
    assert ("Bo", "not likes", "cat") in found


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("rule = 3", "no file of rules"),
        ("[[rule]]\nif = ['x r y']", "no file of rules"),
        ("[[rule]]\nif = ['x r y']\nthen = 'x r z'", "concludes about 'z'"),
        ("[[rule]]\nif = []\nthen = 'A r B'", "0 conditions"),
        ("[[rule]]\nif = ['x y']\nthen = 'x r y'", "'x y' is no triple"),
        ("[[rule]]\nif = ['x r y']\nthen = 'y r x'\nweight = 2", "weight 2"),
        ("colour = 'red'", "'colour' is no part"),
        ("a =", "no file of rules"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, wrong):
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(FormatError, match=wrong):
        Rules.load(file)


def test_a_rule_checks_itself():
    with pytest.raises(ConfigError, match="5 conditions"):
        Rule.of(["x r y"] * 5, "x r y")
