from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import FormatError, InputError, LimitError, StorageError
from kgreason.graph import KnowledgeGraph
from kgreason.interop.files import write
from kgreason.interop.sparql import _refuse, query

EDGES = "SELECT ?a ?r ?b { ?a ?r ?b FILTER(ISIRI(?b) && !ISBLANK(?a)) } ORDER BY ?a ?r ?b"
ALL = "SELECT * {?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o}"


@pytest.fixture(scope="module")
def exported(tiny_graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("a") / "tiny.nt"
    write(tiny_graph, path)
    return path


def test_the_edges_are_those_of_the_graph(exported, tiny_graph):
    found = query(exported, EDGES)
    assert found.variables == ("a", "r", "b")
    assert set(found.rows) == {(edge.source, edge.relation, edge.target) for edge in tiny_graph.match()}
    assert found.complete
    some = query(exported, EDGES, rows=7)
    assert (some.rows, some.complete) == (found.rows[:7], False)
    assert query(exported, EDGES, rows=31).complete


def test_terms_are_bound_not_written(exported):
    asked = "SELECT * { ?who ?at ?place . ?place <http://www.w3.org/2000/01/rdf-schema#label> ?name }"
    bound: dict[str, Any] = {"concepts": {"who": "penguin"}, "relations": {"at": "AtLocation"}}
    found = query(exported, asked, **bound)
    assert {dict(zip(found.variables, row, strict=True))["place"] for row in found.rows} == {"zoo", "antarctica"}
    assert len(query(exported, asked, **bound, texts={"name": "zoo"}).rows) == 1
    for typed in ('zoo" . ?who ?at ?x', "zoo> } SERVICE <http://e.org/> {", "} INSERT"):
        assert query(exported, asked, concepts={"who": typed}, texts={"name": typed}).rows == ()
    with pytest.raises(InputError, match=r"\?who"):
        query(exported, "SELECT ?place {?who ?at ?place}", concepts={"who": "penguin"})


def test_the_other_forms(exported):
    assert query(exported, "ASK {<urn:kgreason:concept:zoo> ?r ?b}").rows == (("true",),)
    made = query(exported, "CONSTRUCT {?a <urn:kgreason:relation:near> ?b} {?a <urn:kgreason:relation:Antonym> ?b}")
    assert (made.variables, made.rows) == (("subject", "predicate", "object"), (("cold", "near", "hot"),))
    assert query(exported, "SELECT ?x {OPTIONAL {<urn:a> <urn:b> ?x}}").rows == ((None,),)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * {SERVICE <http://e.org/> {?a ?b ?c}}",
        "SELECT * { ?a ?b 1SERVICE <http://e.org/> {?a ?b ?c}}",
        "select * {?a ?b ?c filter(?a<?b)service#>\n <http://e.org/> {?a ?b ?c}}",
        "SELECT * FROM <file:///etc/passwd> {?a ?b ?c}",
        "SELECT * FROM NAMED <urn:a> {?a ?b ?c}",
        "LOAD <http://e.org/>",
        "INSERT DATA {<urn:a> <urn:b> <urn:c>}",
        "DELETE WHERE {?a ?b ?c}",
        "DROP ALL",
        'SELECT * {?a ?b "x" SERVICE <http://e.org/> {?a ?b ?c}}',
        "SELECT * {?a ?b ?c} # '\n SERVICE <http://e.org/> {} # '",
    ],
)
def test_what_reaches_out_or_changes_is_refused(exported, text):
    with pytest.raises(InputError, match="the query says"):
        query(exported, text)


@given(
    st.sampled_from(["SERVICE", "from", "Load"]), st.sampled_from(['"{}"', "'{}'", "?{}", "<urn:{}>", "a:{}", "#{}\n"])
)
def test_words_that_mean_nothing_else_pass(word, form):
    _refuse(f"PREFIX a: <urn:a:> SELECT * {{?x ?y {form.format(word)} }}")


def test_caps(exported):
    start = time.perf_counter()
    with pytest.raises(LimitError, match="more than 3 seconds"):
        query(exported, f"{ALL[:-1]} FILTER(CONCAT(STR(?a), STR(?e), STR(?i), STR(?l), STR(?o)) = '')}}", seconds=3)
    assert time.perf_counter() - start < 10
    with pytest.raises(LimitError, match="more than 300 MB"):
        query(exported, f"{ALL} ORDER BY ?a", megabytes=300)
    with pytest.raises(LimitError, match="longer than"):
        query(exported, "#" * 99_999)
    for rows, seconds, megabytes in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(InputError, match="caps"):
            query(exported, EDGES, rows=rows, seconds=seconds, megabytes=megabytes)


def test_what_is_no_query_or_no_export(exported, tmp_path):
    with pytest.raises(InputError, match="cannot be answered: error at 1"):
        query(exported, "SELECT ?a WHERE")
    for half in ("concepts", "relations", "texts"):
        bound: dict[str, Any] = {half: {"a": "\ud800"}}
        with pytest.raises(InputError, match="no Unicode text"):
            query(exported, EDGES, **bound)
    with pytest.raises(FormatError, match="no such file"):
        query(tmp_path / "a.nt", EDGES)
    (tmp_path / "b.nt").write_text("penguin AtLocation zoo\n")
    with pytest.raises(FormatError, match="no N-Triples"):
        query(tmp_path / "b.nt", EDGES)


def test_a_graph_of_one_edge(tmp_path):
    write(KnowledgeGraph.from_triples([("a b", "Not Known", "猫", 2.5)]), tmp_path / "a.nt")
    assert query(tmp_path / "a.nt", EDGES).rows == (("a b", "Not Known", "猫"),)


def stores(path):
    return sorted(each.name for each in path.with_name(f"{path.name}.store").iterdir())


def test_a_file_is_loaded_once_and_again_when_it_changes(tmp_path):
    path, stages = tmp_path / "a.nt", []

    def ask(text="SELECT ?c {<urn:a> <urn:b> ?c}"):
        return query(path, text, progress=lambda stage, done, total: stages.append(stage)).rows

    path.write_text("<urn:a> <urn:b> <urn:c> .\n")
    assert ask() == ask() == (("urn:c",),)
    assert stages == ["load the file", "query", "query"]
    first = stores(path)
    path.write_text("<urn:a> <urn:b> <urn:d> .\n")
    assert ask() == (("urn:d",),)
    assert stages.count("load the file") == 2
    assert len(stores(path)) == 1
    assert stores(path) != first


def test_a_load_that_fails_leaves_nothing(tmp_path):
    path = tmp_path / "a.nt"
    path.write_text("no triple\n")
    with pytest.raises(FormatError, match="no N-Triples"):
        query(path, "ASK {}")
    assert stores(path) == []


def test_where_nothing_can_be_written_the_cache_holds_the_store(tmp_path, home):
    path = tmp_path / "a.nt"
    path.write_text("<urn:a> <urn:b> <urn:c> .\n")
    path.with_name("a.nt.store").write_text("in the way")
    for _ in range(2):
        assert query(path, "ASK {<urn:a> <urn:b> <urn:c>}").rows == (("true",),)
    assert len(list((home / "stores" / "a.nt").iterdir())) == 1


def test_a_damaged_store_is_named(tmp_path):
    path = tmp_path / "a.nt"
    path.write_text("<urn:a> <urn:b> <urn:c> .\n")
    query(path, "ASK {}")
    (store,) = path.with_name("a.nt.store").iterdir()
    (store / "CURRENT").write_text("nonsense")
    with pytest.raises(StorageError, match=r"cannot be used.*Remove .*a\.nt\.store"):
        query(path, "ASK {}")
