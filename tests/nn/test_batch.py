from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from torch.utils import _pytree
from transformers import PreTrainedTokenizerFast

from kgreason.graph import KnowledgeGraph
from kgreason.language import normal_form
from kgreason.nn.backbone import load_tokenizer
from kgreason.nn.batch import TASKS, VECTOR_WIDTH, Collator, GraphBatch, RelationNames
from kgreason.records import Question
from tests.formula import CHOICES, FELT, LONG, MOOD, MOODY, PAIR, QUESTIONS, items, make

TOKENIZER = load_tokenizer("all-MiniLM-L6-v2")


def collator(**settings) -> Collator:
    return Collator(TOKENIZER, RelationNames(), **{"max_length": 48, **settings})


def texts(batch: GraphBatch) -> list[str]:
    return TOKENIZER.batch_decode(batch.input_ids, skip_special_tokens=True)


def read(batch: GraphBatch, question: int, option: int) -> list[str]:
    """What is read of an option (−1: of the question itself), in order."""
    found = texts(batch)
    rows = (batch.sequence_question == question) & (batch.sequence_option == option)
    return [found[row] for row in batch.sequence_text[rows].tolist()]


class TestTexts:
    def test_each_text_is_read_once(self):
        twice = Question("Where would you keep a penguin?", ("zoo", "oven", "zoo"))
        batch = collator()([(CHOICES[0], None), (twice, None)])
        assert len(batch.input_ids) == 1 + 3  # the question, zoo, desert, oven
        assert len(batch.sequence_text) == 2 * (1 + 3)
        assert len(set(texts(batch))) == 4

    @pytest.mark.parametrize(
        ("reading", "expected"),
        [
            ("separate", ["zoo"]),
            ("joint", ["where would you keep a penguin? zoo"]),
            ("summed", ["zoo", "where would you keep a penguin? zoo"]),
        ],
    )
    def test_readings(self, reading, expected):
        batch = collator(reading=reading)([(CHOICES[0], None), (PAIR, None), (MOOD, None)])
        assert read(batch, 0, 0) == expected
        assert read(batch, 0, -1) == ["where would you keep a penguin?"]
        assert read(batch, 1, 3) == ["entailment"]  # labels are read by themselves, whatever the reading
        assert read(batch, 1, -1) == ["birds fly. a bird has a wing."]
        assert read(batch, 2, 7) == ["positive"]
        joint = batch.sequence_joint
        assert joint.sum() == (0 if reading == "separate" else 3)
        assert (batch.sequence_option[joint] >= 0).all()

    def test_a_question_comes_before_its_context(self):
        batch = collator()([(MOOD, None), (LONG, None)])
        first, *told = read(batch, 1, -1)
        assert first == "where does the bird go?"
        assert told == ["a penguin went to the zoo."] * 9 + ["then the bird flew home to its nest."] * 5

    def test_no_sequence_is_longer_than_asked_for(self):
        batch = collator(max_length=16)([(LONG, None), (Question("why " * 99, ("a", "b " * 99)), None)])
        assert batch.input_ids.shape[1] == 16
        assert batch.attention_mask.sum(1).max() == 16


#: Each one token.
WORDS = sorted(word for word in TOKENIZER.get_vocab() if word.isascii() and word.isalpha() and len(word) > 7)
words = st.text(st.characters(exclude_categories=["C"]), max_size=300)


class TestContexts:
    @given(words, st.integers(8, 64))
    def test_every_token_is_read_once(self, context, max_length):
        made = collator(max_length=max_length)
        spans = made.spans(context)
        offsets = TOKENIZER(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        inside = [[(s, e) for s, e in offsets if start <= s and e <= end] for start, end in spans]
        assert all(0 < len(part) <= made.longest for part in inside)
        assert [offset for part in inside for offset in part] == offsets

    @pytest.mark.parametrize("max_length", [8, 11, 48, 127])
    def test_a_long_sentence_is_cut(self, max_length):
        made = collator(max_length=max_length)
        for size in (1, made.longest - 1, made.longest, made.longest + 1, 149):
            context = " ".join(WORDS[:size])
            batch = made([(Question("why", ("a", "b"), context=context), None)])
            assert set(WORDS[:size]) <= set(TOKENIZER.convert_ids_to_tokens(batch.input_ids.flatten().tolist()))
            assert (batch.sequence_option < 0).sum() == 1 + -(-size // made.longest)

    def test_sentences_stand_where_they_say(self):
        text = "It was cold. The penguin  slept!"
        assert [text[start:end] for start, end in collator().spans(text)] == ["It was cold.", "The penguin  slept!"]
        assert collator().spans(" ") == []

    def test_words_keep_their_beginning_where_tokens_hold_the_space_before(self):
        text = "Anna lives in Paris. The zoo is open!  Bob said hello. 我们很开心。"
        words = Tokenizer(Unigram([(letter, -1.0) for letter in sorted({*text.replace(" ", ""), "▁"})], unk_id=0))
        words.pre_tokenizer = Metaspace()
        made = Collator(PreTrainedTokenizerFast(tokenizer_object=words, pad_token="▁"), RelationNames(), max_length=128)
        told = ["Anna lives in Paris.", "The zoo is open!", "Bob said hello.", "我们很开心。"]
        assert [text[start:end] for start, end in made.spans(text)] == told


class TestTruth:
    def test_each_kind_of_label(self):
        batch = collator()([(q, None) for q in (*CHOICES, MOODY, FELT, PAIR)])
        assert batch.labels.tolist() == [0, 0, 1, -100, -100, 0]
        known = batch.option_question == 3
        assert batch.target[known].tolist() == [1, 0, 1]
        assert batch.target[~known].isnan().all()
        torch.testing.assert_close(batch.vad[3:5], torch.tensor([[0.2, 0.9, 0.4], [0.8, 0.5, 0.6]]))
        assert batch.vad[[0, 1, 2, 5]].isnan().all()
        assert batch.multi_label.tolist() == [False] * 3 + [True, False, False]
        assert [TASKS[task] for task in batch.question_task.tolist()] == [
            "choice", "choice", "choice", "emotion", "emotion", "entailment",
        ]  # fmt: skip
        assert batch.option_question.tolist() == [0] * 3 + [1] * 2 + [2] * 2 + [3] * 3 + [5] * 3

    def test_labels_nobody_knows(self):
        unknown = Question("?", ("a", "b"), task="emotion", multi_label=True)
        batch = collator()([(unknown, None), (Question("?", ("a", "b")), None)])
        assert batch.labels.tolist() == [-100, -100]
        assert batch.target.isnan().all()


class TestGraph:
    def test_subgraphs_stand_side_by_side(self, tiny_graph):
        asked = items(tiny_graph)
        made = collator()
        batch = made(asked)
        nodes = options = edges = links = paths = 0
        for b, (question, graph) in enumerate(asked):
            assert graph is not None
            rows = slice(nodes, nodes + len(graph))
            assert (batch.node_question[rows] == b).all()
            assert batch.node_role[rows].tolist() == graph.role.tolist()
            np.testing.assert_array_equal(batch.node_vector[rows], graph.vectors)
            np.testing.assert_array_equal(batch.node_prior[rows], graph.prior)
            np.testing.assert_array_equal(batch.node_relevance[rows], graph.relevance)
            count = graph.edge_index.shape[1]
            np.testing.assert_array_equal(batch.edge_index[:, edges : edges + count], graph.edge_index + nodes)
            total = len(graph.relations)
            codes = batch.edge_relation[edges : edges + count].tolist()
            for code, local in zip(codes, graph.edge_relation, strict=True):
                assert made.relations.names[batch.relation[code // 2]] == graph.relations[local % total]
                assert code % 2 == local // total
            c = len(graph.path_option)
            ends = [graph.path_option]
            if question.task == "entailment":  # the paths to the hypothesis, once for each label
                ends = [np.full(c, label) for label in range(len(question.options))]
            else:
                m = graph.option_node.shape[1]
                expected = graph.option_node + np.array([[options], [nodes]])
                np.testing.assert_array_equal(batch.option_node[:, links : links + m], expected)
                links += m
            for end in ends:
                np.testing.assert_array_equal(batch.path_option[paths : paths + c], end + options)
                assert (batch.path_type[paths : paths + c, 1] == -1).tolist() == (graph.path_type[:, 1] < 0).tolist()
                np.testing.assert_array_equal(batch.path_value[paths : paths + c], graph.path_value)
                paths += c
            nodes, options, edges = nodes + len(graph), options + len(question.options), edges + count
        assert batch.num_nodes == nodes
        assert (links, paths) == (batch.option_node.shape[1], len(batch.path_option))
        assert "LivesNear" in made.relations.names  # a sample's own relation

    def test_a_question_with_facts_is_marked(self, tiny_graph):
        asked = items(tiny_graph)
        batch = collator()(asked)
        assert batch.question_given.tolist() == [bool(question.facts) for question, _ in asked]
        assert batch.question_given.any()
        assert not batch.question_given.all()

    def test_right_answers_of_open_questions_are_marked(self, tiny_graph):
        question = Question("where is a penguin?", task="open", gold=("zoo", "nowhere"))
        batch = collator()(items(tiny_graph, [question]))
        (graph,) = (graph for _, graph in items(tiny_graph, [question]) if graph is not None)
        assert [graph.labels[node] for node in batch.node_gold.nonzero().flatten().tolist()] == ["zoo"]

    @pytest.mark.parametrize("reading", ["separate", "joint", "summed"])
    def test_relations_are_numbered_by_name_whatever_was_met_before(self, tiny_graph, reading):
        asked = items(tiny_graph)
        fresh, used = collator(reading=reading), collator(reading=reading)
        used.relations.codes(["Zeta", "LivesNear", "Alpha"])
        first, second = fresh(asked), used(asked)
        for name, value in first.to_mapping().items():
            if name != "relation":
                torch.testing.assert_close(value, second.to_mapping()[name], rtol=0, atol=0, equal_nan=True)
        assert fresh.relations.of(first) == used.relations.of(second) == sorted(fresh.relations.of(first))

    @pytest.mark.parametrize("reading", ["separate", "joint", "summed"])
    def test_mentions_are_found_among_the_tokens(self, tiny_graph, reading):
        asked = items(tiny_graph)
        batch = collator(reading=reading)(asked)
        graphs = [graph for _, graph in asked if graph is not None]
        first = np.cumsum([0, *map(len, graphs)])
        seen = set()
        for sequence, token, node in batch.token_node.T.tolist():
            question = int(batch.node_question[node])
            graph = graphs[question]
            local = node - int(first[question])
            mentions = [graph.grounding.mentions[m] for m, n in graph.mention_node.T if n == local]
            row = int(batch.sequence_text[sequence])
            piece = TOKENIZER.decode([int(batch.input_ids[row, token])]).removeprefix("##")
            assert any(piece in normal_form(mention.surface) for mention in mentions)
            assert batch.sequence_question[sequence] == question
            assert batch.attention_mask[row, token] == 1
            seen.add(node)
        mentioned = {int(first[b]) + int(n) for b, graph in enumerate(graphs) for n in graph.mention_node[1]}
        assert seen == mentioned

    @pytest.mark.parametrize("reading", ["separate", "joint", "summed"])
    def test_tokens_of_a_mention_are_its_surface(self, tiny_graph, reading):
        asked = items(tiny_graph)
        batch = collator(reading=reading)(asked)
        graphs = [graph for _, graph in asked if graph is not None]
        first = np.cumsum([0, *map(len, graphs)])
        found: dict[tuple[int, int], list[int]] = {}
        for sequence, token, node in batch.token_node.T.tolist():
            found.setdefault((sequence, node), []).append(token)
        for (sequence, node), tokens in found.items():
            b = int(batch.node_question[node])
            graph, option = graphs[b], int(batch.sequence_option[sequence])
            pairs = graph.mention_node.T.tolist()
            mentions = [graph.grounding.mentions[m] for m, n in pairs if n == node - int(first[b])]
            if QUESTIONS[b].task == "choice":  # a text of one option holds no other's
                own = option - int((batch.option_question < b).sum())
                mentions = [m for m in mentions if m.option in ({-1} if option < 0 else {own})]
            surfaces = [normal_form(mention.surface) for mention in mentions]
            row = int(batch.sequence_text[sequence])
            assert TOKENIZER.decode(batch.input_ids[row, tokens]) == " ".join(surfaces)

    @pytest.mark.parametrize("reading", ["separate", "joint", "summed"])
    def test_an_option_may_be_longer_than_its_question(self, reading):
        graph = KnowledgeGraph.from_triples([("zorblaxian", "IsA", "bird")])
        (item,) = items(graph, [Question("Why?", ("it was a zorblaxian", "a bird"))])
        assert TOKENIZER.tokenize("zorblaxian")[1].startswith("##")
        batch = collator(reading=reading)([item])
        assert batch.num_nodes == 2
        assert not batch.node_rare.any()

    @pytest.mark.parametrize("reading", ["separate", "joint", "summed"])
    def test_rare_are_the_concepts_whose_word_is_cut_in_pieces(self, tiny_graph, reading):
        batch = collator(reading=reading)(items(tiny_graph))
        cut = set()
        for sequence, token, node in batch.token_node.T.tolist():
            row = batch.sequence_text[sequence]
            piece = TOKENIZER.convert_ids_to_tokens(int(batch.input_ids[row, token]))
            if piece.startswith("##") and batch.sequence_option[sequence] < 0:
                cut.add(node)
        assert batch.node_rare.nonzero().flatten().tolist() == sorted(cut)
        assert 0 < len(cut) < batch.num_nodes

    def test_a_hypothesis_is_the_second_text(self, tiny_graph):
        batch = collator()(items(tiny_graph, [PAIR]))
        types = {int(batch.token_type_ids[0, token]) for _, token, _ in batch.token_node.T.tolist()}
        assert types == {0, 1}
        assert (batch.token_node[0] == 0).all()
        assert not batch.option_node.numel()  # paths lead to the hypothesis, not to a label

    def test_without_a_graph(self):
        batch = collator()(items(None))
        assert (batch.num_questions, batch.num_nodes) == (len(QUESTIONS), 0)
        assert batch.edge_index.shape == (2, 0)
        assert batch.token_node.shape == (3, 0)
        assert batch.node_vector.shape == (0, VECTOR_WIDTH)
        assert batch.path_type.shape == (0, 2)


def test_a_question_of_a_batch_scores_as_in_it(tiny_base, tiny_graph):
    model = make(tiny_base)
    batch = model.collator()(items(tiny_graph))
    with torch.no_grad():
        together = model(batch)
        for b in range(batch.num_questions):
            alone, part = model(batch.question(b)), together.question(batch, b)
            assert alone.logits.shape == part.logits.shape == (int((batch.option_question == b).sum()),)
            for name in ("logits", "text", "paths", "graph", "gate", "affect", "sentence"):
                torch.testing.assert_close(getattr(alone, name), getattr(part, name), atol=1e-5, rtol=1e-5)


class TestRelationNames:
    def test_codes_of_a_subgraph(self):
        names = RelationNames(["IsA"])
        assert names.codes(["HasA", "IsA"]).tolist() == [2, 0, 3, 1]
        assert names.codes(["IsA"]).tolist() == [0, 1]
        assert names.names == ["IsA", "HasA"]
        assert len(names) == 2

    @given(st.lists(st.sampled_from("abcdefg")))
    def test_a_name_keeps_its_number(self, met):
        names = RelationNames()
        numbers = {name: names.index(name) for name in met}
        assert [names.index(name) for name in names.names] == list(range(len(names)))
        assert all(names.names[number] == name for name, number in numbers.items())

    def test_names_that_are_let_go_are_met_anew(self):
        names = RelationNames(["IsA", "HasA"])
        assert names.forget(1) == ["HasA"]
        assert names.codes(["PartOf", "HasA"]).tolist() == [2, 4, 3, 5]
        assert names.names == ["IsA", "PartOf", "HasA"]


class TestMapping:
    def test_there_and_back(self, tiny_graph):
        batch = collator()(items(tiny_graph))
        values = batch.to_mapping()
        assert next(iter(values)) == "labels"
        again = GraphBatch.from_mapping(values)
        assert all(torch.equal(getattr(again, name).nan_to_num(), value.nan_to_num()) for name, value in values.items())

    def test_it_is_a_pytree_and_moves(self, tiny_graph):
        batch = collator()(items(tiny_graph))
        leaves, shape = _pytree.tree_flatten(batch)
        assert len(leaves) == len(batch.to_mapping())
        assert isinstance(_pytree.tree_unflatten(leaves, shape), GraphBatch)
        assert batch.to("meta").input_ids.device.type == "meta"
        assert batch.with_relations(torch.ones(2, 3)).relation_state.shape == (2, 3)
