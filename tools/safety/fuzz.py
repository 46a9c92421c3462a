"""Mutates sound files of every kind and reads them: at worst an error of ours may come of it, soon, in little memory.

    python -m tools.safety.fuzz READER [COUNT] [SEED]

The reading is done by a process of its own whose memory and time are capped, since a parser in another language would
take this one with it. An input is a function of reader, seed and number, so that a finding can be looked at again.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kgreason import storage
from kgreason.errors import KGReasonError
from tools.safety.faults import unsynced
from tools.safety.samples import SAMPLES, Sample

__all__ = ["MEGABYTES", "SECONDS", "TARGETS", "findings", "mutated", "read"]

MEGABYTES, SECONDS = 256, 2.0
#: Readers of graphs, tables of exchange, and a graph image.
TARGETS = (*SAMPLES, "exchange", "image")

_NASTY = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n\n", b"\t", b"|", b",", b'"', b"'", b'"""', b"\\",
    b"\\ud800", b"\\u0000", b"\\", b"[" * 200, b"{" * 200, b"(" * 200, b'{"a":' * 200, b"<<" * 200, b"]", b"}", b">",
    b"<!DOCTYPE a>", b"&a;", b"&#0;", b"<![CDATA[", b"]]>", b"<!--", b"<?x", b"xmlns:a='b' ", b"1e999", b"-1", b"NaN",
    b"9" * 40, b"1e-400", b"true", b"null", b"[]", b"{}", b"/c/en/", b"/c//", b"/r/", b"Not", b"@id", b"@context",
    b"_:", b"<>", b"<a:>", b"@prefix : <> .", b"^^", b"@en-", b"#", b"%s", b"\xe2\x80\xa8",
    b"\xf0\x9f\x90\xa7", b" " * 99,
)  # fmt: skip
_CHILD = (sys.executable, "-m", "tools.safety.fuzz", "--child")
_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
_CPU = 4  # seconds after which an input that no signal of Python's can stop ends its process


def read(name: str, folder: Path) -> None:
    """Reads all that a folder's file says as a build or an import would.

    Args:
        name: one of :data:`TARGETS`.
        folder: holds the files of a sample.

    Raises:
        KGReasonError: it is not what it should be.
    """
    from kgreason import interop
    from kgreason.graph import KnowledgeGraph, readers
    from kgreason.graph.manifest import verify
    from kgreason.graph.schema import alias_table, assertion_table, label_table

    if name == "image":
        found = verify(folder)
        graph = KnowledgeGraph.open(folder)
        if not found:
            graph.match()
        return
    file = folder if name in ("facts", "wordnet") else next(iter(folder.iterdir()))
    if name == "exchange":
        interop.read(file)
        return
    with suppress(KGReasonError):
        readers.sniff(file)
    source = readers.read(file, name)
    assertion_table(source.chunks), label_table(source.labels), alias_table(source.aliases)


def sample(name: str) -> Sample:
    """The sound files of a target."""
    if name == "exchange":
        return {"a.csv": b"source,relation,target,weight,source_label\na,IsA,b,2.5,Alpha\nb,IsA,c,,\n"}
    if name != "image":
        return SAMPLES[name]
    from tools.safety.images import built

    with tempfile.TemporaryDirectory() as folder:
        built(Path(folder))
        files = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".lock")
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def mutated(files: Sample, name: str, seed: int, number: int) -> tuple[str, bytes]:
    """An input: which file of a sample is mutated, and into what."""
    chance = random.Random(f"{name}-{seed}-{number}")
    file = chance.choice(sorted(files))
    data = bytearray(files[file])
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        _mutate(data, chance)
    return file, gzip.compress(data, 1, mtime=0) if chance.random() < 0.02 else bytes(data)


def _mutate(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    span = slice(at, at + chance.choice((1, 2, 8, 64)))
    match chance.randrange(7):
        case 0 if at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        case 1:
            data[at:at] = chance.choice(_NASTY)
        case 2:
            data[span] = b""
        case 3:
            data[at:at] = bytes(data[span]) * chance.choice((1, 2, 30, 1000))
        case 4:
            data[span] = chance.randbytes(chance.randrange(9))
        case 5:
            other = chance.randint(0, len(data))
            data[at:at] = data[other : other + 30]
        case _:
            del data[at:]


def findings(name: str, count: int, seed: int = 0) -> list[str]:
    """Reads so many mutated inputs; what came of those of which something else came than an error of ours."""
    found: list[str] = []
    start = 0
    while start < count:
        command = [*_CHILD, name, str(start), str(count), str(seed)]
        ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **_ONE_THREAD})
        *told, last = [json.loads(line) for line in ran.stdout.splitlines()] or [None]
        if last is None:
            raise RuntimeError(f"{name}: {ran.stderr[-2000:]}")
        found += [each for each in (*told, last) if isinstance(each, str)]
        if last == "done":
            found.pop()
            break
        if isinstance(last, int):  # it ended within this input
            found.append(f"{name} {seed} {last}: ended with {ran.returncode}: {ran.stderr.strip()[-300:]}")
            start = last + 1
    return found


def _child(name: str, start: int, count: int, seed: int) -> Iterator[int | str]:
    """Numbers of inputs before they are read, and what is wrong with the last one; the last word is done."""
    files = sample(name)
    with tempfile.TemporaryDirectory() as place, unsynced():
        folder = Path(place)
        for each, data in files.items():
            storage.write_bytes(folder / each, data)
        read(name, folder)
        _cap_memory()
        for number in range(start, count):
            yield number
            file, data = mutated(files, name, seed, number)
            storage.write_bytes(folder / file, data)
            if wrong := _wrong(name, folder):
                yield f"{name} {seed} {number}: {wrong}"
            storage.write_bytes(folder / file, files[file])
    yield "done"


def _wrong(name: str, folder: Path) -> str:
    began = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(began) + _CPU, resource.RLIM_INFINITY))
    try:
        read(name, folder)
    except KGReasonError as error:
        if not error.fix:
            return f"no fix: {error}"
    except BaseException as error:  # noqa: BLE001 - a panic of another language's library is no Exception
        return f"{type(error).__name__}: {str(error)[:200]}"
    taken = time.process_time() - began
    return f"{taken:.1f} s" if taken > SECONDS else ""


def _cap_memory() -> None:
    """What is mapped now, and no more than the cap beside it."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    cap = pages * resource.getpagesize() + MEGABYTES * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))


def main(arguments: list[str]) -> None:
    """Prints what was found; as the child, a line of JSON for each input and each finding."""
    if arguments[0] == "--child":
        for line in _child(arguments[1], *map(int, arguments[2:])):
            sys.stdout.write(f"{json.dumps(line)}\n")
            sys.stdout.flush()
        return
    for line in findings(arguments[0], *map(int, arguments[1:] or ["1000"])):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
