"""From an assertion table to the arrays of a graph: ids, one CSR of both directions, labels, surfaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason.graph.arrays import Arrays
from kgreason.graph.schema import WEIGHT_UNIT, default_label, is_negated, negate
from kgreason.graph.strings import Strings
from kgreason.graph.surfaces import Surfaces
from kgreason.language import normal_form

if TYPE_CHECKING:
    import polars as pl

    from kgreason.graph.schema import Assertions

__all__ = ["Progress", "derive", "is_symmetric", "surface_table"]

Progress = Callable[[str, int, int], None]

#: Prior of a concept's own label.
LABEL_PRIOR = 1.0
_SLICE = 1 << 16
#: Keys and forms of ASCII whose label or normal form takes no more than blanks, for the others cost seconds a million.
_PLAIN_KEY = r"^/c/[^/]*/([!-.0-^`-~]+(?:_[!-.0-^`-~]+)*)(?:/|$)"
_NORMAL = r"^[!-@\[-~]+(?: [!-@\[-~]+)*$"


def derive(
    assertions: Assertions,
    labels: pl.DataFrame | None = None,
    aliases: pl.DataFrame | None = None,
    progress: Progress | None = None,
) -> Arrays:
    """Derives the arrays of a graph from its checked tables.

    Args:
        assertions: as :func:`kgreason.graph.schema.assertion_table` gives it.
        labels: columns key, label; a key that no assertion names becomes a node without neighbours.
        aliases: columns form, key, prior; those of unknown keys are left out.
        progress: called with (stage, done, total).

    Returns:
        the arrays; equal tables give equal bytes.
    """
    report = progress or (lambda stage, done, total: None)
    report("merge", 0, 4)
    keys, relations, facts = _numbered(assertions, labels)
    del assertions  # they go now if the caller does not hold them
    symmetric = np.array([is_symmetric(name) for name in relations], np.bool_)
    triples = _merged(facts, symmetric)
    del facts
    report("arrays", 1, 4)
    degree, entries = _entries(triples, len(keys), len(relations), symmetric)
    order = _by_degree(degree)
    ptr, idx, rel, weight = _csr(entries, order, len(relations))
    report("labels", 2, 4)
    keys = keys[order]
    texts = _label_texts(keys, labels)
    report("surfaces", 3, 4)
    surfaces = _surfaces(keys, texts, aliases)
    report("surfaces", 4, 4)
    return Arrays(
        ptr=ptr,
        idx=idx,
        rel=rel,
        weight=weight,
        keys=Strings.of(keys),
        key_order=_inverse(order).astype(np.int32),
        labels=Strings.of(texts),
        surfaces=surfaces,
        relations=relations,
        symmetric=symmetric,
    )


def is_symmetric(relation: str) -> bool:
    """Whether the relation table calls a relation, or what it negates, symmetric."""
    from kgreason.graph.relations import RelationTable  # reads the data package

    return RelationTable.load().symmetric(negate(relation) if is_negated(relation) else relation)


def _numbered(assertions: Assertions, labels: pl.DataFrame | None) -> tuple[pl.Series, tuple[str, ...], pl.DataFrame]:
    """Keys in byte order, names of relations and negations, and facts: their places there (s, r, t) and weight."""
    import polars as pl

    keys, rows = assertions.names["source"], assertions.rows
    s, t = (rows[name].to_numpy().astype(np.int32) for name in ("source", "target"))
    if labels is not None:
        known, keys = keys, pl.concat([keys, labels["key"]]).unique().sort()
        places = keys.search_sorted(known).to_numpy().astype(np.int32)
        s, t = places[s], places[t]
    base = assertions.names["relation"].to_list()
    code = 2 * rows["relation"].to_numpy() + (rows["weight"] < 0).to_numpy()
    used = np.flatnonzero(np.bincount(code)).tolist()
    names = [negate(base[i // 2]) if i % 2 else base[i // 2] for i in used]
    relations = tuple(sorted(set(names)))
    r = np.zeros(2 * len(base), np.int32)
    r[used] = [relations.index(name) for name in names]
    return keys, relations, pl.DataFrame({"s": s, "r": r[code], "t": t, "weight": rows["weight"].abs()})


def _merged(facts: pl.DataFrame, symmetric: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[Any]]:
    """The triples that are left when duplicates are summed and self loops dropped.

    Of a symmetric pair the smaller id, which is that of the smaller key, comes first.
    """
    import polars as pl

    swap = pl.Series(symmetric[facts["r"]]) & (facts["s"] > facts["t"])
    merged = (
        facts.lazy()
        .select(
            pl.when(swap).then("t").otherwise("s").alias("s"),
            "r",
            pl.when(swap).then("s").otherwise("t").alias("t"),
            "weight",
        )
        .filter(pl.col("s") != pl.col("t"))
        .group_by("s", "r", "t")
        .agg(pl.col("weight").sum())
        .collect()
    )
    return {name: merged[name].to_numpy() for name in merged.columns}


def _entries(
    triples: dict[str, npt.NDArray[Any]], nodes: int, relations: int, symmetric: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[Any]]]:
    """Degree of every node, and both directions of every triple."""
    s, r, t = triples["s"], triples["r"], triples["t"]
    back = np.where(symmetric[r], r, r + np.int32(relations)) if len(r) else r
    # 1/1000 steps beyond the range of float16 stay at its largest value
    weight = np.minimum(triples["weight"] / WEIGHT_UNIT, np.finfo(np.float16).max).astype(np.float16)
    entries = {
        "row": np.concatenate([s, t]),
        "col": np.concatenate([t, s]),
        "rel": np.concatenate([r, back]).astype(np.min_scalar_type(max(2 * relations - 1, 0))),
        "weight": np.concatenate([weight, weight]),
    }
    return np.bincount(entries["row"], minlength=nodes).astype(np.int64), entries


def _by_degree(degree: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Nodes by degree descending; equal degrees keep key order."""
    return np.argsort(-degree, kind="stable")


def _inverse(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return inverse


def _csr(
    entries: dict[str, npt.NDArray[Any]], order: npt.NDArray[np.int64], relations: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[Any], npt.NDArray[np.float16]]:
    """The entries under their final ids, sorted by row, neighbour, relation: three stable counting sorts."""
    from kgreason.graph.kernels import counting_order

    nodes = len(order)
    renamed = _inverse(order).astype(np.int32)
    row, col = renamed[entries["row"]], renamed[entries["col"]]
    rank: npt.NDArray[Any] = np.arange(len(row), dtype=np.int32 if len(row) < 1 << 31 else np.int64)
    for keys, size in ((entries["rel"], 2 * relations), (col, nodes), (row, nodes)):
        rank = counting_order(keys, rank, size)
    ptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=nodes), out=ptr[1:])
    return ptr, col[rank], entries["rel"][rank], entries["weight"][rank]


def _label_texts(keys: pl.Series, labels: pl.DataFrame | None) -> pl.Series:
    import polars as pl

    given: dict[str, str] = {}
    if labels is not None:
        # of several labels of a key the first in byte order counts, whatever the order of the rows
        rows = labels.filter(pl.col("label") != "").sort("key", "label", descending=True)
        given = dict(zip(rows["key"].to_list(), rows["label"].to_list(), strict=True))
    plain = keys.str.extract(_PLAIN_KEY, 1).str.replace_all("_", " ", literal=True)
    if labels is not None:
        plain = plain.set(keys.is_in(labels["key"].implode()), None)
    return _filled(plain, keys, lambda key: given.get(key) or default_label(key)).alias("label")


def _surfaces(keys: pl.Series, labels: pl.Series, aliases: pl.DataFrame | None) -> Surfaces:
    import polars as pl

    nodes = np.arange(len(keys), dtype=np.int32)
    parts = [pl.DataFrame({"form": labels, "node": nodes}).with_columns(prior=pl.lit(LABEL_PRIOR, pl.Float32))]
    if aliases is not None:
        ids = pl.DataFrame({"key": keys, "node": nodes})
        parts.append(aliases.join(ids, on="key").select("form", "node", pl.col("prior").cast(pl.Float32)))
    return surface_table(pl.concat(parts))


def surface_table(candidates: pl.DataFrame) -> Surfaces:
    """The hash table of some candidates; of several rows of a form and a node the highest prior counts.

    Args:
        candidates: columns form (in any spelling), node (int32), prior (float32).

    Returns:
        The table; equal rows in any order give equal bytes.
    """
    import polars as pl

    from kgreason.graph.kernels import fill_slots

    table = (
        candidates.with_columns(_forms(candidates["form"]))
        .filter(pl.col("form") != "")
        .group_by("form", "node")
        .agg(pl.col("prior").max())
        .sort("form", "prior", "node", descending=[False, True, False])
    )
    sizes = table.group_by("form", maintain_order=True).len()
    forms = Strings.of(sizes["form"])
    ptr = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes["len"].to_numpy(), out=ptr[1:])
    capacity = 1 << max(3, (2 * len(sizes) - 1).bit_length())
    slots = fill_slots(forms.offsets, forms.data, capacity)
    return Surfaces(slots, forms.offsets, forms.data, ptr, table["node"].to_numpy(), table["prior"].to_numpy())


def _forms(texts: pl.Series) -> pl.Series:
    """Normal forms."""
    return _filled(texts.set(~texts.str.contains(_NORMAL), None), texts, normal_form)


def _filled(known: pl.Series, texts: pl.Series, told: Callable[[str], str]) -> pl.Series:
    """What is known of each text, or else what a function makes of it; few at a time stand in memory as Python's."""
    import polars as pl

    gaps = known.is_null().arg_true()
    parts = (gaps.slice(start, _SLICE) for start in range(0, len(gaps), _SLICE))
    filled = [pl.Series([told(text) for text in texts.gather(part)], dtype=pl.String) for part in parts]
    return known.scatter(gaps, pl.concat(filled)) if filled else known
