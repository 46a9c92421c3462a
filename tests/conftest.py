"""What every test may lean on: hypothesis profiles, a small graph, the data sets, a cache of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

# Before any library reads them: no test reaches a hub, and tokenizers fork nothing.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

settings.register_profile("fast", max_examples=25, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "full", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile(os.environ.get("KGREASON_PROFILE", "fast"))

#: Two neighbourhoods that meet in "water": a zoo and a kitchen.
FACTS = (
    ("penguin", "IsA", "bird", 4.0),
    ("penguin", "AtLocation", "zoo", 2.0),
    ("penguin", "AtLocation", "antarctica", 5.0),
    ("penguin", "CapableOf", "swim", 3.0),
    ("penguin", "NotCapableOf", "fly", 2.0),
    ("penguin", "HasProperty", "black and white", 1.0),
    ("bird", "IsA", "animal", 5.0),
    ("bird", "HasA", "wing", 3.0),
    ("bird", "CapableOf", "fly", 4.0),
    ("bird", "AtLocation", "nest", 2.0),
    ("bird", "AtLocation", "zoo", 1.0),
    ("zoo", "UsedFor", "keep animals", 2.0),
    ("zoo", "HasA", "animal", 3.0),
    ("zoo", "AtLocation", "city", 1.0),
    ("animal", "HasProperty", "alive", 2.0),
    ("animal", "Desires", "water", 1.0),
    ("swim", "HasPrerequisite", "water", 3.0),
    ("antarctica", "HasProperty", "cold", 2.0),
    ("desert", "HasProperty", "hot", 3.0),
    ("desert", "AtLocation", "africa", 1.0),
    ("desert", "NotHasA", "water", 2.0),
    ("oven", "HasProperty", "hot", 3.0),
    ("oven", "AtLocation", "kitchen", 4.0),
    ("oven", "UsedFor", "bake bread", 3.0),
    ("kitchen", "HasA", "water", 1.0),
    ("kitchen", "AtLocation", "house", 3.0),
    ("hot", "Antonym", "cold", 4.0),
    ("wing", "UsedFor", "fly", 2.0),
    ("city", "HasA", "house", 2.0),
    ("bake bread", "HasPrerequisite", "oven", 1.0),
    ("water", "HasProperty", "wet", 3.0),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, and say why."""
    skips = {"gpu": _no_gpu, "data": _no_data}
    for mark, reason in skips.items():
        marked = [item for item in items if mark in item.keywords]
        if marked and (text := reason()):
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=text))


def _no_gpu() -> str:
    import torch

    return "" if torch.cuda.is_available() else "needs a CUDA device"


def _no_data() -> str:
    return "" if os.environ.get("KGREASON_DATA") else "needs the public data sets: set KGREASON_DATA to their folder"


@pytest.fixture(scope="session")
def tiny_graph() -> KnowledgeGraph:
    """31 facts over 24 concepts, with two negated relations and a symmetric one."""
    from kgreason.graph import KnowledgeGraph

    return KnowledgeGraph.from_triples(FACTS)


@pytest.fixture(scope="session")
def default_graph() -> KnowledgeGraph:
    """The packaged graph from the user's cache; the first use of a machine builds it."""
    from kgreason.graph import KnowledgeGraph

    return KnowledgeGraph.open("default")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data sets."""
    if reason := _no_data():
        pytest.skip(reason)
    return Path(os.environ["KGREASON_DATA"])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    path = tmp_path / "home"
    monkeypatch.setenv("KGREASON_HOME", str(path))
    return path


@pytest.fixture(scope="session")
def facts() -> tuple[tuple[str, str, str, float], ...]:
    """What the tiny graph is made of."""
    return FACTS


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of 2 layers and width 32 with MiniLM's tokenizer, as a Hugging Face folder."""
    import torch
    from transformers import BertConfig, BertModel

    from kgreason.nn.backbone import load_tokenizer

    folder = tmp_path_factory.mktemp("tiny_bert")
    tokenizer = load_tokenizer("all-MiniLM-L6-v2")
    torch.manual_seed(7)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=128, **sizes)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random GPT-2 of 2 layers and width 32, as a Hugging Face folder."""
    import torch
    from transformers import GPT2Config, GPT2Model

    from kgreason.nn.backbone import load_tokenizer

    folder = tmp_path_factory.mktemp("tiny_gpt")
    tokenizer = load_tokenizer("all-MiniLM-L6-v2")
    torch.manual_seed(7)
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=128, n_embd=32, n_layer=2, n_head=2)
    GPT2Model(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixed precision even where the processor is slow at it."""
    monkeypatch.setattr("kgreason.nn.backbone.has_bfloat16", lambda device: True)
