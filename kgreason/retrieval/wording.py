"""Evidence in the language of its question, and what of a question a reader of English can judge relevance by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kgreason.graph.translations import translations
from kgreason.records import Edge, Grounding, Path

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["readable", "worded"]


def worded(paths: Sequence[Path], graph: KnowledgeGraph, grounding: Grounding) -> tuple[Path, ...]:
    """Paths with their edges in the words of the question's language.

    A concept that the question names is called as it calls it, another one by its name in that language where the
    dictionary has one, else by its label.

    Args:
        paths: as retrieval gives them.
        graph: whose edges they are.
        grounding: of the question.

    Returns:
        The same paths; those of an English question as they were.
    """
    if grounding.question.language != "zh":
        return tuple(paths)
    known = translations(graph, "zh")
    said: dict[str, str] = {}
    for mention in grounding.mentions:
        for best in mention.candidates[:1]:
            said.setdefault(best.key, mention.surface)

    def name(key: str) -> str:
        if key in said:
            return said[key]
        node = graph.find(key) if graph.num_nodes else None
        if node is None:
            return key
        return (known.label(node) if known else None) or graph.label(node)

    def spoken(edge: Edge) -> Edge:
        text = graph.relation_table.sentence(edge.relation, name(edge.source), name(edge.target), "zh")
        return replace(edge, text=text)

    return tuple(replace(path, edges=tuple(map(spoken, path.edges))) for path in paths)


def readable(graph: KnowledgeGraph, grounding: Grounding) -> str:
    """A question's text as the static word vectors can read it, which know English alone.

    Args:
        graph: where its concepts stand.
        grounding: of the question.

    Returns:
        The text; of a question in a language with a dictionary the labels of the concepts that it names.
    """
    question = grounding.question
    if translations(graph, question.language) is None:
        return question.text
    best = (mention.candidates[0] for mention in grounding.of(-1) if mention.candidates)
    return " ".join(each.key if each.node < 0 else graph.label(each.node) for each in best)
