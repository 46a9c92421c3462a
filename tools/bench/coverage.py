"""What is found of what questions are about: named concepts, evidence for the right option, right answers in reach.

    python -m tools.bench.coverage [--questions N] [--record]

CommonsenseQA names the concept that a question was written from, open sets the topic in its text. A name counts as
found when, the text alone being read, a mention of the question has a candidate that it stands for as well. Sets with
options are asked over the packaged graph, open ones from their topic over their own, as wide as the default says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Grounding, Question
from kgreason.retrieval import Retriever
from kgreason.tasks import load
from kgreason.tasks.open import graph_triples
from tools.bench.caps import CHOICE
from tools.bench.caps import OPEN as HOPS
from tools.bench.figures import Figure, of_dev_sets

__all__ = ["NAMED", "OPTIONS", "REACHED", "RIGHT", "SETS", "measure_choice", "measure_open"]

SETS = {**CHOICE, "MetaQA, 1 hop": "metaqa-1hop", **HOPS}
NAMED, OPTIONS = "named concepts found", "options with a concept"
RIGHT, REACHED = "right options with a path of two steps", "right answers within the hops"


def measure_choice(questions: Sequence[Question], graph: KnowledgeGraph) -> dict[str, float]:
    """Percent of options with a concept, of right options that a path leads to, and of named concepts, where named."""
    grounder, retriever = Grounder(graph), Retriever(graph)
    options = held = right = asked = named = found = 0
    for question in questions:
        grounding = grounder.ground(question)
        options += len(question.options)
        held += len({mention.option for mention in grounding.mentions if mention.option >= 0})
        if question.answer is not None:
            asked += 1
            right += bool((retriever.retrieve(grounding).path_option == question.answer).any())
        if name := question.extra.get("question_concept"):
            named += 1
            found += _finds(grounder, grounding, str(name))
    shares = {OPTIONS: 100 * held / options, RIGHT: 100 * right / max(asked, 1)}
    return {NAMED: 100 * found / named, **shares} if named else shares


def measure_open(questions: Sequence[Question], graph: KnowledgeGraph) -> dict[str, float]:
    """Percent of topics found, and of questions with a right answer among the nodes."""
    grounder, retriever = Grounder(graph), Retriever(graph, RetrievalConfig(wide=True))
    found = reached = 0
    for question in questions:
        found += _finds(grounder, grounder.ground(replace(question, extra={})), str(question.extra["topic"]))
        reached += len(retriever.retrieve(grounder.ground(question)).gold) > 0
    return {NAMED: 100 * found / len(questions), REACHED: 100 * reached / len(questions)}


def _finds(grounder: Grounder, grounding: Grounding, name: str) -> bool:
    """Whether a mention of a question stands for a concept that a name stands for, or for the part that ends it."""
    meant = grounder.ground(Question("", (name,))).of(0)[-1:]
    wanted = {candidate.node for mention in meant for candidate in mention.candidates}
    return any(candidate.node in wanted for mention in grounding.of(-1) for candidate in mention.candidates)


def measure(count: int) -> list[Figure]:
    """Figures of all sets, of the first questions of their dev splits."""
    graph, figures = KnowledgeGraph.open("default"), []
    for shown, name in SETS.items():
        questions = load(name, "dev")[:count]
        if shown in CHOICE:
            shares = measure_choice(questions, graph)
        else:
            shares = measure_open(questions, KnowledgeGraph.from_triples(graph_triples(name)))
        more = {"set": shown, "questions": len(questions)}
        figures += [Figure(f"{what}: {shown}", share, "%", more) for what, share in shares.items()]
    return figures


if __name__ == "__main__":
    of_dev_sets("coverage", measure, __doc__, questions=1000)
