"""Who is let in: a fixed number of permits and no queue before them, and a deadline that each stage looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import perf_counter

from kgreason.serving.refusals import Refusal

__all__ = ["Deadline", "Permits", "late"]


class Permits:
    """So many items are in the house at a time; used by the event loop alone.

    Args:
        limit: how many.

    Example:
        >>> permits = Permits(2)
        >>> with permits.held(2):
        ...     permits.taken
        2
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.taken = limit, 0

    def check(self, count: int = 1) -> None:
        """Looks whether there are so many left.

        Raises:
            Refusal: 429 if there are not, 422 if there never will be.
        """
        if count > self.limit:
            raise Refusal(422, "items", f"The server answers {self.limit} items at a time", fix="Ask for fewer.")
        if self.taken + count > self.limit:
            raise Refusal(429, "busy", "The server is busy", fix="Try again later.", after=1)

    @contextmanager
    def held(self, count: int = 1) -> Iterator[None]:
        """Holds permits for the block.

        Raises:
            Refusal: 429 at once if there are not so many left.
        """
        self.check(count)
        self.taken += count
        try:
            yield
        finally:
            self.taken -= count


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an answer is no use any more: after some seconds, or once whoever asked has gone.

    Args:
        seconds: from now on.
    """

    seconds: float
    began: float = field(default_factory=perf_counter)
    gone: Event = field(default_factory=Event)

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.began + self.seconds - perf_counter()

    def check(self) -> None:
        """Ends the work.

        Raises:
            Refusal: 504 past the deadline, 499 if nobody waits.
        """
        if self.gone.is_set():
            raise Refusal(499, "gone", "The client has gone")
        if self.left <= 0:
            raise late()


def late() -> Refusal:
    """What is said past the deadline."""
    return Refusal(504, "deadline", "There was no answer in time", fix="Ask for less, or later.")
