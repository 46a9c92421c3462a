"""Holds WordNet's database files in memory and knows its morphology, which is described in morphy(7WN)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from kgreason.graph.readers.wordnet import FILES, Synset, parse

__all__ = ["WordNet", "irregular", "regular"]

#: Endings that morphy(7WN) detaches.
ENDINGS = {
    "n": "s: ses:s xes:x zes:z ches:ch shes:sh men:man ies:y",
    "v": "s: ies:y es:e es: ed:e ed: ing:e ing:",
    "a": "er: est: er:e est:e",
    "r": "",
}


class WordNet:
    """The database in memory.

    Args:
        folder: the ``dict`` folder with data.noun, index.noun, noun.exc and so on.
    """

    def __init__(self, folder: Path) -> None:
        self.synsets: dict[tuple[str, str], Synset] = {}
        self.senses: dict[tuple[str, str], list[str]] = {}
        #: How many of a word's senses occur in WordNet's tagged texts: tells a word's usual part of speech.
        self.tagged: Counter[tuple[str, str]] = Counter()
        self.exceptions: dict[str, dict[str, list[str]]] = {}
        self.irregular: dict[tuple[str, str], list[str]] = defaultdict(list)
        for pos, name in FILES.items():
            for line in _lines(folder / f"data.{name}"):
                offset, synset = parse(pos, line)
                self.synsets[pos, offset] = synset
            for line in _lines(folder / f"index.{name}"):
                fields = line.split()
                word, count = fields[0].replace("_", " "), int(fields[2])
                self.senses[pos, word] = fields[-count:]
                self.tagged[pos, word] = int(fields[-count - 1])
            table = self.exceptions[pos] = {}
            for line in (folder / f"{name}.exc").read_text("ascii").splitlines():
                form, *lemmas = line.split()
                table[form] = lemmas
                for lemma in lemmas:
                    self.irregular[pos, lemma].append(form)

    def rank(self, pos: str, word: str, offset: str) -> int:
        """Place of a meaning among those of a word, most frequent first, from 1."""
        return self.senses[pos, word.lower()].index(offset) + 1

    def lemmas(self, word: str, pos: str) -> list[str]:
        """Base forms of a word that WordNet knows under a part of speech."""
        if known := self.exceptions[pos].get(word):
            return known
        found = [word] if (pos, word) in self.senses else []
        for ending, _, replacement in (rule.partition(":") for rule in ENDINGS[pos].split()):
            if word.endswith(ending):
                base = word[: len(word) - len(ending)] + replacement
                if (pos, base) in self.senses and base not in found:
                    found.append(base)
        return found

    def mostly_verb(self, word: str) -> bool:
        """Whether a word is a verb more than anything else."""
        return self.tagged["v", word] > max(self.tagged["n", word], self.tagged["a", word])

    def inflections(self, lemma: str, pos: str) -> set[str]:
        """Inflected forms of a one-word lemma: the irregular ones, and regular ones in the slots that have none."""
        known = self.irregular.get((pos, lemma), [])
        return {*known, *(form for slot, form in regular(lemma, pos) if not irregular(pos, slot, known))}


def regular(lemma: str, pos: str) -> Iterator[tuple[str, str]]:
    """Regular forms of an English word with the slot each fills: s, ed, ing, er or est."""
    consonant_y = re.search(r"[^aeiou]y$", lemma) is not None
    mute_e = re.search(r"[^eoy]e$", lemma) is not None
    if pos in "nv":
        sibilant = lemma.endswith(("s", "x", "z", "ch", "sh", "o") if pos == "v" else ("s", "x", "z", "ch", "sh"))
        yield "s", lemma[:-1] + "ies" if consonant_y else lemma + ("es" if sibilant else "s")
    if pos == "v":
        yield "ed", lemma[:-1] + "ied" if consonant_y else lemma + ("d" if lemma.endswith("e") else "ed")
        yield "ing", lemma[:-1] + "ing" if mute_e else lemma + "ing"
    if pos == "a" and len(re.findall(r"[aeiouy]+", lemma.removesuffix("e"))) == 1:
        stem = lemma[:-1] + "i" if consonant_y else lemma.removesuffix("e")
        yield "er", stem + "er"
        yield "est", stem + "est"


def irregular(pos: str, slot: str, forms: list[str]) -> bool:
    """Whether irregular forms fill a slot; an irregular plural in -s does not, for many are spelling variants."""
    if slot == "ed":
        return any(not form.endswith(("s", "ing")) for form in forms)
    if slot == "s":
        return pos == "n" and any(not form.endswith("s") for form in forms)
    return any(form.endswith(slot) for form in forms)


def _lines(path: Path) -> list[str]:
    with path.open(encoding="latin-1") as file:
        return [line for line in file if not line.startswith("  ")]
