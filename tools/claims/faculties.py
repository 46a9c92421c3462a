"""What we claim of the faculties beside the graph: emotion, logic, long texts, and Chinese.

The figures took long to measure and are read from docs/results.jsonl, where ``kgreason bench lexical`` and the modules
``tools.measure_mini``, ``measure_emotion``, ``measure_logic``, ``measure_context`` and ``measure_chinese`` write them.
"""

from __future__ import annotations

from functools import partial

from kgreason.bench.rows import PLAIN
from tools.claims.claim import Claim, Target, at_least, at_most, recorded
from tools.claims.yardstick import difference
from tools.measure_chinese import LINKS
from tools.measure_context import KEY, LINEAR, MEMORY, NEEDLE
from tools.measure_emotion import DEGREE, TURN, UNSEEN

__all__ = ["CLAIMS"]

_CHAINS = (
    "logic, stories, family, own wordings",
    "logic, stories, family, other wordings",
    "logic, CLUTRR, 5 steps or more",
)
_WORDS = ("lexical", "words never seen")
_TASKS: dict[str, Target] = {
    "mini SST-2 dev": at_least(89, "%"),
    "mini Ekman macro-F1 dev": at_least(55, "%"),
    "mini EmoBank Pearson dev": at_least(55, "%"),
    "mini LingNLI dev": at_least(67, "%"),
    f"mini, {NEEDLE}": at_least(90, "%"),
    f"mini, {KEY}": at_least(90, "%"),
    f"mini, {LINEAR}": at_most(1.15, "times"),
    f"mini, {MEMORY}": at_most(4, "GB"),
    "multilingual, Chinese, waimai10k-zh": at_least(86, "%"),
    "multilingual, Chinese, chnsenticorp-htl-zh": at_least(88, "%"),
    f"multilingual, {LINKS}": at_least(80, "%"),
}

CLAIMS = [
    *(Claim(name, target, recorded(name)) for name, target in _TASKS.items()),
    *(Claim(name, target, recorded(f"mini, {name}"))
      for name, target in ((UNSEEN, at_least(5, "points")), (DEGREE, at_least(85, "%")), (TURN, at_least(85, "%")))),
    Claim("multilingual, Chinese CommonsenseQA, graph - text, lower end", at_least(0, "points"),
          recorded("multilingual, Chinese, commonsenseqa-zh dev, not trained on", figure=lambda row: row["gain95"][0])),
    Claim("CommonsenseQA in-house, mini - single-task text, lower end", at_least(-3, "points"),
          partial(difference, "csqa", "in-house test", ("mini", PLAIN), ("T", PLAIN), lower=True)),
    Claim("lexical entailment, graph - text", at_least(8, "points"),
          partial(difference, *_WORDS, ("T+L", PLAIN), ("T", PLAIN))),
    *(Claim(f"{name}, stated − text", at_least(20, "points"), recorded(name)) for name in _CHAINS),
    *(Claim(f"{name} violations, fewer with rules", at_least(100 / 3, "%"), recorded(f"logic, consistency, {name}"))
      for name in ("negation", "symmetry", "transitivity")),
    Claim("accuracy with rules", at_least(-0.5, "points"), recorded("logic, consistency, accuracy")),
    *(Claim(f"{name}, change by reading", at_least(-0.5, "points"), recorded(f"logic, harm, {name}"))
      for name in ("commonsenseqa", "openbookqa", "lingnli", "sst2")),
]  # fmt: skip
