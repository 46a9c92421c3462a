"""What kgreason stands on, and under which licence: every installed package that it needs, by its own metadata."""

from __future__ import annotations

import re
from importlib import metadata

__all__ = ["licences", "needed"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CLASSIFIER = "License :: "
#: A longer text is the licence itself, not its name.
_LONGEST = 80


def licences(root: str = "kgreason") -> list[dict[str, str]]:
    """Name, version and licence of every installed package that one needs, its extras' included, by name.

    Args:
        root: the package.

    Example:
        >>> next(row["licence"] for row in licences() if row["name"] == "networkx")
        'BSD-3-Clause'
    """
    found = needed(root)
    return [{"name": name, "version": found[name].version, "licence": _licence(found[name])} for name in sorted(found)]


def needed(root: str) -> dict[str, metadata.Distribution]:
    """Installed packages that one needs, and those that these need in turn; not itself."""
    found: dict[str, metadata.Distribution] = {}
    open_ends = [root]
    while open_ends:
        for requirement in metadata.requires(open_ends.pop()) or ():
            match = _NAME.match(requirement)
            name = re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""
            if not name or name == root or name in found:
                continue
            try:
                found[name] = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                continue  # of an extra, or of another system
            open_ends.append(name)
    return found


def _licence(package: metadata.Distribution) -> str:
    about = package.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    classifiers = [each for each in about.get_all("Classifier") or () if each.startswith(_CLASSIFIER)]
    if named := [each.rpartition(" :: ")[2] for each in classifiers if each.count(" :: ") > 1]:
        return ", ".join(sorted(named))
    text = about["License"].strip() if "License" in about else ""
    return text if 0 < len(text) <= _LONGEST and "\n" not in text else "see its files"
