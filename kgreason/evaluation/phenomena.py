"""What a sample tests, read off its texts and its tags, so that accuracy can be told by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kgreason.language import LANGUAGES, joint, language
from kgreason.language.cues import cue
from kgreason.language.sentences import sentences
from kgreason.records import Question

__all__ = ["LONG", "TAGS", "phenomena"]

#: Words of all texts from which a sample is of long range, and the letters among which they are counted.
LONG, _ENOUGH = 100, 4000
#: Keys of ``Question.extra`` by whose values samples are told apart.
TAGS = ("phenomenon", "kind", "hops")
_BY_WORDS = ("negation", "quantifiers", "conjunction", "causal", "contrast")
_DIGIT = re.compile(r"\d")


def phenomena(question: Question) -> frozenset[str]:
    """The phenomena of a sample; it may have none, or several.

    Known by words of its text and its hypothesis, not of a context, which would hold all of them:
    ``negation``, ``quantifiers``, ``conjunction``, ``causal`` (cause and effect), ``numbers``, ``contrast``.

    Known by its form: ``monotonicity``, an entailment pair that begins to differ behind a word that makes the context
    downward monotone (van Benthem 1986), so that replacing a word by a narrower one keeps what is said true;
    ``emotion shift``, an emotion of several sentences, between which the mood may turn; ``long range``, :data:`LONG`
    words and more, its context included.

    What the sample says itself under :data:`TAGS` counts too, as ``hops 2``: a text or a number, or a list of them.

    Args:
        question: any sample.

    Example:
        >>> sorted(phenomena(Question("Why do two penguins not fly?", ("wings", "fear"), extra={"hops": 2})))
        ['causal', 'hops 2', 'negation', 'numbers']
    """
    return frozenset((*_by_words(question), *_by_form(question), *_tags(question)))


def _by_words(question: Question) -> Iterator[str]:
    text = f"{question.text}\n{question.hypothesis or ''}"
    yield from (name for name in _BY_WORDS if cue(name, text, question.language))
    if _DIGIT.search(text) or cue("numbers", text, question.language):
        yield "numbers"


def _by_form(question: Question) -> Iterator[str]:
    if _is_downward(question):
        yield "monotonicity"
    if question.task == "emotion" and len(sentences(question.text)) > 1:
        yield "emotion shift"
    texts = f"{question.text}\n{question.hypothesis or ''}\n{question.context or ''}"
    if len(_words(texts[:_ENOUGH], question.language)) >= LONG:
        yield "long range"


def _is_downward(question: Question) -> bool:
    """Whether premise and hypothesis begin to differ behind a downward operator that both have."""
    if question.task != "entailment" or not question.hypothesis:
        return False
    one, two = (_words(text, question.language) for text in (question.text, question.hypothesis))
    same = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return cue("downward", joint(question.language).join(one[:same]), question.language) is not None


def _words(text: str, code: str) -> list[str]:
    spoken = language(code if code in LANGUAGES else "en")
    return [token.text.casefold() for token in spoken.tokenize(text)]


def _tags(question: Question) -> Iterator[str]:
    for key in TAGS:
        value = question.extra.get(key)
        for each in value if isinstance(value, list | tuple) else [value]:
            if isinstance(each, str | int | float) and str(each):
                yield f"{key} {str(each)[:40]}"
