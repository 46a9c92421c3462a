"""Reads the database files of WordNet 3.0 (its ``dict`` folder) and knows WordNet's morphology.

The formats are described in WordNet's manual pages wndb(5WN) and morphy(7WN).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FILES", "Pointer", "Synset", "WordNet", "irregular", "regular"]

FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}

#: Names of the lexicographer files by number, lexnames(5WN).
LEXNAMES = (
    "all pert all Tops act animal artifact attribute body cognition communication event feeling food group location "
    "motive object person phenomenon plant possession process quantity relation shape state substance time body change "
    "cognition communication competition consumption contact creation emotion motion perception possession social "
    "stative weather ppl"
)

#: Endings that morphy(7WN) detaches.
ENDINGS = {
    "n": "s: ses:s xes:x zes:z ches:ch shes:sh men:man ies:y",
    "v": "s: ies:y es:e es: ed:e ed: ing:e ing:",
    "a": "er: est: er:e est:e",
    "r": "",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """A relation to another synset; ``source`` and ``target`` number words from 1, 0 stands for the whole synset."""

    symbol: str
    synset: tuple[str, str]
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Synset:
    """Words of one meaning, with spaces and original case, its lexicographer file and its pointers."""

    pos: str
    words: tuple[str, ...]
    lexname: str
    pointers: tuple[Pointer, ...]
    gloss: str


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
                offset, synset = _synset(pos, line)
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


def _synset(pos: str, line: str) -> tuple[str, Synset]:
    data, _, gloss = line.partition(" | ")
    fields = data.split()
    count = int(fields[3], 16)
    words = tuple(_word(fields[4 + 2 * i]) for i in range(count))
    at = 4 + 2 * count
    pointers = []
    for i in range(int(fields[at])):
        symbol, offset, target_pos, ends = fields[at + 1 + 4 * i : at + 5 + 4 * i]
        pointers.append(Pointer(symbol, (target_pos, offset), int(ends[:2], 16), int(ends[2:], 16)))
    return fields[0], Synset(pos, words, LEXNAMES.split()[int(fields[1])], tuple(pointers), gloss.strip())


@cache
def _word(raw: str) -> str:
    """A word as written in a data file, without the mark of an adjective's position."""
    return re.sub(r"\((?:a|p|ip)\)$", "", raw).replace("_", " ")
