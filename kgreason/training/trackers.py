"""Who is told losses and figures: the Trainer's integrations by name, offline unless their settings differ."""

from __future__ import annotations

import os

from kgreason.errors import ConfigError
from kgreason.training.practices import Tracker

__all__ = ["trackers"]

#: What keeps a tracker's records on this machine, where it would else send them.
_OFFLINE = {
    "clearml": ("CLEARML_OFFLINE_MODE", "1"),
    "comet_ml": ("COMET_START_ONLINE", "0"),
    "neptune": ("NEPTUNE_MODE", "offline"),
    "swanlab": ("SWANLAB_MODE", "offline"),
    "wandb": ("WANDB_MODE", "offline"),
}


def trackers(name: Tracker) -> list[str]:
    """What the Trainer's ``report_to`` takes; settings that keep a tracker offline are made where there are none.

    Args:
        name: of the tracker.

    Raises:
        ConfigError: it is not installed.

    Example:
        >>> trackers("none")
        []
    """
    from transformers.integrations import get_available_reporting_integrations

    if name == "none":
        return []
    installed = get_available_reporting_integrations()
    if name == "auto":
        return ["tensorboard"] if "tensorboard" in installed else []
    if name not in installed:
        raise ConfigError(
            f"tracker is {name!r}, which is not installed",
            fix=f"Install it, or use one of {', '.join(['auto', 'none', *installed])}.",
        )
    if name in _OFFLINE:
        variable, value = _OFFLINE[name]
        os.environ.setdefault(variable, value)
    return [name]
