"""What a request may hold. Answers are the records' own ``to_dict()``, as the command line's ``--json`` prints them."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kgreason.config import LIMITS
from kgreason.errors import LimitError
from kgreason.language import detect
from kgreason.language.sentences import sentences
from kgreason.records import Question, Triple
from kgreason.tasks import validate
from kgreason.tasks.entailment import THREE_WAY

__all__ = ["MOST_ITEMS", "Ask", "Asked", "Emotion", "Entails", "Ground", "Item", "Items", "Retrieve"]

#: Items of one request, and triples of one item.
MOST_ITEMS, MOST_TRIPLES = 32, 100
#: Different relations among them.
MOST_RELATIONS = 16
#: Characters of a context, and sentences of a text: each is read by the model, and no step should take many seconds.
MOST_CONTEXT, MOST_SENTENCES = 50_000, 512

Text = Annotated[str, Field(min_length=1, max_length=LIMITS.question_bytes)]
Name = Annotated[str, Field(min_length=1, max_length=LIMITS.option_bytes)]
#: A relation is read in words, so that each new one costs a reading of the model.
Relation = Annotated[str, Field(min_length=1, max_length=64)]
Triples = Annotated[list[tuple[Name, Relation, Name]], Field(max_length=MOST_TRIPLES)]
Options = Annotated[list[Name], Field(max_length=LIMITS.max_options)]


def _about(**example: JsonValue) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


Edits = tuple[tuple[Triple, ...], tuple[Triple, ...]]


class Asked(Protocol):
    """An item that the model answers."""

    graph: str

    def asked(self) -> Question:
        """The question; raises InputError if it cannot be one."""

    def edits(self) -> Edits:
        """Edges to add and to remove."""


_TEXTS = ("question", "premise", "hypothesis", "text")


class Item(BaseModel):
    """What every item may say.

    Args:
        graph: which of the served graphs is read.
        language: of the text; by default found from its script.
    """

    graph: Annotated[str, Field(max_length=64)] = "default"
    language: Literal["en", "zh"] | None = None

    def edits(self) -> Edits:
        """Edges to add and to remove."""
        return (), ()

    def texts(self) -> list[str]:
        """What it asks about."""
        return [getattr(self, name) for name in _TEXTS if name in type(self).model_fields]

    def _told(self, text: str) -> str:
        return self.language or detect(text)


class Edited(Item):
    """An item that is answered as if some edges existed, and others did not."""

    add: Triples = []
    remove: Triples = []

    def edits(self) -> Edits:
        """Edges to add and to remove."""
        return tuple(self.add), tuple(self.remove)


class Ask(Edited):
    """A question with options, or an open one; see :meth:`kgreason.Reasoner.ask`."""

    model_config = _about(question="Where would you find a penguin?", options=["zoo", "desert", "oven"])

    question: Text
    options: Options = []
    context: Annotated[str, Field(max_length=MOST_CONTEXT)] | None = None
    facts: Triples = []

    def asked(self) -> Question:
        """The question; raises InputError if it cannot be one."""
        _check_sentences("context", self.context or "")
        if (count := len({relation for _, relation, _ in (*self.facts, *self.add)})) > MOST_RELATIONS:
            raise LimitError(f"facts and add name {count} relations", fix=f"Give {MOST_RELATIONS} at most.")
        task: Literal["choice", "open"] = "choice" if self.options else "open"
        return validate(
            Question(
                self.question, tuple(self.options), task, context=self.context, facts=tuple(self.facts),
                language=self._told(self.question),
            )
        )  # fmt: skip


class Entails(Item):
    """Two texts; see :meth:`kgreason.Reasoner.entails`."""

    model_config = _about(premise="A man is playing a guitar.", hypothesis="A musician is performing.")

    premise: Text
    hypothesis: Text

    def asked(self) -> Question:
        """The question; raises InputError if it cannot be one."""
        told = self._told(self.premise)
        return validate(Question(self.premise, THREE_WAY, "entailment", self.hypothesis, language=told))


class Emotion(Item):
    """A text that is felt; see :meth:`kgreason.Reasoner.emotion`."""

    model_config = _about(text="I finally got the job, and my parents cried with joy.")

    text: Text

    def asked(self) -> Question:
        """The text as a question; raises InputError if it cannot be one."""
        _check_sentences("text", self.text)
        return validate(Question(self.text, task="emotion", language=self._told(self.text)))


class Ground(Item):
    """A text whose concepts are found."""

    model_config = _about(text="Where would you find a penguin?")

    text: Text

    def asked(self) -> Question:
        """The text as a question; raises InputError if it cannot be one."""
        return validate(Question(self.text, task="open", language=self._told(self.text)))


class Retrieve(Ask):
    """A question whose evidence is gathered, before any model reads it."""


def _check_sentences(name: str, text: str) -> None:
    if (count := len(sentences(text))) > MOST_SENTENCES:
        raise LimitError(f"{name} has {count:,} sentences", fix=f"Give {MOST_SENTENCES} at most.")


T = TypeVar("T", bound=Item)


class Items(BaseModel, Generic[T]):
    """Several items, answered in their order; one that fails says so in its own place."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[T], Field(min_length=1, max_length=MOST_ITEMS)]
