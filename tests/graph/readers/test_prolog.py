from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.graph.readers.cases import ReaderCase, rows


class TestProlog(ReaderCase):
    reader = "prolog"
    good = "locatedIn(palau,oceania).\n% a comment\n\n neighborOf( 'São Tomé', são_tomé-2 )\n"
    expected = (("palau", "locatedIn", "oceania", 1000), ("São Tomé", "neighborOf", "são_tomé-2", 1000))
    bad = (
        ("a(b,c).\na(b).\n", "line 2: 'a.b..' is no fact"),
        ("a(b,c,d).\n", "line 1"),
        ("a(b,c) :- d(b,c).\n", "no fact"),
        ("a('b,c).\n", "no fact"),
        ("a(" + "b " * 50_000 + "\n", "no fact"),
        ("a('" + "\\'" * 50_000 + "\n", "no fact"),
    )


names = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(names, names, names), min_size=1, max_size=5))
def test_quoted_names_come_back(tmp_path_factory, facts):
    path = tmp_path_factory.mktemp("p") / "a.pl"
    quoted = [["'" + name.replace("\\", r"\\").replace("'", r"\'") + "'" for name in fact] for fact in facts]
    path.write_text("".join(f"{r}({s}, {t}).\n" for s, r, t in quoted), encoding="utf-8")
    assert [row[:3] for row in rows(path, "prolog")] == facts
