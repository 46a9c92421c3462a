"""E: affect of a text, read from its words and from its concepts, so that the graph can correct a misread mood."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgreason.nn.batch import GraphBatch
from kgreason.nn.ragged import question_tokens
from kgreason.nn.segment import segment_max, segment_softmax, segment_sum
from kgreason.nn.state import CognitiveState
from kgreason.records import ROLE_QUESTION

__all__ = ["MOOD", "Emotion", "ValenceAttention"]

#: Valence of concepts, its strength, its confidence.
MOOD = 3


class Emotion(nn.Module):
    """Writes ``affect``: valence, arousal, dominance (trained) and intensity (their distance from neutral).

    Concepts enter by an attention over the question's node states, added behind a weight that starts at zero: without
    a graph, or with an untrained one, affect is the text's alone. Concept attention by relevance follows KET (Zhong
    et al. 2019, eq. 4) without its affect lexicon.

    Args:
        width: text width d.
        graph_width: node width g.
        valence: whether the valence of concepts is read, too; it is written as ``mood``.
    """

    def __init__(self, width: int, graph_width: int, *, valence: bool = False) -> None:
        super().__init__()
        self.text = nn.Sequential(nn.Linear(width, graph_width), nn.GELU())
        self.attention = nn.Linear(graph_width, 1)
        self.concepts = nn.Linear(graph_width, graph_width, bias=False)
        nn.init.zeros_(self.concepts.weight)
        self.out = nn.Linear(graph_width, 3)
        self.valence = ValenceAttention() if valence else None

    def forward(self, state: CognitiveState) -> CognitiveState:
        """Read affect. Shapes: tokens [s, l, d], nodes [n, g] -> affect [b, 4] in 0..1, mood [b, 3]."""
        batch, tokens = state.batch, state.tokens
        assert tokens is not None, "M runs before E"
        own, mask = question_tokens(tokens, batch)
        pooled = own.sum(1) / mask.sum(1, keepdim=True)
        vad = torch.sigmoid(self.out(self.text(pooled) + self._concepts(state)))
        intensity = (vad - 0.5).norm(dim=-1, keepdim=True) * (2 / 3**0.5)
        mood = None if self.valence is None else self.valence(batch)
        return state.write(affect=torch.cat([vad, intensity], dim=-1), mood=mood)

    def _concepts(self, state: CognitiveState) -> Tensor:
        batch = state.batch
        if state.nodes is None or not state.nodes.shape[0]:
            return torch.zeros((), device=batch.labels.device)
        rows = (batch.node_role & ROLE_QUESTION > 0).nonzero().squeeze(1)
        index, nodes = batch.node_question[rows], state.nodes[rows]
        score = self.attention(nodes).squeeze(-1) + batch.node_relevance[rows]
        weight = segment_softmax(score, index, batch.num_questions).unsqueeze(-1)
        return self.concepts(segment_sum(nodes * weight, index, batch.num_questions))


class ValenceAttention(nn.Module):
    """The valence of concepts whose words the text model hardly knows, how strong it is, and how sure.

    Those are words that the tokenizer has to cut in pieces: what it keeps whole was met often, and there the text
    knows better. A concept counts more the stronger and surer its valence is and the nearer it lies to the text (KET,
    Zhong et al. 2019, eq. 4, with weights that are learned); where none counts much, little is said. How the words
    stand in the text is in the valence already (:mod:`kgreason.retrieval.denial`): states of tokens know the mood of
    seen words too well to learn from them what is done to one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([4.0, 1.0, 1.0]))

    def forward(self, batch: GraphBatch) -> Tensor:
        """Read concepts. Shape: [b, 3]."""
        sequence, _, node = batch.token_node
        nodes = torch.unique(node[batch.sequence_option[sequence] < 0])
        nodes = nodes[batch.node_rare[nodes]]
        question = batch.node_question[nodes]
        valence, confidence = batch.node_valence[nodes].unbind(-1)
        facts = torch.stack([valence.abs(), confidence, batch.node_relevance[nodes]], dim=-1)
        weight = _share(facts @ self.weight, question, batch.num_questions).unsqueeze(-1)
        said = torch.stack([valence, valence.abs(), confidence], dim=-1)
        return segment_sum(weight * said, question, batch.num_questions)


def _share(counts: Tensor, index: Tensor, size: int) -> Tensor:
    """Softmax within each segment beside one more entry of 0, which takes what is left. Shape: [m]."""
    top = segment_max(counts, index, size).clamp(min=0).detach()
    raised = (counts - top[index]).exp()
    return raised / (segment_sum(raised, index, size) + (-top).exp())[index]
