from __future__ import annotations

from rich.console import Console

from kgreason.cli.evidence import evidence_tree
from kgreason.records import Edge, Path

LIVES = Edge("penguin", "AtLocation", "zoo", 2.0, text="penguin is found at zoo")
ADDED = Edge("zoo", "AtLocation", "city", 1.0, "given", "zoo is found at city")


def drawn(*paths: Path) -> list[str]:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(evidence_tree("city [1]", paths))
    return capture.get().splitlines()


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
