"""Samples changed in ways that leave their answer as it is: to train on, and to see what a model makes of them.

A change is a function of a question and a random source; where it does not apply it returns the question itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.language import LANGUAGES, joint, language
from kgreason.language.rewordings import asides, reworded
from kgreason.records import Question

__all__ = ["CHANGES", "Change", "changes", "other_words", "reordered", "swapped", "with_aside", "with_typos"]

Change = Callable[[Question, Random], Question]

#: Letters from which a word may be misspelt, and words for each one that is.
TYPO_LETTERS, TYPO_WORDS = 4, 8
_SYNONYM = "Synonym"


def with_typos(question: Question, random: Random) -> Question:
    """One word in :data:`TYPO_WORDS` of its text misspelt within, by a letter left out, doubled or exchanged.

    Example:
        >>> with_typos(Question("Where would you find a penguin?", ("zoo", "oven")), Random(1)).text
        'Where woould you find a penguin?'
    """
    if question.language not in LANGUAGES or not (letters := language(question.language).letters):
        return question
    words = [
        token
        for token in language(question.language).tokenize(question.text)
        if len(token.text) >= TYPO_LETTERS and set(token.text.casefold()) <= set(letters)
    ]
    text = question.text
    chosen = random.sample(words, min(len(words), 1 + len(words) // TYPO_WORDS))
    for token in sorted(chosen, reverse=True):  # from the end, so that places before it hold
        text = f"{text[: token.start]}{_misspelt(token.text, random)}{text[token.end :]}"
    return replace(question, text=text)


def _misspelt(word: str, random: Random) -> str:
    """The word with one letter within it left out, doubled, or exchanged with the next."""
    place = random.randrange(1, len(word) - 2)
    one, two = word[place], word[place + 1]
    middle = random.choice([two, one + one + two, two + one])
    return word[:place] + (middle if middle != one + two else two) + word[place + 2 :]


def other_words(question: Question, random: Random) -> Question:
    """Its text in words that say the same, see :mod:`kgreason.language.rewordings`."""
    return replace(question, text=reworded(question.text, question.language))


def reordered(question: Question, random: Random) -> Question:
    """The options of a choice in another order; the labels of other tasks stay where they are.

    Example:
        >>> found = reordered(Question("Where?", ("zoo", "oven"), answer=0), Random(0))
        >>> found.options, found.answer
        (('oven', 'zoo'), 1)
    """
    count = len(question.options)
    if question.task != "choice" or count < 2:
        return question
    first = random.randrange(1, count)  # a rotation moves every option
    order = [*range(first, count), *range(first)]
    answer = None if question.answer is None else order.index(question.answer)
    return replace(question, options=tuple(question.options[i] for i in order), answer=answer)


def with_aside(question: Question, random: Random) -> Question:
    """A sentence that bears on nothing in front of its text."""
    if not (found := asides(question.language)):
        return question
    return replace(question, text=f"{random.choice(found)}{joint(question.language)}{question.text}")


def swapped(question: Question, random: Random, grounder: Grounder) -> Question:
    """One concept of its text called by another that the graph says means the same.

    Words that stand as the graph calls them are swapped alone, so that no inflection is lost. A word of several
    meanings may get the synonym of another one: this is the roughest of the changes.
    """
    graph = grounder.graph
    found = []
    for mention in grounder.ground(question).of(-1):
        node, standing = mention.candidates[0].node, question.text[mention.start : mention.end]
        if node < 0 or not standing == mention.surface == graph.label(node):
            continue
        for edge in graph.neighbors(node, _SYNONYM, limit=1):
            other = edge.target if edge.source == graph.key(node) else edge.source
            found.append((mention.start, mention.end, graph.label(graph.resolve(other))))
    if not found:
        return question
    start, end, label = random.choice(found)
    return replace(question, text=f"{question.text[:start]}{label}{question.text[end:]}")


_PLAIN: Mapping[str, Change] = {
    "typos": with_typos, "other words": other_words, "option order": reordered, "irrelevant sentence": with_aside,
}  # fmt: skip
_SWAP = "concept swap"
#: All changes by name.
CHANGES = (*_PLAIN, _SWAP)


def changes(graph: KnowledgeGraph | None) -> Mapping[str, Change]:
    """All changes of a question by name; concepts are swapped where a graph says what means the same."""
    if graph is None or _SYNONYM not in graph.relations:
        return _PLAIN
    grounder = Grounder(graph)
    return {**_PLAIN, _SWAP: lambda question, random: swapped(question, random, grounder)}
