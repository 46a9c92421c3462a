"""How evidence looks in a terminal: paths as branches, edges as lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from kgreason.records import Edge, Path

__all__ = ["evidence_tree"]


def evidence_tree(title: str, paths: Iterable[Path]) -> Tree:
    """Paths under what they speak for.

    Args:
        title: an option, or the ends of the paths.
        paths: strongest first.

    Returns:
        A tree with an edge a branch; paths that begin with the same edges share them.
    """
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(title, style="bold"), guide_style="dim")
    branches: dict[tuple[Edge, ...], Tree] = {(): tree}
    for path in paths:
        for end in range(1, len(path.edges) + 1):
            beginning = path.edges[:end]
            if beginning not in branches:
                branches[beginning] = branches[beginning[:-1]].add(_line(beginning[-1]))
    if not tree.children:
        tree.add(Text("no path", style="dim"))
    return tree


def _line(edge: Edge) -> Text:
    from rich.text import Text

    line = Text(str(edge))
    line.append(f"  {edge.relation} {edge.weight:.3g}", style="dim")
    if edge.origin != "graph":
        line.append(f" ({edge.origin})", style="yellow")
    return line
