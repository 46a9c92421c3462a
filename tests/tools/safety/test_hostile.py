from __future__ import annotations

import pickle  # noqa: TID251 - shows what the attacks would do
from contextlib import suppress
from functools import partial

import numpy as np
import pytest

from tools.safety import hostile
from tools.safety.attack import Place, reached

pytestmark = pytest.mark.enable_socket  # a server of this test's own counts its callers


@pytest.mark.parametrize(
    ("attacks", "count"),
    [
        (hostile.documents, 15),
        (hostile.references, 40),
        (hostile.pickles, 25),
        (hostile.models, 4),
        pytest.param(hostile.archives, 25, marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_attack_is_refused_and_reaches_nothing(attacks, count):
    found = list(attacks())
    assert len(found) == count
    assert not reached(found)


def test_the_attacks_are_loaded(tmp_path):
    """Unguarded libraries are taken in by them: what is refused above would have run."""
    place = Place(tmp_path, "", tmp_path / "secret", tmp_path / "marker")
    payloads = hostile.payloads(place)
    array = tmp_path / "a.npy"
    array.write_bytes(payloads["objects"])
    header = payloads["header"][10:].decode()
    for taken_in in (
        lambda: pickle.loads(payloads["pickle"]),  # noqa: S301 - has to make the marker
        lambda: np.load(array, allow_pickle=True),  # noqa: TID251 - has to make the marker
        lambda: eval(header),  # noqa: S307 - has to make the marker
    ):
        with suppress(TypeError, ValueError, pickle.UnpicklingError):
            taken_in()
        place.marker.rmdir()


def test_an_export_is_refused_for_its_attack_alone(tmp_path):
    place = Place(tmp_path / "a" / "b", "", tmp_path / "secret", tmp_path / "marker")
    assert hostile.exported("text.onnx", partial(hostile.weights_at, ""), place)
    place.secret.write_text("abcd")
    beside = place.file("export/secret", "abcd")
    assert hostile.exported("text.onnx", partial(hostile.weights_at, beside.name), place)  # what lies in it is read
