"""How evidence looks in a terminal: paths as branches, edges as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from kgreason.records import Edge, Path

__all__ = ["chain", "evidence_line", "evidence_tree"]

#: Said of an option without paths; a model leaves out those that speak against it.
NOTHING = {False: "no path", True: "no path speaks for it"}


def evidence_tree(title: str, paths: Sequence[Path], *, contributions: bool = False) -> Tree:
    """Paths under what they speak for.

    Args:
        title: an option, or the ends of the paths.
        paths: strongest first.
        contributions: write behind each path what it adds to the score.

    Returns:
        A tree with an edge a branch; paths that begin with the same edges share them.
    """
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(title, style="bold"), guide_style="dim")
    branches: dict[tuple[Edge, ...], Tree] = {(): tree}
    labels: dict[tuple[Edge, ...], Text] = {}
    for path in paths:
        for end in range(1, len(path.edges) + 1):
            beginning = path.edges[:end]
            if beginning not in branches:
                labels[beginning] = _line(beginning[-1])
                branches[beginning] = branches[beginning[:-1]].add(labels[beginning])
        if contributions:
            labels[path.edges].append(f"  {_added(path)}", style=_colour(path.contribution))
    if not tree.children:
        tree.add(Text(NOTHING[contributions], style="dim"))
    return tree


def evidence_line(title: str, paths: Sequence[Path], *, contributions: bool = False) -> Text:
    """The same in one line: the strongest path, and how many more there are."""
    from rich.text import Text

    line = Text(title, style="bold")
    if not paths:
        return line.append(f"  {NOTHING[contributions]}", style="not bold dim")
    line.append(f"  {paths[0]}", style="not bold")
    if contributions:
        line.append(f"  {_added(paths[0])}", style=f"not bold {_colour(paths[0].contribution)}")
    if len(paths) > 1:
        line.append(f"  and {len(paths) - 1} more", style="not bold dim")
    return line


def chain(path: Path, start: str, labels: Mapping[str, str]) -> Text:
    """A path as its concepts with arrows between them, each in the direction of its edge.

    Args:
        path: the path.
        start: key of the concept where it begins.
        labels: of its concepts, by key.
    """
    from rich.text import Text

    line, at = Text(labels[start]), start
    for edge in path.edges:
        forward = edge.source == at
        at = edge.target if forward else edge.source
        line.append(f" —{edge.relation}→ " if forward else f" ←{edge.relation}— ", style="dim").append(labels[at])
    return line


def _added(path: Path) -> str:
    return f"{path.contribution:+.2f}" if abs(path.contribution) >= 0.005 else "≈0"


def _colour(contribution: float) -> str:
    return "green" if contribution > 0 else "red" if contribution < 0 else "dim"


def _line(edge: Edge) -> Text:
    from rich.text import Text

    line = Text(str(edge))
    line.append(f"  {edge.relation} {edge.weight:.3g}", style="dim")
    if edge.origin != "graph":
        line.append(f" ({edge.origin})", style="yellow")
    return line
