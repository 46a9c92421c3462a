"""Static vectors of short texts: a table of token vectors distilled once from the packaged sentence encoder.

They serve linking and relevance, where a trained weight must not be seen. The recipe is tools/make_token_table.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import kg_data
from kgreason import storage

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["DIMENSIONS", "StaticVectors"]

DIMENSIONS = 128
_ONE = 127
#: Fewer texts are not worth waking the tokenizer's own threads, which stall where processors are busy.
_FEW = 256
_CHUNK = 8192
#: Words whose tokens are remembered.
_WORDS = 1 << 16


class StaticVectors:
    """Turns texts into unit vectors of small integers.

    A text is the sum of its tokens' vectors, normalised (SIF: Arora, Liang & Ma 2017, equation 3, with the token's
    weight folded into its row of the table).

    Args:
        table: token vectors.
        scale: what each row of the table is multiplied by; 0 leaves a token out.
        vocabulary: WordPiece tokens in the order of the rows.

    Shapes:
        table [t, 128] int8, scale [t] float32.

    Example:
        >>> vectors = StaticVectors.load()
        >>> penguin, bird, tax = vectors.encode(["penguin", "bird", "income tax"])
        >>> bool(vectors.cosine(penguin, bird) > vectors.cosine(penguin, tax))
        True
    """

    def __init__(self, table: npt.NDArray[np.int8], scale: npt.NDArray[np.float32], vocabulary: Sequence[str]) -> None:
        self._table = table
        self._scale = scale
        self._vocabulary = vocabulary
        self._word = lru_cache(_WORDS)(lambda word: self._tokenizer.encode(word, add_special_tokens=False).ids)

    @classmethod
    @cache
    def load(cls) -> StaticVectors:
        """The table of the data package, mapped once."""
        vocabulary = kg_data.path("tokens/vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]
        table = storage.load_npy(kg_data.path("tokens/vectors.npy"))
        return cls(table, storage.load_npy(kg_data.path("tokens/scale.npy")), vocabulary)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        tokens = {token: row for row, token in enumerate(self._vocabulary)}
        tokenizer = Tokenizer(models.WordPiece(tokens, unk_token="[UNK]", max_input_chars_per_word=100))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return tokenizer

    def encode(self, texts: Iterable[str]) -> npt.NDArray[np.int8]:
        """Vectors of texts.

        Args:
            texts: words or phrases; longer texts work and get blurred.

        Returns:
            One row per text, a unit vector times 127; all zero for a text without a known token.

        Shapes:
            [n, 128] int8.
        """
        listed = list(texts)
        out = np.zeros((len(listed), DIMENSIONS), np.int8)
        for start in range(0, len(listed), _CHUNK):
            out[start : start + _CHUNK] = self._encode(listed[start : start + _CHUNK])
        return out

    def _ids(self, text: str) -> list[int]:
        """Rows of a text's tokens; no token holds a space."""
        return [row for word in text.split(" ") for row in self._word(word)]

    def _encode(self, texts: list[str]) -> npt.NDArray[np.int8]:
        if len(texts) < _FEW:
            ids = [self._ids(text) for text in texts]
        else:
            ids = [one.ids for one in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        filled = np.flatnonzero(lengths)
        sums = np.zeros((len(ids), DIMENSIONS), np.float32)
        if len(filled):
            flat = np.fromiter((i for row in ids for i in row), np.int64, lengths.sum())
            rows = self._table[flat] * self._scale[flat, None]
            starts = np.cumsum(lengths) - lengths
            sums[filled] = np.add.reduceat(rows, starts[filled], axis=0)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.rint(_ONE * sums / np.where(norms > 0, norms, 1)).astype(np.int8)

    @staticmethod
    def cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Cosine of every vector of ``a`` with every one of ``b``; 0 where one of them is zero.

        Sums of products of 128 small integers are exact in float32, so the result does not depend on their order.

        Shapes:
            a [..., 128] and b [..., 128] int8; the result has a's leading dimensions, then b's.
        """
        x, y = a.astype(np.float32), b.astype(np.float32)
        products = np.tensordot(x, y, axes=(-1, -1))
        norms = np.multiply.outer(np.linalg.norm(x, axis=-1), np.linalg.norm(y, axis=-1))
        return np.divide(products, np.where(norms > 0, norms, 1), dtype=np.float32)
