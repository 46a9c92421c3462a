from __future__ import annotations

import pytest

from kgreason.graph import readers
from tools.safety.fuzz import TARGETS, read, sample
from tools.safety.samples import SAMPLES


def test_every_reader_has_a_sample():
    assert set(SAMPLES) == set(readers.READERS)


@pytest.mark.parametrize("name", TARGETS)
def test_samples_are_sound(tmp_path, name):
    for file, data in sample(name).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(data)
    read(name, tmp_path)
