from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import ConfigError, FormatError
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ModelConfig
from kgreason.training.config import RunConfig, TaskConfig, load_run, to_toml
from kgreason.training.practices import AdversarialConfig, AverageConfig, CurriculumConfig, OptimizerConfig
from tests.models import KNOWLEDGE

RECIPES = Path(__file__).parents[2] / "tools" / "recipes"
TASK = '[tasks.a]\ndata = "a.csv"\n'
FULL = """
output = "out"
epochs = 2
learning_rate = 1
freeze = ["backbone", "logic.scale"]

[model]
reading = "joint"
lora = { rank = 2, alpha = 4 }
temperature = { choice = 2 }

[model.knowledge]
paths = "follower"
fusion = false
relations = ["IsA", "AtLocation"]

[tasks.a]
data = "a.csv"
dev = "b.csv"
weight = 2

[tasks.b]
data = "sst2"
limit = 17
"""


@pytest.fixture
def read(tmp_path):
    def call(text, *settings):
        path = tmp_path / "run.toml"
        path.write_text(text if "output =" in text else f'output = "out"\n{text}')
        return load_run(path, settings)

    return call


def test_nested_tables(read):
    run = read(FULL)
    assert (run.output, run.epochs, run.learning_rate, run.freeze) == ("out", 2, 1.0, ("backbone", "logic.scale"))
    assert isinstance(run.learning_rate, float)
    assert run.model.lora == LoraSettings(rank=2, alpha=4)
    assert run.model.knowledge == KnowledgeConfig(paths="follower", fusion=False, relations=("IsA", "AtLocation"))
    assert run.model.temperature == {"choice": 2.0}
    assert run.tasks == {"a": TaskConfig("a.csv", dev="b.csv", weight=2.0), "b": TaskConfig("sst2", limit=17)}


def test_practices_are_tables_and_off_unless_given(read):
    plain = read(TASK)
    assert not plain.adversarial.on
    assert (plain.average.form, plain.curriculum.by, plain.edge_noise, plain.accumulate) == ("none", "none", 0.0, 1)
    text = (
        '[optimizer]\nname = "radam"\nschedule = "cosine"\n[average]\nform = "tail"\n'
        f'[adversarial]\nkind = "pgd"\nsteps = 3\n[curriculum]\nby = "hops"\n{TASK}'
    )
    run = read(text, "adversarial.radius=0.2", "tasks.a.from_epoch=1")
    assert run.optimizer == OptimizerConfig("radam", schedule="cosine")
    assert run.average == AverageConfig("tail")
    assert run.adversarial == AdversarialConfig("pgd", radius=0.2, steps=3)
    assert run.curriculum == CurriculumConfig("hops")


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_are_runs(recipe):
    assert load_run(recipe).tasks


@pytest.mark.parametrize(
    ("setting", "lora", "knowledge"),
    [
        ("lora = false", None, None),
        ("knowledge = false", LoraSettings(), None),
        ("knowledge = true", LoraSettings(), KnowledgeConfig()),
        ("lora = true", LoraSettings(), None),
        ("knowledge = { paths = false }", LoraSettings(), KnowledgeConfig(paths=None)),
    ],
)
def test_false_leaves_a_part_out(read, setting, lora, knowledge):
    run = read(f"[model]\n{setting}\n{TASK}")
    assert (run.model.lora, run.model.knowledge) == (lora, knowledge)


@pytest.mark.parametrize(
    ("text", "names", "fix"),
    [
        (f"epoch = 1\n{TASK}", "unknown key epoch", "Use one of output, tasks, init"),
        (f"[model.lora]\nrnk = 1\n{TASK}", "unknown key model.lora.rnk", "rank, alpha, dropout"),
        ('[tasks.a]\ndata = "a.csv"\nsize = 3', "unknown key tasks.a.size", "data, dev, test"),
        ("[tasks.a]\nlimit = 3", "tasks.a.data is missing", "Give it a value"),
        (f'epochs = "three"\n{TASK}', "epochs is 'three'", "type int"),
        (f"epochs = 1.5\n{TASK}", "epochs is 1.5", "type int"),
        (f"epochs = true\n{TASK}", "epochs is True", "type int"),
        (f"bf16 = 1\n{TASK}", "bf16 is 1", "type bool"),
        (f"learning_rate = true\n{TASK}", "learning_rate is True", "type float"),
        (f'freeze = "backbone"\n{TASK}', "freeze is 'backbone'", "a list"),
        (f"freeze = [1]\n{TASK}", "freeze is 1", "type str"),
        (f"[model]\nlora = 3\n{TASK}", "model.lora is 3", "a table"),
        (f"[model]\nknowledge = 0\n{TASK}", "model.knowledge is 0", "a table"),
        (f'[model]\nreading = "aloud"\n{TASK}', "model.reading is 'aloud'", "separate, joint, summed"),
        (f'[model.knowledge]\npaths = "guess"\n{TASK}', "paths is 'guess'", "counter, follower"),
        (f"[model.temperature]\nchoice = 'x'\n{TASK}", "model.temperature.choice is 'x'", "type float"),
        ("tasks = 3", "tasks is 3", "a table"),
        ("[tasks]\na = 'sst2'", "tasks.a is 'sst2'", "a table"),
        ("[tasks]", "the run has no tasks", "[tasks.csqa]"),
        (f"epochs = 0\n{TASK}", "epochs is 0", "from 1"),
        (f"learning_rate = nan\n{TASK}", "learning_rate is nan", "from 0 to 1"),
        (f"learning_rate = -1e-9\n{TASK}", "learning_rate is -1e-09", "from 0 to 1"),
        (f"held_out = 0.51\n{TASK}", "held_out is 0.51", "to 0.5"),
        (f"temperature = 0.5\n{TASK}", "temperature is 0.5", "from 1"),
        (f"graph_dropout = 1.01\n{TASK}", "graph_dropout is 1.01", "to 1"),
        (f"seed = -1\n{TASK}", "seed is -1", "from 0"),
        (f"[model.lora]\nrank = 0\n{TASK}", "lora.rank is 0", "1 or more"),
        (f"[model]\nmax_length = 7\n{TASK}", "max_length is 7", "8 to 8192"),
        (f"[model.knowledge]\nheads = 0\n{TASK}", "heads is 0", "1 or more"),
        (f"batch_size = 6\naccumulate = 4\n{TASK}", "accumulate is 4", "divisor"),
        (f'tracker = "paper"\n{TASK}', "tracker is 'paper'", "tensorboard"),
        (f'optimizer = "sgd"\n{TASK}', "optimizer is 'sgd'", "a table"),
        (f'[optimizer]\nname = "sgd"\n{TASK}', "optimizer.name is 'sgd'", "adamw, adafactor, radam"),
        (f"[optimizer]\nmax_grad_norm = -1\n{TASK}", "max_grad_norm is -1", "from 0"),
        (f'[adversarial]\nkind = "evil"\n{TASK}', "adversarial.kind is 'evil'", "fgm, pgd, smooth"),
        (f"[adversarial]\nradius = -1\n{TASK}", "radius is -1", "from 0"),
        (f'[curriculum]\nby = "taste"\n{TASK}', "curriculum.by is 'taste'", "length, hops, loss"),
        (f"{TASK}from_epoch = 2", "epochs 2 to 2 of 3", "from_epoch"),
        (f"{TASK}from_epoch = 0", "from_epoch is 0", "from 1"),
        (f"{TASK}[tasks.b]\ndata = 'b.csv'\nfrom_epoch = 4", "epochs 1 to 4 of 3", "from_epoch"),
        (f'[augment]\nchanges = ["rot13"]\n{TASK}', "augment.changes has 'rot13'", "typos"),
        (f"edge_noise = -0.1\n{TASK}", "edge_noise is -0.1", "from 0"),
        (f"[average]\nstart = 2\n{TASK}", "start is 2.0", "to 1"),
        (f"{TASK}limit = -1", "limit is -1", "from 0"),
        (f"{TASK}weight = 0", "weight is 0.0", "from 1e-06"),
        (f"{TASK}weight = inf", "weight is inf", "from 1e-06"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(read, text, names, fix):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert names in caught.value.message
    assert fix in caught.value.fix


def test_settings_change_keys(read):
    settings = (
        "epochs=5", "output=somewhere else", "model.reading=summed", "model.lora.rank=3", "tasks.a.limit=7",
        "tasks.c.data=sst2", 'freeze=["emotion"]', "bf16=false", "model.knowledge=false", "model.base=a=b", "init=",
    )  # fmt: skip
    run = read(FULL, *settings)
    assert (run.epochs, run.output, run.freeze, run.bf16, run.init) == (5, "somewhere else", ("emotion",), False, "")
    assert (run.model.reading, run.model.base, run.model.knowledge) == ("summed", "a=b", None)
    assert run.model.lora == LoraSettings(rank=3, alpha=4)
    assert (run.tasks["a"].limit, run.tasks["c"].data) == (7, "sst2")


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("epochs", "--set got 'epochs'"),
        ("=3", "--set got '=3'"),
        ("epochs=three", "epochs is 'three'"),
        ("epoch=3", "unknown key epoch"),
        ("epochs.a=3", "'epochs' is not a table"),
        ("tasks.a.data.b=3", "'data' is not a table"),
        ("model.lora.rank=0", "lora.rank is 0"),
        ("tasks.new.limit=3", "tasks.new.data is missing"),
    ],
)
def test_a_wrong_setting_is_named(read, setting, names):
    with pytest.raises(ConfigError, match=r".+") as caught:
        read(FULL, setting)
    assert names in caught.value.message
    assert caught.value.fix


def test_what_is_not_toml_is_told_with_its_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("output = \n")
    with pytest.raises(FormatError, match="it is not TOML"):
        load_run(path)
    with pytest.raises(FormatError):
        load_run(tmp_path / "none.toml")


def test_a_run_in_python_is_checked_too():
    with pytest.raises(ConfigError, match="batch_size is 0"):
        RunConfig("out", {"a": TaskConfig("a.csv")}, batch_size=0)
    assert math.isclose(RunConfig("out", {"a": TaskConfig("a.csv")}).warmup, 0.06)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


@given(texts, st.dictionaries(texts, texts, min_size=1, max_size=3), st.floats(0, 1), st.booleans())
def test_a_run_as_toml_is_read_back(tmp_path_factory, init, tasks, rate, flag):
    path = tmp_path_factory.mktemp("run") / "run.toml"
    knowledge = replace(KNOWLEDGE, relations=tuple(tasks)) if flag else None
    run = RunConfig(
        "out", {name: TaskConfig(data, own_facts=flag) for name, data in tasks.items()}, init=init, learning_rate=rate,
        model=ModelConfig(knowledge=knowledge, lora=None, threshold={"a|b": 0.5}), freeze=tuple(tasks), bf16=flag,
    )  # fmt: skip
    path.write_text(to_toml(run), encoding="utf-8", newline="")
    assert load_run(path) == run
