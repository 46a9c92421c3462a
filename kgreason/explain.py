"""Why this answer, why not another, and the smallest edit of the graph that turns it, proved by asking again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.schema import default_label
from kgreason.nn.predict import Prediction, predict
from kgreason.records import Answer, Edge, Evidence, Option, Path, Question, Subgraph, Triple

if TYPE_CHECKING:
    from kgreason.engine import Reasoner

__all__ = ["Edit", "Explanation", "explain"]

#: Edges that an edit changes at most, and the candidates that edits of more than one edge are made of.
SIZES = (1, 2, 3)
FEW = 6
#: Edits scored at a time.
AT_ONCE = 8
#: Paths and missing edges that are told in words.
TOLD = 3
#: Log-probability of an answer that is not among the best of an open question.
UNRANKED = -30.0


@dataclass(frozen=True, slots=True)
class Edit:
    """Edges to answer as if they existed, and edges to answer as if they did not."""

    add: tuple[Edge, ...] = ()
    remove: tuple[Edge, ...] = ()

    def __len__(self) -> int:
        return len(self.add) + len(self.remove)

    def __str__(self) -> str:
        gone = [f"without “{edge}”" for edge in self.remove]
        return " and ".join([*gone, *(f"with “{edge}”" for edge in self.add)])


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer explained. Printed, it is a text of full sentences.

    Args:
        question: its text.
        answer: what the reasoner says.
        against: the option that was not chosen.
        missing: edges that would give ``against`` what other options have, strongest first.
        edit: the smallest edit found that turns the answer, or None.
        edited: what the reasoner says after the edit.
        tried: edits that were asked.
        note: why there is no edit.
    """

    question: str
    answer: Answer
    against: str
    missing: tuple[Edge, ...]
    edit: Edit | None
    edited: Answer | None
    tried: int
    note: str = ""

    @property
    def why(self) -> Evidence:
        """What speaks for the answer."""
        return self.answer.evidence

    @property
    def why_not(self) -> Evidence:
        """What speaks for the option that was not chosen."""
        return _option(self.answer, self.against).evidence

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON-ready values."""
        return {**asdict(self), "why": asdict(self.why), "why_not": asdict(self.why_not), "text": str(self)}

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> Iterator[str]:
        """The explanation in words, a paragraph at a time."""
        answer, chosen, other = self.answer, self.answer.options[0], _option(self.answer, self.against)
        yield f"The answer is {answer.choice} ({answer.confidence:.0%}), not {other.text} ({other.probability:.0%})."
        if answer.gate and chosen.text_score:
            graph = f"{chosen.graph_score:+.2f} and {other.graph_score:+.2f}"
            yield f"The text gives them {chosen.text_score:.2f} and {other.text_score:.2f}, the graph adds {graph}."
        yield f"Why {answer.choice}: {_because(self.why.paths)}"
        lacking = f" Nothing says that {_listed(map(str, self.missing[:TOLD]))}." if self.missing else ""
        same = other.evidence == chosen.evidence and bool(self.why.paths)
        yield f"Why not {other.text}: {'the same holds for it.' if same else _because(self.why_not.paths)}{lacking}"
        if self.edit is None or self.edited is None:
            yield f"{self.note[0].upper()}{self.note[1:]}."
        else:
            new = f"{self.edited.choice} ({self.edited.confidence:.0%})"
            yield f"The smallest edit found that turns the answer: {self.edit}, it is {new}."


@dataclass(frozen=True, slots=True)
class _Change:
    """One edge to add or to remove, and how much that should do."""

    edge: Edge
    added: bool
    gain: float


def explain(
    reasoner: Reasoner,
    question: Question | str,
    options: Sequence[str] = (),
    *,
    add: Sequence[Triple] = (),
    remove: Sequence[Triple] = (),
    against: str | None = None,
    limit: int = 64,
) -> Explanation:
    """Explain an answer.

    The search removes edges named as evidence for the answer and adds edges that give another option what has
    evidence: all single edges, by what they should do, then pairs and triples of the few that did most. The edit
    reported is proved by asking again.

    Args:
        reasoner: what answers.
        question: a question, or its text.
        options: of a question given by its text.
        add: edges to answer as if they existed.
        remove: edges to answer as if they did not.
        against: the option of "why not"; the edit must then lead to it. The second best and any other option if None.
        limit: edits asked at most.

    Returns:
        The explanation; its note says why there is no edit.

    Raises:
        InputError: what is asked cannot be answered, or ``against`` is none of the other options.
    """
    if isinstance(question, str):
        question = Question(question, tuple(options), "choice" if options else "open")
    answer = reasoner.answer(question, add=add, remove=remove)
    other = _against(answer, against)
    subgraph = reasoner.subgraph(question, add=add, remove=remove)
    additions = [] if subgraph is None else _additions(reasoner, subgraph, answer, other)
    missing = tuple(change.edge for change in additions)
    removals = _removals(answer, other, given=not add)
    search = _Search(reasoner, question, tuple(add), tuple(remove), answer, None if against is None else other, limit)
    if note := _no_edit(reasoner, question, answer, [*removals, *additions]):
        return Explanation(question.text, answer, other.text, missing, None, None, 0, note)
    edit, edited = search.run([*removals, *additions])
    if edit is None:
        turned = "turns the answer" if against is None else f"leads to {other.text}"
        note = f"no edit of up to {SIZES[-1]} of the edges named {turned} ({search.tried} tried)"
    return Explanation(question.text, answer, other.text, missing, edit, edited, search.tried, note)


class _Search:
    """The search for the smallest edit that turns an answer.

    Args:
        reasoner: what answers.
        question: what is asked.
        add: edits that hold throughout.
        remove: edits that hold throughout.
        answer: without further edits.
        target: the option that an edit must lead to, or None for any other than the answer.
        limit: edits asked at most.
    """

    def __init__(
        self,
        reasoner: Reasoner,
        question: Question,
        add: tuple[Triple, ...],
        remove: tuple[Triple, ...],
        answer: Answer,
        target: Option | None,
        limit: int,
    ) -> None:
        self.reasoner, self.question, self.add, self.remove = reasoner, question, add, remove
        self.chosen = self._name(answer.options[0])
        self.target = None if target is None else self._name(target)
        self.limit, self.tried = limit, 0

    def run(self, changes: Sequence[_Change]) -> tuple[Edit | None, Answer | None]:
        """The first edit of the smallest size, and the answer after it."""
        gain = {change: change.gain for change in changes}
        pool = list(changes)
        (before,) = self._margins([()])
        for size in SIZES:
            edits = sorted(itertools.combinations(pool, size), key=lambda edit: -sum(gain[change] for change in edit))
            for start in range(0, len(edits), AT_ONCE):
                asked = edits[start : start + min(AT_ONCE, self.limit - self.tried)]
                if not asked:
                    return None, None
                self.tried += len(asked)
                for edit, margin in zip(asked, self._margins(asked), strict=True):
                    if margin < 0 and (edited := self._proof(edit)) is not None:
                        return _edit(edit), edited
                    if size == 1:
                        gain[edit[0]] = before - margin
            if size == 1:
                pool = sorted((change for change in pool if gain[change] > 0), key=lambda change: -gain[change])[:FEW]
        return None, None

    def _margins(self, edits: Sequence[Sequence[_Change]]) -> list[float]:
        """How far each edit is from turning the answer; below 0 it does."""
        items = [(self.question, self._subgraph(edit)) for edit in edits]
        found = []
        for prediction, (_, subgraph) in zip(predict(self.reasoner.model, items), items, strict=True):
            scores = _scores(prediction, subgraph)
            best = {name: score for name, score in scores.items() if name != (self.target or self.chosen)}
            rest, own = max(best.values(), default=UNRANKED), scores.get(self.target or self.chosen, UNRANKED)
            found.append(own - rest if self.target is None else rest - own)
        return found

    def _subgraph(self, edit: Sequence[_Change]) -> Subgraph | None:
        add, remove = self._edits(edit)
        return self.reasoner.subgraph(self.question, add=add, remove=remove)

    def _proof(self, edit: Sequence[_Change]) -> Answer | None:
        """The answer to the question asked again, if it is turned."""
        add, remove = self._edits(edit)
        edited = self.reasoner.answer(self.question, add=add, remove=remove, audited=False)
        name = self._name(edited.options[0]) if edited.options else None
        return edited if (name != self.chosen if self.target is None else name == self.target) else None

    def _edits(self, edit: Sequence[_Change]) -> tuple[tuple[Triple, ...], tuple[Triple, ...]]:
        add = (*self.add, *(change.edge.triple for change in edit if change.added))
        return add, (*self.remove, *(change.edge.triple for change in edit if not change.added))

    def _name(self, option: Option) -> int | str:
        """What an option keeps through edits: nodes of an open question are numbered anew."""
        return option.index if self.question.options else option.text


def _scores(prediction: Prediction, subgraph: Subgraph | None) -> dict[int | str, float]:
    """Score of each option, or of the best answers of an open question."""
    if prediction.nodes is None or subgraph is None:
        return dict(enumerate(prediction.logits.tolist()))
    labels = (subgraph.labels[node] for node in prediction.nodes.node.tolist())
    scores: dict[int | str, float] = {}
    for label, score in zip(labels, prediction.nodes.log_p.tolist(), strict=True):
        scores.setdefault(label, score)
    return scores


def _edit(changes: Iterable[_Change]) -> Edit:
    changes = tuple(changes)
    return Edit(
        tuple(change.edge for change in changes if change.added),
        tuple(change.edge for change in changes if not change.added),
    )


def _no_edit(reasoner: Reasoner, question: Question, answer: Answer, changes: Sequence[_Change]) -> str:
    """Why no edit need be tried, or nothing."""
    knowledge = reasoner.model.knowledge
    if reasoner.graph is None:
        return "there is no graph to edit"
    silent = not answer.gate or (question.task == "entailment" and not any(o.graph_score for o in answer.options))
    if silent and (knowledge is None or not len(knowledge.fusion)):
        return "the graph adds nothing to the scores, so that no edit can turn the answer"
    return "" if changes else "no path of the graph speaks for an option, so that there is no edge to edit"


def _against(answer: Answer, text: str | None) -> Option:
    """The option that was not chosen: the one named, or the second best."""
    others = answer.options[1:]
    if not others:
        raise InputError(answer.note or "the graph holds no other answer", fix="Give two options or more.")
    if text is None:
        return others[0]
    if (found := next((option for option in others if option.text == text), None)) is None:
        wrong = "is the answer" if text == answer.choice else "is none of the options"
        raise InputError(f"against is {text!r}, which {wrong}", fix=f"Give one of: {_listed(o.text for o in others)}.")
    return found


def _removals(answer: Answer, other: Option, *, given: bool) -> list[_Change]:
    """Edges that speak for the answer; those that are given can be removed where they are facts of the question."""
    gain: dict[Edge, float] = {}
    for path in answer.evidence.paths:
        for edge in path.edges:
            if given or edge.origin != "given":
                gain[edge] = gain.get(edge, 0.0) + path.contribution
    if other.evidence is not answer.evidence:
        for edge in (edge for path in other.evidence.paths for edge in path.edges):
            if edge in gain:
                gain[edge] -= sum(path.contribution for path in other.evidence.paths if edge in path.edges)
    return sorted((_Change(edge, False, value) for edge, value in gain.items()), key=lambda change: -change.gain)


def _additions(reasoner: Reasoner, subgraph: Subgraph, answer: Answer, other: Option) -> list[_Change]:
    """Edges that would lead the paths of the other options to ``other``, the answer's paths first among equals."""
    graph = reasoner.graph
    if subgraph.question.task == "entailment" or not len(subgraph) or graph is None:
        return []
    ends = {option.index: [subgraph.keys[node] for node in _nodes(subgraph, option)] for option in answer.options}
    key = next(iter(ends[other.index]), other.text)
    there = _triples(subgraph, _nodes(subgraph, other)[:1])
    found: dict[Triple, _Change] = {}
    for option in answer.options:
        for path in option.evidence.paths if option is not other else ():
            last = path.edges[-1]
            source = key if last.source in ends[option.index] else last.source
            target = key if source == last.source and last.target in ends[option.index] else last.target
            triple = source, last.relation, target
            if source != target and key in (source, target) and triple not in there and triple not in found:
                text = graph.relation_table.sentence(last.relation, _label(graph, source), _label(graph, target))
                found[triple] = _Change(Edge(*triple, 1.0, "given", text), True, path.contribution)
    return sorted(found.values(), key=lambda change: -change.gain)


def _label(graph: KnowledgeGraph, key: str) -> str:
    node = graph.find(key)
    return default_label(key) if node is None else graph.label(node)


def _nodes(subgraph: Subgraph, option: Option) -> list[int]:
    """An option's concepts, the best one first."""
    if not subgraph.question.options:
        return [option.index]
    nodes = subgraph.option_node[1, subgraph.option_node[0] == option.index]
    best: list[int] = nodes[np.argsort(-subgraph.prior[nodes], kind="stable")].tolist()
    return best


def _triples(subgraph: Subgraph, nodes: Sequence[int]) -> set[Triple]:
    """What the subgraph says of some nodes; of a symmetric relation in both directions."""
    names, keys = subgraph.relations, subgraph.keys
    rows = np.flatnonzero(np.isin(subgraph.edge_index, nodes).any(0) & (subgraph.edge_relation < len(names)))
    edges = zip(*subgraph.edge_index[:, rows].tolist(), subgraph.edge_relation[rows].tolist(), strict=True)
    return {(keys[source], names[code], keys[target]) for source, target, code in edges}


def _option(answer: Answer, text: str) -> Option:
    return next(option for option in answer.options[1:] if option.text == text)


def _because(paths: Sequence[Path]) -> str:
    if not paths:
        return "no path of the graph speaks for it."
    more = f"; and {len(paths) - TOLD} more" if len(paths) > TOLD else ""
    return f"{'; '.join(map(_told, paths[:TOLD]))}{more}."


def _told(path: Path) -> str:
    words = " and ".join(map(str, path.edges))
    return f"{words} ({path.contribution:+.2f})" if path.contribution else words


def _listed(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} or {last}" if most else last
