"""The manifest of a graph image, which version is live, and what is wrong with a damaged one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kgreason import storage
from kgreason.errors import FormatError, GraphImageError, KGReasonError
from kgreason.graph.arrays import FILES

__all__ = [
    "CURRENT",
    "FORMAT",
    "LOCK",
    "MANIFEST",
    "VERSION",
    "content_digest",
    "live_version",
    "named_version",
    "read_manifest",
    "sealed",
    "verify",
]

#: Version of the files' layout; a reader refuses a newer one.
FORMAT = 1
#: Version of the rules that derive the arrays from the assertions: raised when equal input gives other arrays.
RULES = 1
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
#: Held by whoever writes to an image directory; readers never touch it.
LOCK = ".lock"
#: Name of a version's directory.
VERSION = re.compile(r"v-[0-9a-f]{64}")

_NAME_BYTES = 256
_REBUILD = "Build the graph again."


def content_digest(manifest: Mapping[str, Any]) -> str:
    """Digest of what a manifest says, its own ``digest`` entry left out; it is the digest of the graph."""
    rest = {name: value for name, value in manifest.items() if name != "digest"}
    return storage.digest_bytes(storage.canonical_json(rest).encode("utf-8"))


def sealed(manifest: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """The manifest with length and digest of every file of a directory, and its own digest."""
    files = {
        path.name: {"bytes": storage.size(path), "digest": storage.digest(path)} for path in storage.entries(directory)
    }
    whole = {**manifest, "format": FORMAT, "rules": RULES, "files": files}
    return {**whole, "digest": content_digest(whole)}


def live_version(path: Path) -> Path:
    """The version directory that a path means: the one named by CURRENT, or the path itself.

    Raises:
        GraphImageError: there is no image, or CURRENT names none.
    """
    if storage.size(path / MANIFEST) is not None:
        return path
    current = path / CURRENT
    if storage.size(current) is None:
        raise GraphImageError(f"{path} is no graph: it has neither {CURRENT} nor {MANIFEST}", fix="Check the path.")
    try:
        text = storage.read_limited(current, _NAME_BYTES).decode("utf-8", "replace")
    except FormatError as error:
        raise GraphImageError(f"{current} is damaged: {error.message}", fix=_REBUILD) from error
    name = text.removesuffix("\n")
    if text != f"{name}\n" or not VERSION.fullmatch(name) or storage.size(path / name / MANIFEST) is None:
        raise GraphImageError(f"{current} names {name[:80]!r}, which is no version of this graph", fix=_REBUILD)
    return path / name


def named_version(path: Path) -> tuple[bytes, int]:
    """What CURRENT says, sound or not, and since when: other values tell that a version went live meanwhile.

    The same version may, for the second time: it can be cleaned away and built again while a reader opens it.
    """
    since = storage.modified(path / CURRENT)
    try:
        return storage.read_limited(path / CURRENT, _NAME_BYTES), since
    except FormatError:
        return b"", since


def read_manifest(version: Path) -> dict[str, Any]:
    """Reads and checks a manifest: that it is whole, of a known format, and that every file has its length.

    Raises:
        GraphImageError: it is damaged or of a newer format, or a file is missing or of another length.
    """
    path = version / MANIFEST
    try:
        data = storage.read_limited(path, storage.JSON_BYTES)
        manifest = storage.read_json(path)
    except FormatError as error:
        raise GraphImageError(f"{path} is damaged: {error.message}", fix=_REBUILD) from error
    if not isinstance(manifest, dict):
        raise GraphImageError(f"{path} is damaged: it is no object", fix=_REBUILD)
    made = manifest.get("format")
    if isinstance(made, int) and made > FORMAT:
        raise GraphImageError(
            f"{version} has format {made}, made by a newer kgreason (this one reads up to {FORMAT})",
            fix="Upgrade kgreason.",
        )
    try:
        _check(manifest, version, data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise GraphImageError(f"{path} is damaged: {error}", fix=_REBUILD) from error
    for name, stated in manifest["files"].items():
        file = version / name
        size = storage.size(file)
        if size != stated["bytes"]:
            what = "is missing" if size is None else f"has {size} bytes instead of {stated['bytes']}"
            raise GraphImageError(f"{file} {what}", fix=_REBUILD)
    return manifest


def _check(manifest: Mapping[str, Any], version: Path, data: bytes) -> None:
    """Raises unless a manifest is spelled, digested and made up as :func:`sealed` does it."""
    digest = content_digest(manifest)
    named = version.name.removeprefix("v-") if VERSION.fullmatch(version.name) else digest
    if data != storage.canonical_json(manifest).encode("utf-8") or not digest == manifest.get("digest") == named:
        raise ValueError("its digest is not the stated one")
    names = [entry["name"] for entry in manifest["relations"]]
    if manifest["format"] != FORMAT or not all(isinstance(name, str) for name in names):
        raise ValueError("its format or its relations are not as they should be")
    needed = {*FILES, "assertions.parquet", *(f"node-{name}.npy" for name in manifest["columns"])}
    if missing := needed - manifest["files"].keys():
        raise ValueError(f"it does not list {min(missing)}")
    for name, stated in manifest["files"].items():
        if Path(name).name != name or not isinstance(stated["bytes"], int) or not isinstance(stated["digest"], str):
            raise ValueError(f"its entry for {name!r} is not as it should be")


def verify(path: str | Path) -> tuple[str, ...]:
    """Reads every byte of an image and names each file that is damaged, missing or not listed.

    Args:
        path: an image directory, or one version of it.

    Returns:
        one sentence a finding, each beginning with the file; empty for a sound image.
    """
    return tuple(_findings(Path(path)))


def _findings(path: Path) -> Iterator[str]:
    try:
        version = live_version(path)
        manifest = read_manifest(version)
    except KGReasonError as error:
        yield error.message
        return
    files = manifest["files"]
    for extra in sorted({file.name for file in storage.entries(version)} - set(files) - {MANIFEST}):
        yield f"{version / extra} is not listed in {MANIFEST}"
    damaged = [name for name, stated in files.items() if storage.digest(version / name) != stated["digest"]]
    yield from (f"{version / name} is damaged: its digest is not the stated one" for name in damaged)
    if not damaged:
        yield from _misfits(version)


def _misfits(version: Path) -> Iterator[str]:
    """Arrays that do not fit together: only in an image that this package did not make."""
    from kgreason.graph.image import KnowledgeGraph

    try:
        graph = KnowledgeGraph.open(version)
    except KGReasonError as error:
        yield error.message
        return
    yield from (f"{version / name} points outside the graph" for name in graph.arrays.misfits())
