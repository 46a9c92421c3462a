from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from kgreason.errors import CheckpointError
from kgreason.nn.weights import cast, read_tensors


def test_weights_are_read_in_full_precision(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"half": torch.tensor([0.5], dtype=torch.float16), "count": torch.tensor([3])}, path)
    found = read_tensors(path)
    assert found["half"].dtype == torch.float32
    assert found["half"].tolist() == [0.5]
    assert found["count"].dtype == torch.int64


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_values_that_are_not_finite_are_named(tmp_path, value):
    path = tmp_path / "a.safetensors"
    save_file({"good": torch.zeros(2), "bad": torch.tensor([0.0, value])}, path)
    with pytest.raises(CheckpointError, match=r"a\.safetensors: bad holds values that are not finite"):
        read_tensors(path)


@pytest.mark.parametrize("content", [None, b"", b"\x00" * 64, b"\xff" * 64, b'{"not": "safetensors"}'])
def test_files_that_are_none_are_named(tmp_path, content):
    path = tmp_path / "a.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.safetensors cannot be read.*Take the checkpoint again"):
        read_tensors(path)


def test_every_truncation_is_found(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(5), "b": torch.ones(3)}, path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError):
            read_tensors(path)


def test_only_floating_weights_are_cast():
    assert cast(torch.ones(2), torch.float16).dtype == torch.float16
    assert cast(torch.ones(2, dtype=torch.int64), torch.float16).dtype == torch.int64
    assert cast(torch.ones(2), None).dtype == torch.float32
