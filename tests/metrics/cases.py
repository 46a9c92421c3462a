"""One contract for every metric: order does not matter, values stay in bounds, a perfect prediction gets the best one,
a reference agrees, and what is no sample is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError

Arguments = tuple[Any, ...]
Generator = np.random.Generator


class MetricCase:
    """What a metric is compared with, and how its arguments are made.

    Subclasses set ``metric`` and ``best`` and write ``draw`` (arguments of n samples), ``perfect`` (those of a
    perfect prediction) and ``reference``.
    """

    metric: Callable[..., float]
    best: float = 1.0
    bounds: tuple[float, float] = (0.0, 1.0)
    least = 1

    def draw(self, random: Generator, n: int) -> Arguments:
        raise NotImplementedError

    def perfect(self, random: Generator, n: int) -> Arguments:
        raise NotImplementedError

    def reference(self, *arguments: Any) -> float:
        raise NotImplementedError

    @staticmethod
    def reordered(arguments: Arguments, order: npt.NDArray[np.int64]) -> Arguments:
        """The same samples in another order."""
        return tuple(
            values[order] if isinstance(values, np.ndarray) else [values[i] for i in order] for values in arguments
        )

    def sampled(self, check: Callable[[Generator, int], None]) -> None:
        """Runs a check on many sizes; a method under ``@given`` may not be inherited by more than one class."""

        @given(seed=st.integers(0, 2**32 - 1), n=st.integers(self.least, 53))
        def run(seed, n):
            check(np.random.default_rng(seed), n)

        run()

    def test_it_agrees_with_the_reference(self):
        def check(random, n):
            arguments = self.draw(random, n)
            found = type(self).metric(*arguments)
            assert found == pytest.approx(self.reference(*arguments), abs=1e-9)
            assert isinstance(found, float)

        self.sampled(check)

    def test_order_changes_nothing_and_values_stay_in_bounds(self):
        def check(random, n):
            arguments = self.draw(random, n)
            found = type(self).metric(*arguments)
            assert type(self).metric(*self.reordered(arguments, random.permutation(n))) == pytest.approx(
                found, abs=1e-12
            )
            assert self.bounds[0] <= found <= self.bounds[1]

        self.sampled(check)

    def test_a_perfect_prediction_gets_the_best_value(self):
        def check(random, n):
            assert type(self).metric(*self.perfect(random, n)) == pytest.approx(self.best)

        self.sampled(check)

    def test_no_sample_is_refused(self):
        arguments = self.draw(np.random.default_rng(0), 3)
        with pytest.raises(InputError):
            type(self).metric(*(values[:0] for values in arguments))

    def test_different_lengths_are_refused(self):
        first, *rest = self.draw(np.random.default_rng(0), 5)
        if rest:
            with pytest.raises(InputError):
                type(self).metric(first[:3], *rest)
