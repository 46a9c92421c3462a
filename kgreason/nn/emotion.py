"""E: affect of a text, read from its words and from its concepts, so that the graph can correct a misread mood."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgreason.nn.segment import segment_softmax, segment_sum
from kgreason.nn.state import CognitiveState
from kgreason.records import ROLE_QUESTION

__all__ = ["Emotion"]


class Emotion(nn.Module):
    """Writes ``affect``: valence, arousal, dominance (trained) and intensity (their distance from neutral).

    Concepts enter by an attention over the question's node states, added behind a weight that starts at zero: without
    a graph, or with an untrained one, affect is the text's alone. Concept attention by relevance follows KET (Zhong
    et al. 2019, eq. 4) without its affect lexicon.

    Args:
        width: text width d.
        graph_width: node width g.
    """

    def __init__(self, width: int, graph_width: int) -> None:
        super().__init__()
        self.text = nn.Sequential(nn.Linear(width, graph_width), nn.GELU())
        self.attention = nn.Linear(graph_width, 1)
        self.concepts = nn.Linear(graph_width, graph_width, bias=False)
        nn.init.zeros_(self.concepts.weight)
        self.out = nn.Linear(graph_width, 3)

    def forward(self, state: CognitiveState) -> CognitiveState:
        """Read affect. Shapes: tokens [s, l, d], nodes [n, g] -> affect [b, 4] in 0..1."""
        batch, tokens = state.batch, state.tokens
        assert tokens is not None, "M runs before E"
        own = (batch.sequence_option < 0).nonzero().squeeze(1)
        index = batch.sequence_question[own]
        lengths = segment_sum(batch.attention_mask[batch.sequence_text[own]].sum(1).float(), index, batch.num_questions)
        pooled = segment_sum(tokens[own].sum(1), index, batch.num_questions) / lengths.unsqueeze(-1)
        vad = torch.sigmoid(self.out(self.text(pooled) + self._concepts(state)))
        intensity = (vad - 0.5).norm(dim=-1, keepdim=True) * (2 / 3**0.5)
        return state.write(affect=torch.cat([vad, intensity], dim=-1))

    def _concepts(self, state: CognitiveState) -> Tensor:
        batch = state.batch
        if state.nodes is None or not len(state.nodes):
            return torch.zeros((), device=batch.labels.device)
        rows = (batch.node_role & ROLE_QUESTION > 0).nonzero().squeeze(1)
        index, nodes = batch.node_question[rows], state.nodes[rows]
        score = self.attention(nodes).squeeze(-1) + batch.node_relevance[rows]
        weight = segment_softmax(score, index, batch.num_questions).unsqueeze(-1)
        return self.concepts(segment_sum(nodes * weight, index, batch.num_questions))
