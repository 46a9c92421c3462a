from __future__ import annotations

import os
from typing import get_args

import pytest
from transformers.integrations import integration_utils

from kgreason.errors import ConfigError
from kgreason.training.practices import Tracker
from kgreason.training.trackers import trackers


def test_every_name_is_one_of_the_trainers():
    assert set(get_args(Tracker)) - {"auto", "none"} <= set(integration_utils.INTEGRATION_TO_CALLBACK)


def test_by_default_tensorboard_where_it_is_installed(monkeypatch):
    assert trackers("auto") == ["tensorboard"]
    monkeypatch.setattr(integration_utils, "is_tensorboard_available", lambda: False)
    assert trackers("auto") == []
    with pytest.raises(ConfigError, match=r"tensorboard.* not installed") as caught:
        trackers("tensorboard")
    assert "auto, none" in caught.value.fix


@pytest.mark.parametrize(("own", "found"), [(None, "offline"), ("online", "online")])
def test_a_tracker_stays_offline_unless_its_settings_say_otherwise(monkeypatch, own, found):
    monkeypatch.setattr(integration_utils, "is_wandb_available", lambda: True)
    monkeypatch.setenv("WANDB_MODE", own or "")
    if own is None:
        monkeypatch.delenv("WANDB_MODE")
    assert trackers("wandb") == ["wandb"]
    assert os.environ["WANDB_MODE"] == found
