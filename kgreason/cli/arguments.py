"""Options that take several values, ``--options zoo desert oven``, in the one-value form that typer reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kgreason.errors import InputError

if TYPE_CHECKING:
    from kgreason.records import Triple

__all__ = ["factors", "mapping", "names", "spread", "triples"]

#: Options whose values run up to the next option.
MANY = frozenset({"--options"})
#: Options followed by one triple: source, relation, target.
TRIPLES = frozenset({"--add", "--remove"})


def spread(arguments: Sequence[str]) -> list[str]:
    r"""Rewrite options of several values.

    Args:
        arguments: what the user typed, after the program's name.

    Returns:
        The same with one value an option; the parts of a triple are joined by tabs.

    Example:
        >>> spread(["ask", "Where?", "--options", "zoo", "oven", "--json"])
        ['ask', 'Where?', '--options=zoo', '--options=oven', '--json']
        >>> spread(["--add", "penguin", "AtLocation", "oven"])
        ['--add=penguin\tAtLocation\toven']
    """
    return list(_spread(list(arguments)))


def _spread(rest: list[str]) -> Iterator[str]:
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            yield from [argument, *rest]
            return
        if argument not in MANY | TRIPLES:
            yield argument
            continue
        values: list[str] = []
        while rest and not _is_option(rest[0]) and not (argument in TRIPLES and len(values) == 3):
            values.append(rest.pop(0))
        if not values:
            yield argument
        elif argument in MANY:
            yield from (f"{argument}={value}" for value in values)
        else:
            yield f"{argument}=" + "\t".join(values)


def _is_option(argument: str) -> bool:
    """Whether it begins an option: ``-5`` is a value."""
    return argument.startswith("-") and len(argument) > 1 and not argument[1].isdigit()


def triples(values: Iterable[str]) -> tuple[Triple, ...]:
    """Read what ``--add`` and ``--remove`` were given.

    Args:
        values: triples with their parts joined by tabs.

    Returns:
        The triples.

    Raises:
        InputError: if one has not three parts.
    """
    found = []
    for value in values:
        source, *others = value.split("\t")
        if len(others) != 2:
            raise InputError(
                f"edge {' '.join([source, *others])!r} has {1 + len(others)} of 3 parts",
                fix="Give source, relation and target: --add penguin AtLocation oven.",
            )
        found.append((source, others[0], others[1]))
    return tuple(found)


def names(value: str | None) -> tuple[str, ...] | None:
    """Read a comma-separated list; None stays None.

    Example:
        >>> names("en, zh")
        ('en', 'zh')
    """
    return None if value is None else tuple(part for item in value.split(",") if (part := item.strip()))


def mapping(value: str | None) -> dict[str, str] | None:
    """Read ``role=column,...``; None stays None.

    Raises:
        InputError: if an item has no ``=`` or an empty side.

    Example:
        >>> mapping("source=subject,relation=predicate")
        {'source': 'subject', 'relation': 'predicate'}
    """
    if value is None:
        return None
    pairs = {}
    for item in value.split(","):
        role, equals, column = (part.strip() for part in item.partition("="))
        if not (role and equals and column):
            raise InputError(
                f"column map has the item {item!r}",
                fix="Write role=column pairs: source=subject,relation=predicate,target=object.",
            )
        pairs[role] = column
    return pairs


def factors(values: Iterable[str]) -> dict[str, float]:
    """Read ``NAME=NUMBER`` items.

    Raises:
        InputError: if an item has no ``=``, no name, or no number.

    Example:
        >>> factors(["atomic.csv=0.5"])
        {'atomic.csv': 0.5}
    """
    found = {}
    for item in values:
        name, _, number = item.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise InputError(f"weight {item!r} is no name with a number", fix="Write NAME=0.5.")
    return found
