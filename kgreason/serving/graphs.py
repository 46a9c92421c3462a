"""The graphs that are served, by name; a new version of one is taken over while requests go on with the old one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from kgreason.asking import BaseReasoner
from kgreason.errors import KGReasonError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.manifest import named_version
from kgreason.serving.refusals import Refusal

__all__ = ["Graphs", "Live", "Served"]

_LOG = logging.getLogger(__name__)


class Served:
    """One version of a graph with what answers over it.

    Args:
        reasoner: which reads it.
    """

    def __init__(self, reasoner: BaseReasoner) -> None:
        self.reasoner = reasoner

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph.

        Raises:
            Refusal: 404 if the text alone is served.
        """
        if self.reasoner.graph is None:
            raise Refusal(404, "graph", "There is no such graph", fix="See /v1/graph/info.")
        return self.reasoner.graph

    @cached_property
    def info(self) -> dict[str, object]:
        """Counts of the graph, which never change."""
        return self.graph.info()


class Live:
    """The versions that are live at one moment, by name; a request reads these and no later ones.

    Args:
        served: by name.
    """

    def __init__(self, served: Mapping[str, Served]) -> None:
        self._served = served

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in their order."""
        return tuple(self._served)

    def __getitem__(self, name: str) -> Served:
        """The version of a graph.

        Raises:
            Refusal: 404 if there is none of this name.
        """
        if (found := self._served.get(name)) is None:
            raise Refusal(404, "graph", "There is no such graph", fix="See /v1/graph/info.")
        return found


class Graphs:
    """All graphs of a process.

    Args:
        reasoners: by name of the graph.
        renew: makes the reasoner of a name over another version; by default a plain one.

    Example:
        >>> Graphs({}).live.names
        ()
    """

    def __init__(
        self, reasoners: Mapping[str, BaseReasoner], renew: Callable[[str, KnowledgeGraph], BaseReasoner] | None = None
    ) -> None:
        self.live = Live({name: Served(reasoner) for name, reasoner in reasoners.items()})
        self._renew = renew or (lambda name, graph: reasoners[name].over(graph))
        self._folders = {name: _folder(reasoner) for name, reasoner in reasoners.items()}
        self._seen = {name: named_version(folder) for name, folder in self._folders.items() if folder is not None}

    def refresh(self) -> tuple[str, ...]:
        """Takes over new versions; one that cannot be opened leaves the old one.

        Returns:
            Names of the graphs that changed.
        """
        changed = []
        for name, folder in self._folders.items():
            if folder is None or (named := named_version(folder)) == self._seen[name]:
                continue
            try:
                graph = KnowledgeGraph.open(folder)
            except KGReasonError as error:
                _LOG.error("a new version cannot be read", extra={"graph": name, "fault": error.code})
                continue
            finally:
                self._seen[name] = named  # one that cannot be read is told once
            if graph.digest != self.live[name].graph.digest:
                self.live = Live(
                    {each: self.live[each] for each in self.live.names} | {name: Served(self._renew(name, graph))}
                )
                changed.append(name)
        return tuple(changed)


def _folder(reasoner: BaseReasoner) -> Path | None:
    """The folder that holds the versions of a graph on disk."""
    graph = reasoner.graph
    return None if graph is None or graph.path is None else graph.path.parent
