"""Valence of concepts as they stand in a text: turned round where a few words before deny them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kgreason.graph.valence import Valence
from kgreason.language import Language, language
from kgreason.records import Grounding

__all__ = ["denied", "standing"]

#: What is left of a valence that is denied: "not a joy" is less than misery (VADER's constant, Hutto & Gilbert 2014).
TURNED = -0.74
#: Words before a mention within which a denial reaches it, and characters in which they are sought.
REACH, _WINDOW = 4, 80
_CLAUSE = re.compile(r"[.,;:!?…()，。；：！？]")


def standing(
    valence: Valence,
    grounding: Grounding,
    nodes: npt.NDArray[np.integer],
    own: Sequence[str],
    mention_node: npt.NDArray[np.integer],
) -> npt.NDArray[np.int8]:
    """Valence and confidence of a subgraph's concepts; nothing unless an emotion is asked for.

    Args:
        valence: of the graph.
        grounding: of the question.
        nodes: of the subgraph; those after the graph's last are of ``own``.
        own: keys of concepts that the question alone knows.
        mention_node: mentions of the grounding, and the places of their concepts in ``nodes``.

    Shapes:
        nodes [n], mention_node [2, k] -> [n, 2] int8, or [0, 2].
    """
    question = grounding.question
    if question.task != "emotion":
        return np.zeros((0, 2), np.int8)
    values = valence.of_nodes(nodes, own)
    speech = language(question.language)
    turned = [m.option < 0 and denied(question.text, m.start, speech) for m in grounding.mentions]
    places = np.unique(mention_node[1][np.array(turned, np.bool_)[mention_node[0]]])
    values[places, 0] = np.rint(TURNED * values[places, 0])
    return values


def denied(text: str, start: int, speech: Language) -> bool:
    """Whether a word shortly before a place in a text, in the same clause, denies what stands there.

    Example:
        >>> text = "It was not a great joy, but fun."
        >>> denied(text, text.index("joy"), language("en")), denied(text, text.index("fun"), language("en"))
        (True, False)
        >>> denied("不是很开心", 3, language("zh")), denied("不仅开心", 2, language("zh"))
        (True, False)
    """
    clause = _CLAUSE.split(text[max(0, start - _WINDOW) : start])[-1]
    words = [token.text.casefold().replace("’", "'") for token in speech.tokenize(clause)][-REACH:]
    pairs = ["_".join(pair) for pair in pairwise(words)]
    affirmed = {place for at, pair in enumerate(pairs) if pair in speech.affirm for place in (at, at + 1)}
    alone = (word for place, word in enumerate(words) if place not in affirmed)
    return not speech.deny.isdisjoint((*alone, *pairs))
