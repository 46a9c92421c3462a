"""Makes the default graph's facts in ``kg_data`` from ConceptNet 4 (English) and WordNet 3.0.

ConceptNet 4 lies in the source distribution of Divisi2 2.2.0, which no longer builds but still unpacks: pip leaves the
unpacked files behind when told to.

    D=$(mktemp -d); TMPDIR=$D pip download --no-deps --no-clean --no-cache-dir -d $D divisi2==2.2.0 || true
    ls $D/pip-download-*/divisi2_*/divisi2/data/graphs/conceptnet_big_en.graph

WordNet 3.0 is the Debian package ``wordnet-base`` (folder /usr/share/wordnet) or the ``dict`` folder of its home page.

    python -m tools.make_default_graph conceptnet_big_en.graph /usr/share/wordnet

The same files give the same bytes under the same pyarrow. What is kept and what is dropped is in kg_data/README.md;
the counts are in kg_data/facts/facts.json.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import kg_data
from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.readers.wordnet import FILES, POINTERS, Synset, pointer_relation
from kgreason.graph.relations import RelationTable
from kgreason.graph.schema import default_label
from kgreason.language import normal_form
from tools.forms import FUNCTION_WORDS, Forms
from tools.wordnet import WordNet

CONCEPTNET_SHA256 = "276db8e5048c27ca435ae1042bbea10b0f024e3b74ce937b5c98062ab222af7f"
CONCEPTNET_LINE = re.compile(r"([^\t]+)\t([^\t]+)\t\{'freq': (-?\d+), 'score': (\d+), 'rel': u'(\w+)'\}")

MAX_LABEL = 64
MAX_SENSE = 3
WORD = re.compile(r"[\w'’.,&+/%$#-]+")

#: Usage domains that WordNet gives to abusive words, and words in them that mostly mean something else.
ABUSE = {"ethnic slur", "obscenity", "disparagement"}
HARMLESS = (
    "butch cock cooly crap dike effeminacy effeminateness gamin greaser jerry mammy mick mickey oriental paddy "
    "paleface peeing poop screwing sissiness taco throwaway tom touchy-feely unmanliness womanishness"
)

Row = tuple[str, str, str, int, str, str]
"""source key, relation, target key, weight, origin, sense"""


class Graph:
    """Concepts and rows while they are gathered."""

    def __init__(self, wordnet: WordNet) -> None:
        self.wordnet = wordnet
        self.table = RelationTable.load()
        self.labels: dict[str, Counter[str]] = defaultdict(Counter)
        self.rows: list[Row] = []
        self.dropped: Counter[str] = Counter()
        self.function_words = frozenset(FUNCTION_WORDS.split())
        self.abusive = set(_abusive(wordnet)) - set(HARMLESS.split())
        self.taxa = set(_below(wordnet, "taxonomic group"))

    def fault(self, label: str) -> str:
        """Why a ConceptNet label is not worth keeping, or nothing."""
        words = label.lower().split()
        if len(label) > MAX_LABEL:
            return "label longer than 64 characters"
        if len(label) < 2 or not any(c.isalpha() for c in label):
            return "label without a word"
        if not all(WORD.fullmatch(word) for word in words):
            return "label with stray signs"
        if self.function_words.issuperset(words):
            return "label of function words only"
        if "help answer question" in label:
            return "label that is a leftover of the survey form"
        if self.abusive.intersection(words):
            return "label with a word that WordNet marks as abusive"
        return ""

    def add_conceptnet(self, lines: Iterable[str]) -> None:
        """One row per (source, relation, target): weight is the sum over distinct lines, in 1/1000."""
        weights: Counter[tuple[str, str, str]] = Counter()
        for line in sorted(set(lines)):
            match = CONCEPTNET_LINE.fullmatch(line)
            if match is None:
                raise FormatError("ConceptNet 4", f"unexpected line {line[:80]!r}")
            source, target = clean(match[1]), clean(match[2])
            if fault := self.fault(source) or self.fault(target):
                self.dropped[fault] += 1
                continue
            if key(source) == key(target):
                self.dropped["relation of a concept to itself"] += 1
                continue
            negated = "Not" if match[3].startswith("-") else ""
            relation = self.table.canonical(match[5])
            weights[self._concept(source), negated + relation, self._concept(target)] += 1000 * int(match[4])
        self.rows += [(*triple, weight, "ConceptNet 4", "") for triple, weight in weights.items()]

    def _concept(self, label: str) -> str:
        self.labels[key(label)][label] += 1
        return key(label)

    def degrees(self) -> Counter[str]:
        """How many rows each concept stands in."""
        return Counter(end for row in self.rows for end in (row[0], row[2]))

    def add_wordnet(self, forms: Forms) -> None:
        """Relations between words: the three most frequent senses of each; between synsets, by their first words."""
        seen: dict[tuple[str, str, str, str], int] = {}
        for (pos, offset), synset in self.wordnet.synsets.items():
            for source, relation, target in self._wordnet_relations(pos, offset, synset):
                ends = forms.concept(source), forms.concept(target)
                if ends[0] == ends[1] or self.fault(source) or self.fault(target):
                    continue
                if self.table.symmetric(relation):
                    ends = min(ends), max(ends)
                sense = f"{pos}/wn/{synset.lexname}"
                weight = 2000 if self.wordnet.rank(pos, source, offset) == 1 else 1000
                row = (ends[0], relation, ends[1], sense)
                seen[row] = max(weight, seen.get(row, 0))
        self.rows += [(s, r, t, weight, "WordNet 3.0", sense) for (s, r, t, sense), weight in seen.items()]

    def _wordnet_relations(self, pos: str, offset: str, synset: Synset) -> Iterator[tuple[str, str, str]]:
        if (pos, offset) in self.taxa:
            return
        usual = [word for word in synset.words if self.wordnet.rank(pos, word, offset) <= MAX_SENSE]
        for word in usual:
            if word != synset.words[0]:
                yield word, "Synonym", synset.words[0]
        for pointer in synset.pointers:
            if pointer.symbol not in POINTERS or pointer.synset in self.taxa:
                continue
            other = self.wordnet.synsets[pointer.synset]
            relation = pointer_relation(pointer.symbol, pos)
            source = synset.words[max(pointer.source - 1, 0)]
            target = other.words[max(pointer.target - 1, 0)]
            if relation in ("IsA", "MannerOf", "InstanceOf"):
                yield from ((word, relation, target) for word in usual)
            elif source in usual:
                # WordNet states derivation both ways: the longer word is taken to come from the shorter
                if pointer.symbol == "+" and (len(source), source) < (len(target), target):
                    continue
                yield source, relation, target


def clean(label: str) -> str:
    """A ConceptNet label without the stray quotation marks around its words."""
    return " ".join(stripped for word in label.split() if (stripped := word.replace("_", "").strip("`'\"’")))


def key(label: str) -> str:
    """The key of an English label; a slash would end the term, so that one within becomes a space."""
    return "/c/en/" + normal_form(label.replace("/", " ")).replace(" ", "_")


def _abusive(wordnet: WordNet) -> Iterator[str]:
    """Words whose most frequent sense WordNet puts into an abusive usage domain or describes as offensive."""
    for (pos, offset), synset in wordnet.synsets.items():
        domains = [(p.source, wordnet.synsets[p.synset].words[0]) for p in synset.pointers if p.symbol == ";u"]
        described = re.match(r"\((ethnic slur|obscene|offensive|disparaging)\b", synset.gloss) is not None
        for place, word in enumerate(synset.words, 1):
            marked = any(domain in ABUSE and source in (0, place) for source, domain in domains)
            if (marked or described) and " " not in word and wordnet.rank(pos, word, offset) == 1:
                yield word.lower()


def _below(wordnet: WordNet, word: str) -> Iterator[tuple[str, str]]:
    """The synsets of a noun and all their hyponyms."""
    queue = [("n", offset) for offset in wordnet.senses["n", word]]
    while queue:
        yield (synset := queue.pop())
        queue += [p.synset for p in wordnet.synsets[synset].pointers if p.symbol in ("~", "~i")]


def conceptnet_lines(path: Path) -> list[str]:
    """Lines of the ConceptNet 4 file, plain or gzipped, once its digest is right."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if (found := hashlib.sha256(raw).hexdigest()) != CONCEPTNET_SHA256:
        raise FormatError(path, f"sha256 is {found}, not {CONCEPTNET_SHA256}", fix="Fetch the file of Divisi2 2.2.0.")
    return raw.decode("utf-8").splitlines()


def write_table(path: Path, columns: dict[str, pa.Array], fronted: tuple[str, ...]) -> None:
    """Writes one parquet file; the fronted columns store what each value adds to the one before."""
    with storage.create(path) as file:
        pq.write_table(
            pa.table(columns),
            file,
            compression="zstd",
            compression_level=19,
            use_dictionary=[name for name in columns if name not in fronted],
            column_encoding=dict.fromkeys(fronted, "DELTA_BYTE_ARRAY"),
            row_group_size=1 << 20,
            data_page_size=1 << 24,
            dictionary_pagesize_limit=1 << 26,
            write_statistics=False,
            store_schema=False,
        )


def write_facts(folder: Path, graph: Graph, aliases: dict[tuple[str, str], float]) -> dict[str, Any]:
    """Writes the three tables, sorted, and returns their counts."""
    rows = sorted(graph.rows, key=lambda row: (row[2], row[1], *row))
    source, relation, target, weight, origin, sense = zip(*rows, strict=True)
    licences = {"ConceptNet 4": "CC BY-SA 3.0", "WordNet 3.0": "WordNet 3.0"}
    text = pa.string()
    write_table(
        folder / "assertions.parquet",
        {
            "source": pa.array(source, text),
            "relation": pa.array(relation, text),
            "target": pa.array(target, text),
            "weight": pa.array(weight, pa.int32()),
            "origin": pa.array(origin, text),
            "licence": pa.array([licences[name] for name in origin], text),
            "sense": pa.array(sense, text),
            "surface": pa.array([""] * len(rows), text),
        },
        fronted=("target",),
    )
    names = {*source, *target}
    best = {name: best_label(graph.labels[name]) for name in sorted(names)}
    labels = {name: label for name, label in best.items() if label != default_label(name)}
    write_table(
        folder / "concepts.parquet",
        {"key": pa.array(labels.keys(), text), "label": pa.array(labels.values(), text)},
        fronted=("key", "label"),
    )
    listed = sorted((form, name, prior) for (form, name), prior in aliases.items() if name in names)
    form, name, prior = zip(*listed, strict=True)
    write_table(
        folder / "aliases.parquet",
        {"form": pa.array(form, text), "key": pa.array(name, text), "prior": pa.array(prior, pa.float32())},
        fronted=("form", "key"),
    )
    return {
        "assertions": len(rows),
        "by origin": dict(Counter(origin)),
        "by relation": dict(Counter(relation)),
        "concepts": len(names),
        "labels that differ from their keys": len(labels),
        "aliases": len(listed),
    }


def best_label(labels: Counter[str]) -> str:
    """The label used most; of equals, the first in byte order."""
    return min(labels, key=lambda label: (-labels[label], label))


def write_lemmas(path: Path, lemmas: Iterable[tuple[str, str]]) -> None:
    """Writes inflected forms with their lemmas, one pair a line."""
    text = "".join(f"{form}\t{lemma}\n" for form, lemma in sorted(set(lemmas)))
    storage.write_bytes(path, gzip.compress(text.encode("utf-8"), 9, mtime=0))


def sources(wordnet: Path) -> list[dict[str, Any]]:
    """Where the facts come from, with digests and licences."""
    files = [f"{kind}.{name}" for name in FILES.values() for kind in ("data", "index")]
    files += [f"{name}.exc" for name in FILES.values()]
    digests = {name: hashlib.sha256((wordnet / name).read_bytes()).hexdigest() for name in sorted(files)}
    return [
        {
            "name": "ConceptNet 4",
            "file": "conceptnet_big_en.graph of the Divisi2 2.2.0 source distribution",
            "sha256": {"conceptnet_big_en.graph": CONCEPTNET_SHA256},
            "licence": "CC BY-SA 3.0",
            "attribution": "Open Mind Common Sense project, MIT Media Lab, and its contributors",
        },
        {
            "name": "WordNet 3.0",
            "file": "database files",
            "sha256": digests,
            "licence": "WordNet 3.0",
            "attribution": "WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved.",
        },
    ]


def main() -> None:
    """Reads both sources and writes everything below the data package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conceptnet", type=Path, help="conceptnet_big_en.graph, plain or .gz")
    parser.add_argument("wordnet", type=Path, help="WordNet's folder of database files")
    parser.add_argument("-o", "--out", type=Path, default=kg_data.path(), help="folder of the data package")
    arguments = parser.parse_args()
    wordnet = WordNet(arguments.wordnet)
    graph = Graph(wordnet)
    lines = conceptnet_lines(arguments.conceptnet)
    graph.add_conceptnet(lines)
    forms = Forms(wordnet, graph.labels, key)
    graph.add_wordnet(forms)
    folder = arguments.out / "facts"
    counts = write_facts(folder, graph, forms.aliases(graph.degrees()))
    write_lemmas(arguments.out / "lemmas.tsv.gz", forms.lemmas())
    names = ("assertions.parquet", "concepts.parquet", "aliases.parquet")
    storage.write_json(
        folder / "facts.json",
        {
            "format": 1,
            "sources": sources(arguments.wordnet),
            "counts": counts,
            "dropped": {"lines read": len(lines), "repeated line": len(lines) - len(set(lines)), **graph.dropped},
            "digests": {name: storage.digest(folder / name) for name in names},
        },
    )


if __name__ == "__main__":
    main()
