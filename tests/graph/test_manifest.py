from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pytest

from kgreason import storage
from kgreason.errors import GraphImageError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.manifest import CURRENT, FORMAT, LOCK, MANIFEST, content_digest, live_version, read_manifest, verify
from tests.conftest import FACTS


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    import polars as pl

    rows = [(s, r, t, int(1000 * w)) for s, r, t, w in FACTS]
    table = pl.DataFrame(rows, schema=["source", "relation", "target", "weight"], orient="row")
    out = tmp_path_factory.mktemp("image")
    aliases = [("penguins", "penguin", 0.8)]
    build(
        table,
        out,
        labels={"zoo": "zoo"},
        aliases=aliases,
        columns={"one": lambda t: np.ones((len(t), 1))},
    )
    return out


@pytest.fixture
def copy(image, tmp_path):
    return shutil.copytree(image, tmp_path / "copy")


def files(image):
    return [path for path in sorted(image.rglob("*")) if path.is_file() and path.name != LOCK]


def test_a_sound_image_has_no_findings(image):
    assert verify(image) == verify(live_version(image)) == ()
    assert {path.name for path in files(image)} >= {
        CURRENT,
        MANIFEST,
        "node-one.npy",
        "labels.parquet",
        "surfaces.parquet",
    }


def test_every_flipped_bit_is_found_and_its_file_named(image, tmp_path):
    chance = random.Random(31)
    for path in files(image):
        data = path.read_bytes()
        size = len(data)
        for place in {0, size - 1, *(chance.randrange(size) for _ in range(9))}:
            changed = bytearray(data)
            changed[place] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
            found = verify(image)
            assert any(str(path) in finding for finding in found), (path.name, place)
        path.write_bytes(data)
    assert verify(image) == ()


def test_every_cut_is_found_at_once_when_opening(image):
    chance = random.Random(37)
    for path in files(image):
        data = path.read_bytes()
        for size in {0, len(data) - 1, chance.randrange(len(data))}:
            path.write_bytes(data[:size])
            assert any(str(path) in finding for finding in verify(image)), (path.name, size)
            with pytest.raises(GraphImageError):
                KnowledgeGraph.open(image)
        path.write_bytes(data + b"\n")
        assert any(str(path) in finding for finding in verify(image))
        path.write_bytes(data)


def test_a_missing_and_an_unlisted_file_are_named(copy):
    version = live_version(copy)
    (version / "extra").touch()
    assert verify(copy) == (f"{version / 'extra'} is not listed in {MANIFEST}",)
    (version / "idx.npy").unlink()
    assert verify(copy) == (f"{version / 'idx.npy'} is missing",)
    (copy / CURRENT).unlink()
    assert "neither CURRENT nor manifest.json" in verify(copy)[0]


@pytest.mark.parametrize("text", ["", "v-1\n", "../../etc\n", f"v-{'0' * 64}\n", "\xff" * 999])
def test_current_must_name_a_version(copy, text):
    (copy / CURRENT).write_text(text, encoding="latin-1")
    with pytest.raises(GraphImageError):
        KnowledgeGraph.open(copy)
    assert CURRENT in verify(copy)[0]


def resealed(version, **changes):
    """A manifest with other content and a digest that fits it."""
    manifest = {**json.loads((version / MANIFEST).read_text()), **changes}
    manifest["digest"] = content_digest(manifest)
    storage.write_json(version / MANIFEST, manifest)
    return version.rename(version.with_name(f"v-{manifest['digest']}"))


def test_a_newer_format_asks_for_an_upgrade(copy):
    version = resealed(live_version(copy), format=FORMAT + 1)
    with pytest.raises(GraphImageError, match=r"made by a newer kgreason.*Upgrade"):
        KnowledgeGraph.open(version)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "1"},
        {"format": None},
        {"files": []},
        {"files": {"idx.npy": {"bytes": 1}}},
        {"files": {"../../idx.npy": {"bytes": 1, "digest": ""}}},
        {"files": {}},
        {"relations": None},
        {"relations": [{"name": 1, "symmetric": True}]},
        {"columns": ["none"]},
        {"columns": ["../x"]},
    ],
    ids=str,
)
def test_a_manifest_that_fits_its_digest_but_not_the_image(copy, changes):
    version = resealed(live_version(copy), **changes)
    with pytest.raises(GraphImageError):
        KnowledgeGraph.open(version)
    assert verify(version)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"format": 1}', '{"digest": NaN}', "[" * 99_999])
def test_a_manifest_that_is_none(copy, text):
    version = live_version(copy)
    (version / MANIFEST).write_text(text)
    with pytest.raises(GraphImageError, match=r"manifest\.json is damaged"):
        read_manifest(version)


def test_arrays_that_point_outside_are_found(copy):
    version = live_version(copy)
    idx = storage.load_npy(version / "idx.npy", mmap=False).copy()
    idx[3] = 1000
    storage.save_npy(version / "idx.npy", idx)
    stated = json.loads((version / MANIFEST).read_text())["files"]
    stated["idx.npy"]["digest"] = storage.digest(version / "idx.npy")
    version = resealed(version, files=stated)
    assert verify(version) == (f"{version / 'idx.npy'} points outside the graph",)


def test_a_renamed_version_is_refused_a_renamed_folder_is_not(copy):
    version = live_version(copy)
    moved = version.rename(copy / "plain")
    assert KnowledgeGraph.open(moved).num_nodes
    other = moved.rename(copy / f"v-{'0' * 64}")
    with pytest.raises(GraphImageError, match="digest"):
        KnowledgeGraph.open(other)
