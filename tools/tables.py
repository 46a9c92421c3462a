"""Write the table of results into the README from docs/results.jsonl.

python -m tools.tables
"""

from __future__ import annotations

from kgreason import storage
from tools import results

BEGIN, END = "<!-- results: python -m tools.tables -->", "<!-- end of results -->"
README = results.ROOT / "README.md"
ROWS = {
    "mini CommonsenseQA dev": "CommonsenseQA, accuracy",
    "mini OpenBookQA dev": "OpenBookQA, accuracy",
    "mini LingNLI dev": "LingNLI, accuracy",
    "mini SST-2 dev": "SST-2, accuracy",
    "mini Ekman macro-F1 dev": "GoEmotions in Ekman's six and neutral, macro-F1",
    "mini EmoBank Pearson dev": "EmoBank, mean correlation",
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


def main() -> None:
    """Replace what stands between the marks."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    storage.write_text(README, f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
