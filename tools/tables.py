"""Write the results from docs/results.jsonl: a table into the README, and all benchmarks into docs/results.md.

python -m tools.tables
"""

from __future__ import annotations

from kgreason import storage
from kgreason.bench.benches import BENCHES
from kgreason.bench.rows import Book
from kgreason.bench.tables import markdown
from tools import measure_pretraining, results

BEGIN, END = "<!-- results: python -m tools.tables -->", "<!-- end of results -->"
README, PAGE = results.ROOT / "README.md", results.ROOT / "docs" / "results.md"
HEAD = """# Results

Made by `python -m tools.tables` from [results.jsonl](results.jsonl), where every row stands with its commit and
command. Accuracy of open questions is hits at 1. The arm `mini` is the shipped model, not trained on the set; `K` was
trained on it. Intervals draw whole clusters (questions of one concept, topic or text); an arm that reads the graph is
shown only beside its controls.

The tests of MetaQA and PathQuestion are not untouched. Trial runs had been scored on samples of MetaQA's before the
settings were settled; the quiz that `mini` learns from got nested steps and possessives after questions of both had
been read, and verbs after a sample of MetaQA's test had been scored (see [log.md](log.md)).
"""
ROWS = {
    "mini CommonsenseQA dev": "CommonsenseQA, accuracy",
    "mini OpenBookQA dev": "OpenBookQA, accuracy",
    "mini LingNLI dev": "LingNLI, accuracy",
    "mini SST-2 dev": "SST-2, accuracy",
    "mini Ekman macro-F1 dev": "GoEmotions in Ekman's six and neutral, macro-F1",
    "mini EmoBank Pearson dev": "EmoBank, mean correlation",
}
#: What was tried, and what it gave; what has not surely gained is not on by default.
TRIED = {
    measure_pretraining.CLAIM: "CommonsenseQA: M trained first on questions of the graph",
    "SST-2 dev, a tenth of the labels, active - random": "SST-2, a tenth of the labels: chosen by margin",
    "SST-2 dev, a tenth of the labels, self-trained - plain": "the same: self-training",
    "SST-2 dev, a tenth of the labels, short to long - shuffled": "the same: from short to long",
    "SST-2 dev, a tenth of the labels, 5 members together - mean member": "the same: five models together",
    "SST-2 dev, a tenth of the labels, one distilled from them - mean member": "the same: one distilled from them",
    "SST-2 dev, accuracy with the penalty for bias - plain": "SST-2: a penalty for bias",
}


def table() -> str:
    """The newest row of each figure."""
    lines = ["| dev set | n | with the graph | text alone | 95 % | measured at |", "| --- " * 6 + "|"]
    for claim, shown in ROWS.items():
        if row := results.latest(claim):
            low, high = row["ci95"]
            figures = f"{row['value']:.1f} | {row['text']:.1f} | {low:.1f}–{high:.1f}"
            lines.append(f"| {shown} | {row['n']:,} | {figures} | {row['commit'].rstrip('+')} |")
    return "\n".join(lines)


def tried() -> str:
    """What practices gained over the same run without them."""
    lines = ["| practice | n | points | 95 % |", "| --- " * 4 + "|"]
    for claim, shown in TRIED.items():
        if row := results.latest(claim):
            low, high = row["ci95"]
            lines.append(f"| {shown} | {row['n']:,} | {row['value']:+.2f} | {low:+.2f} to {high:+.2f} |")
    return "\n".join(lines)


def page() -> str:
    """Tables of all benchmarks that have rows."""
    book = Book(results.RESULTS)
    parts = [markdown(bench, book.alike(name)) for name, bench in BENCHES.items()]
    dev = "## `mini` on dev sets", table(), "## Practices of training, each beside the same run without it", tried()
    return "\n\n".join([HEAD.rstrip(), *dev, "## Benchmarks", *filter(None, parts)]) + "\n"


def main() -> None:
    """Replace what stands between the marks, and the page."""
    storage.write_text(PAGE, page())
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    storage.write_text(README, f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
