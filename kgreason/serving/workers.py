"""Several processes behind one address, forked from one that has loaded everything: they share its memory."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from kgreason.errors import InputError
from kgreason.serving.logs import fault

__all__ = ["alone", "keep"]

_LOG = logging.getLogger(__name__)
_ENDS = (signal.SIGTERM, signal.SIGINT)
#: Seconds between two starts in one place at least: a worker that cannot work would be started without end.
LIFE = 1.0


def alone() -> None:
    """Keep libraries that are loaded from here on from starting threads of their own.

    A process is forked safely as long as it has one thread; and workers that compute in one thread each, as many as
    there are cores, wait less for one another than one process with several threads.

    Raises:
        InputError: this system does not fork.
    """
    if not hasattr(os, "fork"):
        raise InputError("this system forks no processes", fix="Leave --workers out, and start several servers.")
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")


def keep(count: int, work: Callable[[], None]) -> None:
    """Keep so many workers alive until this process is told to end; one that dies is replaced.

    They end when they are told to, for which SIGTERM and SIGINT are passed on to them, and when this process is gone.

    Args:
        count: of workers.
        work: what each does; it returns once its process gets SIGTERM.
    """
    born: dict[int, float] = {}
    told = 0

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal told
        told += 1
        for worker in born:
            os.kill(worker, signal.SIGTERM)

    before = {number: signal.signal(number, end) for number in _ENDS}
    life = os.pipe()
    try:
        while born or not told:
            # A signal between a birth and its entry would not reach the child.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
            while len(born) < count and not told:
                born[_fork(life, work)] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
            worker, status = os.wait()
            lived = time.monotonic() - born.pop(worker)
            if not told:
                _LOG.error("a worker ended", extra={"worker": worker, "reason": _reason(status)})
                time.sleep(max(0.0, LIFE - lived))
    finally:
        for end_of_pipe in life:
            os.close(end_of_pipe)
        for number, handler in before.items():
            signal.signal(number, handler)


def _fork(life: tuple[int, int], work: Callable[[], None]) -> int:
    """Start a worker; its process id."""
    sys.stdout.flush()
    if worker := os.fork():
        return worker
    status = 1
    try:
        os.setpgid(0, 0)  # an interrupt from the keyboard reaches the parent alone, which passes it on
        for number in _ENDS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        os.close(life[1])
        threading.Thread(target=_end_with, args=(life[0],), daemon=True).start()
        work()
        status = 0
    except BaseException as error:  # noqa: BLE001 - nothing of the parent's may run in a child
        _LOG.error("a worker failed", extra={"worker": os.getpid(), "fault": fault(error)})
    finally:
        os._exit(status)


def _reason(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def _end_with(life: int) -> None:
    """End this process once nobody holds the other end of a pipe, which the parent alone does."""
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)
