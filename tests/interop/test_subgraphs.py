from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch_geometric.loader import DataLoader
from torch_geometric.nn import RGCNConv

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.interop.subgraphs import QuestionGraphs, save_samples, to_question_graph
from kgreason.records import Question
from kgreason.retrieval import SubgraphFile

ASKED = (
    Question("Where would you keep a cold penguin?", ("zoo", "desert", "oven"), answer=0, id="1"),
    Question("Zxqv?", ("qqq", "vvv"), id="2"),
    Question(
        "What lives near the zorblax?",
        task="open",
        gold=("penguin",),
        facts=(("zorblax", "LivesNear", "penguin"), ("zorblax", "Eats", "zorblax bread")),
        id="3",
    ),
)


@pytest.fixture
def stored(tiny_graph, tmp_path):
    file = SubgraphFile(tiny_graph, ASKED, home=tmp_path)
    save_samples(file)
    return file


def test_what_is_opened_is_what_was_retrieved(stored, tiny_graph):
    opened = QuestionGraphs(stored.path, tiny_graph)
    assert len(opened) == 3
    assert opened.questions == ASKED
    assert opened.relations == (*tiny_graph.relations, "Eats", "LivesNear")
    for subgraph, data in zip(stored, opened, strict=True):
        assert data.validate()
        assert data.node_key == list(subgraph.keys)
        named = [*subgraph.relations, *(f"{name}⁻" for name in subgraph.relations)]
        wanted = [*opened.relations, *(f"{name}⁻" for name in opened.relations)]
        codes = [named[code] for code in subgraph.edge_relation.tolist()]
        assert codes == [wanted[code] for code in data.edge_type.tolist()]
        assert np.allclose(data.x.norm(dim=1), 1, atol=0.02) or not len(subgraph)
    first, nothing, third = opened
    assert (first.y.tolist(), first.num_options, first.options) == ([0], 3, ["zoo", "desert", "oven"])
    assert (nothing.num_nodes, nothing.edge_index.shape, nothing.y.tolist()) == (0, (2, 0), [-1])
    assert [third.node_key[node] for node in third.gold_index.tolist()] == ["penguin"]


def test_pyg_batches_and_convolves_it(stored, tiny_graph):
    opened = QuestionGraphs(stored.path.parent, tiny_graph)
    (batch,) = DataLoader(opened, batch_size=3, follow_batch=["option_node_index"])
    options = [(batch.node_key[0] + batch.node_key[2])[node] for node in batch.option_node_index.tolist()]
    assert options[0] == "zoo"
    assert batch.option_node_index_batch.tolist() == [0] * len(batch.option_node_index)
    assert batch.y.tolist() == [0, -1, -1]
    layer = RGCNConv(128, 5, num_relations=2 * len(opened.relations))
    assert layer(batch.x, batch.edge_index, batch.edge_type).shape == (batch.num_nodes, 5)


def test_by_itself_a_subgraph_counts_its_own_relations(stored):
    data = to_question_graph(stored[2])
    assert torch.equal(data.edge_type, torch.from_numpy(stored[2].edge_relation.astype(np.int64)))
    with pytest.raises(InputError, match="is not among the names"):
        to_question_graph(stored[2], ["IsA"])


def test_another_graph_or_no_data_set_is_refused(stored, tiny_graph, tmp_path):
    with pytest.raises(InputError, match="was made from the graph"):
        QuestionGraphs(stored.path, KnowledgeGraph.from_triples([("a", "IsA", "b")]))
    with pytest.raises(FormatError, match="there is no data set"):
        QuestionGraphs(tmp_path / "none", tiny_graph)
    with pytest.raises(InputError, match="a graph in memory"):
        QuestionGraphs(stored.path)
    (tmp_path / "notes.json").write_text("{}")
    assert len(QuestionGraphs(tmp_path, tiny_graph)) == 3
    more = [dataclasses.replace(ASKED[0], text="Where?")]
    save_samples(SubgraphFile(tiny_graph, more, home=tmp_path))
    with pytest.raises(FormatError, match="it holds 2 data sets"):
        QuestionGraphs(tmp_path, tiny_graph)
    assert storage.read_json(stored.path.with_suffix(".json"))["questions"] == 3
    storage.write_json(stored.path.with_suffix(".json"), [])
    with pytest.raises(FormatError, match="describes no data set"):
        QuestionGraphs(stored.path, tiny_graph)
