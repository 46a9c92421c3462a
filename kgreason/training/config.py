"""A run in one TOML file: what is trained, on what, for how long."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from kgreason import storage
from kgreason.errors import ConfigError, FormatError
from kgreason.nn.model import ModelConfig
from kgreason.training.practices import (
    AdversarialConfig,
    AugmentConfig,
    AverageConfig,
    CurriculumConfig,
    DistillConfig,
    OptimizerConfig,
    Tracker,
    check_ranges,
)

__all__ = ["RunConfig", "TaskConfig", "load_run", "to_toml"]


@dataclass(frozen=True)
class TaskConfig:
    """One task of a run.

    Args:
        data: a data set known by name, or a path to a JSONL, CSV or TSV file.
        dev: file of the dev split when ``data`` is a path (a named set has its own); empty: a tenth of the data.
        test: file of the test split when ``data`` is a path.
        limit: at most so many training samples; 0 for all.
        weight: factor of its share of the batches.
        from_epoch: the first epoch whose batches may be of this task; the others share those before it.
        own_facts: whether the facts that the questions bring are all that is read, instead of the run's graph.

    Raises:
        ConfigError: a value out of its range.
    """

    data: str
    dev: str = ""
    test: str = ""
    limit: int = 0
    weight: float = 1.0
    from_epoch: int = 1
    own_facts: bool = False

    def __post_init__(self) -> None:
        check_ranges(self, ("limit", 0, 10**9), ("weight", 1e-6, 1e6), ("from_epoch", 1, 10_000))


@dataclass(frozen=True)
class RunConfig:
    """A training run.

    Args:
        output: the run's folder; checkpoints, tensorboard logs and the finished model lie in it.
        tasks: what to train on, by name.
        init: checkpoint to start from, a folder or the name of a shipped one; empty for the pretrained base.
        graph: ``none``, ``default`` or a graph's folder.
        model: see ModelConfig; ignored with ``init`` but for ``knowledge`` and ``valence``.
        freeze: modules or parameters held fixed, by dotted name: backbone, logic.scale.
        epochs: passes over the mixture, counted by the sum of the tasks' sizes unless ``steps_per_epoch`` is given.
        steps_per_epoch: steps between two reports; 0 for a pass.
        batch_size: questions a step.
        accumulate: parts in which a step's questions are read one after another, to save memory; their gradients add
            up to those of the whole.
        learning_rate: of M.
        head_rate: of K, E, C and R.
        warmup: share of the steps.
        optimizer: see OptimizerConfig.
        average: see AverageConfig.
        temperature: of task sampling, 1 by size, larger evener.
        curriculum: see CurriculumConfig.
        graph_dropout: share of the samples trained without their graph.
        edge_noise: so many distractors for each edge of a training graph: edges like its own between random nodes.
        augment: see AugmentConfig.
        consistency: weight of what it costs where entailments contradict one another; 0 leaves their rules out.
        bias: weight of what it costs where a question is answered otherwise than the same one about another group of
            people; 0 asks of one alone.
        adversarial: see AdversarialConfig.
        distill: see DistillConfig.
        patience: reports without a better dev score before it stops; 0 never stops.
        held_out: share of each task's training samples kept for fitting gate, temperature and thresholds.
        dev_limit: dev questions a task read at each report; 0 for all.
        save_steps: steps between checkpoints; 0 for each report.
        bf16: M runs in bfloat16, where the device multiplies in it.
        tracker: who is told losses and figures, by the Trainer's names; one that can record offline does, unless its
            own settings differ.
        test: whether the test splits are read at the end.
        seed: of everything random.
        device: auto, cpu or cuda.

    Raises:
        ConfigError: no task, or a value out of its range.
    """

    output: str
    tasks: dict[str, TaskConfig]
    init: str = ""
    graph: str = "none"
    model: ModelConfig = field(default_factory=ModelConfig)
    freeze: tuple[str, ...] = ()
    epochs: int = 3
    steps_per_epoch: int = 0
    batch_size: int = 16
    accumulate: int = 1
    learning_rate: float = 1e-4
    head_rate: float = 5e-4
    warmup: float = 0.06
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    average: AverageConfig = field(default_factory=AverageConfig)
    temperature: float = 2.0
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    graph_dropout: float = 0.25
    edge_noise: float = 0.0
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    consistency: float = 0.0
    bias: float = 0.0
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    distill: DistillConfig = field(default_factory=DistillConfig)
    patience: int = 0
    held_out: float = 0.1
    dev_limit: int = 500
    save_steps: int = 0
    bf16: bool = True
    tracker: Tracker = "auto"
    test: bool = False
    seed: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ConfigError("the run has no tasks", fix='Add a table such as [tasks.csqa] data = "commonsenseqa".')
        check_ranges(self, *_RANGES)
        begins = [task.from_epoch for task in self.tasks.values()]
        if min(begins) > 1 or max(begins) > self.epochs:
            raise ConfigError(
                f"the tasks begin in epochs {min(begins)} to {max(begins)} of {self.epochs}",
                fix="Let one begin in epoch 1 and none after the last: from_epoch.",
            )
        if self.batch_size % self.accumulate:
            raise ConfigError(
                f"accumulate is {self.accumulate}, which does not divide batch_size {self.batch_size}",
                fix="Give a divisor of batch_size.",
            )


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("epochs", 1, 10_000), ("steps_per_epoch", 0, 10**9), ("batch_size", 1, 65_536), ("learning_rate", 0, 1),
    ("head_rate", 0, 1), ("warmup", 0, 1), ("temperature", 1, 100), ("graph_dropout", 0, 1), ("patience", 0, 10_000),
    ("consistency", 0, 100), ("bias", 0, 100), ("held_out", 0, 0.5), ("dev_limit", 0, 10**9), ("save_steps", 0, 10**9),
    ("seed", 0, 2**32 - 1), ("accumulate", 1, 65_536), ("edge_noise", 0, 10),
)  # fmt: skip


def load_run(path: str | Path, settings: Sequence[str] = ()) -> RunConfig:
    """Read a run from TOML and apply ``key=value`` settings (dotted keys, TOML values or bare words).

    Args:
        path: the file.
        settings: such as ``["epochs=1", "tasks.csqa.limit=100", "model.reading=joint"]``.

    Raises:
        ConfigError: a key that does not exist or a value that is not allowed, named.
        FormatError: the file cannot be read, or not as TOML.
    """
    with storage.open_text(path) as lines:
        text = "".join(f"{line}\n" for line in lines)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(path, f"it is not TOML: {error}", fix="Correct that line.") from None
    for setting in settings:
        _set(values, setting)
    run: RunConfig = _build(RunConfig, values, "")
    return run


def _set(values: dict[str, Any], setting: str) -> None:
    key, separator, text = setting.partition("=")
    if not separator or not key:
        raise ConfigError(f"--set got {setting!r}", fix="Write --set key=value, such as --set epochs=1.")
    try:
        value, *more = tomllib.loads(f"value = {text}").values()
    except tomllib.TOMLDecodeError:
        value, more = text, []
    if more:
        raise ConfigError(f"--set {key} holds more than one value", fix="Give each key a --set of its own.")
    *tables, last = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise ConfigError(f"--set {key}: {table!r} is not a table", fix="See the run's keys with --dry-run.")
    values[last] = value


def _build(cls: type[Any], values: Mapping[str, Any], where: str) -> Any:
    """A frozen dataclass from a table; nested dataclasses from nested tables."""
    hints = get_type_hints(cls)
    known = [f.name for f in fields(cls)]
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"unknown key {where}{key}", fix=f"Use one of {', '.join(known)}.")
        made[key] = _value(hints[key], value, f"{where}{key}")
    needed = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in needed if name not in made]:
        raise ConfigError(f"{where}{missing[0]} is missing", fix="Give it a value.")
    return cls(**made)


_SCALARS: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is False:  # TOML has no null: lora = false, knowledge = false
            return None
        hint = next(choice for choice in inner if choice is not type(None))
        return _value(hint, {} if value is True and is_dataclass(hint) else value, where)
    if origin is Literal:
        if value not in inner:
            raise ConfigError(f"{where} is {value!r}", fix=f"Use one of {', '.join(inner)}.")
        return value
    if origin is dict:
        table = _checked(value, dict, where, "a table")
        return {name: _value(inner[1], entry, f"{where}.{name}") for name, entry in table.items()}
    if origin is tuple:
        return tuple(_value(inner[0], entry, where) for entry in _checked(value, list, where, "a list"))
    if isinstance(hint, type) and is_dataclass(hint):
        return _build(hint, _checked(value, dict, where, "a table"), f"{where}.")
    found = _checked(value, _SCALARS[hint], where, f"a value of type {hint.__name__}")
    if isinstance(found, bool) and hint is not bool:
        raise ConfigError(f"{where} is {found!r}", fix=f"Give a value of type {hint.__name__}.")
    return float(found) if hint is float else found


def _checked(value: Any, kind: Any, where: str, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise ConfigError(f"{where} is {value!r}", fix=f"Give {wanted}.")
    return value


def to_toml(run: RunConfig) -> str:
    """A run as TOML, which :func:`load_run` reads back as it was; defaults are left out.

    Args:
        run: any run.

    Example:
        >>> print(to_toml(RunConfig("runs/a", {"b": TaskConfig("sst2", limit=9)})), end="")
        output = "runs/a"
        <BLANKLINE>
        [tasks."b"]
        data = "sst2"
        limit = 9
    """
    tasks = "".join(f"\n[tasks.{_toml(name)}]\n{_keys(task)}" for name, task in run.tasks.items())
    return _keys(run, "tasks") + tasks


def _keys(config: RunConfig | TaskConfig, *but: str) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in _said(config).items() if key not in but)


def _said(config: Any) -> dict[str, Any]:
    """The values of a configuration that are not its defaults."""
    values = {each.name: (getattr(config, each.name), each) for each in fields(config)}
    return {
        name: value
        for name, (value, each) in values.items()
        if value != (each.default if each.default_factory is MISSING else each.default_factory())
    }


def _toml(value: Any) -> str:
    if value is None:
        return "false"
    if is_dataclass(value):
        value = _said(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_toml(str(key))} = {_toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
