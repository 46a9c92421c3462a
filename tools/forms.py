"""Surface forms of the default graph's concepts: inflections, and WordNet's spellings of ConceptNet's labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice, product

from kgreason.language import normal_form
from tools.wordnet import WordNet

__all__ = ["FUNCTION_WORDS", "Forms"]

#: Words that ConceptNet 4 drops inside its labels, judged by their absence there, and words that stand for any thing;
#: a label of nothing else names no concept.
FUNCTION_WORDS = """
a an the this that these those some each all i you he she it we they me him her us them my your his its our their
someone somebody something anyone anybody anything everyone everybody everything nobody nothing one oneself myself
yourself himself herself itself ourselves themselves of to in on at for with by from into as about and or but nor so
than if am is are was were be been being do does did have has had having there here who whom which what where when
such very too not's n't
"""
INFLECTED = 0.8
STOPPED = 0.6
#: Longer labels and rarer concepts are found word by word.
MIN_DEGREE = 2
MAX_WORDS = 3


class Forms:
    """Finds the concept of a WordNet word and the forms under which a concept is met in text.

    Args:
        wordnet: the database.
        labels: key to counted labels; words that become new concepts are added.
        key: makes a key from a label.
    """

    def __init__(self, wordnet: WordNet, labels: dict[str, Counter[str]], key: Callable[[str], str]) -> None:
        self.wordnet = wordnet
        self.labels = labels
        self.key = key
        self.found: dict[str, str] = {}
        self.spelled: dict[str, dict[str, float]] = defaultdict(dict)
        self.dropped = frozenset(FUNCTION_WORDS.split())
        self.forms = self._forms()
        self._match()

    def _forms(self) -> dict[str, dict[str, set[str]]]:
        """Word to part of speech to inflected forms, for single words that are no names."""
        forms: dict[str, dict[str, set[str]]] = defaultdict(dict)
        for synset in self.wordnet.synsets.values():
            for word in synset.words:
                if word.isalpha() and word.islower() and len(word) > 1 and synset.pos != "r":
                    forms[word][synset.pos] = self.wordnet.inflections(word, synset.pos) - {word}
        return forms

    def _match(self) -> None:
        """Finds every WordNet word that equals a ConceptNet label after ConceptNet's normalisation."""
        conceptnet = set(self.labels)
        cases: dict[str, Counter[str]] = defaultdict(Counter)
        for synset in self.wordnet.synsets.values():
            for word in synset.words:
                cases[self.key(word)][word] += 1
        for own in sorted(cases):
            spellings = cases[own]
            word = min(spellings, key=lambda s: (s != s.lower(), -spellings[s], s))
            matched = own
            if " " in word and (pair := self._normalised(word.lower(), conceptnet)):
                self.spelled[pair[0]][word] = pair[1]
                matched = pair[0] if own not in conceptnet else own
            self.found.update(dict.fromkeys(spellings, matched))
            if matched == own and (own not in conceptnet or word != word.lower()):
                self.labels[own] = Counter([word])
        for matched, words in self.spelled.items():
            if matched not in cases:
                self.labels[matched] = Counter([min(words, key=lambda w: (-words[w], len(w), w))])

    def _normalised(self, word: str, known: set[str]) -> tuple[str, float] | None:
        parts = [part for part in word.split() if part not in self.dropped]
        prior = INFLECTED if len(parts) == len(word.split()) else STOPPED
        choices = [self._bases(part) for part in parts]
        for bases in islice(product(*choices), 64):
            found = self.key(" ".join(bases))
            if len(bases) > 1 and found in known and found != self.key(word):
                return found, prior
        return None

    def _bases(self, word: str) -> list[str]:
        """Base forms of a word, verbs first as in ConceptNet 4, the word itself last."""
        return list(dict.fromkeys([base for pos in "vna" for base in self.wordnet.lemmas(word, pos)] + [word]))

    def concept(self, word: str) -> str:
        """Key of the concept that a WordNet word names."""
        return self.found[word]

    def lemmas(self) -> Iterator[tuple[str, str]]:
        """Inflected form and lemma, for every single word."""
        for word, by_pos in self.forms.items():
            for form in set().union(*by_pos.values()):
                yield form, word

    def aliases(self, degrees: Counter[str]) -> dict[tuple[str, str], float]:
        """(form, key) to prior: WordNet's spellings, inflected words, and inflected heads of short labels."""
        aliases: dict[tuple[str, str], float] = {}
        for name, labels in self.labels.items():
            plain = name.removeprefix("/c/en/").replace("_", " ")
            texts = sorted({plain, *filter(str.islower, labels)})
            found = {form: INFLECTED for text in texts for form in self._inflected(text, degrees[name])}
            found.update((normal_form(word), prior) for word, prior in self.spelled.get(name, {}).items())
            found[plain] = INFLECTED
            own = {normal_form(label) for label in labels}
            aliases.update(((form, name), prior) for form, prior in found.items() if form not in own)
        return aliases

    def _inflected(self, label: str, degree: int) -> Iterator[str]:
        first, *rest = label.split()
        if not rest:
            yield from set().union(*self.forms[first].values()) if first in self.forms else ()
        elif degree >= MIN_DEGREE and len(rest) < MAX_WORDS:
            *before, last = label.split()
            is_verb = ("v", label) in self.wordnet.senses or self.wordnet.mostly_verb(first)
            yield from (" ".join([form, *rest]) for form in self.forms.get(first, {}).get("v", ()) if is_verb)
            yield from (" ".join([*before, form]) for form in self.forms.get(last, {}).get("n", ()))
