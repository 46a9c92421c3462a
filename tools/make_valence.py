"""Makes ``kg_data/valence.tsv.gz``: how pleasant words are, from the lexicon of the package vaderSentiment.

    python -m tools.make_valence FOLDER

FOLDER is the unpacked wheel of vaderSentiment 3.3.2 (MIT); its code is not run. Ten people rated each entry from −4 to
4 (Hutto & Gilbert 2014). Kept is the mean of every entry that is one word of letters, in normal form and in 1/1000 of
the largest rating. The same file gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import kg_data
from kgreason import storage
from kgreason.language import normal_form

LEXICON = "vaderSentiment/vader_lexicon.txt"
SHA256 = "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5"
LARGEST = 4.0


def valences(path: Path) -> dict[str, int]:
    """Word to valence in 1/1000."""
    found: dict[str, int] = {}
    with storage.open_text(path) as lines:
        for line in lines:
            entry, rating, *_ = line.split("\t")
            word = normal_form(entry)
            if word.isalpha():
                found.setdefault(word, round(1000 * float(rating) / LARGEST))
    return found


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    path = parser.parse_args().folder / LEXICON
    if storage.digest(path, sha256=True) != SHA256:
        raise SystemExit(f"{path} is not the lexicon of vaderSentiment 3.3.2")
    rows = "".join(f"{word}\t{valence}\n" for word, valence in sorted(valences(path).items()))
    storage.write_bytes(kg_data.path("valence.tsv.gz"), gzip.compress(rows.encode(), mtime=0))


if __name__ == "__main__":
    main()
