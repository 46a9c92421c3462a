"""What an attack is, and how it is found out whether one reached something: files, sockets, code."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import kg_data
from kgreason import interop, storage
from kgreason.errors import KGReasonError
from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.schema import alias_table, assertion_table, label_table
from tools.safety.images import built

__all__ = ["SECRET", "Attack", "Place", "ingest", "reached"]

SECRET = "the secret of the house"
#: Events of Python's audit hooks that no reading of a file raises.
_FORBIDDEN = (
    "ftplib.connect", "http.client.connect", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    "os.system", "pickle.find_class", "pty.spawn", "socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr",
    "socket.gethostbyname", "socket.getnameinfo", "socket.sendmsg", "socket.sendto", "subprocess.Popen",
    "urllib.Request",
)  # fmt: skip
#: The one process that reading starts, our own interpreter with our own program: queries run in a child that can be
#: killed.
_CHILD = [sys.executable, str(Path(interop.__file__).with_name("sparql_child.py"))]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attack takes place.

    Args:
        folder: its own folder.
        host: address and port of a server that nobody may call.
        secret: a file outside the folder that nobody may read.
        marker: a path outside the folder that nobody may make.
    """

    folder: Path
    host: str
    secret: Path
    marker: Path

    def file(self, name: str, data: str | bytes) -> Path:
        """Writes a file of the attack."""
        path = self.folder / name
        storage.write_bytes(path, data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
        return path


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile input.

    Args:
        name: the attack in words.
        run: carries it out, and gives what came of it.
        refused: it has to end with an error of ours; otherwise it may be read, as long as nothing is reached.
    """

    name: str
    run: Callable[[Place], object]
    refused: bool = True


def ingest(path: Path, reader: str | None = None) -> list[Any]:
    """All that a file says, as a build would read it."""
    source = readers.read(path, reader)
    tables = (assertion_table(source.chunks).texts().collect(), label_table(source.labels), alias_table(source.aliases))
    return [table.rows() for table in tables if table is not None]


@dataclass(slots=True)
class _Watch:
    """Audit events while it is set; a hook cannot be taken away again."""

    events: list[str] | None = None
    secret: Path | None = None
    hooked: bool = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.events is None:
            return
        child = event == "subprocess.Popen" and [str(arguments[1][0]), str(arguments[1][-1])] == _CHILD
        if (event in _FORBIDDEN and not child) or self._takes_up(event, arguments):
            self.events.append(f"{event} {arguments!r}"[:200])

    def _takes_up(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Whether the secret is read, or code that lies beside it is run: a module or a library of an attack."""
        if event not in ("open", "exec", "ctypes.dlopen") or self.secret is None:
            return False
        named = arguments[0].co_filename if event == "exec" else arguments[0]
        if not isinstance(named, str | bytes):
            return False
        path = Path(os.fsdecode(named)).resolve()
        return path == self.secret if event == "open" else path.is_relative_to(self.secret.parent)


_WATCH = _Watch()


@contextmanager
def _server() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and who called it."""
    callers: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    caller, address = listening.accept()
                except TimeoutError:
                    continue
                callers.append(str(address))
                caller.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield "{}:{}".format(*listening.getsockname()), callers
        finally:
            done.set()
            thread.join()


@contextmanager
def _watched(secret: Path) -> Iterator[list[str]]:
    if not _WATCH.hooked:
        sys.addaudithook(_WATCH)
        _WATCH.hooked = True
    events: list[str] = []
    _WATCH.events, _WATCH.secret = events, secret.resolve()
    try:
        yield events
    finally:
        _WATCH.events = None


@cache
def _sound_ones_read() -> None:
    """Reads a sound graph and a sound checkpoint, once, so that what libraries do when first used is no finding.

    numba keeps compiled kernels as pickles, its own; trio, where it is installed, asks ldconfig for a library.
    """
    from kgreason.nn.model import ReasoningModel  # torch is slow to import

    ReasoningModel.from_pretrained(kg_data.path("checkpoints/mini"))
    with tempfile.TemporaryDirectory() as folder:
        built(Path(folder))
        assert KnowledgeGraph.open(folder).lookup("thing")


def reached(attacks: Iterable[Attack]) -> list[str]:
    """Carries attacks out, each in a folder of its own; what came of those not refused, or that reached something."""
    _sound_ones_read()
    with tempfile.TemporaryDirectory() as name, _server() as (host, callers):
        place = Path(name)
        secret = place / "secret"
        storage.write_text(secret, SECRET)
        found = []
        for number, attack in enumerate(attacks):
            folder = place / f"attack-{number}"
            storage.write_text(folder / ".keep", "")
            if wrong := _outcome(attack, Place(folder, host, secret, place / "marker"), callers):
                found.append(f"{attack.name}: {wrong}")
            storage.remove(folder)
        return found


def _outcome(attack: Attack, place: Place, callers: list[str]) -> str:
    """What is wrong with how an attack ended; empty if nothing is."""
    told: object = None
    wrong = ""
    with _watched(place.secret) as events:
        try:
            told = attack.run(place)
        except KGReasonError as error:
            told = error
            wrong = "" if error.fix else f"no fix: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            wrong = f"{type(error).__name__}: {error}"[:300]
    if attack.refused and not isinstance(told, KGReasonError):
        wrong = wrong or f"gave {told!r}"[:300]
    if SECRET in str(told):
        wrong = "told the secret"
    if callers:
        wrong = f"called the server {len(callers)} times"
        callers.clear()
    left = sorted({*place.folder.parent.iterdir()} - {place.folder, place.secret})
    for path in left:
        storage.remove(path)  # the next attack is not blamed for it
    return events[0] if events else f"made {left[0].name}" if left else wrong
