"""How well unknown names are linked: ``python -m tools.bench.meaning`` prints the shares, ``--write`` keeps them.

The graph is the packaged one, cut down to its best connected concepts. Mentions are made from labels of it that
nothing in it is called by, each grounded as an option through an opened index:

- misspelt: a letter of a label swapped with the next, left out, doubled or replaced;
- reworded: a word of a label replaced by its synonym, both of a single meaning (one ``Synonym`` edge each, in the
  whole graph);
- synonyms: concepts beyond the cut whose only ``Synonym`` edge ends within it, called by their labels;
- invented: names that mean nothing, of which every link is wrong.

A link is right if the concept (or a synonym of it) is among the candidates of a mention, as in tools.bench.linking;
``first`` counts those where it leads them. The threshold is fitted on other concepts: the highest one at which four of
five misspelt and reworded names are linked, by the lower end of the 95 % interval of that share.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from kgreason import storage
from kgreason.graph import KnowledgeGraph
from kgreason.graph.manifest import CURRENT
from kgreason.grounding import Grounder
from kgreason.grounding.link import MEANING_PRIOR
from kgreason.language import normal_form
from kgreason.metrics import wilson_interval
from kgreason.nn.meaning import THRESHOLD, MeaningIndex
from kgreason.records import Mention, Question
from tools import results

__all__ = ["CLAIMS", "measure"]

CONCEPTS = 20_000
SAMPLE = 250
TOGETHER = 50
LINKED = 0.8
CLAIMS = ("unknown names linked", "links of unknown names right")
#: Names shorter than this are not misspelt: a letter more or less makes another name of them.
SHORTEST = 5

Share = dict[str, float]


class Case(NamedTuple):
    """A name that the graph does not know, and the concepts that it means."""

    text: str
    right: frozenset[str]


def measure(concepts: int = CONCEPTS, sample: int = SAMPLE, home: Path | None = None) -> dict[str, Any]:
    """Fits the threshold on one half of the labels and measures on the other.

    Args:
        concepts: best connected concepts that make up the graph.
        sample: mentions of each kind.
        home: where graph and index are kept; the user's cache by default.
    """
    whole = KnowledgeGraph.open("default")
    graph = _cut(whole, concepts, home or storage.cache_home() / "bench-meaning")
    index = MeaningIndex.build(graph, progress=_tell)
    cases = Cases(whole, graph)
    fitted = fitted_threshold(graph, index, [*cases.misspelt(sample, 0), *cases.reworded(sample, 0)])
    index.threshold = THRESHOLD
    kinds = {
        "misspelt": cases.misspelt(sample, 1),
        "reworded": cases.reworded(sample, 1),
        "synonyms": cases.synonyms(sample),
        "invented": cases.invented(sample),
    }
    grounder = Grounder(graph, index=index)
    start = perf_counter()
    shares = {kind: _share(grounder, each) for kind, each in kinds.items()}
    milliseconds = 1000 * (perf_counter() - start) / sum(map(len, kinds.values()))
    return {
        "concepts": graph.num_nodes,
        "threshold": THRESHOLD,
        "fitted": fitted,
        "misspelt and reworded": _share(grounder, [*kinds["misspelt"], *kinds["reworded"]]),
        **shares,
        "ms_a_name": milliseconds,
        "concepts_a_second": _speed(index, graph),
    }


def _speed(index: MeaningIndex, graph: KnowledgeGraph, count: int = 1000) -> float:
    """Labels encoded in a second, the whole graph's evenly."""
    labels = [graph.label(node) for node in range(0, graph.num_nodes, max(1, graph.num_nodes // count))]
    start = perf_counter()
    index.model.encode(labels)
    return len(labels) / (perf_counter() - start)


def fitted_threshold(graph: KnowledgeGraph, index: MeaningIndex, cases: Sequence[Case]) -> float:
    """The highest threshold, in steps of a hundredth, at which enough names are linked, with 95 % confidence."""
    index.threshold = -1.0
    strengths = np.array([_strength(found) for found, _ in _links(Grounder(graph, index=index), cases)])
    steps = (step / 100 for step in range(99, 0, -1))
    return next((t for t in steps if wilson_interval(int((strengths >= t).sum()), len(cases))[0] >= LINKED), 0.0)


def _strength(mention: Mention) -> float:
    """The cosine of a link by meaning; one by spelling is made at any threshold."""
    return mention.candidates[0].prior / MEANING_PRIOR if mention.by == "meaning" else 1.0


def _links(grounder: Grounder, cases: Sequence[Case]) -> list[tuple[Mention, Case]]:
    """The mentions of whole names that no form made, each with its case; names are asked about as options."""
    links = []
    for start in range(0, len(cases), TOGETHER):
        some = cases[start : start + TOGETHER]
        grounding = grounder.ground(Question("", tuple(case.text for case in some)))
        for number, case in enumerate(some):
            whole = (each for each in grounding.of(number) if each.by != "form" and each.surface == case.text)
            links += [(mention, case) for mention in whole]
    return links


def _right(mention: Mention, case: Case) -> bool:
    return any(candidate.key in case.right for candidate in mention.candidates)


def _share(grounder: Grounder, cases: Sequence[Case]) -> Share:
    """How many names are linked, and in percent of these, how many rightly."""
    links = _links(grounder, cases)
    right = sum(_right(link, case) for link, case in links)
    first = sum(link.candidates[0].key in case.right for link, case in links)
    made = max(len(links), 1)
    return {
        "names": len(cases),
        "linked": 100 * len(links) / len(cases),
        "right": 100 * right / made,
        "first": 100 * first / made,
    }


def _cut(whole: KnowledgeGraph, concepts: int, home: Path) -> KnowledgeGraph:
    """The best connected concepts of the packaged graph with the facts between them, as a graph on disk."""
    import polars as pl

    import kg_data
    from kgreason.graph import readers
    from kgreason.graph.build import build

    folder = home / f"{whole.digest[:16]}-{concepts}"
    if (folder / CURRENT).is_file():
        return KnowledgeGraph.open(folder)
    keys = [whole.key(node) for node in range(min(concepts, whole.num_nodes))]
    facts = readers.read(kg_data.path("facts"), "facts")
    table = pl.read_parquet(kg_data.path("facts/assertions.parquet"))
    inside = table.filter(pl.col("source").is_in(keys), pl.col("target").is_in(keys))
    labels = {key: whole.label(node) for node, key in enumerate(keys)}
    aliases = pl.DataFrame(facts.aliases).filter(pl.col("key").is_in(keys))
    return KnowledgeGraph.open(build(inside, folder, labels=labels, aliases=aliases, sources=facts.sources))


class Cases:
    """Names made from labels, in two halves of different concepts.

    Args:
        whole: the packaged graph, which knows the synonyms.
        graph: a part of it.
    """

    def __init__(self, whole: KnowledgeGraph, graph: KnowledgeGraph) -> None:
        self.whole = whole
        self.graph = graph
        self.synonym = whole.relations.index("Synonym")

    def misspelt(self, count: int, half: int) -> list[Case]:
        """Labels with one mistake, the four kinds in turn."""
        chance = random.Random(f"misspelt {half}")
        made: list[Case] = []
        for node in self._nodes(chance, half):
            label = normal_form(self.graph.label(node))
            text = _MISTAKES[len(made) % len(_MISTAKES)](chance, label)
            if len(label) >= SHORTEST and text != label and not self.graph.lookup(text):
                made.append(self._case(text, self.graph.key(node)))
            if len(made) == count:
                break
        return made

    def reworded(self, count: int, half: int) -> list[Case]:
        """Labels of several words with one of them replaced."""
        chance = random.Random(f"reworded {half}")
        made: list[Case] = []
        for node in self._nodes(chance, half):
            words = self.graph.label(node).split()
            places = [i for i in range(len(words)) if len(words) > 1 and self._other_word(words[i])]
            if not places:
                continue
            place = chance.choice(places)
            text = " ".join([*words[:place], self._other_word(words[place]), *words[place + 1 :]])
            if not self.graph.lookup(text):
                made.append(self._case(text, self.graph.key(node)))
            if len(made) == count:
                break
        return made

    def synonyms(self, count: int) -> list[Case]:
        """Labels of concepts that the graph lacks."""
        chance = random.Random("synonyms")
        nodes = list(range(self.whole.num_nodes))
        chance.shuffle(nodes)
        made: list[Case] = []
        for node in nodes:
            label, others = self.whole.label(node), self._synonyms(node)
            if len(others) == 1 and self.graph.find(self.whole.key(others[0])) is not None and not self._known(node):
                made.append(self._case(label, self.whole.key(others[0])))
            if len(made) == count:
                break
        return made

    def invented(self, count: int) -> list[Case]:
        """Two to four syllables."""
        chance = random.Random("invented")
        names: dict[str, None] = {}
        while len(names) < count:
            name = "".join(
                chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.choice((3, 4)))
            )
            if not self.graph.lookup(name):
                names[name] = None
        return [Case(name, frozenset()) for name in names]

    def _nodes(self, chance: random.Random, half: int) -> Iterator[int]:
        nodes = list(range(half, self.graph.num_nodes, 2))
        chance.shuffle(nodes)
        yield from nodes

    def _known(self, node: int) -> bool:
        return self.graph.find(self.whole.key(node)) is not None or bool(self.graph.lookup(self.whole.label(node)))

    def _synonyms(self, node: int) -> list[int]:
        row = slice(self.whole.ptr[node], self.whole.ptr[node + 1])
        names = self.whole.rel[row] % len(self.whole.relations)
        others: list[int] = self.whole.idx[row][names == self.synonym].tolist()
        return others

    @cache  # noqa: B019 - one object a run
    def _other_word(self, word: str) -> str:
        """The one synonym of a word of one meaning, itself of one meaning; empty if there is none."""
        named = [
            node for node, _ in self.whole.lookup(word) if normal_form(self.whole.label(node)) == normal_form(word)
        ]
        others = self._synonyms(named[0]) if len(named) == 1 else []
        single = len(others) == 1 and len(self._synonyms(others[0])) == 1
        return self.whole.label(others[0]) if single else ""

    def _case(self, text: str, key: str) -> Case:
        node = self.whole.find(key)
        assert node is not None
        return Case(text, frozenset({key, *map(self.whole.key, self._synonyms(node))}))


def _swapped(chance: random.Random, text: str) -> str:
    i = chance.choice([i for i in range(len(text) - 1) if text[i : i + 2].isalpha()] or [0])
    return text[:i] + text[i : i + 2][::-1] + text[i + 2 :]


def _dropped(chance: random.Random, text: str) -> str:
    i = _letter(chance, text)
    return text[:i] + text[i + 1 :]


def _doubled(chance: random.Random, text: str) -> str:
    i = _letter(chance, text)
    return text[:i] + text[i] + text[i:]


def _replaced(chance: random.Random, text: str) -> str:
    i = _letter(chance, text)
    return text[:i] + chance.choice(ascii_lowercase) + text[i + 1 :]


def _letter(chance: random.Random, text: str) -> int:
    return chance.choice([i for i, sign in enumerate(text) if sign.isalpha()] or [0])


_MISTAKES: tuple[Callable[[random.Random, str], str], ...] = (_swapped, _dropped, _doubled, _replaced)


def _tell(stage: str, done: int, total: int) -> None:
    sys.stderr.write(f"{stage} {done:,} of {total:,}\n")


def _write(found: Mapping[str, Any]) -> None:
    """Keeps both claims in the book."""
    shares = found["misspelt and reworded"]
    for claim, share in zip(CLAIMS, ("linked", "right"), strict=True):
        results.append(claim, round(shares[share], 2), command="python -m tools.bench.meaning --write", **found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How well unknown names are linked.")
    parser.add_argument("--concepts", type=int, default=CONCEPTS, help="how large the graph is")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="names of each kind")
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/results.jsonl")
    given = parser.parse_args()
    measured = measure(given.concepts, given.sample)
    sys.stdout.write(json.dumps(measured, indent=1) + "\n")
    if given.write:
        _write(measured)
