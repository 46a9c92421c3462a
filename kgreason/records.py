"""The records that travel through the house: plain, frozen, torch-free, printable, JSON in and out.

Question -> Grounding -> Subgraph -> (nn) -> Answer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

__all__ = [
    "Answer",
    "By",
    "Candidate",
    "ConceptMood",
    "Edge",
    "Evidence",
    "Grounding",
    "Mention",
    "Mood",
    "Option",
    "Origin",
    "Path",
    "Proof",
    "Question",
    "Subgraph",
    "Task",
    "Triple",
]

Task = Literal["choice", "open", "entailment", "emotion"]
Origin = Literal["graph", "stated", "given", "rule"]
By = Literal["form", "spelling", "meaning"]
Triple = tuple[str, str, str]

#: Origin codes of an edge, in the order of :data:`Origin`: ``ORIGINS[code]``.
ORIGINS: tuple[Origin, ...] = get_args(Origin)

#: Bits of ``Subgraph.role``: a node can be a concept of the question, of an option, of both or of neither.
ROLE_QUESTION = 1
ROLE_OPTION = 2


@dataclass(frozen=True, slots=True)
class Edge:
    """One assertion as evidence. ``source`` and ``target`` are concept keys, ``text`` the edge in words."""

    source: str
    relation: str
    target: str
    weight: float
    origin: Origin = "graph"
    text: str = ""

    def __str__(self) -> str:
        return self.text or f"{self.source} —{self.relation}→ {self.target}"

    @property
    def triple(self) -> Triple:
        """Source, relation and target."""
        return self.source, self.relation, self.target


@dataclass(frozen=True, slots=True)
class Proof:
    """What settles an option: the edges it rests on, then the one that they prove; ``weight`` says how surely."""

    option: int
    weight: float
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One sample of any task: a text, its options, and what is known of the answer.

    Args:
        text: the question, the premise (entailment) or the text (emotion).
        options: given answers, or the label set of an entailment or emotion task; empty for open questions.
        task: which of the four tasks.
        hypothesis: second text of an entailment pair.
        context: long text to be read with the question.
        answer: index of the right option, if known.
        answers: several right options (multi-label emotion) as indices, if known.
        gold: right answers of an open question, labels or keys.
        multi_label: options are judged independently (sigmoid) instead of against one another.
        vad: valence, arousal, dominance in 0..1, if known.
        intensity: strength of emotion in 0..1, if known.
        facts: the sample's own triples (label or key, relation, label or key).
        edges: what its texts state and rules derive, see :func:`kgreason.grounding.with_stated`; never in a file.
        proofs: options that those edges settle.
        language: BCP-47 primary tag.
        id: the sample's name.
        extra: whatever else a sample file said; carried along, never read by a model.
    """

    text: str
    options: tuple[str, ...] = ()
    task: Task = "choice"
    hypothesis: str | None = None
    context: str | None = None
    answer: int | None = None
    answers: tuple[int, ...] | None = None
    gold: tuple[str, ...] = ()
    multi_label: bool = False
    vad: tuple[float, float, float] | None = None
    intensity: float | None = None
    facts: tuple[Triple, ...] = ()
    edges: tuple[Edge, ...] = ()
    proofs: tuple[Proof, ...] = ()
    language: str = "en"
    id: str = ""
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def labelled(self) -> bool:
        """Whether it says its answer: an option, several, or what is right of an open question."""
        return self.answer is not None or self.answers is not None or bool(self.gold)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept that a mention may mean: node id in the image, its key, and a prior in (0, 1]."""

    node: int
    key: str
    prior: float


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of a text that names concepts. ``text[start:end]`` is the surface; ``option`` is −1 for the question.

    ``by`` says how it was linked: by a form that the graph knows, by one whose spelling is one letter away, or by
    meaning, the last two only where an index is opened.
    """

    start: int
    end: int
    surface: str
    candidates: tuple[Candidate, ...]
    option: int = -1
    by: By = "form"

    def to_dict(self) -> dict[str, Any]:
        """The mention as JSON-ready values."""
        candidates = [{"key": each.key, "prior": round(each.prior, 4)} for each in self.candidates]
        span = {"start": self.start, "end": self.end, "surface": self.surface}
        return {**span, "option": self.option, "by": self.by, "candidates": candidates}


@dataclass(frozen=True, slots=True)
class Grounding:
    """Concepts of a question (``option == −1``) and of each of its options, in reading order."""

    question: Question
    mentions: tuple[Mention, ...]

    def of(self, option: int) -> tuple[Mention, ...]:
        """Mentions of one option, or of the question with −1."""
        return tuple(m for m in self.mentions if m.option == option)

    def to_dict(self) -> dict[str, Any]:
        """Text and mentions as JSON-ready values, concepts by keys alone: node ids hold for one digest only."""
        return {"text": self.question.text, "mentions": [mention.to_dict() for mention in self.mentions]}


@dataclass(frozen=True, slots=True)
class Path:
    """Edges from a question concept to an option concept (each may be walked against its direction)."""

    edges: tuple[Edge, ...]
    contribution: float = 0.0

    def __str__(self) -> str:
        return "; ".join(map(str, self.edges))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Paths that speak for an option, strongest first."""

    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Subgraph:
    """The evidence of one question, serving all its options. All arrays are numpy; edges run source to target.

    ``relations`` names the relations that ``edge_relation`` and the path types index: code ``r`` in
    ``0..R-1`` is the relation walked forward, ``r + R`` the same walked backward (R = ``len(relations)``).
    Every edge is stored once in each direction (code ``r`` and ``r + R``; a symmetric relation uses ``r`` both ways).

    Shapes:
        nodes [n] int64 (image id, or −1 for a node known only here), prior [n] float32 (best linking prior, 0 for
        bridging nodes), role [n] uint8 (bit 1 question, bit 2 option), relevance [n] float32,
        vectors [n, 128] int8 (static label vectors), edge_index [2, e] int32, edge_relation [e] uint16,
        edge_weight [e] float32, edge_origin [e] uint8 (code into ORIGINS), option_node [2, m] int32
        (option, node), path_option [c] int32, path_type [c, 2] int32 (relation codes; second −1 for one step),
        path_value [c] float32 (weighted count), mention_node [2, k] int32 (index into grounding.mentions, node),
        gold [g] int32 (nodes that are right answers of an open question, as far as they are here; nothing reads them
        but losses and figures), valence [n, 2] int8 (valence in ±127, as it stands in the text, and confidence in
        0..127 of each concept; [0, 2] unless the task is emotion).
    """

    grounding: Grounding
    keys: Sequence[str]
    labels: Sequence[str]
    relations: tuple[str, ...]
    nodes: npt.NDArray[np.int64]
    role: npt.NDArray[np.uint8]
    prior: npt.NDArray[np.float32]
    relevance: npt.NDArray[np.float32]
    vectors: npt.NDArray[np.int8]
    edge_index: npt.NDArray[np.int32]
    edge_relation: npt.NDArray[np.uint16]
    edge_weight: npt.NDArray[np.float32]
    edge_origin: npt.NDArray[np.uint8]
    option_node: npt.NDArray[np.int32]
    path_option: npt.NDArray[np.int32]
    path_type: npt.NDArray[np.int32]
    path_value: npt.NDArray[np.float32]
    mention_node: npt.NDArray[np.int32]
    gold: npt.NDArray[np.int32]
    valence: npt.NDArray[np.int8]

    @property
    def question(self) -> Question:
        """The question it was retrieved for."""
        return self.grounding.question

    def __len__(self) -> int:
        return len(self.nodes)


@dataclass(frozen=True, slots=True)
class Option:
    """One option as ranked in an answer: probability, and the parts of its score."""

    index: int
    text: str
    probability: float
    score: float
    text_score: float
    graph_score: float
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class KeySentence:
    """A sentence of a context, the character at which it begins, and its share of what was read of all sentences."""

    text: str
    start: int
    weight: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reasoner says, best option first. ``to_dict`` is the wire format everywhere.

    An open question has ``answers``, all concepts that are judged right, best first; its options are the best concepts.
    Of a context ``sentences`` are those that were read most. ``graph_used`` is False when no concept was found, no path
    led to an option, or the graph was absent; ``note`` then says which.
    """

    choice: str
    index: int
    confidence: float
    options: tuple[Option, ...]
    evidence: Evidence = field(default_factory=Evidence)
    abstained: bool = False
    graph_used: bool = True
    gate: float = 0.0
    note: str = ""
    sentences: tuple[KeySentence, ...] = ()
    trace: Mapping[str, float] = field(default_factory=dict)
    answers: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Answer:
        """The inverse of :meth:`to_dict`."""
        options = tuple(Option(**{**option, "evidence": _evidence(option["evidence"])}) for option in values["options"])
        sentences = tuple(KeySentence(**each) for each in values.get("sentences", ()))
        found = tuple(map(str, values.get("answers", ())))
        read = {"options": options, "evidence": _evidence(values["evidence"]), "sentences": sentences, "answers": found}
        return cls(**{**values, **read})


@dataclass(frozen=True, slots=True)
class ConceptMood:
    """What the graph knows of the feeling in one word of a text.

    Args:
        mention: the word as it stands there.
        concept: label of its concept.
        valence: −1 (unpleasant) to 1 (pleasant).
        confidence: 1 where a lexicon lists the concept, less the further its value has come over the graph.
    """

    mention: str
    concept: str
    valence: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Mood:
    """What a text feels like: sentiment, categories by probability, affect in 0..1, and the concepts that speak for it.

    Args:
        sentiment: the likelier of negative and positive.
        confidence: its probability.
        categories: emotion to probability, each judged by itself, likeliest first.
        found: the categories above their threshold.
        vad: valence, arousal, dominance; None where the model has no emotion analyser.
        intensity: distance from neutral; None likewise.
        concepts: its concepts with a valence, strongest first, where the model reads them.
        sentences: each sentence with the probability that it is positive, where there are several.
        shift: index of the sentence from which on the sentiment is the other one, or None.
    """

    text: str
    sentiment: str
    confidence: float
    categories: Mapping[str, float]
    found: tuple[str, ...]
    vad: tuple[float, float, float] | None
    intensity: float | None
    concepts: tuple[ConceptMood, ...] = ()
    sentences: tuple[tuple[str, float], ...] = ()
    shift: int | None = None
    evidence: Evidence = field(default_factory=Evidence)
    graph_used: bool = True
    note: str = ""
    trace: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The mood as JSON-ready values."""
        return asdict(self)


def _evidence(values: Mapping[str, Sequence[Mapping[str, Any]]]) -> Evidence:
    return Evidence(
        tuple(Path(tuple(Edge(**edge) for edge in path["edges"]), path["contribution"]) for path in values["paths"])
    )
