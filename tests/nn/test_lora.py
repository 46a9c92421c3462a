from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.backbone import load_base
from kgreason.nn.lora import LoraSettings, adapted, adapter_files, load_adapter, merge_adapter
from tests.formula import LORA, close

IDS = torch.randint(5, 999, (3, 11), generator=torch.Generator().manual_seed(1))


def states(model):
    with torch.no_grad():
        return model.eval()(input_ids=IDS).last_hidden_state


@pytest.fixture(params=["encoder", "decoder"])
def base(request, tiny_base, tiny_decoder) -> str:
    return str(tiny_base if request.param == "encoder" else tiny_decoder)


@pytest.fixture(params=["lora", "adalora", "ia3"])
def lora(request) -> LoraSettings:
    return replace(LORA, kind=request.param)


@pytest.fixture
def trained(base, lora, tmp_path):
    """A PEFT model whose adapter does something, and the folder of that adapter."""
    model = adapted(load_base(base), lora)
    random = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.2)
    for name, content in adapter_files(model).items():
        (tmp_path / name).write_bytes(content)
    return model, tmp_path


def test_a_new_adapter_changes_nothing(base, lora):
    torch.testing.assert_close(states(adapted(load_base(base), lora)), states(load_base(base)), atol=0, rtol=0)


def test_every_linear_layer_has_one(tiny_base):
    model = adapted(load_base(str(tiny_base)), LORA)
    linear = [m for m in load_base(str(tiny_base)).modules() if isinstance(m, torch.nn.Linear)]
    learning = [p for p in model.parameters() if p.requires_grad]
    assert len(learning) == 2 * len(linear)
    assert sum(p.numel() for p in learning) == sum(LORA.rank * sum(m.weight.shape) for m in linear)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's, on reading a folder
def test_merged_is_what_peft_says(base, lora, trained):
    model, folder = trained
    merged = merge_adapter(load_base(base), lora, folder)
    close(states(merged), states(model))
    assert not torch.allclose(states(merged), states(load_base(base)), atol=1e-2)
    theirs = PeftModel.from_pretrained(load_base(base), str(folder)).merge_and_unload()
    close(states(merged), states(theirs))
    for (name, ours), (_, other) in zip(merged.named_parameters(), theirs.named_parameters(), strict=True):
        torch.testing.assert_close(ours, other, atol=1e-6, rtol=1e-6, msg=name)


def test_read_again_it_is_the_same(base, lora, trained):
    model, folder = trained
    other = adapted(load_base(base), lora)
    load_adapter(other, folder)
    assert torch.equal(states(other), states(model))


def test_in_half_precision(trained):
    model, folder = trained
    (folder / "adapter_model.safetensors").write_bytes(adapter_files(model, torch.float16)["adapter_model.safetensors"])
    assert {t.dtype for t in load_file(folder / "adapter_model.safetensors").values()} == {torch.float16}


def test_files_say_nothing_of_this_machine(trained):
    _, folder = trained
    assert str(Path.home()) not in (folder / "adapter_config.json").read_text()
    assert "tiny_" not in (folder / "adapter_config.json").read_text()


@pytest.mark.parametrize("base", ["encoder"], indirect=True)
@pytest.mark.parametrize("read", ["merge", "load"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {}, "does not fit the base"),
        (lambda t: dict(sorted(t.items())[1:]), "does not fit the base"),
        (lambda t: {**t, "more": torch.ones(1)}, "does not fit the base: more"),
        (lambda t: {name: torch.ones(2, 2) for name in t}, "does not fit the base"),
        (lambda t: {name: tensor[:, :0] for name, tensor in t.items()}, "does not fit the base"),
        (lambda t: {name: tensor * torch.nan for name, tensor in t.items()}, "not finite"),
    ],
)
def test_one_that_does_not_fit_is_named(base, lora, trained, read, change, message):
    _, folder = trained
    path = folder / "adapter_model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in change(load_file(path)).items()}, path)
    model = load_base(base)
    with pytest.raises(CheckpointError, match=message):
        merge_adapter(model, lora, folder) if read == "merge" else load_adapter(adapted(model, lora), folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, "lora.rank is 0"),
        ({"alpha": 0}, "lora.alpha is 0"),
        ({"dropout": 1.0}, "lora.dropout is 1.0"),
        ({"kind": "prefix"}, "lora.kind is 'prefix'"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ConfigError, match=message):
        LoraSettings(**settings)
