"""A WordNet of nine meanings in the database's own format."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

#: Part of speech, name, lexicographer file, words, pointers as (symbol, name, source and target word), gloss.
SYNSETS: tuple[tuple[Any, ...], ...] = (
    ("n", "door", 6, ["door"], [("#p", "building", "0000")], "a barrier"),
    ("n", "building", 6, ["building", "edifice"], [], "a structure"),
    ("n", "revolving", 6, ["revolving_door", "revolver"], [("@", "door", "0000")], "a door that turns"),
    ("n", "states", 15, ["United_States_of_America", "America"], [("@i", "country", "0000")], "a republic"),
    ("n", "country", 15, ["country"], [], "a land"),
    ("n", "child", 18, ["child"], [("!", "adult", "0101")], "a young person"),
    ("n", "adult", 18, ["adult"], [("!", "child", "0101")], "a grown person"),
    ("v", "revolve", 38, ["revolve"], [("@", "turn", "0000"), ("+", "revolver", "0101")], "turn about"),
    ("v", "turn", 38, ["turn"], [], "move"),
    ("v", "go", 38, ["go"], [], "move"),
    ("v", "unite", 38, ["unite"], [], "join"),
    ("n", "state", 15, ["state"], [], "a land"),
    ("a", "cold", 0, ["cold"], [], "not hot"),
    ("n", "revolver", 6, ["turner"], [("+", "revolve", "0101")], "(disparaging) one who turns"),
    ("n", "taxon", 14, ["taxonomic_group"], [("~", "genus", "0000")], "a group of beings"),
    ("n", "genus", 5, ["genus_Felis"], [("@", "taxon", "0000")], "cats"),
)
FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
EXCEPTIONS = {"n": "children child\n", "v": "went go\ngone go\n", "a": "", "r": ""}


@pytest.fixture(scope="session")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small WordNet."""
    folder = tmp_path_factory.mktemp("dict")
    offsets = {name: f"{number:08d}" for number, (_, name, *_) in enumerate(SYNSETS, 1)}
    kinds = {name: pos for pos, name, *_ in SYNSETS}
    for pos, kind in FILES.items():
        data, senses = ["  1 the licence", ""], defaultdict(list)
        for _, name, number, words, pointers, gloss in (entry for entry in SYNSETS if entry[0] == pos):
            ends = [f"{symbol} {offsets[other]} {kinds[other]} {at}" for symbol, other, at in pointers]
            spelled = " ".join(f"{word} 0" for word in words)
            fields = [offsets[name], f"{number:02d}", pos, f"{len(words):02x}", spelled, f"{len(ends):03d}", *ends]
            data.append(" ".join(fields) + f" | {gloss}  ")
            for word in words:
                senses[word.lower()].append(offsets[name])
        index = [f"{word} {pos} {len(at)} 0 {len(at)} {len(at)} {' '.join(at)}  " for word, at in senses.items()]
        (folder / f"data.{kind}").write_text("".join(f"{line}\n" for line in data if line))
        (folder / f"index.{kind}").write_text("".join(f"{line}\n" for line in ["  1 the licence", *index]))
        (folder / f"{kind}.exc").write_text(EXCEPTIONS[pos])
    return folder
