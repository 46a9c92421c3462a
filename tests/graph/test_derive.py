from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph.derive import derive, is_symmetric
from kgreason.graph.schema import alias_table, assertion_table, default_label, is_negated, label_table, negate
from kgreason.language import normal_form
from tests.graph.strategies import NAMES, triples


def table(rows):
    names = {"source": pl.String, "relation": pl.String, "target": pl.String, "weight": pl.Int64}
    scaled = [(s, r, t, round(w * 1000)) for s, r, t, w in rows]
    return assertion_table(pl.DataFrame(scaled, schema=names, orient="row"))


def merged(rows):
    """What the arrays must say, by the rules of the image and nothing else."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for s, r, t, w in rows:
        name = negate(r) if w < 0 else r
        if is_symmetric(name) and s.encode() > t.encode():
            s, t = t, s
        sums[s, name, t] += abs(round(w * 1000))
    return sums


@given(triples)
def test_arrays_say_what_the_rules_say(rows):
    arrays = derive(table(rows))
    sums = merged(rows)
    edges = {triple: weight for triple, weight in sums.items() if triple[0] != triple[2]}
    keys, relations = arrays.keys.to_list(), arrays.relations
    assert relations == tuple(sorted({name for _, name, _ in sums}, key=str.encode))
    assert arrays.symmetric.tolist() == [is_symmetric(name) for name in relations]

    degree = Counter(end for s, _, t in edges for end in (s, t))
    nodes = {end for s, _, t in sums for end in (s, t)}
    assert keys == sorted(nodes, key=lambda key: (-degree[key], key.encode()))
    assert [keys[i] for i in arrays.key_order] == sorted(keys, key=str.encode)

    expected = []
    for (s, name, t), weight in edges.items():
        code = relations.index(name)
        back = code if is_symmetric(name) else code + len(relations)
        value = np.float16(min(weight / 1000, 65504.0))
        expected += [(keys.index(s), keys.index(t), code, value), (keys.index(t), keys.index(s), back, value)]
    row = np.repeat(np.arange(len(keys)), np.diff(arrays.ptr))
    columns = (row.tolist(), arrays.idx.tolist(), arrays.rel.tolist(), arrays.weight.tolist())
    assert list(zip(*columns, strict=True)) == sorted(expected)


@given(triples, st.randoms())
def test_order_of_assertions_changes_no_byte(rows, random):
    shuffled = random.sample(rows, len(rows))
    first, second = derive(table(rows)).to_files(), derive(table(shuffled)).to_files()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


@given(triples, st.lists(st.tuples(st.sampled_from([*NAMES, "Dogs", " dogs", ""]), st.sampled_from(NAMES)), max_size=9))
def test_surfaces_are_a_dictionary(rows, forms):
    aliases = alias_table([(form, key, (i + 1) / 16) for i, (form, key) in enumerate(forms)])
    arrays = derive(table(rows), None, aliases)
    keys = arrays.keys.to_list()
    expected: dict[str, dict[int, float]] = {}
    own = [(arrays.labels[i], key, 1.0) for i, key in enumerate(keys)]
    for form, key, prior in [*own, *(() if aliases is None else aliases.rows())]:
        if key in keys and normal_form(form):
            found = expected.setdefault(normal_form(form), {})
            found[keys.index(key)] = max(prior, found.get(keys.index(key), 0))
    surfaces = arrays.surfaces
    assert [surfaces.form(i) for i in range(len(surfaces))] == sorted(expected, key=str.encode)
    for form, nodes in expected.items():
        assert surfaces.lookup(form) == sorted(nodes.items(), key=lambda item: (-item[1], item[0]))
    assert surfaces.lookup("nowhere") == []


def test_relation_codes_use_the_smallest_type():
    for count, dtype in ((1, np.uint8), (128, np.uint8), (129, np.uint16)):
        arrays = derive(table([("a", f"r{i:03}", "b", 1.0) for i in range(count)]))
        assert arrays.rel.dtype == dtype
        assert arrays.rel.max() == 2 * count - 1


def test_labels_given_and_derived():
    given_labels = label_table(pl.DataFrame({"key": ["a", "a", "lone"], "label": ["Zed", "Alpha", ""]}))
    arrays = derive(table([("a", "IsA", "/c/en/ice_cream", 1.0)]), given_labels)
    names = dict(zip(arrays.keys.to_list(), arrays.labels.to_list(), strict=True))
    assert names == {"a": "Alpha", "/c/en/ice_cream": "ice cream", "lone": "lone"}
    assert arrays.keys[2] == "lone"
    assert arrays.ptr.tolist() == [0, 1, 2, 2]


@given(st.lists(st.text("/c_eN é^\n", max_size=9).map("/c/en/".__add__), min_size=1))
def test_labels_and_forms_of_plain_keys_are_those_of_others(keys):
    arrays = derive(table([(key, "IsA", "animal", 1.0) for key in keys]))
    for node, key in enumerate(arrays.keys.to_list()):
        assert arrays.labels[node] == default_label(key)
        form = normal_form(default_label(key))
        assert not form or node in dict(arrays.surfaces.lookup(form))


def test_progress_is_told():
    told = []
    derive(table([("a", "IsA", "b", 1.0)]), progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] == told[-1][2]


def test_negations_of_symmetric_relations_are_symmetric():
    assert is_symmetric("RelatedTo")
    assert is_symmetric("NotRelatedTo")
    assert is_negated("NotRelatedTo")
    assert not is_symmetric("NotIsA")
