"""Open questions over a graph of their own: MetaQA and PathQuestion, and the triples of their graphs.

Both give the concept that a question is about, and published figures use it: ``extra["topic"]`` names it as it stands
in the text. ``extra["hop"]`` and ``extra["path"]`` (the way to the answers, as published) are for analysis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kgreason.errors import FormatError, InputError
from kgreason.records import Question, Triple
from kgreason.storage import open_text
from kgreason.tasks.files import clean, data_home, digest, find, lines

__all__ = [
    "graph_triples",
    "metaqa",
    "metaqa_dev",
    "metaqa_wordings",
    "nlpcc_blocks",
    "nlpcc_kbqa",
    "pathquestion",
]

#: The file of each set's graph, and what parts its columns.
_GRAPHS = {
    **{f"metaqa-{hops}hop": ("metaqa/kb_recovered.txt", "|") for hops in (1, 2, 3)},
    "pathquestion-2hop": ("pathquestion/2H-kb.txt", "\t"),
    "pathquestion-3hop": ("pathquestion/3H-kb.txt", "\t"),
    "pathquestion-large-2hop": ("pathquestion/PQL2-KB.txt", "\t"),
    "pathquestion-large-3hop": ("pathquestion/PQL3-KB.txt", "\t"),
}
_NLPCC = "nlpcc2016-kbqa-zh"
_TOPIC = re.compile(r"(.*)\[(.+)\](.*)")
#: One question in so many is held out for dev.
_HELD_OUT = 10


def graph_triples(name: str, data: str | Path | None = None) -> list[Triple]:
    """The triples of the graph that a set's questions are about, relations named as published.

    Args:
        name: of the set.
        data: the folder of data sets; without it, the environment variable KGREASON_DATA names it.

    Returns:
        What :meth:`kgreason.graph.KnowledgeGraph.from_triples` takes. Names are the keys that answers are given by.

    Raises:
        InputError: the set has no graph of its own, or its file is not there.
        FormatError: a line is no triple.
    """
    if name == _NLPCC:
        return _nlpcc_triples(find(data_home(data), [f"{_NLPCC}/*ing-data"]))
    if name not in _GRAPHS:
        raise InputError(
            f"{name!r} has no graph of its own", fix=f"Sets that have one: {', '.join((*_GRAPHS, _NLPCC))}."
        )
    pattern, mark = _GRAPHS[name]
    (path,) = find(data_home(data), [pattern])
    triples: list[Triple] = []
    for number, line in lines(path):
        parts = [part.strip() for part in line.split(mark)]
        if len(parts) != 3 or not all(parts):
            raise FormatError(path, f"holds no triple: {line[:80]!r}", line=number, fix="Fetch the file again.")
        triples.append((parts[0], parts[1], parts[2]))
    return triples


def metaqa(files: Sequence[Path], *, hops: int) -> Iterator[Question]:
    """MetaQA: rows of questions and answers, of their relation paths, and of whether the graph gives just the answers.

    The published graph is not whole here: where ``extra["oracle_ok"]`` is false, the path leads to other concepts than
    the answers, too few or too many.
    """
    for question, _ in _metaqa(files, hops):
        yield question


def metaqa_dev(files: Sequence[Path], *, hops: int, held_out: bool) -> Iterator[Question]:
    """The dev rows whose wording is not among those kept for test: a fixed tenth of them (dev), or the rest (train).

    MetaQA's training questions are larger than what is at hand, hence this division of its dev questions.
    """
    for question, kept in _metaqa(files, hops):
        if not kept and (digest(question.text) % _HELD_OUT == 0) == held_out:
            yield question


def metaqa_wordings(files: Sequence[Path], *, hops: int) -> Iterator[Question]:
    """Test rows in a wording that no row of train or dev has, as far as the graph gives just their answers."""
    return (question for question, kept in _metaqa(files, hops) if kept and question.extra["oracle_ok"])


def _metaqa(files: Sequence[Path], hops: int) -> Iterator[tuple[Question, bool]]:
    """Questions, and whether their wording is kept for test (the last file, which may be left out)."""
    rows = files[0]
    name = rows.name.split(".")[0].removeprefix("qa_")
    columns: list[Any] = [_column(path) for path in files]
    if len({len(column) for column in columns}) > 1:
        raise FormatError(rows, "has another number of lines than the files beside it", fix="Fetch them again.")
    for number, (row, path, known, *kept) in enumerate(zip(*columns, strict=True), start=1):
        text, answers = row.split("\t")
        match = _TOPIC.fullmatch(text)
        if match is None:
            raise FormatError(rows, "has no [topic]", line=number, fix="Fetch the file again.")
        extra = {"topic": match[2], "hop": hops, "path": path, "oracle_ok": known == "1"}
        question = Question(
            text="".join(match.groups()),
            task="open",
            gold=tuple(answers.split("|")),
            id=f"metaqa-{name}-{number}",
            extra=extra,
        )
        yield question, kept == ["1"]


def _column(path: Path) -> list[str]:
    with open_text(path) as stream:
        return list(stream)


def pathquestion(files: Sequence[Path], *, split: str, hops: int) -> Iterator[Question]:
    """PathQuestion and PathQuestion-Large; the last file divides rows so that no topic is in two splits.

    The papers divide at random, and most test questions then repeat a topic and path of training in other words.
    """
    rows, division = files
    name = rows.name.removesuffix(".gz")
    chosen = {int(number) for _, (file, number, part) in _cells(division) if (file, part) == (name, split)}
    for number, (text, answers, path) in _cells(rows):
        if number not in chosen:
            continue
        steps = path.split("#<end>")[0].split("#")
        yield Question(
            text=_spaced(text),
            task="open",
            gold=_answers(answers),
            id=f"{name.removesuffix('.txt')}-{number}",
            extra={"topic": _spaced(steps[0]), "hop": hops, "path": "#".join(steps[1::2])},
        )


def _answers(cell: str) -> tuple[str, ...]:
    """Names of ``one answer(first answer/second answer/)``; they may hold brackets themselves.

    Raises:
        ValueError: it is of another form.
    """
    for place in (i for i, sign in enumerate(cell) if sign == "("):
        listed = cell[place + 1 :].removesuffix("/)").split("/")
        if cell.endswith("/)") and cell[:place] in listed:
            return tuple(listed)
    raise ValueError(f"answers are {cell!r}")


def nlpcc_blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Question, triple and answer each, as they stand between lines of equality signs."""
    block: list[str] = []
    first = 1
    for number, line in lines(path):
        if line.startswith("===="):
            yield first, block
            block = []
        else:
            first = first if block else number
            block.append(line)
    if block:
        yield first, block


_TAGGED = re.compile(r"<question id=\d+>\t(.*)\n<triple id=\d+>\t(.*)\n<answer id=\d+>\t.*")


def _nlpcc(block: Sequence[str]) -> tuple[str, Triple]:
    """The question of a block and its triple, whose object is the answer; parts of two published triples are empty."""
    match = _TAGGED.fullmatch("\n".join(block))
    if match is None:
        raise ValueError("a question, a triple and an answer must be here")
    source, relation, target = (clean(part) for part in match[2].split("|||"))
    return clean(match[1]), (source, relation, target)


def nlpcc_kbqa(name: str, block: Sequence[str]) -> Iterator[Question | None]:
    """NLPCC 2016 KBQA: Chinese questions that one triple answers; the gold is its object.

    The encyclopedia that they were written from is not at hand. The graph of the set, the gold triples of both its
    splits, has one relation for most of its topics, so what it asks for is to find the topic. ``extra`` holds topic
    and path, so that the gold triple is whole.
    """
    question, (topic, path, answer) = _nlpcc(block)
    extra = {"topic": topic, "hop": 1, "path": path}
    yield Question(question, task="open", gold=(answer,), language="zh", id=name, extra=extra) if answer else None


def _nlpcc_triples(files: Sequence[Path]) -> list[Triple]:
    found: dict[Triple, None] = {}
    for path in files:
        for number, block in nlpcc_blocks(path):
            try:
                _, triple = _nlpcc(block)
            except ValueError as error:
                fix = "Fetch the file again."
                raise FormatError(path, f"holds no triple ({error})", line=number, fix=fix) from error
            if all(triple):
                found[triple] = None
    return list(found)


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    return ((number, line.split("\t")) for number, line in lines(path))


def _spaced(text: str) -> str:
    return clean(text.replace("_", " "))
