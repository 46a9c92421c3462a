"""From the forms that stand in a text to mentions: which spans count, and which concepts each may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kgreason.config import LIMITS, RetrievalConfig
from kgreason.errors import InputError, LimitError
from kgreason.graph.surfaces import Surfaces
from kgreason.graph.translations import translations
from kgreason.grounding.match import MAX_WORDS, How, WordClass, Words, find_forms, split_texts
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
            InputError: its language is not known, its topic does not stand in the text, or a text holds half a
                surrogate pair.
            LimitError: its text is too long.
        """
        for text in (question.text, question.hypothesis or "", *question.options):
            if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
                raise InputError(f"{text[:80]!r} holds half a surrogate pair", fix="Give Unicode text.")
        if (size := len(question.text.encode())) > LIMITS.question_bytes:
            raise LimitError(
                f"the question has {size} bytes, more than {LIMITS.question_bytes}",
                fix="Ask shortly, and give the long text as context.",
            )
        own = [*question.facts, *(edge.triple for edge in question.edges), *add]
        known = local_names(self.graph, own) if own else {}
        linker = _Linker(self.graph, self.config.max_candidates, language(question.language), known, self.index)
        topic = topics(question)
        texts = [] if topic else [(question.text, -1)]
        names: list[tuple[str, int]] = []
        if question.task == "entailment":
            texts.append((question.hypothesis or "", 0))
        else:
            names = [(option, number) for number, option in enumerate(question.options)]
        found = (linker.topic(question.text, each) for each in topic)
        mentions = sorted((mention for mention in found if mention), key=lambda mention: mention.start)
        mentions += linker.link(texts, names)
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


class _Read(NamedTuple):
    """A text, the option that it belongs to, its words, and the names that stand in it."""

    text: str
    option: int
    words: Words
    spans: _Spans
    kinds: list[int]


class _Waiting(NamedTuple):
    """A span without a form that waits to be linked by meaning, and the nodes that its parts name already."""

    mention: Mention
    factor: float
    known: Set[int]


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
        translated = translations(graph, language.code)
        self.tables = [(graph.surfaces, False)] + ([(translated.surfaces, False)] if translated else [])
        self.max_candidates = max_candidates
        self.language = language
        self.names = tuple(names.values())
        if names:
            self.tables.append((local_surfaces(names), True))
        self.guessing = index is not None
        self.waiting: dict[tuple[int, int, int], _Waiting] = {}

    def link(self, texts: Sequence[tuple[str, int]], options: Sequence[tuple[str, int]]) -> Iterator[Mention]:
        """Mentions in texts, then in options; each comes with the number of the option that it belongs to."""
        split = split_texts([text for text, _ in (*texts, *options)], self.language)
        limits = [MAX_WORDS] * len(texts) + [min(len(w), MAX_OPTION_WORDS) for w in split[len(texts) :]]
        spans = self._spans(split, limits, [False] * len(texts) + [True] * len(options))
        read = [
            _Read(text, option, words, found, words.kinds.tolist())
            for (text, option), words, found in zip((*texts, *options), split, spans, strict=True)
        ]
        for each in read[: len(texts)]:
            yield from self._text(each)
        for each in read[len(texts) :]:
            yield from self._option(each)

    def _text(self, read: _Read) -> Iterator[Mention]:
        chosen = _longest(read.spans, read.kinds)
        for first, last in chosen:
            yield self._mention(read, (first, last), read.spans[first, last], 1.0)
            for part, factor in _parts(read.spans, read.kinds, first, last, self.language.spaced):
                yield self._mention(read, part, read.spans[part], factor)
        if self.guessing:
            yield from self._unknown(read, chosen, 1.0)

    def topic(self, text: str, topic: str) -> Mention | None:
        """The first place of a topic, as a word of its own if it is one anywhere; None if nothing is named so."""
        whole = re.search(rf"(?<!\w){re.escape(topic)}(?!\w)", text)
        start = whole.start() if whole else text.index(topic)
        found = dict.fromkeys(namesakes(self.graph, topic), 1.0) or self._exactly(topic)
        return Mention(start, start + len(topic), topic, self._candidates(found), -1) if found else None

    def _option(self, read: _Read) -> Iterator[Mention]:
        text, spans, num_words = read.text, read.spans, len(read.kinds)
        kept = [place for place, kind in enumerate(read.kinds) if kind < WordClass.STOP]
        inner = (kept[0], kept[-1] + 1) if kept else (0, num_words)
        whole = _best(spans.get((0, num_words), {}), spans.get(inner, {}), self._exactly(text))
        if whole:
            stripped = text.strip()
            start = text.index(stripped)
            yield Mention(start, start + len(stripped), stripped, self._candidates(whole), read.option)
            return
        if self.guessing and kept and num_words <= MAX_OPTION_WORDS:
            if found := self._respelt(read, inner):
                yield self._mention(read, inner, found, 1.0, "spelling")
                return
            self._wait(read, inner, 1.0, {node for found in spans.values() for node in found})
        head = kept[-1] if kept else 0
        chosen = _longest(spans, read.kinds)
        for first, last in chosen:
            factor = HEAD_PART_PRIOR if first <= head < last else PART_PRIOR
            yield self._mention(read, (first, last), spans[first, last], factor)
        if self.guessing:
            yield from self._unknown(read, chosen, PART_PRIOR)

    def by_meaning(self, index: Meaning) -> Iterator[Mention]:
        """What the spans that wait mean, all looked up at once. A part of a span that has a name is not its meaning."""
        waiting = self.waiting.values()
        limit = self.max_candidates + max((len(each.known) for each in waiting), default=0)
        near = index.nearest([each.mention.surface for each in waiting], limit)
        for (mention, factor, known), nodes in zip(waiting, near, strict=True):
            found = {node: MEANING_PRIOR * cosine * factor for node, cosine in nodes if node not in known}
            if found:
                yield replace(mention, candidates=self._candidates(found))

    def _unknown(self, read: _Read, chosen: Sequence[tuple[int, int]], factor: float) -> Iterator[Mention]:
        """Links words of content in no name by spelling, and lets the others wait."""
        strange = read.words.kinds == WordClass.CONTENT
        for first, last in chosen:
            strange[first:last] = False
        guessed = np.zeros(len(strange), np.bool_)
        for span in strange_spans(read.words, strange):
            if not guessed[slice(*span)].any() and (found := self._respelt(read, span)):
                guessed[slice(*span)], strange[slice(*span)] = True, False
                yield self._mention(read, span, found, factor, "spelling")
        for span in runs(read.words, strange):
            self._wait(read, span, factor)

    def _respelt(self, read: _Read, span: tuple[int, int]) -> dict[int, float]:
        found: dict[int, float] = {}
        surfaces = self.graph.surfaces
        for form in respelt(surfaces, read.words, *span, self.language.letters):
            self._collect(found, surfaces, surfaces.span(form), SPELLING_PRIOR, local=False)
        return found

    def _wait(self, read: _Read, span: tuple[int, int], factor: float, known: Set[int] = frozenset()) -> None:
        # An option of one word waits as a whole already when its words are looked at.
        waits = _Waiting(self._mention(read, span, {}, factor, "meaning"), factor, known)
        self.waiting.setdefault((read.option, *span), waits)

    def _spans(self, texts: Sequence[Words], max_words: Sequence[int], across: Sequence[bool]) -> list[_Spans]:
        spans: list[_Spans] = [{} for _ in texts]
        for surfaces, local in self.tables:
            hits = find_forms(surfaces, texts, max_words, across)
            ends = surfaces.ptr[hits[:, 3]], surfaces.ptr[hits[:, 3] + 1]
            spanned = zip(hits.tolist(), *(end.tolist() for end in ends), strict=True)
            for (text, first, last, _, how), start, end in spanned:
                found = spans[text].setdefault((first, last), {})
                self._collect(found, surfaces, slice(start, end), FORM_PRIOR[how], local)
        return spans

    def _exactly(self, text: str) -> dict[int, float]:
        """Candidates of a whole text, signs included."""
        found: dict[int, float] = {}
        form = normal_form(text)
        for surfaces, local in self.tables:
            if (index := surfaces.index(form)) >= 0:
                self._collect(found, surfaces, surfaces.span(index), 1.0, local)
        return found

    @staticmethod
    def _collect(found: dict[int, float], surfaces: Surfaces, span: slice, factor: float, local: bool) -> None:
        for node, prior in zip(surfaces.node[span].tolist(), surfaces.prior[span].tolist(), strict=True):
            own = -1 - node if local else node
            found[own] = max(found.get(own, 0.0), prior * factor)

    def _mention(
        self, read: _Read, span: tuple[int, int], found: Mapping[int, float], factor: float, by: By = "form"
    ) -> Mention:
        start, end = read.words.tokens[span[0]].start, read.words.tokens[span[1] - 1].end
        priors = {node: prior * factor for node, prior in found.items()}
        return Mention(start, end, read.text[start:end], self._candidates(priors), read.option, by)

    def _candidates(self, found: dict[int, float]) -> tuple[Candidate, ...]:
        # Node ids fall with degree, and a question's own concepts come last.
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0] < 0, abs(item[0])))
        return tuple(
            Candidate(node, self.graph.key(node), prior) if node >= 0 else Candidate(-1, self.names[-1 - node], prior)
            for node, prior in ranked[: self.max_candidates]
        )


def _longest(spans: _Spans, kinds: Sequence[int]) -> list[tuple[int, int]]:
    """Spans that do not overlap: most words that are kept first, then by prior, then by degree, then from the left."""
    before = [0, *accumulate(kind < WordClass.STOP for kind in kinds)]

    def rank(span: tuple[int, int]) -> tuple[int, float, int, int]:
        content = before[span[1]] - before[span[0]]
        prior = max(spans[span].values())
        # Node ids fall with degree.
        best = min(abs(node) for node, value in spans[span].items() if value == prior)
        return -content, -prior, best, span[0]

    taken: set[int] = set()
    chosen = []
    for first, last in sorted(spans, key=rank):
        if taken.isdisjoint(range(first, last)):
            taken.update(range(first, last))
            chosen.append((first, last))
    return sorted(chosen)


def _parts(
    spans: _Spans, kinds: Sequence[int], first: int, last: int, spaced: bool
) -> list[tuple[tuple[int, int], float]]:
    """Names inside a longer one: the longest that ends it, its last word, and its first word of content.

    Where a token is a character, only an ending of two or more is a word for sure.
    """
    content = [place for place in range(first, last) if kinds[place] == WordClass.CONTENT]
    parts = [(start, last) for start, end in spans if end == last and start > first]
    if not spaced:
        return [(min(parts), ENDING_PRIOR)] if parts and last - min(parts)[0] > 1 else []
    parts = [min(parts), max(parts)] if parts else []
    if content and last - first > 1:
        parts.append((content[0], content[0] + 1))
    factors = (ENDING_PRIOR, ENDING_PRIOR, BEGINNING_PRIOR)
    unique = dict(zip(reversed(parts), reversed(factors[: len(parts)]), strict=True))
    return sorted((part, factor) for part, factor in unique.items() if part in spans and part != (first, last))


def _best(*parts: dict[int, float]) -> dict[int, float]:
    best: dict[int, float] = {}
    for part in parts:
        for node, prior in part.items():
            best[node] = max(prior, best.get(node, 0.0))
    return best
