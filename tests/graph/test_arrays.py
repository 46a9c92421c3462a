from __future__ import annotations

import numpy as np
import pytest

from kgreason.graph.arrays import FILES, Arrays


@pytest.fixture
def files(tiny_graph):
    return {name: array.copy() for name, array in tiny_graph.arrays.to_files().items()}


def made(files, graph):
    return Arrays.from_files(files, graph.relations, graph.symmetric)


def test_files_round_trip(files, tiny_graph):
    again = made(files, tiny_graph).to_files()
    assert all(again[name] is files[name] for name in FILES)
    assert list(made(files, tiny_graph).misfits()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_length_or_type_is_refused(files, tiny_graph, name):
    for wrong in (files[name][:-1], np.append(files[name], files[name][-1:]), files[name].astype(np.complex64)):
        with pytest.raises(ValueError, match="does not fit"):
            made({**files, name: wrong}, tiny_graph)


#: Files of plain values: nothing in them can point outside.
VALUES = {"weight.npy", "labels.key_data.npy", "labels.data.npy", "surfaces.data.npy", "surfaces.prior.npy"}


@pytest.mark.parametrize("name", [name for name in FILES if name not in VALUES])
def test_an_index_outside_is_found(files, tiny_graph, name):
    place = len(files[name]) // 2
    if name == "surfaces.slots.npy":
        place = int(np.flatnonzero(files[name])[0])
    files[name][place] = 200
    assert name in list(made(files, tiny_graph).misfits())
