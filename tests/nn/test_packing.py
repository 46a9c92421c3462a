from __future__ import annotations

from typing import Any

import numpy as np
from tokenizers import Tokenizer

from kgreason.nn.backbone import load_tokenizer
from kgreason.nn.batch import Collator
from kgreason.nn.packing import Packer, RelationNames
from tests.formula import QUESTIONS, items


def test_known():
    names = RelationNames(["a", "d", "c", "b"])
    assert names.known(["b", "a"], [0, 2, 3]) == [2, 3, -1, -1, 0, 1, -1]
    assert names.known([], [1]) == [-1, -1, -1]


def test_a_tokenizer_that_was_written_packs_as_it_did(tiny_graph, tmp_path):
    collate = Collator(load_tokenizer("all-MiniLM-L6-v2"), RelationNames(), max_length=16)
    asked = items(tiny_graph, QUESTIONS)
    wanted = collate(asked)
    collate.encode(["its settings are written, too"])
    read = Tokenizer.from_str(collate.tokenizer.to_str())
    packer = Packer(read, RelationNames(), reading="separate", max_length=16, padding=read.padding or {})
    found = packer.pack(asked)
    assert found.keys() | {"relation_state", "relation_words"} == wanted.to_mapping().keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, getattr(wanted, name).numpy(), err_msg=name)


class Watched:
    """A tokenizer that keeps what is asked of it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self.tokenizer, name)


def test_settings_are_left_alone_where_they_fit(tiny_graph):
    """Another thread may be reading with the same tokenizer, and then it cannot be changed."""
    collate = Collator(load_tokenizer("all-MiniLM-L6-v2"), RelationNames())
    watched: Any = Watched(collate.tokenizer)
    collate.tokenizer = watched
    collate(items(tiny_graph, QUESTIONS[:2]))
    assert "enable_padding" in watched.asked
    watched.asked.clear()
    collate(items(tiny_graph, QUESTIONS[:2]))
    assert set(watched.asked) == {"truncation", "padding", "encode_batch"}
