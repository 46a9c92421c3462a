"""All that a process holds to answer: graphs, the model's thread, who is let in, and figures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from threading import Event

from kgreason.asking import Request
from kgreason.errors import KGReasonError
from kgreason.records import Question
from kgreason.serving.access import Access
from kgreason.serving.admission import Deadline, Permits
from kgreason.serving.batcher import Batcher, Job
from kgreason.serving.graphs import Graphs
from kgreason.serving.metrics import Metrics

__all__ = ["Service", "preload"]

#: Every kind of work, since each loads what the others do not: lexicons, kernels of wide reading.
_WARM = (
    Question("Where would you find a penguin?", ("zoo", "desert")),
    Question("It was a sad day.", task="emotion"),
    Question("Where is a penguin?", task="open"),
)
_WARM_SECONDS = 300.0
#: Threads that read graphs; work that nobody waits for any more keeps one of these and no more.
READERS = 8


def preload(graphs: Graphs) -> None:
    """Ask every graph something in this thread, so that processes forked from here on have everything loaded."""
    for name, question in product(graphs.live.names, _WARM):
        reasoner = graphs.live[name].reasoner
        with suppress(KGReasonError):  # as in Service.warm
            reasoner.emotion(question.text) if question.task == "emotion" else reasoner.answer(question)


@dataclass(eq=False)
class Service:
    """What the routes share.

    Args:
        graphs: by name.
        access: who may ask.
        timeout: seconds within which a request is answered.
        permits: items of the model in the house at a time; as many reads of graphs.
        batch: items of one step.
        wait: seconds for which a step waits for more.
        tell: what the log says of a text that was asked, such as :func:`kgreason.privacy.mask`; None keeps silent.
        hosts: names by which it may be called, against pages that rebind theirs to this machine; any if empty.
    """

    graphs: Graphs
    access: Access = field(default_factory=Access)
    timeout: float = 10.0
    permits: int = 64
    batch: int = 16
    wait: float = 0.003
    tell: Callable[[str], str] | None = None
    hosts: frozenset[str] = frozenset()
    draining: bool = False
    inside: int = 0

    def __post_init__(self) -> None:
        self.metrics, self.warmed = Metrics(), Event()
        self.dear, self.cheap = Permits(self.permits), Permits(self.permits)
        self.batcher = Batcher(self.metrics, size=self.batch, wait=self.wait)
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    def warm(self) -> None:
        """Asks every graph something, so that kernels are compiled and files mapped; then it is ready."""
        deadline = Deadline(_WARM_SECONDS)
        live = self.graphs.live
        for name, question in product(live.names, _WARM):
            with suppress(KGReasonError):  # without a graph, or a follower of paths, no open question is answered
                self.batcher.submit(Job(live[name].reasoner, Request(question), deadline)).result(_WARM_SECONDS)
        self.warmed.set()

    def close(self) -> None:
        """Ends its threads; what nobody has begun is dropped."""
        self.draining = True
        self.batcher.close()
        self.readers.shutdown(wait=False, cancel_futures=True)
