from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason import asking
from kgreason.asking import EKMAN, SENTIMENT, Request
from kgreason.config import LIMITS, RetrievalConfig
from kgreason.engine import KEY_SENTENCES, Reasoner, shipped_for
from kgreason.errors import CheckpointError, GraphImageError, InputError, KGReasonError, LimitError
from kgreason.language.sentences import sentences
from kgreason.nn.confidence import label_set
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Answer, Question
from kgreason.stages import Stages
from kgreason.tasks.entailment import THREE_WAY
from tests.formula import KNOWLEDGE, LONG, RELATIONS, items, make, scores

ASKED = "Where would you keep a penguin?"
PLACES = ("oven", "zoo", "antarctica")
COUNTING = replace(KNOWLEDGE, nodes=False, fusion=False, relations=(*RELATIONS, "HasPrerequisite", "Desires"))


@pytest.fixture(scope="module")
def counting(tiny_base):
    """A model that weighs every kind of path alike, and adds it to a text score."""
    model = make(tiny_base, knowledge=COUNTING)
    assert model.knowledge is not None
    assert model.knowledge.counter is not None
    torch.nn.init.ones_(model.knowledge.counter.weight)
    return model


@pytest.fixture(scope="module")
def reasoner(counting, tiny_graph):
    return Reasoner(counting, tiny_graph)


@pytest.fixture(scope="module")
def text(counting):
    return Reasoner(counting, None)


def option(answer, text):
    return next(option for option in answer.options if option.text == text)


def edges(evidence):
    return {(e.source, e.relation, e.target) for path in evidence.paths for e in path.edges}


class TestAnswer:
    def test_options_are_ranked_by_the_models_scores(self, reasoner, counting, tiny_graph):
        answer = reasoner.ask(ASKED, PLACES)
        expected = scores(counting, items(tiny_graph, [Question(ASKED, PLACES)]))
        assert sorted(option.index for option in answer.options) == [0, 1, 2]
        found = {option.index: option for option in answer.options}
        np.testing.assert_allclose([found[i].score for i in range(3)], expected.logits, atol=1e-5)
        np.testing.assert_allclose([found[i].text_score for i in range(3)], expected.text, atol=1e-5)
        assert [found[i].text for i in range(3)] == list(PLACES)
        ranked = [option.probability for option in answer.options]
        assert ranked == sorted(ranked, reverse=True)
        assert sum(ranked) == pytest.approx(1)
        assert (answer.choice, answer.index) == (answer.options[0].text, answer.options[0].index)
        assert answer.confidence == ranked[0]
        assert answer.gate == pytest.approx(float(expected.gate[0]), abs=1e-5)
        assert answer.graph_used
        assert answer.note == ""

    def test_every_path_runs_from_the_question_to_its_option(self, reasoner, facts):
        answer = reasoner.ask(ASKED, PLACES)
        known = {(s, r, t): w for s, r, t, w in facts}
        for option in answer.options:
            for path in option.evidence.paths:
                ends = [{edge.source, edge.target} for edge in path.edges]
                assert "penguin" in ends[0]
                assert option.text in ends[-1]
                assert len(ends) == 1 or ends[0] & ends[1]
                assert all(known[e.source, e.relation, e.target] == e.weight for e in path.edges)
        assert answer.options[-1].evidence.paths or answer.options[0].evidence.paths

    def test_paths_add_up_to_what_the_graph_says(self, counting, tiny_graph):
        every = Reasoner(counting, tiny_graph, RetrievalConfig(best_paths=99))
        for option in every.ask(ASKED, PLACES).options:
            added = sum(path.contribution for path in option.evidence.paths)
            assert added == pytest.approx(option.graph_score, abs=1e-5)
            assert option.score == pytest.approx(option.text_score + option.graph_score, abs=1e-5)

    def test_it_answers_the_same_each_time(self, reasoner):
        first, second = (replace(reasoner.ask(ASKED, PLACES), trace={}) for _ in range(2))
        assert first == second

    def test_it_survives_json(self, reasoner):
        for question in (Question(ASKED, PLACES), LONG):
            answer = reasoner.answer(question)
            assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer

    def test_stages_are_timed_and_counted(self, reasoner, text):
        trace = reasoner.ask(ASKED, PLACES).trace
        assert trace["nodes"] > 0
        assert trace["edges"] > 0
        assert all(trace[name] > 0 for name in ("ground_ms", "retrieve_ms", "model_ms", "evidence_ms"))
        assert text.ask(ASKED, PLACES).trace["nodes"] == 0

    def test_temperature_is_confidence_alone(self, counting, tiny_graph, monkeypatch):
        plain = Reasoner(counting, tiny_graph).ask(ASKED, PLACES)
        monkeypatch.setattr(counting, "settings", replace(counting.settings, temperature={"choice": 9.0}))
        calm = Reasoner(counting, tiny_graph).ask(ASKED, PLACES)
        assert calm.choice == plain.choice
        assert calm.confidence < plain.confidence


class TestEdits:
    def test_an_added_edge_is_evidence_and_counts(self, reasoner):
        added = ("penguin", "AtLocation", "oven")
        before = option(reasoner.ask(ASKED, PLACES), "oven")
        after = option(reasoner.ask(ASKED, PLACES, add=[added]), "oven")
        assert added not in edges(before.evidence)
        assert added in edges(after.evidence)
        assert after.graph_score > before.graph_score
        given = [e for path in after.evidence.paths for e in path.edges if e.origin == "given"]
        assert {(e.source, e.relation, e.target) for e in given} == {added}

    def test_a_removed_edge_is_none(self, reasoner):
        gone = ("penguin", "AtLocation", "antarctica")
        before = option(reasoner.ask(ASKED, PLACES), "antarctica")
        after = option(reasoner.ask(ASKED, PLACES, remove=[gone]), "antarctica")
        assert gone in edges(before.evidence)
        assert gone not in edges(after.evidence)
        assert after.graph_score < before.graph_score

    def test_edges_that_add_nothing_obey_too(self, tiny_base, tiny_graph):
        reader = Reasoner(make(tiny_base), tiny_graph)
        added, gone = ("penguin", "AtLocation", "oven"), ("penguin", "AtLocation", "antarctica")
        before, after = reader.ask(ASKED, PLACES), reader.ask(ASKED, PLACES, add=[added], remove=[gone])
        assert added in edges(option(after, "oven").evidence) - edges(option(before, "oven").evidence)
        assert gone in edges(option(before, "antarctica").evidence) - edges(option(after, "antarctica").evidence)

    def test_edits_leave_the_graph_as_it_is(self, reasoner):
        before = replace(reasoner.ask(ASKED, PLACES), trace={})
        reasoner.ask(ASKED, PLACES, add=[("penguin", "IsA", "oven")], remove=[("penguin", "IsA", "bird")])
        assert replace(reasoner.ask(ASKED, PLACES), trace={}) == before

    def test_enough_edges_turn_the_answer(self, reasoner):
        second = reasoner.ask(ASKED, PLACES).options[1].text
        added = [("penguin", relation, second) for relation in COUNTING.relations]
        assert reasoner.ask(ASKED, PLACES, add=added).choice == second

    def test_a_questions_own_facts_are_evidence(self, reasoner):
        fact = ("zorblax", "AtLocation", "zoo")
        answer = reasoner.ask("Where does a zorblax live?", ["oven", "zoo"], facts=[fact])
        zoo = option(answer, "zoo")
        assert zoo.evidence.paths
        assert any(edge.relation == "AtLocation" for path in zoo.evidence.paths for edge in path.edges)

    def test_an_edge_that_is_not_there_cannot_go(self, reasoner):
        with pytest.raises(InputError, match=r"penguin.*oven"):
            reasoner.ask(ASKED, PLACES, remove=[("penguin", "AtLocation", "oven")])

    def test_without_a_graph_there_is_nothing_to_edit(self, text):
        with pytest.raises(InputError, match=r"edits were given, but there is no graph\. Open a graph"):
            text.ask(ASKED, PLACES, add=[("penguin", "IsA", "oven")])


class TestNoEvidence:
    """When the graph gave nothing the answer says so, and is that of the text, bit for bit."""

    def said(self, reasoner, text, question, options):
        answer, alone = reasoner.ask(question, options), text.ask(question, options)
        assert not answer.graph_used
        assert [o.score for o in answer.options] == [o.score for o in alone.options]
        assert not any(o.evidence.paths for o in answer.options)
        assert answer.gate == 0
        return answer.note

    def test_a_text_without_labels_is_refused(self, reasoner):
        with pytest.raises(InputError, match="no labels"):
            reasoner.answer(Question("What a day.", task="emotion"))

    def test_no_graph(self, text):
        assert self.said(text, text, ASKED, PLACES) == "answered without a graph"

    def test_no_concept(self, reasoner, text):
        note = self.said(reasoner, text, "Qui vult florbn?", ["xyzzy", "plugh"])
        assert note == "the graph gave nothing: it knows no concept of the question or its options"

    def test_no_path(self, reasoner, text):
        note = self.said(reasoner, text, "What has a wing?", ["africa", "house"])
        assert note == "the graph gave nothing: no path of two steps joins the question to an option"

    def test_a_text_model_shows_paths_that_add_nothing(self, tiny_base, tiny_graph):
        answer = Reasoner(make(tiny_base), tiny_graph).ask(ASKED, PLACES)
        shown = [path for option in answer.options for path in option.evidence.paths]
        assert shown
        assert all(path.contribution == 0 for path in shown)
        assert all(option.graph_score == 0 for option in answer.options)


class TestOtherTasks:
    def test_entailment(self, reasoner):
        answer = reasoner.entails("A penguin is a bird.", "It can swim in water.")
        assert {option.text for option in answer.options} == set(THREE_WAY)
        assert answer.evidence.paths
        assert all(option.evidence == answer.evidence for option in answer.options)
        assert answer.graph_used

    def test_a_premise_of_unknown_words(self, reasoner):
        assert "knows no concept" in reasoner.entails("Qui vult florbn.", "Xyzzy plugh.").note

    def test_emotion(self, reasoner, counting):
        mood = reasoner.emotion("The penguin swam in cold water.")
        assert mood.sentiment in SENTIMENT
        assert 0.5 <= mood.confidence <= 1
        assert set(mood.categories) == set(EKMAN)
        ranked = list(mood.categories.values())
        assert ranked == sorted(ranked, reverse=True)
        assert mood.found[0] == next(iter(mood.categories))
        assert mood.vad is not None
        assert all(0 <= value <= 1 for value in (*mood.vad, mood.intensity))
        assert json.loads(json.dumps(mood.to_dict()))["sentiment"] == mood.sentiment

    def test_a_threshold_says_which_emotions_are_found(self, counting, monkeypatch):
        names = label_set(Question("?", EKMAN))
        for limit, count in ((0.0, len(EKMAN)), (1.0, 1)):
            monkeypatch.setattr(counting, "settings", replace(counting.settings, threshold={names: limit}))
            assert len(Reasoner(counting, None).emotion("Well.").found) == count

    def test_emotion_without_its_module(self, tiny_base):
        mood = Reasoner(make(tiny_base, emotion=False), None).emotion("Well.")
        assert mood.vad is None
        assert mood.intensity is None
        assert mood.note == "answered without a graph"

    def test_a_label_set_of_ones_own(self, reasoner):
        labels = Question("The oven is hot.", ("calm", "cross"), task="emotion")
        assert reasoner.answer(labels).choice in labels.options


class TestContext:
    def test_the_sentences_read_most_are_named(self, reasoner):
        assert LONG.context is not None
        answer = reasoner.answer(replace(LONG, answer=None))
        known = sentences(LONG.context)
        assert len(answer.sentences) == min(KEY_SENTENCES, len(known))
        weights = [each.weight for each in answer.sentences]
        assert weights == sorted(weights, reverse=True)
        assert 0 < sum(weights) <= 1 + 1e-6
        for each in answer.sentences:
            assert each.text in known
            assert LONG.context[each.start :].startswith(each.text)

    def test_it_counts(self, text):
        plain = text.ask(LONG.text, LONG.options)
        assert plain.sentences == ()
        assert text.ask(LONG.text, LONG.options, context=LONG.context).options != plain.options


class TestBadInput:
    @pytest.mark.parametrize(
        ("question", "options", "kind", "message"),
        [
            (ASKED, (), InputError, "the question has no options, and this model follows no paths"),
            (ASKED, ("zoo",), LimitError, "options has 1 entry.*2 to 64"),
            (ASKED, tuple(map(str, range(65))), LimitError, "options has 65 entries.*2 to 64"),
            ("x" * (LIMITS.question_bytes + 1), PLACES, LimitError, "question has 8,193 bytes; 8,192 are allowed"),
            ("é" * 4097, PLACES, LimitError, "question has 8,194 bytes"),
            (" ", PLACES, InputError, "question is empty"),
            (ASKED, ("zoo", ""), InputError, "option 1 is empty"),
            (ASKED, "zoo", InputError, "options is one text"),
            (ASKED, ("zoo", 7), InputError, "option 1 is of type int"),
            (None, PLACES, InputError, "question is missing"),
        ],
    )
    def test_it_is_named(self, reasoner, question, options, kind, message):
        with pytest.raises(kind, match=message) as found:
            reasoner.ask(question, options)
        assert found.value.fix

    def test_the_longest_question_and_most_options_are_answered(self, text):
        longest = ("why " * LIMITS.question_bytes)[: LIMITS.question_bytes - 1] + "?"
        assert len(text.ask(longest, [str(i) for i in range(64)]).options) == 64

    def test_a_context_too_long(self, text):
        with pytest.raises(LimitError, match="context has 16,777,217 bytes"):
            text.ask(ASKED, PLACES, context="x" * (LIMITS.context_bytes + 1))

    def test_an_open_question_has_no_options(self, reasoner):
        with pytest.raises(InputError, match="the question has no options"):
            reasoner.answer(Question(ASKED, task="open"))

    def test_an_empty_text(self, reasoner):
        with pytest.raises(InputError, match="text is empty"):
            reasoner.emotion(" ")
        with pytest.raises(InputError, match="hypothesis is empty"):
            reasoner.entails("So.", "")

    def test_all_are_of_one_family(self):
        assert issubclass(LimitError, InputError)
        assert issubclass(InputError, KGReasonError)


class TestFromPretrained:
    def test_a_folder_and_a_graph(self, counting, tiny_graph, tmp_path, reasoner):
        counting.save_pretrained(tmp_path / "model")
        read = Reasoner.from_pretrained(tmp_path / "model", tiny_graph, device="cpu")
        assert read.ask(ASKED, PLACES).confidence == pytest.approx(reasoner.ask(ASKED, PLACES).confidence, abs=1e-5)
        assert Reasoner.from_pretrained(str(tmp_path / "model"), "none").graph is None
        assert Reasoner.from_pretrained(tmp_path / "model", None).graph is None
        with pytest.raises(GraphImageError):
            Reasoner.from_pretrained(tmp_path / "model", tmp_path / "no graph")

    def test_a_name_nobody_knows(self):
        with pytest.raises(CheckpointError, match="no checkpoint 'nobody'"):
            find_checkpoint("nobody")


@pytest.mark.slow
def test_the_packaged_base_and_graph_answer(default_graph):
    model = make("all-MiniLM-L6-v2", awake=False, max_length=128)
    answer = Reasoner(model, default_graph).ask("Where would you keep a penguin?", ["zoo", "oven"])
    assert answer.choice == "zoo"
    assert answer.evidence.paths


@pytest.fixture(scope="module")
def follower(tiny_base):
    """A model that follows relations, unlike in all of them."""
    return make(tiny_base, knowledge=replace(KNOWLEDGE, paths="follower", nodes=False, fusion=False))


class TestOpen:
    FACTS = (("zorb", "IsA", "quix"), ("quix", "AtLocation", "the vlee"), ("the vlee", "PartOf", "marn"))

    def test_answers_are_concepts_of_the_graph(self, follower, tiny_graph):
        answer = Reasoner(follower, tiny_graph).ask("Where does a penguin live?")
        labels = {tiny_graph.label(node) for node in range(tiny_graph.num_nodes)}
        assert {option.text for option in answer.options} <= labels
        ranked = [option.probability for option in answer.options]
        assert ranked == sorted(ranked, reverse=True)
        assert answer.choice == answer.options[0].text == answer.answers[0]
        assert not answer.abstained
        assert answer.evidence.paths
        assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer

    def test_the_edges_named_lead_to_the_answer(self, follower, tiny_graph):
        answer = Reasoner(follower, tiny_graph).ask("Where does a penguin live?")
        for found in answer.options[:3]:
            for path in found.evidence.paths:
                assert found.text in {path.edges[-1].source, path.edges[-1].target}

    def test_facts_are_a_graph(self, follower):
        answer = Reasoner(follower, None).ask("Where is a zorb?", facts=self.FACTS)
        assert {option.text for option in answer.options} <= {"zorb", "quix", "the vlee", "marn"}
        edited = Reasoner(follower, None).ask("Where is a zorb?", facts=self.FACTS, remove=[self.FACTS[0]])
        assert edited.options != answer.options

    def test_a_fitted_model_abstains(self, follower, tiny_graph):
        abstention = follower.logic.abstention
        try:
            abstention.fitted.fill_(True)
            abstention.weight[0] = -9.0
            answer = Reasoner(follower, tiny_graph).ask("Where does a penguin live?")
        finally:
            abstention.fitted.fill_(False)
            abstention.weight.zero_()
        assert answer.abstained
        assert answer.answers == ()
        assert "does not seem to hold an answer" in answer.note
        assert answer.confidence < 0.01

    def test_nothing_known_is_said(self, follower, tiny_graph):
        answer = Reasoner(follower, tiny_graph).ask("Whither?")
        assert answer.abstained
        assert not answer.graph_used
        assert "knows no concept" in answer.note

    def test_without_a_graph_or_facts_it_cannot_be_answered(self, follower):
        with pytest.raises(InputError, match="the question has no options, and there is no graph"):
            Reasoner(follower, None).ask("Where is a zorb?")


class TestChinese:
    def test_labels_and_evidence_are_in_the_language_of_the_text(self, reasoner):
        mood = reasoner.emotion("企鹅很可爱")
        assert mood.sentiment in {"负面", "正面"}
        assert len(mood.categories) == len(EKMAN)
        assert mood.categories.keys().isdisjoint(EKMAN)
        answer = reasoner.ask("企鹅住在哪里？", ["动物园", "沙漠"])
        found = {str(path) for option in answer.options for path in option.evidence.paths}
        assert "企鹅在动物园" in found

    def test_the_language_can_be_given(self, reasoner):
        assert reasoner.emotion("企鹅很可爱", language="en").sentiment in SENTIMENT
        assert reasoner.emotion("penguin", language="zh").sentiment not in SENTIMENT

    @pytest.mark.parametrize("said", ["😀😀😀😀", "龘" * 2700, "啊", "这个iPad的battery真good👍", "\u0301\u200b的"])
    def test_odd_texts_are_answered(self, reasoner, said):
        mood = reasoner.emotion(said)
        assert 0 <= mood.confidence <= 1
        assert mood.graph_used or mood.note

    def test_a_megabyte_of_one_character_is_too_long_and_says_so(self, reasoner):
        with pytest.raises(LimitError, match="8,192"):
            reasoner.emotion("好" * (1 << 20))


def test_shipped_checkpoints_read_their_languages():
    assert find_checkpoint(shipped_for("en")).name == "mini"
    assert find_checkpoint(shipped_for("zh")).name == "multilingual"
    with pytest.raises(CheckpointError, match="no shipped checkpoint reads the language 'de'"):
        shipped_for("de")


class TestAnswers:
    def test_questions_answered_together_are_answered_as_alone(self, reasoner):
        asked = [
            Request(Question(ASKED, PLACES)),
            Request(Question("What can a bird do?", ("fly", "bake bread")), add=(("bird", "CapableOf", "bake bread"),)),
            Request(Question("Zxqv?", ("qqq", "vvv", "www", "xyz"))),
            Request(Question("A penguin is a bird.", THREE_WAY, "entailment", "It can swim in water.")),
            Request(LONG),
        ]
        for request, together in zip(asked, reasoner.answers(asked), strict=True):
            alone = reasoner.answer(request.question, add=request.add)
            assert isinstance(together, Answer)
            assert [each.text for each in together.options] == [each.text for each in alone.options]
            for one, other in zip(together.options, alone.options, strict=True):
                for name in ("probability", "score", "text_score", "graph_score"):
                    assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-5)
                told = [{p.edges: p.contribution for p in each.evidence.paths} for each in (one, other)]
                assert told[0] == pytest.approx(told[1], abs=1e-5)
            assert (together.graph_used, together.note) == (alone.graph_used, alone.note)
            assert together.gate == pytest.approx(alone.gate, abs=1e-5)

    def test_no_step_is_long(self, reasoner, monkeypatch):
        steps, readings = [], Stages.readings

        def counted(stages, reads):
            steps.append(len(reads))
            return readings(stages, reads)

        monkeypatch.setattr(Stages, "readings", counted)
        monkeypatch.setattr(asking, "STEP_CHARACTERS", 3 * len("".join((ASKED, *PLACES))))
        questions = [Question(ASKED, PLACES), LONG, *[Question(ASKED, PLACES)] * 3, Question(ASKED * 9, PLACES)]
        found = reasoner.answers([Request(question) for question in questions])
        assert steps == [1, 3, 1, 1]
        assert [each.choice for each in found[2:5]] == [found[0].choice] * 3

    @pytest.mark.parametrize("stage", [1, 2, 3])
    def test_a_request_that_ends_early_ends_alone(self, reasoner, stage):
        calls = iter(range(1, 4))

        def check():
            if next(calls) == stage:
                raise InputError("late")

        late, fine, wrong = reasoner.answers(
            [Request(Question(ASKED, PLACES), check=check), Request(Question(ASKED, PLACES)), Request(Question(" "))]
        )
        assert isinstance(late, InputError)
        assert late.message == "late"
        assert isinstance(wrong, InputError)
        assert replace(fine, trace={}) == replace(reasoner.ask(ASKED, PLACES), trace={})
