"""Whether a changed model is better: what it gains where it was weak, and what everything else may lose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgreason.evaluation.diagnosis import LEAST
from kgreason.evaluation.findings import Slice
from kgreason.evaluation.phenomena import phenomena
from kgreason.metrics import mcnemar, paired_bootstrap
from kgreason.records import Question

__all__ = ["Change", "Judging", "Rights"]

#: Level at which no small part may have lost, all parts together, and draws of an interval.
LEVEL, DRAWS = 0.95, 2000

Truths = npt.NDArray[np.bool_]
#: Whether each sample of a file is answered rightly, by file.
Rights = Mapping[str, Truths]
Holds = Callable[[tuple[float, float]], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """What a round did to a part of the judging samples: after minus before, with its paired 95 % interval.

    ``file`` is empty for all files together, ``phenomenon`` for all of a file. ``holds`` says whether it is as asked.
    """

    file: str
    phenomenon: str
    n: int
    before: float
    after: float
    difference: float
    ends: tuple[float, float]
    holds: bool


class Judging:
    """Samples by which a change is judged. What is said of everything else leaves the samples of the weak slice out.

    Args:
        files: questions by name of their file.
        margin: what the rest may lose.
        enough: samples from which a part has to show that it loses no more than that.
    """

    def __init__(self, files: Mapping[str, Sequence[Question]], *, margin: float, enough: int) -> None:
        self.shown = {name: [phenomena(each) for each in questions] for name, questions in files.items()}
        self.margin, self.enough = margin, enough

    def inside(self, file: str, phenomenon: str) -> Truths:
        """Which samples of a file show a phenomenon. Shape: [samples]."""
        return np.array([phenomenon in each for each in self.shown.get(file, ())], dtype=np.bool_)

    def gain(self, after: Rights, before: Rights, weak: Slice) -> Change:
        """What the weak slice gains; it is as asked where the lower end of its interval is above 0.

        Args:
            after: what the changed model answers rightly.
            before: what the other one does.
            weak: the slice; it has samples here.
        """
        inside = self.inside(weak.file, weak.phenomenon)
        now, then = after[weak.file][inside], before[weak.file][inside]
        return _change(weak.file, weak.phenomenon, now, then, lambda ends: ends[0] > 0)

    def rest(self, after: Rights, before: Rights, weak: Slice) -> tuple[Change, ...]:
        """What happens to everything else: all of it together, then each file and each slice.

        All together, and a part of ``enough`` samples, is not to be inferior by more than the margin; the interval of a
        smaller part is wider than any margin, so that it is only not to lose surely: by McNemar's test, at a level at
        which all parts hold together. Parts of fewer than :data:`kgreason.evaluation.diagnosis.LEAST` samples are left
        out.

        Args:
            after: what the changed model answers rightly.
            before: what the other one does.
            weak: the slice that is left out.
        """
        parts = [part for part in self._parts(weak) if sum(int(row.sum()) for row in part[2].values()) >= LEAST]
        found = []
        for file, name, rows in parts:
            now, then = (
                np.concatenate([rights[each][row] for each, row in rows.items()]) for rights in (after, before)
            )
            whole = not file or len(now) >= self.enough
            holds = self._not_inferior if whole else _loses_nothing(now, then, len(parts))
            found.append(_change(file, name, now, then, holds))
        return tuple(found)

    def _parts(self, weak: Slice) -> Iterator[tuple[str, str, dict[str, Truths]]]:
        """File, phenomenon and rows of each part."""
        rows = {file: np.ones(len(shown), np.bool_) for file, shown in self.shown.items()}
        rows[weak.file] = ~self.inside(weak.file, weak.phenomenon)
        yield "", "", rows
        for file, row in rows.items():
            yield file, "", {file: row}
            for name in sorted(set().union(*self.shown[file])):
                yield file, name, {file: row & self.inside(file, name)}

    def _not_inferior(self, ends: tuple[float, float]) -> bool:
        return ends[0] >= -self.margin


def _change(file: str, phenomenon: str, after: Truths, before: Truths, holds: Holds) -> Change:
    found = paired_bootstrap(after, before, draws=DRAWS)
    ends = (found.low, found.high)
    share = (float(before.mean()), float(after.mean()))
    return Change(file, phenomenon, len(after), *share, found.difference, ends, holds(ends))


def _loses_nothing(after: Truths, before: Truths, parts: int) -> Holds:
    found = mcnemar(after, before)
    return lambda ends: found.only_first >= found.only_second or found.p_value >= (1 - LEVEL) / parts
