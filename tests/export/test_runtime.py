from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from kgreason.engine import Reasoner
from kgreason.errors import CheckpointError, InputError
from kgreason.export.runtime import CONFIG, TEXT, ExportedReasoner
from kgreason.records import Question
from tests.formula import CHOICES, LONG, MOOD, PAIR

WITHOUT_TORCH = """
import json, sys
for heavy in ("torch", "transformers", "peft", "torch_geometric"):
    sys.modules[heavy] = None  # an import of it fails
from kgreason.export.runtime import ExportedReasoner
from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
folder, facts, asked = json.load(sys.stdin)
reasoner = ExportedReasoner(folder, KnowledgeGraph.from_triples(facts), threads=1)
asked = [Question(text, tuple(options), task, hypothesis) for text, options, task, hypothesis in asked]
answers = [reasoner.answer(question) for question in asked]
print(json.dumps([[option.score for option in sorted(each.options, key=lambda o: o.index)] for each in answers]))
"""


def test_answers_without_torch_are_those_of_the_reasoner(exported, model, tiny_graph, facts):
    questions = (*CHOICES[:2], PAIR, MOOD)
    given = [str(exported), facts, [(q.text, q.options, q.task, q.hypothesis) for q in questions]]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    reasoner = Reasoner(model, tiny_graph)
    for question, scores in zip(questions, json.loads(done.stdout), strict=True):
        wanted = reasoner.answer(question)
        assert scores == pytest.approx([o.score for o in sorted(wanted.options, key=lambda o: o.index)], abs=1e-4)


def test_an_answer_has_what_the_reasoner_tells(exported, model, tiny_graph):
    found = ExportedReasoner(exported, tiny_graph, threads=1).answer(CHOICES[0])
    wanted = Reasoner(model, tiny_graph).answer(CHOICES[0])
    assert [option.text for option in found.options] == [option.text for option in wanted.options]
    assert (found.choice, found.graph_used) == (wanted.choice, True)
    assert found.confidence == pytest.approx(wanted.confidence, abs=1e-4)
    assert found.gate == pytest.approx(wanted.gate, abs=1e-4)
    alone = ExportedReasoner(exported, "none", threads=1).answer(CHOICES[0])
    assert not alone.graph_used


def test_without_a_graph_the_facts_of_a_question_are_read(exported, model):
    asked = Question("Who owns the zorb?", ("quix", "oven"), facts=(("quix", "owns", "zorb"),))
    found = ExportedReasoner(exported, None, threads=1).answer(asked)
    wanted = Reasoner(model, None).answer(asked)
    assert found.graph_used
    assert [option.score for option in found.options] == pytest.approx([o.score for o in wanted.options], abs=1e-4)


def test_what_was_not_exported_is_refused(exported, tiny_graph):
    reasoner = ExportedReasoner(exported, tiny_graph, threads=1)
    with pytest.raises(InputError, match="does not read a context"):
        reasoner.answer(LONG)
    with pytest.raises(InputError, match="does not read an open question"):
        reasoner.answer(Question("What lives in a zoo?", task="open"))
    many = tuple(
        fact for i in range(60) for fact in (("penguin", "IsA", f"wug {i}"), (f"wug {i}", "AtLocation", "zoo"))
    )
    with pytest.raises(InputError, match="an exported model reads 40"):
        reasoner.answer(replace(CHOICES[0], facts=many))


def test_damage_is_named(exported, tmp_path):
    with pytest.raises(CheckpointError, match="there is no folder"):
        ExportedReasoner(tmp_path / "nowhere", None)
    folder = tmp_path / "onnx"
    shutil.copytree(exported, folder)
    data = bytearray((folder / TEXT).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / TEXT).write_bytes(data)
    with pytest.raises(CheckpointError, match=r"text\.onnx is missing or damaged"):
        ExportedReasoner(folder, None)
    (folder / TEXT).unlink()
    with pytest.raises(CheckpointError, match=r"text\.onnx is missing or damaged"):
        ExportedReasoner(folder, None)
    (folder / CONFIG).write_text('{"format": 7}')
    with pytest.raises(CheckpointError, match="export format 7"):
        ExportedReasoner(folder, None)
