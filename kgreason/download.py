"""Files from the web: fetched in pieces that survive an interruption, under a limit of size, and checked before use.

Redirects are followed by hand, since a server may name any address: only to http and https, and never from https to
http. A body that is compressed on the way is refused, for it could unfold without end. What has no published digest is
compared with what was first seen under the same name, so that a change does not pass unnoticed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kgreason import storage
from kgreason.errors import DownloadError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

__all__ = ["LIMIT_BYTES", "Patience", "download"]

#: No file is larger, unless its size is known beforehand.
LIMIT_BYTES = 8 * 1024**3
_BLOCK_BYTES = 1 << 16
_REDIRECTS = 5
_NOTE_BYTES = 1 << 14
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
#: The server is at fault, or asks to come again.
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for.

    Args:
        seconds: for a connection, and for the next piece of an answer.
        tries: how often a transfer is taken up that broke off.
        pause: seconds before the next try, doubled each time.
        window: seconds in which at least ``least`` bytes have to come.
        least: so many.
    """

    seconds: float = 30
    tries: int = 5
    pause: float = 1
    window: float = 60
    least: int = 1 << 16


class _Broken(Exception):
    """A transfer broke off; what came stays, and another try may go on from there."""


def download(
    url: str,
    path: str | Path,
    *,
    sha256: str = "",
    size: int | None = None,
    limit: int = LIMIT_BYTES,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> str:
    """Fetches a file; one that is there already and is the right one is not fetched again.

    A transfer that breaks off is taken up where it stopped, in this call or a later one, if the server says that the
    file is still the same (an ETag or a date); else it begins anew.

    Args:
        url: its address, http or https.
        path: where it goes. ``.part`` and ``.json`` beside it hold what came so far and what was seen.
        sha256: its digest, if that is known.
        size: its bytes, if they are known; another number is refused before anything is read.
        limit: the largest size accepted if not.
        patience: how long the server is waited for.
        progress: called with the bytes that are there and all bytes, 0 while that is unknown.

    Returns:
        the SHA-256 of the file.

    Raises:
        DownloadError: it cannot be fetched, or it is not the file it should be.
        StorageError: it cannot be written.
    """
    path = Path(path)
    with storage.lock(path.with_name(f"{path.name}.lock")):
        fetch = _Fetch(url, path, sha256, size, limit, patience or Patience(), progress or (lambda done, total: None))
        return fetch.present() if storage.size(path) is not None else fetch.run()


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One file on its way; arguments as in :func:`download`."""

    url: str
    path: Path
    sha256: str
    size: int | None
    limit: int
    patience: Patience
    progress: Progress

    @property
    def _part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def present(self) -> str:
        """The digest of the file that is there."""
        found = storage.digest(self.path, sha256=True)
        self._check(self.path, found)
        return found

    def run(self) -> str:
        """Fetch it, in as many tries as are allowed."""
        pause = self.patience.pause
        for left in range(self.patience.tries - 1, -1, -1):
            try:
                return self._try()
            except _Broken as error:
                if not left:
                    fix = f"Try again: it goes on from there. Or put the file at {self.path} yourself."
                    raise DownloadError(f"{self.url} cannot be fetched: {error}", fix=fix) from error
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _try(self) -> str:
        import urllib3

        note = self._seen()
        start, validator = self._begun(note)
        headers = {"Accept-Encoding": "identity", "User-Agent": "kgreason"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": validator}
        try:
            with closing(_follow(self.url, headers, self.patience)) as response:
                start, total = self._accept(response, start)
                storage.write_json(self._note, {**note, "url": self.url, "validator": _validator(response)})
                with storage.create(self.path, partial=self._part) as handle:
                    for block in self._blocks(response, start, total):
                        handle.write(block)
                    found = storage.digest(self._part, sha256=True)
                    self._check(self._part, found)
        except (urllib3.exceptions.HTTPError, TimeoutError, ConnectionError) as error:
            raise _Broken(str(error)) from error
        storage.write_json(self._note, {"url": self.url, "sha256": found})
        return found

    def _seen(self) -> dict[str, Any]:
        """What is noted of this address."""
        there = storage.size(self._note) is not None
        note = storage.read_json(self._note, limit=_NOTE_BYTES) if there else {}
        return note if isinstance(note, dict) and note.get("url") == self.url else {}

    def _begun(self, note: dict[str, Any]) -> tuple[int, str]:
        """How much is there of what the server may still have, and what says that it has; else nothing."""
        size = storage.size(self._part)
        if size is not None and (validator := note.get("validator")):
            return size, str(validator)
        storage.remove(self._part)
        return 0, ""

    def _accept(self, response: BaseHTTPResponse, start: int) -> tuple[int, int]:
        """Where the answer begins, and how long the file should be; 0 if nobody knows."""
        told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status == 416 or (response.status == 206 and not (told and int(told[1]) == start)):
            storage.remove(self._part)
            raise _Broken("the server has no more of it")
        if response.status in _PASSING:
            raise _Broken(f"the server answers {response.status}")
        if response.status not in (200, 206):
            raise DownloadError(
                f"{self.url} cannot be fetched: the server answers {response.status}", fix=self._instead
            )
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DownloadError(f"{self.url} comes compressed, which was not asked for", fix=self._instead)
        if response.status == 200:
            storage.remove(self._part)
            start = 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else 0
        if total and self.size is not None and total != self.size:
            self._wrong(f"it has {total:,} bytes instead of {self.size:,}")
        self._cap(total)
        return start, total or self.size or 0

    def _blocks(self, response: BaseHTTPResponse, done: int, total: int) -> Iterator[bytes]:
        """What comes, as long as enough comes and not too much."""
        since, before = time.monotonic(), done
        while block := response.read1(_BLOCK_BYTES, decode_content=False):
            done += len(block)
            self._cap(done)
            yield block
            self.progress(done, total)
            if (now := time.monotonic()) - since > self.patience.window:
                if done - before < self.patience.least:
                    raise _Broken(f"{done - before:,} bytes came in {now - since:.0f} seconds")
                since, before = now, done
        if total and done != total:
            raise _Broken(f"it broke off after {done:,} of {total:,} bytes")

    def _cap(self, size: int) -> None:
        limit = self.limit if self.size is None else self.size
        if size > limit:
            self._wrong(f"it is larger than {limit:,} bytes")

    def _check(self, file: Path, found: str) -> None:
        """Refuse another file than the one that is known, or was first seen."""
        first = self._seen().get("sha256", "")
        if self.sha256 and found != self.sha256:
            self._wrong(f"its SHA-256 is {found} instead of {self.sha256}", file)
        if first and found != first:
            self._wrong(f"its SHA-256 is {found}, and was {first} when it was first fetched", file)

    def _wrong(self, what: str, file: Path | None = None) -> None:
        """Refuse the file; what came of it goes, but not a file that was there."""
        if file != self.path:
            storage.remove(self._part)
        fix = f"Remove {self.path} and fetch it again." if file == self.path else self._instead
        raise DownloadError(f"{file if file == self.path else self.url} is not the file it should be: {what}", fix=fix)

    @property
    def _instead(self) -> str:
        return f"Get the file from elsewhere and put it at {self.path}."


def _validator(response: BaseHTTPResponse) -> str:
    """What tells that the file is still the same; a weak ETag does not."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _follow(url: str, headers: dict[str, str], patience: Patience) -> BaseHTTPResponse:
    """The answer at the end of all redirects, not yet read."""
    before, target = "", url
    for _ in range(_REDIRECTS + 1):
        url = _address(target, before)
        response = _request(url, headers, patience)
        target = response.get_redirect_location() or ""
        if not target:
            return response
        response.close()
        before = url
    raise DownloadError(f"{url} is reached by more than {_REDIRECTS} redirects", fix="Check the address.")


def _address(url: str, before: str) -> str:
    """An address, given whole or seen from the one that redirects to it, if it may be asked."""
    try:
        whole = urljoin(before, url)
        parts = urlsplit(whole)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        sound = False
    if not sound:
        led = f", to which {before} redirects," if before else ""
        raise DownloadError(f"{url!r}{led} is no address of the web", fix="Only http and https are followed.")
    if before.startswith("https:") and parts.scheme == "http":
        raise DownloadError(f"{before} redirects to {url!r}, which is not encrypted", fix="Check the address.")
    return whole


def _request(url: str, headers: dict[str, str], patience: Patience) -> BaseHTTPResponse:
    """One request, through the proxy that the environment names, if any."""
    from urllib.request import getproxies, proxy_bypass  # noqa: TID251 - looks up the proxy, fetches nothing

    import urllib3

    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
    return pool.request(
        "GET", url, headers=headers, redirect=False, retries=False, preload_content=False,
        timeout=urllib3.Timeout(patience.seconds),
    )  # fmt: skip
