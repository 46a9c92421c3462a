"""A diagnosis as one HTML page, without script: tables, bars and curves are in it, and nothing is fetched.

Bars are drawn as SVG within the page. Every text that comes from samples is escaped, and the page's own policy lets no
script run and no address be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kgreason.pictures.page import asset, escaped, framed, isolated

if TYPE_CHECKING:
    from kgreason.evaluation.findings import Calibration, Diagnosis, Effect, Slice, Wrong

__all__ = ["diagnosis_page", "in_words"]

#: What the letters of faculties stand for.
_OFF = {
    "K": "K: no graph",
    "E": "E: no affect",
    "C": "C: no context, options apart",
    "R": "R: no proofs",
}
_SIDE, _MARGIN = 200, 20


def in_words(weakness: Slice | None) -> str:
    """A weakness as a sentence.

    Example:
        >>> in_words(None)
        'No phenomenon is surely weaker than the rest of its file.'
    """
    if weakness is None:
        return "No phenomenon is surely weaker than the rest of its file."
    low, high = (_points(end) for end in weakness.ends)
    return (
        f"Weakest: {weakness.phenomenon} in {weakness.file}. {weakness.accuracy:.1%} of {weakness.n:,} samples "
        f"are right, {_points(weakness.difference)} points against the rest of the file ({low} to {high})."
    )


def diagnosis_page(found: Diagnosis, title: str) -> str:
    """The page, to be written to a file as UTF-8.

    Args:
        found: what :func:`kgreason.evaluation.diagnose` returned.
        title: of the page.

    Returns:
        HTML.
    """
    left_out = f" {found.left_out:,} samples name no right option and are left out." if found.left_out else ""
    curves = "".join(map(_curve, found.calibration))
    sections = (
        ("Accuracy", _results(found)),
        ("By phenomenon, weakest first", _slices(found)),
        ("Faculties switched off", _effects(found.faculties, "Off")),
        ("Changed samples", _effects(found.robustness, "Change")),
        ("Calibration", f'<div class="curves">{curves}</div>' if curves else ""),
        ("Surest wrong answers", "\n".join(map(_wrong, found.worst))),
    )
    note = (
        "Intervals are at 95 %, those of phenomena for all of them together. A weakness is named where the whole "
        f"interval of its difference lies below 0.{left_out}"
    )
    shown = [f"<h2>{head}</h2>\n{body or '<p>Nothing to show.</p>'}" for head, body in sections]
    lines = (
        f'<p class="text">{isolated(in_words(found.weakness))}</p>',
        f"<p>{escaped(note)}</p>",
        *(f"<section>\n{section}\n</section>" for section in shown),
    )
    return framed(title, "\n".join(lines), style=asset("diagnosis.css"))


def _results(found: Diagnosis) -> str:
    rows = (
        _row((r.file, r.task), (f"{r.n:,}", _percent(r.accuracy), _span(r.interval)), _share(r.accuracy, r.interval))
        for r in found.results
    )
    return _table(("File", "Task"), ("n", "Right, %", "95 %"), "Accuracy of every file", rows)


def _slices(found: Diagnosis) -> str:
    rows = (
        _row(
            (s.phenomenon, s.file),
            (f"{s.n:,}", _percent(s.accuracy), _percent(s.rest), _points(s.difference), _gap(s.ends)),
            _difference(s.difference, s.ends),
            sure=s.ends[1] < 0,
        )
        for s in found.slices
    )
    heads = ("n", "Right, %", "Rest, %", "Difference", "Interval")
    return _table(("Phenomenon", "File"), heads, "Samples that show a phenomenon, against the rest of their file", rows)


def _effects(effects: Sequence[Effect], kind: str) -> str:
    rows = (
        _row(
            (_OFF.get(e.change, e.change), e.file),
            (f"{e.n:,}", _percent(e.before), _percent(e.after), _points(e.difference), _gap(e.ends), _percent(e.kept)),
            _difference(e.difference, e.ends),
            sure=e.ends[1] < 0,
        )
        for e in effects
    )
    heads = ("n", "Before, %", "After, %", "Difference", "95 %", "Same choice, %")
    return _table((kind, "File"), heads, "The same samples before and after", rows)


def _table(names: Sequence[str], numbers: Sequence[str], caption: str, rows: Iterable[str]) -> str:
    """A table with a picture in its last column; nothing without rows."""
    body = "\n".join(rows)
    if not body:
        return ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    heads += "".join(f'<th scope="col" class="number">{name}</th>' for name in numbers)
    return (
        f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0">\n'
        f"<table>\n<caption>{caption}</caption>\n"
        f'<thead><tr>{heads}<th scope="col">Picture</th></tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>'
    )


def _row(names: Sequence[str], numbers: Sequence[str], picture: str, *, sure: bool = False) -> str:
    first, *others = map(isolated, names)
    cells = f'<th scope="row">{first}</th>' + "".join(f"<td>{name}</td>" for name in others)
    cells += "".join(f'<td class="number">{number}</td>' for number in numbers)
    opened = '<tr class="sure">' if sure else "<tr>"
    return f"{opened}{cells}<td>{picture}</td></tr>"


def _share(value: float, ends: tuple[float, float]) -> str:
    """A bar from 0 to 1 with its interval."""
    low, high = (_SIDE * end for end in ends)
    return (
        f'<svg class="bar" viewBox="0 0 {_SIDE} 16" role="img" aria-label="{_percent(value)} percent">'
        f'<rect class="share" width="{_SIDE * value:.1f}" height="16"/>'
        f'<path class="axis" d="M0 15.5H{_SIDE}"/><path class="span" d="M{low:.1f} 8H{high:.1f}"/>'
        f'<circle class="dot" cx="{_SIDE * value:.1f}" cy="8" r="4"/></svg>'
    )


def _difference(value: float, ends: tuple[float, float]) -> str:
    """A difference from −1/2 to 1/2 with its interval; what lies farther out is cut."""
    place = [_SIDE * (0.5 + max(-0.5, min(0.5, each))) for each in (*ends, value)]
    return (
        f'<svg class="bar" viewBox="0 0 {_SIDE} 16" role="img" aria-label="{_points(value)} points">'
        f'<path class="axis" d="M{_SIDE / 2:.0f} 0V16M0 15.5H{_SIDE}"/>'
        f'<path class="span" d="M{place[0]:.1f} 8H{place[1]:.1f}"/>'
        f'<circle class="dot" cx="{place[2]:.1f}" cy="8" r="4"/></svg>'
    )


def _curve(found: Calibration) -> str:
    """A reliability diagram; the area of a dot is its share of the samples."""
    size = _SIDE + 2 * _MARGIN
    low, high = _MARGIN, _MARGIN + _SIDE
    dots = "".join(
        f'<circle class="dot" cx="{low + _SIDE * each.confidence:.1f}" cy="{high - _SIDE * each.accuracy:.1f}" '
        f'r="{2 + 14 * (each.n / found.n) ** 0.5:.1f}" opacity=".7"/>'
        for each in found.bins
    )
    told = f"expected calibration error {100 * found.ece:.1f} points"
    return (
        f'<figure><svg class="curve" viewBox="0 0 {size} {size}" role="img" '
        f'aria-label="Accuracy by confidence; {told}">'
        f'<path class="axis" d="M{low} {low}V{high}H{high}M{low} {high}L{high} {low}"/>'
        f"{dots}</svg><figcaption>{isolated(found.file)}: {told} over {found.n:,}. Right: confidence; up: accuracy; "
        "on the line the two agree.</figcaption></figure>"
    )


def _wrong(found: Wrong) -> str:
    where = " · ".join((found.file, found.id, *found.phenomena))
    lines = "".join(f"<li>{isolated(line)}</li>" for line in found.evidence)
    evidence = f"<ul>{lines}</ul>" if lines else '<p class="soft">No evidence from the graph.</p>'
    return (
        f'<article>\n<p class="asked" dir="auto">{escaped(found.text)}</p>\n'
        f"<p>Chosen: {isolated(found.choice)} ({found.confidence:.1%}). Right: {isolated(found.right)}.</p>\n"
        f'<p class="soft">{isolated(where)}</p>\n'
        f"{evidence}\n</article>"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


def _span(ends: tuple[float, float]) -> str:
    return " to ".join(map(_percent, ends))


def _gap(ends: tuple[float, float]) -> str:
    return " to ".join(map(_points, ends))
