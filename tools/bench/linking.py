"""How many concepts of CommonsenseQA the grounder finds: ``python -m tools.bench.linking`` prints the shares as JSON.

CommonsenseQA names the ConceptNet concept each question was written from. It counts as found when a mention of the
question has a candidate that its name stands for as well. An option counts as found when it is a concept as a whole.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from kgreason import storage
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Mention, Question
from kgreason.retrieval import Retriever

__all__ = ["measure"]

_FILES = ("dev_rand_split.jsonl.gz", "train_rand_split.jsonl.gz")
_WITH_PATHS = 200


def measure(data: Path | None = None) -> dict[str, float]:
    """The shares of concepts and options found, and of questions with evidence.

    Args:
        data: the folder of data sets; without it, the environment variable KGREASON_DATA names it.

    Returns:
        ``questions`` and ``options`` (how many), ``question_concepts_found`` and ``options_found`` (shares of them),
        ``options_found_in_part``, and of the first 200 questions those where any option has a path
        (``with_evidence``).
    """
    graph = KnowledgeGraph.open("default")
    grounder, retriever = Grounder(graph), Retriever(graph)
    found = options = whole = in_part = questions = with_evidence = 0
    for question, concept in _questions(data):
        grounding = grounder.ground(question)
        questions += 1
        found += bool(_nodes(grounding.of(-1)) & _meant(grounder, concept))
        for number, option in enumerate(question.options):
            mentions = grounding.of(number)
            options += 1
            in_part += bool(mentions)
            whole += any(mention.surface == option.strip() for mention in mentions)
        if questions <= _WITH_PATHS:
            with_evidence += len(retriever.retrieve(grounding).path_value) > 0
    return {
        "questions": questions,
        "options": options,
        "question_concepts_found": found / questions,
        "options_found": whole / options,
        "options_found_in_part": in_part / options,
        "with_evidence": with_evidence / min(questions, _WITH_PATHS),
    }


def _questions(data: Path | None) -> Iterator[tuple[Question, str]]:
    if data is None:
        if "KGREASON_DATA" not in os.environ:
            raise InputError("no folder of data sets is given", fix="Set KGREASON_DATA to it.")
        data = Path(os.environ["KGREASON_DATA"])
    for name in _FILES:
        with storage.open_text(data / "commonsenseqa" / name) as lines:
            for line in filter(None, lines):
                asked = json.loads(line)["question"]
                options = tuple(choice["text"] for choice in asked["choices"])
                yield Question(asked["stem"], options), asked["question_concept"]


def _meant(grounder: Grounder, concept: str) -> set[int]:
    """Candidates of a concept's name: of the whole, or else of the part that ends it."""
    return _nodes(grounder.ground(Question("", (concept,))).of(0)[-1:])


def _nodes(mentions: tuple[Mention, ...]) -> set[int]:
    return {candidate.node for mention in mentions for candidate in mention.candidates}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=1) + "\n")
