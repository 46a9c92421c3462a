"""From the forms that stand in a text to mentions: which spans count, and which concepts each may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kgreason.config import LIMITS, RetrievalConfig
from kgreason.errors import InputError, LimitError
from kgreason.graph.surfaces import Surfaces
from kgreason.grounding.match import MAX_WORDS, How, WordClass, Words, find_forms, split_words
from kgreason.grounding.names import local_names, local_surfaces, namesakes
from kgreason.grounding.unknown import Meaning, respelt, runs, strange_spans
from kgreason.language import Language, language, normal_form
from kgreason.records import By, Candidate, Grounding, Mention, Question, Triple

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Grounder", "topics"]

#: What a form is worth by how it was made; multiplied with the prior stored for the candidate.
FORM_PRIOR = {How.AS_IS: 1.0, How.INFLECTED: 0.8, How.DROPPED: 0.6}
#: What names at the end and at the beginning of a longer name are worth beside it: English compounds end in their
#: head, so a "revolving door" is a door; clauses begin with theirs, and a "dog at the door" is a dog.
ENDING_PRIOR, BEGINNING_PRIOR = 0.4, 0.3
#: Without a concept for a whole option: what the part with its head noun, and any other part, is worth.
HEAD_PART_PRIOR, PART_PRIOR = 0.6, 0.3
#: What a name is worth that the text spells in another way, and one that it means, times the cosine.
SPELLING_PRIOR, MEANING_PRIOR = 0.5, 0.5
#: Words of the longest option that is looked up whole, whether as it stands, respelt or by meaning.
MAX_OPTION_WORDS = 12

#: (first word, word after the last) -> node -> prior; a concept of the question's own triples is −1 − its position.
_Spans = dict[tuple[int, int], dict[int, float]]


class _Waiting(NamedTuple):
    """A span without a form that waits to be linked by meaning, and the nodes that its parts name already."""

    mention: Mention
    factor: float
    known: frozenset[int]


class Grounder:
    """Finds the concepts of a question and of its options.

    In a text the longest name at each word counts, left to right; its head noun, in English the last word of
    content, is one more candidate at a lower prior. An option is looked up whole first, then by its parts. The
    hypothesis of an entailment pair is grounded as option 0, since its labels name no concepts.

    Published sets of open questions give the concept that a question is about, and published figures use it. So where
    ``extra["topic"]`` of an open question names one or several, these are its concepts and no others: the same names
    in the text often mean something else ("It" and "The Who" are titles too).

    With an index, words that stand in no name are linked too: to names one letter away, or else to what they mean.
    Such a mention says so in ``by``. An option that is no name as a whole is tried in the same way before its parts.

    Args:
        graph: where concepts are looked up.
        config: how many candidates a mention keeps.
        index: of this graph, see :class:`kgreason.nn.meaning.MeaningIndex`.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")])
        >>> grounding = Grounder(graph).ground(Question("Where do penguins live?", ("zoo", "desert")))
        >>> [(mention.surface, mention.option, mention.candidates[0].key) for mention in grounding.mentions]
        [('penguins', -1, 'penguin'), ('zoo', 0, 'zoo')]
    """

    def __init__(
        self, graph: KnowledgeGraph, config: RetrievalConfig | None = None, *, index: Meaning | None = None
    ) -> None:
        self.graph = graph
        self.config = config or RetrievalConfig()
        self.index = index

    def ground(self, question: Question, *, add: Sequence[Triple] = ()) -> Grounding:
        """The concepts of a question and its options, in reading order.

        Args:
            question: its own facts may name concepts that the graph does not know; so may ``add``.
            add: triples that retrieval will be asked to add.

        Returns:
            Mentions with candidates by prior, then degree; none where nothing is found.

        Raises:
            InputError: its language is not known, or its topic does not stand in the text.
            LimitError: its text is too long.
        """
        if (size := len(question.text.encode())) > LIMITS.question_bytes:
            raise LimitError(
                f"the question has {size} bytes, more than {LIMITS.question_bytes}",
                fix="Ask shortly, and give the long text as context.",
            )
        names = local_names(self.graph, (*question.facts, *add)) if question.facts or add else {}
        linker = _Linker(self.graph, self.config.max_candidates, language(question.language), names, self.index)
        if given := topics(question):
            found = (linker.topic(question.text, topic) for topic in given)
            mentions = sorted((mention for mention in found if mention), key=lambda mention: mention.start)
        else:
            mentions = list(linker.text(question.text, -1))
        if question.task == "entailment":
            mentions += linker.text(question.hypothesis or "", 0)
        else:
            for number, option in enumerate(question.options):
                mentions += linker.option(option, number)
        if self.index is not None:
            mentions += linker.by_meaning(self.index)
            mentions.sort(key=lambda mention: (mention.option, mention.start, -mention.end))
        return Grounding(question, tuple(mentions))


def topics(question: Question) -> tuple[str, ...]:
    """What an open question is said to be about, in ``extra["topic"]``: a text or a list of texts.

    Raises:
        InputError: it is something else, or a topic does not stand in the text.
    """
    given = question.extra.get("topic") if question.task == "open" else None
    listed = [] if given is None else [given] if isinstance(given, str) else given
    fix = "Give names as they stand in the question, or rename the key if it means something else."
    if not isinstance(listed, list | tuple) or not all(isinstance(topic, str) and topic.strip() for topic in listed):
        raise InputError(f"topic is {given!r}, not a text or a list of texts", fix=fix)
    for topic in listed:
        if topic not in question.text:
            raise InputError(f"the topic {topic!r} does not stand in the question {question.text!r}", fix=fix)
    return tuple(listed)


class _Linker:
    """Links the texts of one question."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        max_candidates: int,
        language: Language,
        names: dict[str, str],
        index: Meaning | None,
    ) -> None:
        self.graph = graph
        self.max_candidates = max_candidates
        self.language = language
        self.names = tuple(names.values())
        self.local = local_surfaces(names) if names else None
        self.guessing = index is not None
        self.waiting: dict[tuple[int, int, int], _Waiting] = {}

    def text(self, text: str, option: int) -> Iterator[Mention]:
        words = split_words(text, self.language)
        spans = self._spans(words, MAX_WORDS)
        chosen = _longest(spans, words)
        for first, last in chosen:
            yield self._mention(text, words, (first, last), spans, 1.0, option)
            for part, factor in _parts(spans, words, first, last):
                yield self._mention(text, words, part, spans, factor, option)
        if self.guessing:
            yield from self._unknown(text, words, chosen, 1.0, option)

    def topic(self, text: str, topic: str) -> Mention | None:
        """The first place of a topic, as a word of its own if it is one anywhere; None if nothing is named so."""
        whole = re.search(rf"(?<!\w){re.escape(topic)}(?!\w)", text)
        start = whole.start() if whole else text.index(topic)
        found = dict.fromkeys(namesakes(self.graph, topic), 1.0) or self._exactly(topic)
        return Mention(start, start + len(topic), topic, self._candidates(found), -1) if found else None

    def option(self, text: str, option: int) -> Iterator[Mention]:
        words = split_words(text, self.language)
        num_words = len(words.tokens)
        spans = self._spans(words, min(num_words, MAX_OPTION_WORDS), across=True)
        kept = np.flatnonzero(words.kinds < WordClass.STOP)
        inner = (int(kept[0]), int(kept[-1]) + 1) if len(kept) else (0, num_words)
        whole = _best(spans.get((0, num_words), {}), spans.get(inner, {}), self._exactly(text))
        if whole:
            stripped = text.strip()
            start = text.index(stripped)
            yield Mention(start, start + len(stripped), stripped, self._candidates(whole), option)
            return
        if self.guessing and len(kept) and num_words <= MAX_OPTION_WORDS:
            if found := self._respelt(words, inner):
                yield self._made(text, words, inner, found, option, "spelling")
                return
            self._wait(text, words, inner, spans, 1.0, option)
        head = int(kept[-1]) if len(kept) else 0
        chosen = _longest(spans, words)
        for first, last in chosen:
            factor = HEAD_PART_PRIOR if first <= head < last else PART_PRIOR
            yield self._mention(text, words, (first, last), spans, factor, option)
        if self.guessing:
            yield from self._unknown(text, words, chosen, PART_PRIOR, option)

    def by_meaning(self, index: Meaning) -> Iterator[Mention]:
        """What the spans that wait mean, all looked up at once. A part of a span that has a name is not its meaning."""
        waiting = self.waiting.values()
        limit = self.max_candidates + max((len(each.known) for each in waiting), default=0)
        near = index.nearest([each.mention.surface for each in waiting], limit)
        for (mention, factor, known), nodes in zip(waiting, near, strict=True):
            found = {node: MEANING_PRIOR * cosine * factor for node, cosine in nodes if node not in known}
            if found:
                yield replace(mention, candidates=self._candidates(found))

    def _unknown(
        self, text: str, words: Words, chosen: list[tuple[int, int]], factor: float, option: int
    ) -> Iterator[Mention]:
        """Links words of content in no name by spelling, and lets the others wait."""
        strange = words.kinds == WordClass.CONTENT
        for first, last in chosen:
            strange[first:last] = False
        guessed = np.zeros(len(strange), np.bool_)
        for span in strange_spans(words, strange):
            if not guessed[slice(*span)].any() and (found := self._respelt(words, span)):
                guessed[slice(*span)], strange[slice(*span)] = True, False
                found = {node: prior * factor for node, prior in found.items()}
                yield self._made(text, words, span, found, option, "spelling")
        for span in runs(words, strange):
            self._wait(text, words, span, {}, factor, option)

    def _respelt(self, words: Words, span: tuple[int, int]) -> dict[int, float]:
        found: dict[int, float] = {}
        for form in respelt(self.graph.surfaces, words, *span, self.language.letters):
            self._collect(found, self.graph.surfaces, form, SPELLING_PRIOR, local=False)
        return found

    def _wait(self, text: str, words: Words, span: tuple[int, int], spans: _Spans, factor: float, option: int) -> None:
        known = frozenset(node for found in spans.values() for node in found)
        # An option of one word waits as a whole already when its words are looked at.
        self.waiting.setdefault(
            (option, *span), _Waiting(self._made(text, words, span, {}, option, "meaning"), factor, known)
        )

    def _spans(self, words: Words, max_words: int, *, across: bool = False) -> _Spans:
        spans: _Spans = {}
        for surfaces, local in ((self.graph.surfaces, False), (self.local, True)):
            if surfaces is None:
                continue
            for first, last, form, how in find_forms(surfaces, words, max_words, across=across).tolist():
                self._collect(spans.setdefault((first, last), {}), surfaces, form, FORM_PRIOR[how], local)
        return spans

    def _exactly(self, text: str) -> dict[int, float]:
        """Candidates of a whole text, signs included."""
        found: dict[int, float] = {}
        form = normal_form(text)
        for surfaces, local in ((self.graph.surfaces, False), (self.local, True)):
            if surfaces is not None and (index := surfaces.index(form)) >= 0:
                self._collect(found, surfaces, index, 1.0, local)
        return found

    @staticmethod
    def _collect(found: dict[int, float], surfaces: Surfaces, form: int, factor: float, local: bool) -> None:
        for i in range(surfaces.ptr[form], surfaces.ptr[form + 1]):
            node = int(surfaces.node[i])
            node = -1 - node if local else node
            found[node] = max(found.get(node, 0.0), float(surfaces.prior[i]) * factor)

    def _mention(
        self, text: str, words: Words, span: tuple[int, int], spans: _Spans, factor: float, option: int
    ) -> Mention:
        found = {node: prior * factor for node, prior in spans[span].items()}
        return self._made(text, words, span, found, option)

    def _made(
        self,
        text: str,
        words: Words,
        span: tuple[int, int],
        found: dict[int, float],
        option: int,
        by: By = "form",
    ) -> Mention:
        start, end = words.tokens[span[0]].start, words.tokens[span[1] - 1].end
        return Mention(start, end, text[start:end], self._candidates(found), option, by)

    def _candidates(self, found: dict[int, float]) -> tuple[Candidate, ...]:
        # Node ids fall with degree, and a question's own concepts come last.
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0] < 0, abs(item[0])))
        return tuple(
            Candidate(node, self.graph.key(node), prior) if node >= 0 else Candidate(-1, self.names[-1 - node], prior)
            for node, prior in ranked[: self.max_candidates]
        )


def _longest(spans: _Spans, words: Words) -> list[tuple[int, int]]:
    """Spans that do not overlap: most words that are kept first, then by prior, then by degree, then from the left."""

    def rank(span: tuple[int, int]) -> tuple[int, float, int, int]:
        content = int((words.kinds[span[0] : span[1]] < WordClass.STOP).sum())
        prior = max(spans[span].values())
        # Node ids fall with degree.
        best = min(abs(node) for node, value in spans[span].items() if value == prior)
        return -content, -prior, best, span[0]

    taken = np.zeros(len(words.tokens), np.bool_)
    chosen = []
    for first, last in sorted(spans, key=rank):
        if not taken[first:last].any():
            taken[first:last] = True
            chosen.append((first, last))
    return sorted(chosen)


def _parts(spans: _Spans, words: Words, first: int, last: int) -> list[tuple[tuple[int, int], float]]:
    """Names inside a longer one: the longest that ends it, its last word, and its first word of content."""
    content = first + np.flatnonzero(words.kinds[first:last] == WordClass.CONTENT)
    parts = [(start, last) for start, end in spans if end == last and start > first]
    parts = [min(parts), max(parts)] if parts else []
    if len(content) and last - first > 1:
        parts.append((int(content[0]), int(content[0]) + 1))
    factors = (ENDING_PRIOR, ENDING_PRIOR, BEGINNING_PRIOR)
    unique = dict(zip(reversed(parts), reversed(factors[: len(parts)]), strict=True))
    return sorted((part, factor) for part, factor in unique.items() if part in spans and part != (first, last))


def _best(*parts: dict[int, float]) -> dict[int, float]:
    best: dict[int, float] = {}
    for part in parts:
        for node, prior in part.items():
            best[node] = max(prior, best.get(node, 0.0))
    return best
