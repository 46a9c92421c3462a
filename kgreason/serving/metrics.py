"""Figures for Prometheus. Labels are names from this code alone, never what a user sent."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from kgreason.records import Answer, Mood

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SHARES = tuple(i / 10 for i in range(1, 11))


class Metrics:
    """The figures of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("kgreason_requests", "Requests", ["route", "status"], registry=self.registry)
        self._refused = Counter("kgreason_refusals", "Refusals", ["reason"], registry=self.registry)
        self._seconds = _histogram(self, "kgreason_request_seconds", "Seconds of a request", ["route"], _SECONDS)
        self._stages = _histogram(self, "kgreason_stage_seconds", "Seconds of a stage", ["stage"], _SECONDS)
        self._batch = _histogram(self, "kgreason_batch_size", "Items of a step", [], (1, 2, 4, 8, 16, 32, 64))
        self._queue = Gauge("kgreason_queue_depth", "Items that wait for a step", registry=self.registry)
        self._gate = _histogram(self, "kgreason_gate", "How far the graph counts", [], _SHARES)
        self._confidence = _histogram(self, "kgreason_confidence", "Confidence of answers", [], _SHARES)
        self._abstained = Counter("kgreason_abstentions", "Answers that abstain", registry=self.registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, reason: str) -> None:
        """A request was refused."""
        self._refused.labels(reason).inc()

    def stage(self, name: str, seconds: float) -> None:
        """A stage was passed."""
        self._stages.labels(name).observe(seconds)

    def step(self, size: int, waiting: int) -> None:
        """A step of the model begins."""
        self._batch.observe(size)
        self._queue.set(waiting)

    def answered(self, answer: Answer | Mood) -> None:
        """An answer was given."""
        for name, value in answer.trace.items():
            if name.endswith("_ms"):
                self.stage(name.removesuffix("_ms"), value / 1000)
        self._confidence.observe(answer.confidence)
        if isinstance(answer, Answer):
            self._gate.observe(answer.gate)
            self._abstained.inc(answer.abstained)

    def text(self) -> bytes:
        """All figures in the format of Prometheus."""
        return generate_latest(self.registry)


def _histogram(of: Metrics, name: str, about: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
    return Histogram(name, about, labels, buckets=buckets, registry=of.registry)
