"""The reasoner's network: ``y = argmax_i R(C(E(K(M(x)))))_i``, and how it is kept on disk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self, get_args

import torch
from torch import Tensor, nn

from kgreason import storage
from kgreason.errors import CheckpointError, ConfigError, FormatError
from kgreason.nn.backbone import Backbone, base_digest, hidden_size, load_base, load_tokenizer, word_width
from kgreason.nn.batch import Collator, GraphBatch, Reading, RelationNames
from kgreason.nn.context import Context
from kgreason.nn.emotion import Emotion
from kgreason.nn.knowledge import Knowledge, KnowledgeConfig
from kgreason.nn.logic import Logic
from kgreason.nn.lora import LoraSettings, adapted, adapter_files, load_adapter, merge_adapter
from kgreason.nn.state import CognitiveState, Scores
from kgreason.nn.weights import cast, read_tensors

__all__ = ["ModelConfig", "ReasoningModel", "pick_device"]

FORMAT = 1
_CONFIG, _WEIGHTS, _ADAPTER = "config.json", "model.safetensors", "adapter"
_READS_GRAPH = (
    "knowledge.", "emotion.attention.", "emotion.concepts.", "emotion.valence.", "logic.mood.",
    "logic.node", "logic.gate.",
)  # fmt: skip


@dataclass(frozen=True)
class ModelConfig:
    """What a model is made of.

    Args:
        base: name or folder of the pretrained transformer.
        reading: separate, joint or summed.
        max_length: tokens a sequence.
        lora: adapter of M, or None for full tuning.
        knowledge: K, or None for a text model.
        emotion: whether E runs.
        valence: whether E reads the valence of concepts.
        base_digest: digest of the base's weights, written when saved.
        temperature: per task, divides logits before they become confidences.
        threshold: per label set ("|".join(labels)), where a sigmoid says yes.
    """

    base: str = "all-MiniLM-L6-v2"
    reading: Reading = "separate"
    max_length: int = 128
    lora: LoraSettings | None = field(default_factory=LoraSettings)
    knowledge: KnowledgeConfig | None = None
    emotion: bool = True
    valence: bool = False
    base_digest: str = ""
    temperature: dict[str, float] = field(default_factory=dict)
    threshold: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reading not in get_args(Reading):
            raise ConfigError(f"reading is {self.reading!r}", fix=f"Use one of {', '.join(get_args(Reading))}.")
        if not 8 <= self.max_length <= 8192:
            raise ConfigError(f"max_length is {self.max_length}", fix="Give 8 to 8192 tokens.")

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        values = {**asdict(self), "format": FORMAT}
        if self.knowledge is not None:
            values["knowledge"] = self.knowledge.to_json()
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            CheckpointError: the values are of another format.
        """
        values = dict(values)
        if (found := values.pop("format", None)) != FORMAT:
            raise CheckpointError(
                f"the checkpoint has format {found}, this kgreason reads {FORMAT}", fix="Upgrade kgreason."
            )
        lora, knowledge = values.pop("lora"), values.pop("knowledge")
        return cls(
            lora=LoraSettings(**lora) if lora else None,
            knowledge=KnowledgeConfig.from_json(knowledge) if knowledge else None,
            **values,
        )


def pick_device(device: str = "auto") -> torch.device:
    """``auto`` is CUDA where there is one, else the CPU.

    Raises:
        ConfigError: there is no such device.

    Example:
        >>> pick_device("cpu")
        device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError:
        raise ConfigError(f"device is {device!r}", fix="Use auto, cpu or cuda.") from None
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device is {device!r}, but there is no CUDA here", fix="Use auto or cpu.")
    return found


class ReasoningModel(nn.Module):
    """The five modules in the order of the formula.

    Args:
        config: what it is made of.
        backbone: M.

    Raises:
        ConfigError: sequences are to be longer than M can read.

    Example:
        >>> model = ReasoningModel.create(ModelConfig())  # doctest: +SKIP
        >>> scores = model(model.collator()([(question, None)]))  # doctest: +SKIP
    """

    def __init__(self, config: ModelConfig, backbone: Backbone) -> None:
        super().__init__()
        if backbone.positions is not None and config.max_length > backbone.positions:
            raise ConfigError(
                f"max_length is {config.max_length}, but {config.base} reads {backbone.positions} tokens at most",
                fix=f"Give max_length a value of {backbone.positions} or less.",
            )
        self.settings = config
        graph_width = config.knowledge.graph_width if config.knowledge else KnowledgeConfig().graph_width
        self.relations = RelationNames()
        self.backbone = backbone
        self.knowledge = Knowledge(config.knowledge, self.relations) if config.knowledge else None
        self.emotion = Emotion(backbone.width, graph_width, valence=config.valence) if config.emotion else None
        self.context = Context(backbone.width, word_width(backbone.model))
        self.logic = Logic(backbone.width, graph_width, valence=config.valence)

    @classmethod
    def create(cls, config: ModelConfig) -> Self:
        """A new model on its pretrained base, ready to be trained."""
        base = load_base(config.base)
        if config.knowledge is not None:
            config = replace(config, knowledge=_fitting(config.knowledge, base))
        if config.lora is not None:
            base = adapted(base, config.lora)
        return cls(config, Backbone(base, load_tokenizer(config.base)))

    def with_knowledge(self, knowledge: KnowledgeConfig) -> ReasoningModel:
        """The same model with a new K; what reads a graph begins anew, all else keeps its weights.

        Raises:
            ConfigError: K's nodes are of another width than those that E was made for.
        """
        knowledge = _fitting(knowledge, self.backbone.model)
        if self.settings.knowledge == knowledge:
            return self
        width = (self.settings.knowledge or KnowledgeConfig()).graph_width
        if knowledge.graph_width != width:
            raise ConfigError(
                f"knowledge.graph_width is {knowledge.graph_width}, but the model was made with {width}",
                fix=f"Give {width}, or train from the pretrained base.",
            )
        model = type(self)(replace(self.settings, knowledge=knowledge), self.backbone).to(self.device)
        kept = {name: tensor for name, tensor in self.own_state().items() if not name.startswith(_READS_GRAPH)}
        model.load_state_dict(kept, strict=False)
        return model

    def with_valence(self) -> ReasoningModel:
        """The same model with an E that reads the valence of concepts, too; untrained, that adds nothing."""
        if self.settings.valence:
            return self
        model = type(self)(replace(self.settings, valence=True), self.backbone).to(self.device)
        model.load_state_dict(self.own_state(), strict=False)
        return model

    def collator(self) -> Collator:
        """The collator that makes this model's batches."""
        return Collator(
            self.backbone.tokenizer,
            self.relations,
            reading=self.settings.reading,
            max_length=self.settings.max_length,
        )

    def forward(self, batch: GraphBatch) -> Scores:
        """R(C(E(K(M(x))))). Shapes: see GraphBatch and Scores."""
        if self.knowledge is not None and batch.num_nodes:
            states, words = self.backbone.relation_states(self.relations.of(batch))
            batch = batch.with_relations(states, words if self.knowledge.reads_words else None)
        state = self.backbone(CognitiveState(batch))
        if self.knowledge is not None:
            state = self.knowledge(state)
        if self.emotion is not None:
            state = self.emotion(state)
        scores: Scores = self.logic(self.context(state))
        return scores

    def forget_relations(self, most: int) -> None:
        """Where so many relation names were met, lets go of all but the eighth of them that was met first."""
        if len(self.relations) > most:
            self.backbone.forget_relations(self.relations.forget(most // 8))

    @property
    def device(self) -> torch.device:
        """Where its parameters lie."""
        return next(self.parameters()).device

    def own_state(self) -> dict[str, Tensor]:
        """Weights of K, E, C and R (and of M under full tuning), by name."""
        keep_base = self.settings.lora is None
        return {
            name: tensor.detach().cpu().contiguous()
            for name, tensor in self.state_dict().items()
            if keep_base or not name.startswith("backbone.")
        }

    def save_pretrained(self, folder: str | Path, *, dtype: torch.dtype | None = None) -> None:
        """Write config.json, model.safetensors (K, E, C, R) and adapter/ (PEFT's own form) as one folder, at once.

        Args:
            folder: replaced if it exists.
            dtype: store weights in another type, such as torch.float16 for a shipped checkpoint.

        Raises:
            CheckpointError: the adapter was merged into the base and cannot be told from it.
        """
        from safetensors.torch import save

        if self.settings.lora is not None and not self._adapter_apart:
            raise CheckpointError(
                "the adapter of this model is merged into its base", fix="Load it with trainable=True to save it."
            )
        config = replace(self.settings, base_digest=base_digest(self.settings.base))
        tensors = {name: cast(tensor, dtype) for name, tensor in self.own_state().items()}

        def write(target: Path) -> None:
            storage.write_json(target / _CONFIG, config.to_json())
            storage.write_bytes(target / _WEIGHTS, save(tensors, metadata={"format": "pt"}))
            if config.lora is not None:
                for name, data in adapter_files(self.backbone.model, dtype).items():
                    storage.write_bytes(target / _ADAPTER / name, data)

        storage.publish(folder, write, replace=True)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, trainable: bool = False, device: str = "auto") -> Self:
        """Read a checkpoint and its base.

        Args:
            folder: what :meth:`save_pretrained` wrote.
            trainable: keep the adapter apart (PEFT) to train on; otherwise it is merged into the base.
            device: auto, cpu or cuda.

        Raises:
            CheckpointError: a file is missing, a weight is not finite or does not fit, or the base is another one.
        """
        folder = Path(folder)
        config = cls._read_config(folder)
        found = base_digest(config.base)
        if config.base_digest and found and found != config.base_digest:
            raise CheckpointError(
                f"{folder} was trained on another {config.base}: its weights have digest {found[:12]}, "
                f"expected {config.base_digest[:12]}",
                fix="Install the base named in the checkpoint's config.json.",
            )
        place = pick_device(device)
        base = load_base(config.base)
        if config.lora is not None:
            base = adapted(base, config.lora) if trainable else merge_adapter(base, config.lora, folder / _ADAPTER)
        model = cls(config, Backbone(base, load_tokenizer(config.base)))
        model.load_weights(folder)
        return model.to(place).eval()

    def load_weights(self, folder: str | Path) -> None:
        """Read the weights of a checkpoint of the same configuration; the adapter too, where it is kept apart.

        Raises:
            CheckpointError: a file is missing, or a weight is not finite or does not fit.
        """
        self._load(Path(folder) / _WEIGHTS)
        if self._adapter_apart:
            load_adapter(self.backbone.model, Path(folder) / _ADAPTER)

    @property
    def _adapter_apart(self) -> bool:
        return hasattr(self.backbone.model, "peft_config")

    @staticmethod
    def _read_config(folder: Path) -> ModelConfig:
        path = folder / _CONFIG
        if not path.is_file():
            raise CheckpointError(
                f"{folder} holds no {_CONFIG}", fix="Give the folder of a checkpoint, or the name 'mini'."
            )
        try:
            return ModelConfig.from_json(storage.read_json(path))
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error.message}", fix=error.fix) from None
        except FormatError as error:  # names the file itself
            raise CheckpointError(error.message, fix="Take the checkpoint again.") from None
        except (ConfigError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise CheckpointError(f"{path}: {error}", fix="Take the checkpoint again.") from None

    def _load(self, path: Path) -> None:
        tensors = read_tensors(path)
        wanted = set(self.own_state())
        if missing := sorted(wanted ^ set(tensors)):
            raise CheckpointError(f"{path}: {missing[0]} is missing or not known", fix="Take the checkpoint again.")
        try:
            self.load_state_dict(tensors, strict=False)
        except RuntimeError as error:
            raise CheckpointError(f"{path}: {str(error).splitlines()[-1].strip()}", fix="Take it again.") from None


def _fitting(knowledge: KnowledgeConfig, base: nn.Module) -> KnowledgeConfig:
    """K's settings with the widths that follow from M."""
    return replace(knowledge, width=hidden_size(base), words=word_width(base))
