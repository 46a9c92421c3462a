"""The public data sets known by name: their files, licence and reader, in one table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from kgreason.errors import FormatError, InputError
from kgreason.records import Question, Task
from kgreason.tasks import choice, emotion, entailment, reading
from kgreason.tasks import open as open_
from kgreason.tasks.files import BROKEN, Reader, data_home, each, find, json_lines, json_list, table
from kgreason.tasks.samples import read_samples

__all__ = ["ADAPTERS", "Adapter", "Split", "adapter", "load", "names"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Split:
    """One split of a data set.

    Args:
        files: ``folder/file`` patterns below the folder of data sets; ``.gz`` may follow.
        read: from the files to questions; None for a row without a gold label.
    """

    files: tuple[str, ...]
    read: Reader


@dataclass(frozen=True, slots=True)
class Adapter:
    """A public data set.

    Args:
        name: what :func:`kgreason.tasks.load` knows it by.
        task: which of the four tasks.
        licence: of the data, in words.
        trainable: whether that licence lets weights trained on it be passed on freely.
        splits: by name.
    """

    name: str
    task: Task
    licence: str
    trainable: bool
    splits: Mapping[str, Split]


def _splits(read: Reader, **files: str) -> dict[str, Split]:
    """Splits that one reader reads, from ``folder/file folder/file`` each."""
    return {name: Split(tuple(patterns.split()), read) for name, patterns in files.items()}


_CSQA = "commonsenseqa/train_rand_split.jsonl commonsenseqa-inhouse/inhouse_split_qids.txt"
_CSQA_ZH = "commonsenseqa-zh/train_rand_split_zh.jsonl commonsenseqa-inhouse/inhouse_split_qids.txt"
_COMVE = {part: f"comve/{part}.csv" for part in ("train", "dev", "test")}
_GOEMOTIONS = {part: f"goemotions/{part}.tsv goemotions/labels.txt" for part in ("train", "dev", "test")}


def _metaqa(hops: int) -> Adapter:
    dev, test = (
        tuple(f"metaqa/{kind}_{hops}hop_{part}.txt" for kind in ("qa", "qtype", "oracle_ok", "template_heldout"))
        for part in ("dev", "test")
    )
    return Adapter(f"metaqa-{hops}hop", "open", "Creative Commons, which one is not stated", False,
                   {"train": Split(dev, partial(open_.metaqa_dev, hops=hops, held_out=False)),
                    "dev": Split(dev, partial(open_.metaqa_dev, hops=hops, held_out=True)),
                    "test": Split(test[:3], partial(open_.metaqa, hops=hops)),
                    "wordings": Split(test, partial(open_.metaqa_wordings, hops=hops))})  # fmt: skip


def _pathquestion(name: str, file: str, hops: int) -> Adapter:
    files = (f"pathquestion/{file}", "pathquestion/topic_split.tsv")
    return Adapter(name, "open", "no licence stated; content of Freebase (CC BY)", False,
                   {split: Split(files, partial(open_.pathquestion, split=split, hops=hops))
                    for split in ("train", "dev", "test")})  # fmt: skip


def _boardgameqa(depth: int) -> Adapter:
    files = {split: f"boardgameqa/main_depth{depth}_{part}.json"
             for split, part in (("train", "train"), ("dev", "valid"), ("test", "test"))}  # fmt: skip
    return Adapter(
        f"boardgameqa-depth{depth}", "choice", "CC BY 4.0", True, _splits(each(json_list, reading.boardgameqa), **files)
    )


def _clutrr(lengths: str) -> Adapter:
    files = {split: f"clutrr/gen_train{lengths}_test2to10_{part}.json"
             for split, part in (("dev", "validation"), ("test", "test"))}  # fmt: skip
    return Adapter(
        f"clutrr-{lengths}", "choice", "CC BY-NC 4.0", False, _splits(each(json_lines, reading.clutrr), **files)
    )


def _reviews_zh(name: str, file: str) -> Adapter:
    return Adapter(name, "emotion", "no licence stated; research use", False,
                   {split: Split((f"{name}/{file}",), each(table, partial(emotion.review_zh, split=split)))
                    for split in ("train", "dev", "test")})  # fmt: skip


_TABLE = (
    Adapter("arc-challenge", "choice", "CC BY-SA 4.0", True,
            _splits(choice.arc, train="arc/arc_challenge_train.json", test="arc/arc_challenge_test.json")),
    Adapter("arc-easy", "choice", "CC BY-SA 4.0", True, _splits(choice.arc, train="arc/arc_easy_train.json")),
    Adapter("arlsat", "choice", "MIT; of the exam's own questions not stated", False,
            _splits(each(json_list, reading.logic_lm),
                    **{part: f"logic-llm-sets/arlsat_{part}.json" for part in ("train", "dev", "test")})),
    _boardgameqa(1),
    _boardgameqa(2),
    Adapter("c3-zh", "choice", "non-commercial research", False,
            _splits(each(json_list, reading.c3), train="c3-zh/c3-m-train.json c3-zh/c3-d-train.json",
                    dev="c3-zh/c3-m-dev.json c3-zh/c3-d-dev.json")),
    _reviews_zh("chnsenticorp-htl-zh", "ChnSentiCorp_htl_all.csv"),
    _clutrr("23"),
    _clutrr("234"),
    Adapter("commonsenseqa", "choice", "MIT", True,
            {**_splits(partial(choice.commonsenseqa_inhouse, listed=True), train=_CSQA),
             **_splits(choice.commonsenseqa, dev="commonsenseqa/dev_rand_split.jsonl"),
             **_splits(partial(choice.commonsenseqa_inhouse, listed=False), test=_CSQA)}),
    Adapter("commonsenseqa-zh", "choice", "MIT; a machine translation", True,
            {**_splits(partial(choice.commonsenseqa_inhouse, listed=True, language="zh"), train=_CSQA_ZH),
             **_splits(partial(choice.commonsenseqa, language="zh"), dev="commonsenseqa-zh/dev_rand_split_zh.jsonl"),
             **_splits(partial(choice.commonsenseqa_inhouse, listed=False, language="zh"), test=_CSQA_ZH)}),
    Adapter("comve-explanation", "choice", "CC BY-SA 4.0", True,
            _splits(each(table, choice.comve_explanation), **_COMVE)),
    Adapter("comve-validation", "choice", "CC BY-SA 4.0", True,
            _splits(each(table, choice.comve_validation), **_COMVE)),
    Adapter("conjnli", "entailment", "MIT", True,
            _splits(each(table, entailment.conjnli), train="conjnli/adversarial_train_15k.tsv",
                    dev="conjnli/conj_dev.tsv")),
    Adapter("ecare", "choice", "MIT", True, _splits(choice.ecare, train="ecare/train.jsonl", dev="ecare/dev.jsonl")),
    Adapter("emobank", "emotion", "CC BY-SA 4.0", True,
            {split: Split(("emobank/emobank.csv",), partial(emotion.emobank, split=split))
             for split in ("train", "dev", "test")}),
    Adapter("emocontext", "emotion", "research use", False,
            _splits(each(table, emotion.emocontext), train="emocontext2019/train.txt", test="emocontext2019/test.txt")),
    Adapter("explagraphs", "entailment", "MIT", True,
            _splits(each(partial(table, columns=("belief", "argument", "stance", "graph")), entailment.explagraphs),
                    train="explagraphs/train.tsv", dev="explagraphs/dev.tsv")),
    Adapter("folio", "entailment", "CC BY-SA 4.0", True,
            _splits(each(json_lines, entailment.folio), train="folio/folio-train.jsonl",
                    dev="folio/folio-validation.jsonl")),
    Adapter("goemotions", "emotion", "Apache-2.0", True, _splits(emotion.goemotions_ekman, **_GOEMOTIONS)),
    Adapter("goemotions-full", "emotion", "Apache-2.0", True, _splits(emotion.goemotions, **_GOEMOTIONS)),
    Adapter("help-nli", "entailment", "CC BY-SA 4.0", True,
            _splits(each(table, entailment.help_nli), train="help-nli/leskexppmb_and.tsv help-nli/leskexppmb_or.tsv")),
    Adapter("isear", "emotion", "research use; no licence file", False,
            _splits(emotion.isear, train="isear/ISEAR.csv")),
    Adapter("leval-coursera", "choice", "GPL-3.0", False,
            _splits(each(json_lines, reading.coursera), test="leval-long/coursera.jsonl")),
    Adapter("leval-quality", "choice", "CC BY 4.0; as put together GPL-3.0", False,
            _splits(each(json_lines, reading.quality), test="leval-long/quality.jsonl")),
    Adapter("leval-scifi", "choice", "GPL-3.0", False,
            _splits(each(json_lines, reading.sci_fi), test="leval-long/sci_fi.jsonl")),
    Adapter("lingnli", "entailment", "no licence file; premises from MultiNLI", False,
            _splits(entailment.lingnli, train="lingnli/train_*.jsonl", dev="lingnli/val_*.jsonl")),
    Adapter("logicaldeduction", "choice", "MIT", True,
            _splits(each(json_list, reading.logic_lm), train="logic-llm-sets/logicaldeduction_train.json",
                    dev="logic-llm-sets/logicaldeduction_dev.json")),
    Adapter("logiqa", "choice", "no licence file; research use", False,
            _splits(each(reading.logiqa_items, reading.logiqa), dev="logiqa/Eval.txt")),
    Adapter("logiqa-zh", "choice", "no licence file; research use", False,
            _splits(each(reading.logiqa_items, partial(reading.logiqa, language="zh")), dev="logiqa/zh_eval.txt",
                    test="logiqa/zh_test.txt")),
    *(_metaqa(hops) for hops in (1, 2, 3)),
    Adapter("nlpcc2016-kbqa-zh", "open", "no licence stated", False,
            _splits(each(open_.nlpcc_blocks, open_.nlpcc_kbqa),
                    train="nlpcc2016-kbqa-zh/nlpcc-iccpol-2016.kbqa.training-data",
                    test="nlpcc2016-kbqa-zh/nlpcc-iccpol-2016.kbqa.testing-data")),
    Adapter("ocnli-zh", "entailment", "CC BY-NC 2.0", False,
            _splits(each(json_lines, entailment.ocnli), train="ocnli-zh/train.10k.json", dev="ocnli-zh/dev.json")),
    Adapter("openbookqa", "choice", "Apache-2.0", True,
            _splits(choice.lettered, **{part: f"openbookqa/{part}.jsonl" for part in ("train", "dev", "test")})),
    _pathquestion("pathquestion-2hop", "PQ-2H.txt", 2),
    _pathquestion("pathquestion-3hop", "PQ-3H.txt", 3),
    _pathquestion("pathquestion-large-2hop", "PQL-2H.txt", 2),
    _pathquestion("pathquestion-large-3hop", "PQL-3H.txt", 3),
    Adapter("piqa", "choice", "Academic Free License 3.0", True,
            _splits(choice.piqa, dev="piqa/valid.jsonl piqa/valid-labels.lst")),
    Adapter("prontoqa", "entailment", "MIT", True,
            _splits(each(json_list, entailment.prontoqa), dev="logic-llm-sets/prontoqa_dev.json")),
    Adapter("proofwriter", "entailment", "CC BY 4.0", True,
            _splits(each(json_list, entailment.proofwriter),
                    **{part: f"logic-llm-sets/proofwriter_{part}.json" for part in ("train", "dev", "test")})),
    Adapter("rte", "entailment", "GLUE, research use", False,
            _splits(entailment.rte, train="rte/train.tsv", dev="rte/validation.tsv")),
    Adapter("sick", "entailment", "CC BY-NC-SA 3.0", False,
            _splits(entailment.sick, train="sick/SICK_train.txt", dev="sick/SICK_trial.txt",
                    test="sick/SICK_test_annotated.txt")),
    Adapter("snli-dev", "entailment", "CC BY-SA 4.0", True, _splits(entailment.snli, dev="snli-dev/validation.tsv")),
    Adapter("socialiqa", "choice", "CC BY 4.0", True,
            _splits(choice.socialiqa, train="socialiqa/train.jsonl socialiqa/train-labels.lst",
                    dev="socialiqa/dev.jsonl socialiqa/dev-labels.lst")),
    Adapter("sst2", "emotion", "research use", False,
            _splits(emotion.sst2, train="sst2/train.tsv", dev="sst2/dev.tsv", test="sst2/glue_dev_as_test.tsv")),
    Adapter("strategyqa", "choice", "MIT", True,
            _splits(each(json_lines, choice.strategyqa), train="strategyqa/train.json", dev="strategyqa/dev.json")),
    _reviews_zh("waimai10k-zh", "waimai_10k.csv"),
)  # fmt: skip

#: Every known data set by name.
ADAPTERS: Mapping[str, Adapter] = {entry.name: entry for entry in _TABLE}


def names() -> tuple[str, ...]:
    """Names of the known data sets.

    Example:
        >>> "commonsenseqa" in names()
        True
    """
    return tuple(ADAPTERS)


def adapter(name: str) -> Adapter:
    """The data set of a name.

    Raises:
        InputError: no data set has the name; near ones are given.
    """
    if name not in ADAPTERS:
        near = get_close_matches(name, ADAPTERS, n=3) or list(ADAPTERS)
        raise InputError(f"{name!r} is neither a file nor a known data set", fix=f"Known are: {', '.join(near)}.")
    return ADAPTERS[name]


def load(source: str | Path, split: str | None = None, *, data: str | Path | None = None) -> list[Question]:
    """The questions of a file, or of one split of a known data set.

    Args:
        source: one of :func:`names`, or a file as :func:`kgreason.tasks.read_samples` reads it.
        split: one of the set's splits; none for a file.
        data: the folder of data sets; without it, the environment variable KGREASON_DATA names it.

    Returns:
        The questions, in the order of the files. Rows without a gold label are left out of a data set; their number
        is logged.

    Raises:
        InputError: unknown name or split, a split for a file, or a data set whose files are not there.
        FormatError: a file that is not what it should be.
    """
    if isinstance(source, str) and (source in ADAPTERS or not Path(source).is_file()):
        return _load_set(adapter(source), split, data)
    if split is not None:
        raise InputError(f"split {split!r} is given for the file {source}", fix="Leave the split out.")
    return read_samples(source)


def _load_set(entry: Adapter, split: str | None, data: str | Path | None) -> list[Question]:
    if split is None or split not in entry.splits:
        raise InputError(f"{entry.name} has no split {split!r}", fix=f"Its splits are: {', '.join(entry.splits)}.")
    part = entry.splits[split]
    files = find(data_home(data), part.files)
    try:
        rows = list(part.read(files))
    except BROKEN as error:
        raise FormatError(
            files[0], f"is not as {entry.name} is published ({error!r})", fix="Fetch the file again from its authors."
        ) from error
    questions = [question for question in rows if question is not None]
    if len(questions) < len(rows):
        _log.info("%s %s: %d rows without a gold label left out", entry.name, split, len(rows) - len(questions))
    return questions
