"""What relations are called: phrases, inverses and sentence forms in English and Chinese."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal
from urllib.parse import unquote

import kg_data

__all__ = ["Relation", "RelationTable", "split_name"]

Language = Literal["en", "zh"]

_WORDS = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[^\W\dA-Z_]+|\d+")
_NEGATED = re.compile(r"Not[A-Z]")
_VERB = re.compile(r"(?<=^\{source\} )\w+")


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation.

    Args:
        name: its name in a graph image.
        phrase: the name as words, such as "at location".
        inverse: the phrase for walking it backward.
        symmetric: whether its direction says nothing.
        templates: language to sentence form with {source} and {target}.
        merged: its group in the 17-relation merge of the literature, if it has one.
        reversed: whether that merge turns the edge round.
    """

    name: str
    phrase: str
    inverse: str
    symmetric: bool
    templates: Mapping[str, str]
    merged: str | None = None
    reversed: bool = False

    def negated(self) -> Relation:
        """The relation Not<name>, which says that this one does not hold."""
        merged = f"not{self.merged}" if self.merged in {"capableof", "desires"} else None
        return replace(
            self,
            name=f"Not{self.name}",
            phrase=f"not {self.phrase}",
            inverse=f"not {self.inverse}",
            templates={language: _NEGATE[language](form) for language, form in self.templates.items()},
            merged=merged,
        )


class RelationTable(Mapping[str, Relation]):
    """Every relation by name; a name it does not know gets its words from the name itself.

    Iteration gives the known relations. ``table[name]`` never fails: names are resolved in the order known name,
    alias, negation of a known name, own words.

    Example:
        >>> table = RelationTable.load()
        >>> table.sentence("AtLocation", "penguin", "zoo")
        'penguin is found at zoo'
        >>> table.phrase("starred_actors")
        'starred actors'
    """

    def __init__(self, relations: Mapping[str, Relation], aliases: Mapping[str, str]) -> None:
        self._relations = dict(relations)
        self._forms: dict[tuple[str, Language], str] = {}
        self._names = {_squash(name): name for name in relations} | {_squash(a): n for a, n in aliases.items()}

    @classmethod
    @cache
    def load(cls) -> RelationTable:
        """The table of the data package, read once."""
        rows = tomllib.loads(kg_data.path("relations.toml").read_text(encoding="utf-8"))
        aliases = {alias: name for name, row in rows.items() for alias in row.get("aliases", ())}
        return cls({name: _relation(name, row) for name, row in rows.items()}, aliases)

    def canonical(self, alias: str) -> str:
        """The table's name for a relation of another source.

        Args:
            alias: a name ("part_of"), an IRI ("/r/PartOf"), an alias of the table or a negated form.

        Returns:
            The name; ``alias`` itself if the table does not know it.

        Example:
            >>> RelationTable.load().canonical("/r/ConceptuallyRelatedTo")
            'RelatedTo'
        """
        tail = _tail(alias)
        if name := self._names.get(_squash(tail)):
            return name
        if _NEGATED.match(tail) and (name := self._names.get(_squash(tail[3:]))):
            return f"Not{name}"
        return alias

    def __getitem__(self, name: str) -> Relation:
        name = self.canonical(name)
        if relation := self._relations.get(name):
            return relation
        if _NEGATED.match(name):
            return self[name[3:]].negated()
        phrase = split_name(name)
        return Relation(name, phrase, f"{phrase} of", False, {"en": f"{{source}} {phrase} {{target}}"})

    def __iter__(self) -> Iterator[str]:
        return iter(self._relations)

    def __len__(self) -> int:
        return len(self._relations)

    def __contains__(self, name: object) -> bool:
        return name in self._relations

    def phrase(self, name: str, *, inverse: bool = False) -> str:
        """The relation as words, walked forward or backward."""
        return self[name].inverse if inverse else self[name].phrase

    def symmetric(self, name: str) -> bool:
        """Whether the relation's direction says nothing."""
        return self[name].symmetric

    def merged(self, name: str) -> tuple[str, bool] | None:
        """Group in the 17-relation merge of the literature and whether the edge turns round; None if it has none."""
        relation = self[name]
        return None if relation.merged is None else (relation.merged, relation.reversed)

    def sentence(self, name: str, source: str, target: str, language: Language = "en") -> str:
        """An edge in words.

        Args:
            name: the relation.
            source: label of the edge's source.
            target: label of the edge's target.
            language: of the sentence; a relation outside the table is worded by its name in either.

        Example:
            >>> RelationTable.load().sentence("NotCapableOf", "狗", "飞", "zh")
            '狗不会飞'
        """
        if (form := self._forms.get((name, language))) is None:
            templates = self[name].templates
            form = templates.get(language, templates["en"]).replace("{", "{{").replace("}", "}}")
            form = form.replace("{{source}}", "{0}").replace("{{target}}", "{1}")
            self._forms[name, language] = form
        return form.format(source, target)


def split_name(name: str) -> str:
    """A relation's name as lower-case words.

    Args:
        name: CamelCase, snake_case, or an IRI, whose last part counts.

    Example:
        >>> split_name("http://example.org/terms#birthPlace"), split_name("made_of")
        ('birth place', 'made of')
    """
    words = _WORDS.findall(unquote(_tail(name)))
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in words) or name


def _relation(name: str, row: Mapping[str, Any]) -> Relation:
    return Relation(
        name=name,
        phrase=row["phrase"],
        inverse=row["inverse"],
        symmetric=row.get("symmetric", False),
        templates={"en": row["en"], "zh": row["zh"]},
        merged=row.get("merged"),
        reversed=row.get("reversed", False),
    )


def _tail(name: str) -> str:
    """What names the relation within an IRI."""
    if name.startswith("/r/"):
        return name[3:]
    if "://" in name or name.startswith(("/", "urn:")):
        return re.split(r"[/#:]", name.rstrip("/#>"))[-1]
    return name


def _squash(name: str) -> str:
    return name if ":" in name else re.sub(r"[\W_]+", "", name).casefold()


def _negate_english(form: str) -> str:
    verb = _VERB.search(form)
    if verb is None:
        return f"it is not true that {form}"
    word = verb[0]
    irregular = {"is": "is not", "can": "cannot", "has": "does not have"}
    third_person = word.endswith("s") and not word.endswith("ss")
    if word not in irregular and not third_person:
        return f"it is not true that {form}"
    negative = irregular.get(word, f"does not {word[:-1]}")
    return form[: verb.start()] + negative + form[verb.end() :]


def _negate_chinese(form: str) -> str:
    if "{source}有" in form:
        return form.replace("{source}有", "{source}没有")
    # the verb stands after the source, or after its attribute: 的首都是
    return re.sub(r"(\{source\}(?:的[^是{]+(?=是))?)", r"\1不", form)


_NEGATE: Mapping[str, Callable[[str], str]] = {"en": _negate_english, "zh": _negate_chinese}
