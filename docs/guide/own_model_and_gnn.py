"""The commonsense interface beside a model of your own: any Hugging Face model, any convolution of PyG.

Run it with ``python docs/guide/own_model_and_gnn.py``.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

import kgreason as kr
from kgreason.nn.backbone import Backbone, find_base
from kgreason.nn.batch import Collator
from kgreason.nn.knowledge import Knowledge


def example() -> tuple[Tensor, Tensor, Tensor]:
    """Token states without K, with K untrained, and with K after a step of training."""
    place = find_base("all-MiniLM-L6-v2")  # or the name or folder of another model
    model, tokenizer = AutoModel.from_pretrained(place), AutoTokenizer.from_pretrained(place)
    graph = kr.KnowledgeGraph.from_triples([("penguin", "IsA", "bird"), ("bird", "AtLocation", "zoo")])
    question = kr.Question("Where is a penguin kept?", options=("zoo", "oven"))
    subgraph = kr.Retriever(graph).retrieve(kr.Grounder(graph).ground(question))

    knowledge = Knowledge.for_backbone(model.config.hidden_size, gnn="GATv2Conv")
    batch = Collator(tokenizer, knowledge.names)([(question, subgraph)])
    batch = batch.with_relations(*Backbone(model, tokenizer).relation_states(knowledge.names.of(batch)))

    tokens = model(batch.input_ids, batch.attention_mask).last_hidden_state[batch.sequence_text].detach()
    untrained = knowledge.fuse(tokens, batch)  # bit for bit what the model said: the gates start closed
    untrained[:, 0].mean().backward()  # any loss of yours
    torch.optim.AdamW(knowledge.parameters(), lr=1e-2).step()
    return tokens, untrained, knowledge.fuse(tokens, batch)


if __name__ == "__main__":
    without, untrained, trained = example()
    sys.stdout.write(f"untrained: equal {torch.equal(without, untrained)}, trained: {trained.shape}\n")
