"""A question with the edges that its texts state, those that rules derive, and the options that they settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from kgreason.graph.relations import RelationTable
from kgreason.graph.schema import is_negated
from kgreason.grounding.rules import Derived, Rules, derive, opposite
from kgreason.grounding.stated import Clause, Reader
from kgreason.records import Edge, Proof, Question, Triple

__all__ = ["with_stated"]

#: Derived edges that a question keeps.
MAX_KEPT = 512
GENDERS = ("male", "female")


def with_stated(
    question: Question, rules: Rules | None = None, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = ()
) -> Question:
    """Read what a question's text and context state, and let rules conclude from it and from the question's facts.

    Where the question asks how two are related, who bears a relation to someone, or whether something holds, and the
    edges settle it, the surest options have a proof. A text that states nothing leaves the question as it is.

    Args:
        question: of any task; emotion is left as it is.
        rules: what follows; the packaged rules if None.
        add: triples that hold too.
        remove: triples that do not.

    Example:
        >>> text = "Anna is the mother of Ben. Ben is the father of Carl. How is Anna related to Carl?"
        >>> read = with_stated(Question(text, ("aunt", "grandmother")))
        >>> [(proof.option, str(proof.edges[-1])) for proof in read.proofs]
        [(1, 'Anna is the grandmother of Carl')]
    """
    if question.task == "emotion" or question.edges:
        return question
    reader = Reader.load(question.language)
    asked = _asking(reader, question)
    genders = {source: target for source, _, target in question.facts if target in GENDERS}
    stated: dict[Triple, str] = {}
    concluding = list((Rules.load() if rules is None else rules).rules)
    for text in (question.context, question.text):
        premise = text or ""
        if text is question.text and asked is not None and question.task != "entailment":
            premise = premise[: asked.start]
        read = reader.read(premise, genders)
        stated |= {each.triple: premise[each.start : each.end] for each in read.edges if each.triple not in stated}
        concluding += read.rules
    if not stated:
        return question
    gone = set(remove)
    held = {triple: 1.0 for triple in (*stated, *question.facts, *add) if triple not in gone}
    closure = _Closure(stated, held, derive(held, concluding))
    proofs = tuple(_surest(_proofs(reader, question, asked, closure)))
    return replace(question, edges=tuple(closure.edges()), proofs=proofs)


@dataclass(frozen=True, eq=False)
class _Closure:
    """What holds: in which words it was stated, with which weight, and how it was derived."""

    stated: Mapping[Triple, str]
    held: Mapping[Triple, float]
    derived: Mapping[Triple, Derived]

    def weight(self, triple: Triple) -> float:
        """How surely it holds; 0 where nothing says so."""
        return self.held.get(triple) or (self.derived[triple].weight if triple in self.derived else 0.0)

    def edge(self, triple: Triple) -> Edge:
        """The triple as an edge that says where it comes from."""
        if triple in self.stated:
            return Edge(*triple, 1.0, "stated", " ".join(self.stated[triple].split()))
        return Edge(*triple, self.weight(triple), "given" if triple in self.held else "rule", _worded(triple))

    def edges(self) -> Iterator[Edge]:
        """The edges to lay over a graph: what is stated, then what is derived; no negations."""
        yield from (self.edge(triple) for triple in self.stated if not _negative(triple))
        follow = (triple for triple in self.derived if not _negative(triple) and triple[2] not in GENDERS)
        yield from map(self.edge, islice(follow, MAX_KEPT))

    def proof(self, option: int, triple: Triple) -> Proof | None:
        """What the triple rests on, then the triple itself, or None where it does not hold."""
        if not (weight := self.weight(triple)):
            return None
        ground: dict[Triple, None] = {}
        waiting = [triple]
        seen: set[Triple] = set()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            if each in self.held:
                ground[each] = None
            else:
                waiting += reversed(self.derived[each].premises)
        last = () if triple in self.held else (self.edge(triple),)
        return Proof(option, weight, (*map(self.edge, ground), *last))


def _asking(reader: Reader, question: Question) -> Clause | None:
    """The clause that says what is asked: the hypothesis, or the last clause of the question."""
    text = question.hypothesis if question.task == "entailment" else question.text
    clauses = list(reader.clauses(text or ""))
    if not clauses or (question.task == "entailment" and len(clauses) > 1):
        return None
    claimed = question.task == "entailment" or any(_word(option) in reader.truth for option in question.options)
    return clauses[-1] if clauses[-1].asks or claimed else None


def _proofs(reader: Reader, question: Question, asked: Clause | None, closure: _Closure) -> Iterator[Proof]:
    """Options that the closure proves."""
    if asked is None:
        return
    for option, triple in _candidates(reader, question, asked):
        if (proof := closure.proof(option, triple)) is not None:
            yield proof


def _candidates(reader: Reader, question: Question, asked: Clause) -> Iterator[tuple[int, Triple]]:
    """Options, each with a triple that would prove it."""
    options = [_word(option) for option in question.options]
    if any(option in reader.truth for option in options):
        if (claim := reader.claim(asked)) is not None:
            for i, option in enumerate(options):
                if option in reader.truth:
                    yield i, claim if reader.truth[option] else (claim[0], opposite(claim[1]), claim[2])
        return
    if pair := reader.related(asked):
        for i, option in enumerate(options):
            yield i, (pair[0], reader.kin.get(option, option), pair[1])
    elif sought := reader.sought(asked):
        for i, option in enumerate(question.options):
            yield i, (reader.named(option), *sought)


def _surest(proofs: Iterator[Proof]) -> list[Proof]:
    found = list(proofs)
    best = max((proof.weight for proof in found), default=0.0)
    return [proof for proof in found if proof.weight >= best]


def _negative(triple: Triple) -> bool:
    return is_negated(triple[1]) or triple[1].startswith("not ")


def _word(option: str) -> str:
    return option.strip().rstrip(".").lower()


def _worded(triple: Triple) -> str:
    """A triple in words."""
    source, relation, target = triple
    if relation in RelationTable.load() or relation[:1].isupper():
        return RelationTable.load().sentence(relation, source, target)
    name = relation.removeprefix("not ")
    article = "the " if name in Reader.load().kin.values() else ""
    return f"{source} is {'not ' if name != relation else ''}{article}{name} {target}"
