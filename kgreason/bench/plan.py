"""Which rows a benchmark wants: forms of an arm are chosen on the fold for tuning, then every fold is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, cast, get_args

from kgreason.bench.arms import ARMS, TEXT, Arm, Form, arm
from kgreason.bench.benches import Bench
from kgreason.bench.controls import control
from kgreason.bench.rows import PLAIN, Row
from kgreason.errors import InputError
from kgreason.nn.batch import Reading

__all__ = ["Entries", "Request", "chosen", "expected_seconds", "form_of", "text_row", "wanted"]

Entries = Mapping[Row, Mapping[str, Any]]


@dataclass(frozen=True)
class Request:
    """What is asked of a benchmark.

    Args:
        arms: by name, or by name and variant, ``T:joint``; all where empty.
        seeds: of everything random. Other arms than the text model and K run with the first, and so do controls.
        folds: all that are scored where empty.
        controls: instead of the benchmark's; none of them where it is ``("plain",)``.
        every_seed: controls and baselines run with every seed too.
    """

    arms: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1, 2, 3)
    folds: tuple[str, ...] = ()
    controls: tuple[str, ...] | None = None
    every_seed: bool = False


def wanted(bench: Bench, label: str, request: Request, entries: Entries) -> list[Row]:
    """All rows of a request, in the order in which they are to be run.

    Args:
        bench: the benchmark.
        label: what rows call it.
        request: what is asked.
        entries: what is measured already; it decides which forms are scored.

    Raises:
        InputError: there is no such arm, variant, fold or control.
    """
    for fold in request.folds:
        if fold not in (*bench.folds, bench.tune):
            known = ", ".join((*bench.folds, bench.tune))
            raise InputError(f"{bench.name} has no fold {fold!r}", fix=f"Use some of {known}.")
    asked = [_asked(name) for name in request.arms or bench.arms]
    if any(each.on_text for each, _ in asked) and not any(each.name == TEXT for each, _ in asked):
        asked.insert(0, (ARMS[TEXT], ""))
    found: list[Row] = []
    reading = ""
    scored: list[tuple[Arm, str]] = []
    for each, variant in asked:
        names = _variants(each, reading) if not variant else [_variant(each, variant, reading)]
        tuning = [Row(label, each.name, name, PLAIN, bench.tune, request.seeds[0]) for name in names]
        if len(names) > 1:
            found += tuning
        best = chosen(entries, tuning)
        reading = best if each.name == TEXT else reading
        scored.append((each, best))
    return list(dict.fromkeys([*found, *_scored(bench, label, request, scored)]))


def _scored(bench: Bench, label: str, request: Request, arms: Sequence[tuple[Arm, str]]) -> list[Row]:
    """Seed by seed: every arm on every fold with what its model tells at once; then the runs of its controls."""
    found: list[Row] = []
    folds = request.folds or bench.folds
    for seed in request.seeds:
        later: list[Row] = []
        first = seed == request.seeds[0] or request.every_seed
        for each, variant in arms:
            if not (first or each.main):
                continue
            names = (bench.controls if request.controls is None else request.controls) if each.claims else ()
            for fold in folds:
                found.append(Row(label, each.name, variant, PLAIN, fold, seed))
                for name in names if first else ():
                    row = Row(label, each.name, variant, name, fold, seed)
                    (later if control(name).own_run else found).append(row)
        found += later
    return found


def chosen(entries: Entries, tuning: Sequence[Row]) -> str:
    """The variant of the highest figure on the fold for tuning; the first until all are measured."""
    if any(row not in entries for row in tuning):
        return tuning[0].variant
    return max(tuning, key=lambda row: entries[row]["value"]).variant


def form_of(row: Row) -> tuple[Form, Reading]:
    """The form that a row's variant names, and how M reads."""
    forms = arm(row.arm).forms
    if row.variant in forms and (form := forms[row.variant]).reading is not None:
        return form, form.reading
    reading, _, name = row.variant.partition(".")
    if name not in forms or reading not in get_args(Reading):
        raise InputError(f"{row.arm} has no variant {row.variant!r}", fix="See --dry-run for the rows there are.")
    return forms[name], cast(Reading, reading)


def text_row(row: Row) -> Row:
    """The text model that a row stands on."""
    return Row(row.bench, TEXT, form_of(row)[1], PLAIN, row.fold, row.seed)


def expected_seconds(row: Row, entries: Entries) -> float | None:
    """What rows like this one took, or None."""
    alike = [
        float(entry["seconds"])
        for other, entry in entries.items()
        if (other.bench, other.arm, control(other.control).own_run, _scores_only(other))
        == (row.bench, row.arm, control(row.control).own_run, _scores_only(row))
    ]
    return median(alike) if alike else None


def _scores_only(row: Row) -> bool:
    return row.control != PLAIN and not control(row.control).own_run


def _asked(text: str) -> tuple[Arm, str]:
    name, _, variant = text.partition(":")
    return arm(name), variant


def _variants(each: Arm, reading: str) -> list[str]:
    return [_variant(each, name, reading) for name in each.forms]


def _variant(each: Arm, name: str, reading: str) -> str:
    """The name of a form in rows: those that stand on a text model bear its reading."""
    if name not in each.forms:
        known = ", ".join(filter(None, each.forms)) or "none"
        raise InputError(f"{each.name} has no variant {name!r}", fix=f"Its variants: {known}.")
    if each.forms[name].reading is not None:
        return name
    return f"{reading}.{name}" if name else reading
