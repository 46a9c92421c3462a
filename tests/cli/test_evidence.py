from __future__ import annotations

from rich.console import Console, RenderableType

from kgreason.cli.evidence import chain, evidence_line, evidence_tree
from kgreason.records import Edge, Path

LIVES = Edge("penguin", "AtLocation", "zoo", 2.0, text="penguin is found at zoo")
ADDED = Edge("zoo", "AtLocation", "city", 1.0, "given", "zoo is found at city")


def printed(part: RenderableType) -> list[str]:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(part)
    return capture.get().splitlines()


def drawn(*paths: Path, contributions: bool = False) -> list[str]:
    return printed(evidence_tree("city [1]", paths, contributions=contributions))


def test_the_second_edge_of_a_path_hangs_below_the_first():
    title, first, second = drawn(Path((LIVES, ADDED)))
    assert title == "city [1]"
    assert "penguin is found at zoo  AtLocation 2" in first
    assert "zoo is found at city  AtLocation 1 (given)" in second
    assert second.index("zoo") > first.index("penguin")


def test_paths_share_the_edges_they_begin_with():
    park = Edge("zoo", "IsA", "park", 1.0, text="zoo is a kind of park")
    assert len(drawn(Path((LIVES, ADDED)), Path((LIVES, park)), Path((park,)))) == 5


def test_no_path_is_said():
    assert "no path" in drawn()[1]
    assert "no path speaks for it" in drawn(contributions=True)[1]


def test_what_a_path_adds_stands_behind_its_last_edge():
    _, first, second = drawn(Path((LIVES, ADDED), 0.314), Path((LIVES,), -1.0), contributions=True)
    assert first.endswith("-1.00")
    assert second.endswith("+0.31")
    assert drawn(Path((LIVES,), 0.001), contributions=True)[1].endswith("≈0")


def test_a_line_tells_the_strongest_path_and_the_number_of_others():
    (line,) = printed(evidence_line("city", [Path((LIVES, ADDED), 0.5), Path((LIVES,))]))
    assert line.rstrip() == "city  penguin is found at zoo; zoo is found at city  and 1 more"
    (line,) = printed(evidence_line("city", [Path((LIVES,), 0.5)], contributions=True))
    assert line.rstrip() == "city  penguin is found at zoo  +0.50"
    assert printed(evidence_line("city", []))[0].rstrip() == "city  no path"


def test_a_chain_has_an_arrow_for_each_edge_in_its_direction():
    labels = {name: name.upper() for name in ("penguin", "zoo", "city")}
    assert chain(Path((LIVES, ADDED)), "penguin", labels).plain == "PENGUIN —AtLocation→ ZOO —AtLocation→ CITY"
    assert chain(Path((ADDED, LIVES)), "city", labels).plain == "CITY ←AtLocation— ZOO ←AtLocation— PENGUIN"
    assert chain(Path(()), "zoo", labels).plain == "ZOO"
