"""A made-up graph in the shape of ConceptNet, as the dump that ConceptNet itself comes in.

    python -m tools.bench.dump OUT [EDGES NODES]

Five columns between tabs with JSON in the last, some 330 bytes a line, 34 relations by their shares in ConceptNet.
Names are one to four invented words; popular concepts have many neighbours, half the edges stay within a topic, and a
third of the keys carry a part of speech or a sense. Pairs are drawn once. The same numbers give the same file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from kgreason import storage

__all__ = ["EDGES", "NODES", "labels", "write"]

EDGES, NODES = 3_400_000, 1_100_000
_SHARES = {
    "RelatedTo": 48.0, "FormOf": 11.0, "DerivedFrom": 9.0, "HasContext": 6.8, "IsA": 6.8, "Synonym": 6.5,
    "UsedFor": 1.2, "EtymologicallyRelatedTo": 1.0, "AtLocation": 0.9, "SimilarTo": 0.9, "HasSubevent": 0.8,
    "CapableOf": 0.7, "HasPrerequisite": 0.7, "Antonym": 0.6, "Causes": 0.5, "HasProperty": 0.4, "MannerOf": 0.4,
    "PartOf": 0.4, "MotivatedByGoal": 0.3, "ReceivesAction": 0.2, "HasA": 0.2, "CausesDesire": 0.15, "Desires": 0.1,
    "HasFirstSubevent": 0.1, "HasLastSubevent": 0.1, "DistinctFrom": 0.1, "NotDesires": 0.1, "DefinedAs": 0.07,
    "MadeOf": 0.05, "NotCapableOf": 0.02, "LocatedNear": 0.02, "Entails": 0.02, "CreatedBy": 0.01, "SymbolOf": 0.01,
}  # fmt: skip
#: Share of the most popular concepts that draws pass over, how steeply popularity falls, and concepts of a topic.
_FLAT, _STEEP, _TOPIC = 0.022, 4.0, 550
_CHUNK = 200_000
_SUFFIXES = ("", "/n", "/v", "/a", "/n/wn/artifact")
_SUFFIX_SHARES = (0.7, 0.2, 0.06, 0.03, 0.01)
_SYLLABLES = tuple(a + b for a in "bcdfghjklmnprstvwz" for b in "aeiou")


def _word(number: int) -> str:
    """A word of its own for each number; low numbers have short words."""
    word = ""
    while True:
        number, syllable = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
        if number == 0:
            return word + "n"
        number -= 1


def labels(nodes: int, seed: int = 7) -> list[str]:
    """Names of concepts, the most popular first: single words often there, others end in a word of their own."""
    chance = np.random.default_rng(seed)
    rank = np.arange(nodes) / nodes
    single = chance.random(nodes) < np.select([rank < 0.02, rank < 0.2], [0.95, 0.6], 0.25)
    more = np.where(single, 0, chance.choice([1, 2, 3], nodes, p=[0.6, 0.3, 0.1]))
    heads = (20_000 * chance.random((nodes, 3)) ** 2.2).astype(int)
    return [
        " ".join([*map(_word, drawn[:count]), _word(i)])
        for i, (drawn, count) in enumerate(zip(heads.tolist(), more.tolist(), strict=True))
    ]


def _pairs(chance: np.random.Generator, edges: int, nodes: int) -> npt.NDArray[np.int64]:
    """Distinct pairs of concepts, every concept in one of them if there is room. Shape: [2, edges]."""
    topic = chance.integers(0, max(20, nodes // _TOPIC), nodes)
    order = np.argsort(topic, kind="stable")
    start = np.searchsorted(topic[order], np.arange(topic.max() + 2))

    def popular(size: int) -> npt.NDArray[np.int64]:
        drawn: npt.NDArray[np.int64] = (nodes * (_FLAT + (1 - _FLAT) * chance.random(size)) ** _STEEP).astype(np.int64)
        return drawn

    kept, waiting = np.empty(0, np.int64), chance.permutation(nodes)
    while len(kept) < edges:
        size = int(1.25 * (edges - len(kept))) + 1000
        first = np.concatenate([waiting[:size], popular(max(0, size - len(waiting)))])
        waiting = waiting[size:]
        low, high = start[topic[first]], start[topic[first] + 1]
        near = order[low + ((high - low) * chance.random(size) ** 3).astype(np.int64)]
        second = np.where(chance.random(size) < 0.45, popular(size), near)
        drawn = np.minimum(first, second) * nodes + np.maximum(first, second)
        both = np.concatenate([kept, drawn[first != second]])
        kept = both[np.sort(np.unique(both, return_index=True)[1])]
    pairs = np.stack(np.divmod(kept[:edges], nodes))
    turned: npt.NDArray[np.int64] = np.where(chance.random(edges) < 0.5, pairs[::-1], pairs)
    return turned


def write(path: str | Path, edges: int = EDGES, nodes: int = NODES, seed: int = 7) -> None:
    """Write a dump.

    Args:
        path: the file.
        edges: lines.
        nodes: concepts.
        seed: of all draws.
    """
    chance = np.random.default_rng(seed)
    names = pl.Series(labels(nodes, seed))
    suffixes = chance.choice(_SUFFIXES, nodes, p=_SUFFIX_SHARES)
    keys = "/c/en/" + names.str.replace_all(" ", "_", literal=True) + pl.Series(suffixes)
    shares = np.array(list(_SHARES.values()))
    relations = chance.choice(list(_SHARES), edges, p=shares / shares.sum())
    first, last = _pairs(chance, edges, nodes)
    plain = chance.random(edges) < 0.7
    weight = np.round(np.where(plain, 1.0, 0.5 + chance.exponential(1.2, edges)), 3)
    source = chance.random(edges)
    with storage.create(path) as handle:
        for at in range(0, edges, _CHUNK):
            part = slice(at, at + _CHUNK)
            frame = pl.DataFrame(
                {
                    "r": relations[part],
                    "s": keys.gather(first[part]),
                    "t": keys.gather(last[part]),
                    "a": names.gather(first[part]),
                    "b": names.gather(last[part]),
                    "w": pl.Series(weight[part]).cast(pl.String),
                    "d": source[part],
                }
            )
            lines = frame.select(line=_line())
            lines.write_csv(handle, include_header=False, quote_style="never")


def _line() -> pl.Expr:
    told = '{"dataset": "/d/%", "license": "cc:%/4.0", "sources": [{%}], %"weight": %}'
    wiktionary = '"contributor": "/s/resource/wiktionary/en", "process": "/s/process/wikiparsec/2"'
    omcs = '"activity": "/s/activity/omcs/omcs1_possibly_free_text", "contributor": "/s/contributor/omcs/dev"'
    said = '"surfaceEnd": "%", "surfaceStart": "%", "surfaceText": "[[%]] is told of [[%]]", '
    texts = (
        _filled(told, "wiktionary/en", "by-sa", wiktionary, "", "w"),
        _filled(told, "conceptnet/4/en", "by", omcs, _filled(said, "b", "a", "a", "b"), "w"),
        _filled(told, "wordnet/3.1", "by", '"contributor": "/s/resource/wordnet/rdf/3.1"', "", "w"),
    )
    data = pl.when(pl.col("d") < 0.45).then(texts[0]).when(pl.col("d") < 0.9).then(texts[1]).otherwise(texts[2])
    return _filled("/a/[/r/%/,%/,%/]\t/r/%\t%\t%\t%", "r", "s", "t", "r", "s", "t", data)


def _filled(form: str, *parts: str | pl.Expr) -> pl.Expr:
    """A text with a part for each %: a column where it is named by one letter, else the part itself."""
    filled = [part if isinstance(part, pl.Expr) else pl.col(part) if len(part) == 1 else pl.lit(part) for part in parts]
    pieces = zip(map(pl.lit, form.split("%")), [*filled, pl.lit("")], strict=True)
    return pl.concat_str([each for pair in pieces for each in pair])


if __name__ == "__main__":
    write(sys.argv[1], *map(int, sys.argv[2:4]))
