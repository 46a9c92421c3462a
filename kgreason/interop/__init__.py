"""Graphs of other libraries, to and from: networkx, PyG, rdflib, tables (polars, pyarrow, pandas), and their files.

What travels is the merged graph: keys, labels, relations with their direction, weights. A negated relation keeps its
name, ``Not<Relation>``; an edge of a symmetric relation is given once, smaller key first. So a graph that comes back
has the digest it had (that of its arrays, as a graph in memory has it), but for what no edge shows: aliases, relations
that were stated of nothing but loops, and in tables of edges concepts without an edge. All of a graph travels as its
folder, which ``kgreason graph build`` takes as a source.

Each library is imported by the functions that need it. pandas is none of them: its tables come in through Arrow, and
``to_arrow(graph).to_pandas()`` leads back.
"""

from __future__ import annotations

from kgreason.interop.files import FORMATS, read, write
from kgreason.interop.multigraph import to_networkx
from kgreason.interop.pyg import from_pyg, to_heterogeneous, to_pyg
from kgreason.interop.rdf import from_rdf, to_rdf
from kgreason.interop.sparql import Rows, query
from kgreason.interop.subgraphs import QuestionGraphs, to_question_graph
from kgreason.interop.tables import from_table, to_arrow

__all__ = [
    "FORMATS",
    "QuestionGraphs",
    "Rows",
    "from_pyg",
    "from_rdf",
    "from_table",
    "query",
    "read",
    "to_arrow",
    "to_heterogeneous",
    "to_networkx",
    "to_pyg",
    "to_question_graph",
    "to_rdf",
    "write",
]
