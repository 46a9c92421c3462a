"""Questions from files: the JSON-lines contract, users' own tables, and public data sets by name."""

from kgreason.tasks.leakage import Overlap, group_folds, overlap, sibling_groups
from kgreason.tasks.registry import ADAPTERS, Adapter, Split, adapter, load, names
from kgreason.tasks.samples import read_samples, write_samples
from kgreason.tasks.validation import validate

__all__ = [
    "ADAPTERS",
    "Adapter",
    "Overlap",
    "Split",
    "adapter",
    "group_folds",
    "load",
    "names",
    "overlap",
    "read_samples",
    "sibling_groups",
    "validate",
    "write_samples",
]
