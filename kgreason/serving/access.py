"""Who may ask, and how often: keys of which only digests are kept, and windows of a minute."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.serving.refusals import Refusal

__all__ = ["LOOPBACK", "Access", "Key", "Rates", "Window", "add_key", "check_bind", "read_keys"]

#: Names by which a machine calls itself.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_BYTES = 1 << 20
_NAMES = 4096


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the file holds it.

    Args:
        name: whose it is.
        digest: of the key, BLAKE2b-256; keys are random, so that no salt is needed.
        ask: whether it may ask the model; otherwise it reads graphs alone.
    """

    name: str
    digest: str
    ask: bool = True


@dataclass(frozen=True, slots=True)
class Rates:
    """Items of a key in a minute: of routes that read graphs, and of those that ask the model."""

    cheap: int = 600
    dear: int = 60


def add_key(path: Path, name: str, *, ask: bool = True) -> str:
    """Makes a key, and adds its digest to a file.

    Args:
        path: the file; it is made where there is none.
        name: whose it is.
        ask: whether it may ask the model.

    Returns:
        The key, which is kept nowhere.

    Raises:
        InputError: the name has a key already; FormatError: the file is no file of keys.
    """
    secret = secrets.token_urlsafe(32)
    with storage.lock(path.with_name(f".{path.name}.lock")):
        keys = read_keys(path) if storage.size(path) is not None else ()
        if not name or any(key.name == name for key in keys):
            raise InputError(f"{name!r} has a key already, or is empty", fix="Choose another name.")
        made = (*keys, Key(name, _digest(secret), ask))
        storage.write_json(path, {"keys": [asdict(key) for key in made]})
    return secret


def read_keys(path: Path) -> tuple[Key, ...]:
    """Reads a file of keys.

    Raises:
        FormatError: it is none.
    """
    values: Any = storage.read_json(path, limit=_BYTES)
    try:
        keys = tuple(Key(**each) for each in values["keys"])
    except (TypeError, KeyError) as error:
        raise FormatError(path, "it is no file of keys", fix="Make one with kgreason key.") from error
    if not all(isinstance(key.name, str) and isinstance(key.digest, str) and key.ask in (True, False) for key in keys):
        raise FormatError(path, "it is no file of keys", fix="Make one with kgreason key.")
    if not keys:  # else whoever reaches the machine would be let in
        raise FormatError(path, "it holds no key", fix="Make one with kgreason key.")
    return keys


def check_bind(host: str, keys: tuple[Key, ...]) -> None:
    """Refuses to listen to other machines without a key.

    Raises:
        InputError: it would.
    """
    if not keys and not _is_loopback(host):
        raise InputError(f"{host} can be reached by others, and there is no key", fix="Give --keys, or use 127.0.0.1.")


def _is_loopback(host: str) -> bool:
    try:
        return host in LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Window:
    """So much in any stretch of some seconds, for each name.

    Args:
        limit: how much.
        seconds: of the stretch.
        now: the clock.
    """

    def __init__(self, limit: int, seconds: float = 60.0, now: Callable[[], float] = monotonic) -> None:
        self._limit, self._seconds, self._now = limit, seconds, now
        self._spent: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, name: str, count: int = 1) -> float:
        """Seconds until so much more is allowed; 0 if it is now."""
        spent, now = self._spent.get(name, deque()), self._now()
        while spent and spent[0] <= now - self._seconds:
            spent.popleft()
        over = len(spent) + count - self._limit
        if over <= 0:
            return 0.0
        left = spent[min(over, len(spent)) - 1] + self._seconds - now if spent else self._seconds
        return min(left, self._seconds)  # sums of floats may be more by a last digit

    def spend(self, name: str, count: int = 1) -> None:
        """Counts so much; the names that spent longest ago are forgotten where there are too many."""
        self._spent.setdefault(name, deque()).extend([self._now()] * count)
        self._spent.move_to_end(name)
        if len(self._spent) > _NAMES:
            self._spent.popitem(last=False)


class Access:
    """Checks keys and rates; without keys everything is open to whoever reaches this machine's own address.

    Args:
        keys: those that are known.
        rates: of each key.
        tries: wrong keys of one address in a minute.
        now: the clock.
    """

    def __init__(
        self, keys: tuple[Key, ...] = (), rates: Rates | None = None, *, tries: int = 10,
        now: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        rates = rates or Rates()
        self._keys = keys
        self._tries = Window(tries, now=now)
        self._cheap, self._dear = Window(rates.cheap, now=now), Window(rates.dear, now=now)

    def key(self, header: str | None, address: str) -> Key | None:
        """Whose key a request bears; None where none is needed.

        Args:
            header: its ``Authorization``.
            address: of the client.

        Raises:
            Refusal: 401 without a known key, 429 after too many wrong ones.
        """
        if not self._keys:
            return None
        scheme, _, secret = (header or "").partition(" ")
        found, digest = None, _digest(secret.strip())
        for key in self._keys:  # all of them, however early one fits
            if hmac.compare_digest(key.digest.encode(), digest.encode()):
                found = key
        if found is None or scheme.lower() != "bearer":
            if after := self._tries.wait(address):
                raise Refusal(429, "tries", "Too many wrong keys", fix="Try again later.", after=after)
            if header is not None:
                self._tries.spend(address)
            raise Refusal(401, "key", "A key is needed", fix="Send Authorization: Bearer KEY.")
        return found

    def spend(self, key: Key | None, count: int, *, dear: bool) -> None:
        """Counts items against the rate of a key.

        Raises:
            Refusal: 403 if the key may not ask, 429 if its minute is used up.
        """
        if key is None:
            return
        if dear and not key.ask:
            raise Refusal(403, "scope", "This key reads graphs alone", fix="Use a key that may ask.")
        window = self._dear if dear else self._cheap
        if after := window.wait(key.name, count):
            raise Refusal(429, "rate", "The rate of this key is used up", fix="Try again later.", after=after)
        window.spend(key.name, count)


def _digest(secret: str) -> str:
    return storage.digest_bytes(secret.encode("utf-8", "surrogatepass"))
