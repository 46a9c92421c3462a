"""Linking by meaning: sentence vectors of a graph's concepts, and the texts that they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.graph.index import Model, TextIndex
from kgreason.nn.backbone import PACKAGED, find_base

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph
    from kgreason.graph.derive import Progress

__all__ = ["DEFAULT_MODEL", "THRESHOLD", "MeaningIndex", "sentence_model"]

DEFAULT_MODEL = next(iter(PACKAGED))
#: Cosine from which a link is made; tools/bench/meaning.py fits it, for the default model.
THRESHOLD = 0.67

_BATCH = 64  # measured: the labels of concepts are short, and larger batches carry more padding
#: What a model is made of; anything else in its folder changes no vector.
_PARTS = {".json", ".model", ".safetensors", ".txt"}


class MeaningIndex:
    """Which concepts of a graph texts may mean, by the cosine of sentence vectors.

    Args:
        index: the vectors of the concepts.
        model: what made them.
        threshold: cosine from which a concept counts.

    Example:
        >>> import kgreason as kr
        >>> graph = kr.KnowledgeGraph.open("default")  # doctest: +SKIP
        >>> index = kr.MeaningIndex.build(graph)  # doctest: +SKIP
        >>> grounder = kr.Grounder(graph, index=index)  # doctest: +SKIP
    """

    def __init__(self, index: TextIndex, model: Model, threshold: float = THRESHOLD) -> None:
        self.index = index
        self.model = model
        self.threshold = threshold

    @classmethod
    def build(
        cls,
        graph: KnowledgeGraph,
        model: str = DEFAULT_MODEL,
        *,
        threshold: float = THRESHOLD,
        progress: Progress | None = None,
    ) -> Self:
        """Makes the index of a graph, or goes on with it, or opens the one that is there.

        Args:
            graph: opened from an image, next to which the index is kept.
            model: a sentence encoder: a folder, the name of a packaged base, or a hub name.
            threshold: cosine from which a concept counts.
            progress: called with (stage, done, total).

        Raises:
            CheckpointError: there is no such model; InputError: the graph cannot be indexed.
        """
        encoder = sentence_model(model)
        return cls(TextIndex.build(graph, encoder, progress=progress), encoder, threshold)

    @classmethod
    def open(cls, graph: KnowledgeGraph, model: str = DEFAULT_MODEL, *, threshold: float = THRESHOLD) -> Self:
        """Opens the index of a graph; the model is loaded when a text first needs it.

        Args:
            graph: opened from an image.
            model: as it was given when the index was made.
            threshold: cosine from which a concept counts.

        Raises:
            CheckpointError: there is no such model.
            InputError: there is no index of this version of the graph and this model.
            GraphImageError: the index is damaged.
        """
        encoder = sentence_model(model)
        return cls(TextIndex.open(graph, encoder), encoder, threshold)

    def nearest(self, texts: Sequence[str], limit: int) -> list[list[tuple[int, float]]]:
        """Nodes that each text may mean, with their cosines, nearest first, at most ``limit``."""
        if not texts:
            return []
        nodes, cosines = self.index.nearest(self.model.encode(texts), limit)
        rows = zip(nodes.tolist(), cosines.tolist(), strict=True)
        return [[(node, cosine) for node, cosine in zip(*row, strict=True) if cosine >= self.threshold] for row in rows]


def sentence_model(name: str) -> Model:
    """A sentence encoder, read when it is first used.

    Args:
        name: a folder in the format of sentence-transformers or of a Hugging Face encoder, whose token states are
            then averaged; the name of a packaged base; or a hub name.

    Raises:
        CheckpointError: there is none, or its weights are pickled.
    """
    folder = _folder(name)
    for weights in folder.rglob("*.bin"):
        if not weights.with_name("model.safetensors").is_file():
            raise CheckpointError(f"{weights} may hold pickled code", fix="Take a model with model.safetensors.")
    parts = sorted(path for path in folder.rglob("*") if path.suffix in _PARTS and path.is_file())
    told = (f"{path.relative_to(folder).as_posix()}\0{storage.digest(path)}\n".encode() for path in parts)
    shown = folder.resolve().name if Path(name).is_dir() else name
    return Model(shown, storage.digest_bytes(*told), _Encoder(name, folder))


def _folder(name: str) -> Path:
    place = Path(find_base(name))
    if place.is_dir():
        return place
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(name, allow_patterns=[f"*{suffix}" for suffix in sorted(_PARTS)]))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise _unusable(name, error) from error


class _Encoder:
    """Texts to unit vectors by sentence-transformers."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._place = folder

    @cached_property
    def _model(self) -> Any:
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        try:
            return SentenceTransformer(str(self._place), model_kwargs={"use_safetensors": True}, local_files_only=True)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise _unusable(self._name, error) from error

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        found = self._model.encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(found, np.float32)


def _unusable(name: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"sentence encoder {name!r} cannot be loaded: {str(error).splitlines()[0]}",
        fix=f"Give a folder in the format of sentence-transformers, or one of {', '.join(PACKAGED)}.",
    )
