"""What a file must pass before a parser of XML, JSON, RDF or parquet sees it, and how that parser is given its bytes.

Such parsers can be made to fill the memory, to overflow the stack or to fetch what a document names. So a pass over
the file comes first that refuses document type declarations (with them entities, and with those the expansion bombs)
and nesting beyond the limit; sizes and archives are guarded by :mod:`kgreason.storage` in every pass.
"""

from __future__ import annotations

import contextlib
import io
import re
import stat
import zipfile  # noqa: TID251 - the one place that unpacks archives
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal, cast
from xml.parsers import expat

from kgreason import storage
from kgreason.config import LIMITS
from kgreason.errors import FormatError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow.parquet as pq

__all__ = ["Parquet", "check_nesting", "check_size", "check_xml", "nesting", "open_binary", "open_parquet", "unzip"]

_DOCTYPE = re.compile(rb"<!doctype|<!entity", re.IGNORECASE)
_OVERLAP = len(b"<!doctype") - 1
_ENCODING = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")

#: Texts of one batch of a parquet file may take so much, if each were as long as any can be.
_BATCH_BYTES = 1 << 30

#: A string of JSON; one that is not closed takes the rest.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_QUOTED = rb'"(?!"")[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
#: What can hold brackets without opening anything, then brackets. An open text at the end of a block waits for more.
_TOKENS = {
    "json": re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|"|[\[{]|[\]}]', re.DOTALL),
    "turtle": re.compile(
        rb'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""|\'\'\'[^\'\\]*+(?:(?:\\.|\'(?!\'\'))[^\'\\]*+)*+\'\'\'|'
        + _QUOTED
        + rb"|"
        + _QUOTED.replace(b'"', b"'")
        + rb"|<[^<>\"{}|^`\s]*+>|#[^\n]*+\n|\\.|<<|[\"'#<\\]|[\[{(]|>>|[\]})]",
        re.DOTALL,
    ),
}
_OPENERS = {"json": (b"[", b"{"), "turtle": (b"[", b"(", b"{", b"<<")}
#: Kinds of file in a zip archive that are one: told as such, or not told.
_PLAIN = (0, stat.S_IFREG)
_HALF = frozenset((b'"', b"'", b"#", b"<", b"\\"))
_OPENING, _CLOSING = frozenset((b"[", b"{", b"(", b"<<")), frozenset((b"]", b"}", b")", b">>"))


class _Input(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._blocks, b"")
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


@contextlib.contextmanager
def open_binary(path: str | Path) -> Iterator[IO[bytes]]:
    """Opens a file, plain or ``.gz``, for a library that reads bytes; limits hold while it reads.

    Raises:
        FormatError: as :func:`kgreason.storage.unpacked`, from within the library's reads.
    """
    blocks = storage.unpacked(path, block_bytes=1 << 16)
    try:
        yield cast(IO[bytes], _Input(blocks))
    finally:
        blocks.close()  # type: ignore[attr-defined]  # a generator, typed as its iterator


def check_size(path: Path) -> None:
    """Refuses a file over the limit, before a library opens it by its name.

    Raises:
        FormatError: it is, or it is no file.
    """
    if (size := storage.size(path)) is None:
        raise FormatError(path, "there is no such file", fix="Check the path.")
    if size > LIMITS.file_bytes:
        raise FormatError(path, f"it is larger than {LIMITS.file_bytes} bytes", fix="Split the file.")


def unzip(path: Path, members: Sequence[str], folder: Path) -> list[Path]:
    """Takes some members out of a zip archive, each under the last part of its name; nothing else is unpacked.

    Args:
        path: the archive.
        members: their names in it.
        folder: where they go.

    Returns:
        The files, in the order of the names.

    Raises:
        FormatError: it is no zip archive; a member is missing, there twice, encrypted, no plain file, or damaged; or
            one unpacks beyond the limits.
    """
    check_size(path)
    with storage.opened(path) as handle:
        try:
            with zipfile.ZipFile(handle) as archive:
                entries = [_plain_entry(path, archive, name) for name in members]
                return [_member(path, archive, entry, folder) for entry in entries]
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            what = f"it is no zip archive that can be read ({error})"
            raise FormatError(path, what, fix="Fetch it again.") from error


def _plain_entry(path: Path, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    entries = [entry for entry in archive.infolist() if entry.filename == name]
    if len(entries) != 1 or entries[0].is_dir() or stat.S_IFMT(entries[0].external_attr >> 16) not in _PLAIN:
        raise FormatError(path, f"it does not hold {name!r} as one plain file", fix="Fetch it again.")
    return entries[0]


def _member(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> Path:
    limit = min(LIMITS.file_bytes, storage.most_unpacked(path))
    target = folder / PurePosixPath(entry.filename).name
    with archive.open(entry) as packed, storage.create(target) as handle:
        size = 0
        while block := packed.read(storage.BLOCK_BYTES):  # what the archive tells of sizes need not be true
            size += len(block)
            if size > limit:
                fix = "Unpack it yourself."
                raise FormatError(path, f"{entry.filename!r} unpacks to more than {limit:,} bytes", fix=fix)
            handle.write(block)
    return target


class Parquet:
    """An open parquet file; see :func:`open_parquet`.

    Texts are stored in one of three ways. Plain ones take what the file says, and are counted as they come. Those in a
    dictionary are written out once they are counted. Those stored as what differs from the text before are counted in a
    pass of their own, so few at a time that each could be as long as all that is stored of its column.

    Args:
        path: what errors call it.
        file: the file.
        differences: columns of the third kind.
        few: so many of their texts at a time.
    """

    def __init__(self, path: Path, file: pq.ParquetFile, differences: Iterable[str], few: int) -> None:
        self._path, self._file, self._differences, self._few = path, file, set(differences), few
        self.names: list[str] = file.schema_arrow.names

    def frames(self, columns: Iterable[str] | None = None, rows: int = 1 << 17) -> Iterator[pl.DataFrame]:
        """Tables of so many rows at a time.

        Raises:
            FormatError: they unpack beyond the limit.
        """
        import polars as pl
        import pyarrow as pa

        wanted = list(dict.fromkeys(self.names if columns is None else columns))
        size = 0
        for batch in self._batches(self._few, [name for name in wanted if name in self._differences]):
            size += sum(map(_text_bytes, batch.columns))
            _check_unpacked(self._path, size)
        for batch in self._batches(rows, wanted):
            counted = [name not in self._differences for name in batch.schema.names]
            size += sum(map(_text_bytes, compress(batch.columns, counted)))
            _check_unpacked(self._path, size)
            plain = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in batch.columns]
            yield pl.DataFrame(pl.from_arrow(pa.table(plain, names=batch.schema.names)))

    def _batches(self, rows: int, columns: list[str]) -> Iterator[Any]:
        return self._file.iter_batches(rows, columns=columns) if columns else iter(())


def _text_bytes(column: Any) -> int:
    """Bytes of the texts of an Arrow column, each as often as it is there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        lengths = pc.binary_length(column.dictionary).take(column.indices)
    elif column.type in (pa.string(), pa.large_string()):
        lengths = pc.binary_length(column)
    else:
        return 0
    return pc.sum(lengths).as_py() or 0


@contextlib.contextmanager
def open_parquet(path: Path) -> Iterator[Parquet]:
    """Opens a parquet file whose tables stay within the limits of archives.

    Raises:
        FormatError: it is over a limit or not a complete parquet file, which reads within the block may find too.
    """
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path)
    polars = pl.exceptions.PolarsError, pl.exceptions.PanicException  # the second is no Exception
    with storage.opened(path) as handle:
        try:
            about = pq.read_metadata(handle)
            groups = [about.row_group(number) for number in range(about.num_row_groups)]
            _check_unpacked(path, sum(group.total_byte_size for group in groups))
            parts = [group.column(number) for group in groups for number in range(group.num_columns)]
            longest = {
                part.path_in_schema: part.total_uncompressed_size
                for part in sorted(parts, key=lambda part: part.total_uncompressed_size)
                if any("DELTA" in encoding for encoding in part.encodings)
            }
            kinds = (pa.string(), pa.large_string())
            texts = {each.name for each in about.schema.to_arrow_schema() if each.type in kinds}
            few = max(1, _BATCH_BYTES // max((1, *longest.values())))
            with pq.ParquetFile(handle, metadata=about, read_dictionary=sorted(texts - longest.keys())) as file:
                yield Parquet(path, file, texts & longest.keys(), few)
        except (pa.ArrowException, *polars, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the disk, not of the parser
            what = f"it is no complete parquet table ({error})"
            raise FormatError(path, what, fix="Fetch the file again.") from error


def _check_unpacked(path: Path, size: int) -> None:
    if size > storage.most_unpacked(path):
        raise FormatError(path, f"it unpacks to {size} bytes or more", fix="Split the file.")


def nesting(data: bytes) -> int:
    """How deep the brackets of a JSON text are nested; brackets within strings do not count, closed or not.

    Time is linear in its length.

    Example:
        >>> nesting(b'{"a": ["[["]}')
        2
    """
    import numpy as np

    signs = np.frombuffer(_STRINGS.sub(b"", data), np.uint8)
    steps = np.isin(signs, [*b"[{"]).astype(np.int32) - np.isin(signs, [*b"]}"])
    return int(np.cumsum(steps).max(initial=0))


def check_nesting(path: str | Path, syntax: Literal["json", "turtle"]) -> None:
    """Refuses a document that is nested deeper than the limit.

    Args:
        path: the file.
        syntax: what strings and brackets look like; "turtle" is also that of TriG, N-Triples and N-Quads.

    Raises:
        FormatError: it is, or a text in it is longer than a line may be.
    """
    openers = 0
    for block in storage.unpacked(path):
        openers += sum(block.count(mark) for mark in _OPENERS[syntax])
        if openers > LIMITS.nesting:  # else it cannot be nested deeper, whatever the brackets mean
            _walk_brackets(path, syntax)
            return


def _walk_brackets(path: str | Path, syntax: str) -> None:
    depth, line, rest = 0, 1, b""
    for block in storage.unpacked(path):
        data, at = rest + block, 0
        # the last bytes may belong to a token that goes on in the next block
        safe = len(data) - 3
        for token in _TOKENS[syntax].finditer(data):
            if token.end() > safe or token[0] in _HALF:
                at = token.start()
                break
            at = token.end()
            if token[0] in _OPENING:
                depth += 1
                if depth > LIMITS.nesting:
                    raise _too_deep(path, line + data.count(b"\n", 0, at))
            elif token[0] in _CLOSING:
                depth = max(depth - 1, 0)
        else:
            at = max(at, safe)
        line += data.count(b"\n", 0, at)
        rest = data[at:]
        if len(rest) > LIMITS.line_bytes:
            raise FormatError(path, f"a text is longer than {LIMITS.line_bytes} bytes", line=line, fix="Split it.")
    for token in _TOKENS[syntax].finditer(rest):
        depth += token[0] in _OPENING
    if depth > LIMITS.nesting:
        raise _too_deep(path, line)


def check_xml(path: str | Path) -> None:
    """Refuses an XML document with a document type, in another encoding than UTF-8, ill-formed, or nested too deep.

    Raises:
        FormatError: it is one of these.
    """
    tail, first = b"", True
    for block in storage.unpacked(path):
        if first and (named := _ENCODING.search(block)) and named[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
            what = f"its encoding is {named[1].decode('latin-1')}"
            raise FormatError(path, what, line=1, fix="Convert the file to UTF-8.")
        if b"\0" in block or (first and block.startswith((b"\xfe\xff", b"\xff\xfe"))):
            raise FormatError(path, "it is not UTF-8", fix="Convert the file to UTF-8.")
        if _DOCTYPE.search(tail + block):
            fix = "Remove the declaration and write entities out."
            raise FormatError(path, "it declares a document type, which can expand without end", fix=fix)
        tail, first = block[-_OVERLAP:], False
    _walk_elements(path)


def _walk_elements(path: str | Path) -> None:
    depth = 0

    def opened(name: str, attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > LIMITS.nesting:
            raise _too_deep(path, parser.CurrentLineNumber)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1

    # With the separator of ElementTree, which reads after it, it minds namespaces and refuses those that hold one.
    parser = expat.ParserCreate(None, "}")
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    try:
        for block in storage.unpacked(path):
            parser.Parse(block)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        what = f"it is no XML ({expat.errors.messages.get(error.code, error)})"
        raise FormatError(path, what, line=error.lineno, fix="Repair the file.") from error


def _too_deep(path: str | Path, line: int) -> FormatError:
    return FormatError(path, f"it is nested deeper than {LIMITS.nesting} levels", line=line, fix="Flatten it.")
