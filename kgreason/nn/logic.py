"""R: scores every option by text, by typed paths and by node states, through a usefulness gate."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from kgreason.nn.batch import TASKS, GraphBatch
from kgreason.nn.emotion import MOOD
from kgreason.nn.packing import PROOF
from kgreason.nn.paths import FLOOR
from kgreason.nn.segment import segment_count, segment_log_softmax, segment_max, segment_mean, segment_sum
from kgreason.nn.state import CognitiveState, Scores

__all__ = ["DOUBTS", "FAINT", "GATE_FEATURES", "NODE_WEIGHT", "Abstention", "Gate", "Logic"]

#: What the gate reads of a question, in this order.
GATE_FEATURES = ("bias", "coverage", "text margin", "text entropy", "graph margin", "agreement", "linked", "given")
#: What abstention reads of an open question, in this order.
DOUBTS = ("bias", "flow", "best", "entropy")
#: What is left of the text score where a question brings facts of its own and they lead somewhere: such a question is
#: about them, and the text does no more than break ties.
FAINT = 1e-3
#: How much node states count in open answers beside the follower: in graphs unlike those they were trained on they
#: mislead. Chosen on dev splits of PathQuestion and MetaQA, see docs/log.md.
NODE_WEIGHT = 0.1
#: Strength of the valence of a text's concepts at which they have a say.
FELT = 0.05
_OPEN, _EMOTION = TASKS.index("open"), TASKS.index("emotion")
_LABELLED = [TASKS.index("entailment"), TASKS.index("emotion")]


class Logic(nn.Module):
    """``s = text + γ(q) · (paths + nodes)``, per option.

    Text is the scaled cosine of question and option (separate reading), a linear score of the pair (joint), or their
    sum. Tasks with a label set (entailment, emotion) first pass the question through a residual map of their own and
    add a linear offset per label. Affect enters the labels of an emotion task. Node scores end in a layer that
    starts at zero and γ is 0 until it is fitted, so that an untrained K leaves the text model bit for bit.

    An option that the question's own texts prove gets :data:`~kgreason.nn.packing.PROOF` times the proof's weight, with
    or without a gate.

    Where a question brings facts of its own and the gate is open, they decide, and of text :data:`FAINT` is left.

    Of an open question every node is an option: its score is the log of the follower's mass, plus the node score where
    messages passed, times :data:`NODE_WEIGHT`.

    Args:
        width: text width d.
        graph_width: node width g.
        valence: whether the valence of concepts is all that the graph says to an emotion task.
    """

    def __init__(self, width: int, graph_width: int, *, valence: bool = False) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((len(TASKS),), math.log(20.0)))
        self.task = nn.ModuleList([nn.Linear(width, width) for _ in _LABELLED])
        self.offset = nn.ModuleList([nn.Linear(width, 1) for _ in _LABELLED])
        self.affect = nn.Linear(4, width, bias=False)
        self.mood = nn.Linear(MOOD, width, bias=False) if valence else None
        self.joint = nn.Linear(width, 1)
        self.node_question = nn.Linear(width, graph_width)
        self.node = nn.Sequential(nn.Linear(2 * graph_width, graph_width), nn.GELU(), nn.Linear(graph_width, 1))
        self.gate = Gate()
        self.abstention = Abstention()
        last = self.node[2]
        assert isinstance(last, nn.Linear)
        for layer in (*self.task, *self.offset, self.affect, *([] if self.mood is None else [self.mood]), last):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, state: CognitiveState) -> Scores:
        """Score. Shapes: question [b, d], option [o, d] or joint [o, d], nodes [n, g] -> Scores over [o]."""
        batch = state.batch
        text = self._text(state)
        paths = torch.zeros_like(text)
        if state.paths is not None:
            paths = paths.index_add(0, state.paths.option, state.paths.value)
        if state.mass is not None:
            paths = paths + _mass_score(state.mass, batch)
        graph = self._nodes(state, torch.zeros_like(text))
        coverage, features = state.coverage, None
        if self.mood is not None and state.mood is not None:
            felt = self._is(batch, [_EMOTION])
            paths, graph = (part.masked_fill(felt[batch.option_question], 0.0) for part in (paths, graph))
            graph = graph + self._moods(state, felt)
            if coverage is not None:
                coverage = torch.where(felt, (state.mood[:, 1] > FELT).float(), coverage)
        gate = text.new_zeros(batch.num_questions)
        if coverage is not None:
            features = self.gate.features(text.detach(), (paths + graph).detach(), coverage, batch)
            gate = self.gate(features, batch.question_task) * ~batch.multi_label
            text = torch.where((batch.question_given & (gate > 0))[batch.option_question], FAINT * text, text)
        logits = text + gate[batch.option_question] * (paths + graph) + PROOF * batch.option_proof
        followed = {"mass": state.mass, "flow": state.flow}
        scores = Scores(logits, text, paths, graph, gate, state.affect, features, state.sentence, **followed)
        return self._answers(scores, state)

    def _answers(self, scores: Scores, state: CognitiveState) -> Scores:
        """With the scores of nodes as answers of open questions."""
        batch = state.batch
        if not batch.has_open:
            return scores
        asked = self._is(batch, [_OPEN])
        rows = asked[batch.node_question].nonzero().squeeze(1)
        if not len(rows) or (state.mass is None and state.nodes is None):
            return scores
        question = batch.node_question[rows]
        score = scores.logits.new_zeros(len(rows))
        if state.mass is not None:
            score = score + (state.mass[rows] + FLOOR).log()
        if state.nodes is not None:
            score = score + (1.0 if state.mass is None else NODE_WEIGHT) * self._node_scores(state, rows)
        log_p = segment_log_softmax(score, question, batch.num_questions)
        node = log_p.new_full((batch.num_nodes,), float("-inf")).index_copy(0, rows, log_p)
        doubts = self.abstention.features(log_p.detach(), question, state.flow, batch.num_questions)
        return scores._replace(node=node, answerable=self.abstention(doubts) * asked, doubts=doubts)

    def _text(self, state: CognitiveState) -> Tensor:
        batch, question = state.batch, state.question
        assert question is not None, "C runs before R"
        total = question.new_zeros(batch.num_options)
        if state.option is not None:
            question = self._labelled(question, state)
            cosine = nn.functional.cosine_similarity(question[batch.option_question], state.option, dim=-1)
            separate = self.scale.exp()[batch.question_task[batch.option_question]] * cosine
            total = total + separate + self._offset(state.option, batch)
        if state.joint is not None:
            choice = ~self._is(batch, _LABELLED)[batch.option_question]
            total = total + self.joint(state.joint).squeeze(-1) * choice
        return total if state.read is None else total + state.read

    def _labelled(self, question: Tensor, state: CognitiveState) -> Tensor:
        batch = state.batch
        for task, layer in zip(_LABELLED, self.task, strict=True):
            question = question + layer(question) * self._is(batch, [task]).unsqueeze(-1)
        if state.affect is not None:
            emotion = self._is(batch, [TASKS.index("emotion")]).unsqueeze(-1)
            question = question + self.affect(state.affect - 0.5) * emotion
        return question

    def _offset(self, option: Tensor, batch: GraphBatch) -> Tensor:
        total = option.new_zeros(option.shape[0])
        for task, layer in zip(_LABELLED, self.offset, strict=True):
            total = total + layer(option).squeeze(-1) * self._is(batch, [task])[batch.option_question]
        return total

    def _nodes(self, state: CognitiveState, zero: Tensor) -> Tensor:
        batch = state.batch
        if state.nodes is None or not batch.option_node.shape[1]:
            return zero
        option, node = batch.option_node
        return segment_mean(self._node_scores(state, node), option, batch.num_options)

    def _moods(self, state: CognitiveState, felt: Tensor) -> Tensor:
        """What the valence of concepts says to the labels of an emotion. Shapes: felt [b] bool -> [o]."""
        assert self.mood is not None
        assert state.mood is not None
        index = state.batch.option_question
        if state.option is None:  # a text whose affect alone is asked for has no labels
            return state.mood.new_zeros(index.shape[0])
        said = self.mood(state.mood)[index] * nn.functional.normalize(state.option, dim=-1)
        return said.sum(-1) * felt[index]

    def _node_scores(self, state: CognitiveState, rows: Tensor) -> Tensor:
        assert state.nodes is not None
        assert state.question is not None, "C runs before R"
        query = self.node_question(state.question)[state.batch.node_question[rows]]
        score: Tensor = self.node(torch.cat([state.nodes[rows], query], dim=-1)).squeeze(-1)
        return score

    @staticmethod
    def _is(batch: GraphBatch, tasks: list[int]) -> Tensor:
        task = batch.question_task
        return (task.unsqueeze(1) == torch.tensor(tasks, device=task.device)).any(1)


def _mass_score(mass: Tensor, batch: GraphBatch) -> Tensor:
    """Log of the mass on an option's nodes, above the floor that an unreached option has."""
    option, node = batch.option_node
    total = segment_sum(mass[node], option, batch.num_options)
    return (total + FLOOR).log() - math.log(FLOOR)


class Gate(nn.Module):
    """γ(q) ≥ 0: how much the graph counts for a question; exactly 0 for a task it is not fitted for.

    It is fitted where one option is right, and stays closed where several may be.

    softplus of a linear form of :data:`GATE_FEATURES`, fitted after training on held-out questions
    (kgreason.training.calibration); the idea of a fitted usefulness is SalKG's (Chan et al. 2021), read per question.
    """

    weight: Tensor
    fitted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(len(TASKS), len(GATE_FEATURES)))
        self.register_buffer("fitted", torch.zeros(len(TASKS), dtype=torch.bool))

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        """The gate. Shapes: features [b, f], task [b] -> [b]."""
        gate = nn.functional.softplus((features * self.weight[task]).sum(-1))
        return gate * self.fitted[task] * (features[:, GATE_FEATURES.index("coverage")] > 0)

    @staticmethod
    def features(text: Tensor, graph: Tensor, coverage: Tensor, batch: GraphBatch) -> Tensor:
        """Readable facts of a question, each about 0..1. Shape: [b, len(GATE_FEATURES)]."""
        index, b = batch.option_question, batch.num_questions
        log_p = segment_log_softmax(text, index, b)
        entropy = -segment_sum(log_p * log_p.exp(), index, b)
        options = segment_count(index, b).clamp(min=2)
        best_text, margin_text = _best(text, index, b)
        best_graph, margin_graph = _best(graph, index, b)
        linked = segment_max((batch.node_role > 0).float(), batch.node_question, b).clamp(min=0)
        return torch.stack(
            [
                torch.ones_like(coverage),
                coverage,
                torch.tanh(margin_text),
                entropy / options.log(),
                torch.tanh(margin_graph),
                (best_text == best_graph).float(),
                linked,
                batch.question_given.float(),
            ],
            dim=-1,
        )


class Abstention(nn.Module):
    """Whether the graph holds an answer to an open question: a logistic form of :data:`DOUBTS`.

    Fitted after training on held-out questions, answerable ones and others; before that it doubts nothing.
    """

    weight: Tensor
    fitted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(len(DOUBTS)))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    def forward(self, doubts: Tensor) -> Tensor:
        """Probability of an answer. Shapes: doubts [b, f] -> [b]."""
        return torch.where(self.fitted, (doubts @ self.weight).sigmoid(), torch.ones_like(doubts[:, 0]))

    @staticmethod
    def features(log_p: Tensor, question: Tensor, flow: Tensor | None, b: int) -> Tensor:
        """Readable facts of an open question, each in 0..1.

        Shapes:
            log_p [m] (of the nodes that may be answers), question [m], flow [b] -> [b, len(DOUBTS)].
        """
        best = segment_max(log_p, question, b).exp()
        entropy = -segment_sum(log_p * log_p.exp(), question, b)
        lost = best.new_zeros(b) if flow is None else flow.detach()
        return torch.stack([torch.ones_like(best), (1 + lost / 40).clamp(0, 1), best, entropy / (1 + entropy)], dim=-1)


def _best(scores: Tensor, index: Tensor, b: int) -> tuple[Tensor, Tensor]:
    """Position of each question's best option (first among equals) and its lead over the second."""
    top = segment_max(scores, index, b)
    positions = torch.arange(scores.shape[0], device=scores.device)
    at_top = torch.where(scores == top[index], positions, scores.shape[0])
    best = torch.full((b,), scores.shape[0], device=scores.device).scatter_reduce(0, index, at_top, "amin")
    second = segment_max(torch.where(positions == best[index], float("-inf"), scores), index, b)
    return best, (top - second).nan_to_num(0.0, 0.0, 0.0)
