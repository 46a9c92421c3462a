"""The default graph: built from the packaged facts in the user's cache when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import kg_data
from kgreason import storage
from kgreason.errors import StorageError
from kgreason.graph.manifest import CURRENT, FORMAT, RULES
from kgreason.graph.vectors import StaticVectors

if TYPE_CHECKING:
    from kgreason.graph.derive import Progress

__all__ = ["default_image"]

#: What the image depends on; the facts' description holds the digests of its tables.
_PARTS = ("facts/facts.json", "relations.toml", "tokens/vectors.npy", "tokens/scale.npy", "tokens/vocabulary.txt")


def default_image(progress: Progress | None = None) -> Path:
    """The image of the default graph; the first use on a machine builds it, which takes about ten seconds.

    Other processes that ask meanwhile wait for that build. The image has the node column ``text``: static vectors of
    the labels (:class:`kgreason.graph.vectors.StaticVectors`).

    Args:
        progress: called with (stage, done, total) while it is built.

    Returns:
        The image directory in the cache (see :func:`kgreason.storage.cache_home`).

    Raises:
        StorageError: the cache cannot be written.
    """
    image = storage.cache_home() / "graphs" / _name()
    if storage.size(image / CURRENT) is not None:
        return image
    try:
        with storage.lock(image.with_suffix(".lock")):
            if storage.size(image / CURRENT) is None:
                _build(image, progress)
    except StorageError as error:
        raise StorageError(
            f"the default graph cannot be built: {error.message}",
            fix="Set the environment variable KGREASON_HOME to a folder that can be written.",
        ) from error
    return image


def _name() -> str:
    """Names the image by all it depends on, so that a new release never reads an old one's."""
    digests = "".join(storage.digest(kg_data.path(part)) for part in _PARTS)
    return f"default-{FORMAT}.{RULES}-{storage.digest_bytes(digests.encode())[:16]}"


def _build(image: Path, progress: Progress | None) -> None:
    from kgreason.graph.build import build
    from kgreason.graph.readers import read

    facts = read(kg_data.path("facts"), "facts")
    build(
        facts,
        image,
        labels=facts.labels,
        aliases=facts.aliases,
        columns={"text": StaticVectors.load().encode},
        sources=facts.sources,
        progress=progress,
    )
