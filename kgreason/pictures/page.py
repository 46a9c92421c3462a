"""A picture as one HTML page: script, style and data are in it, and nothing is fetched.

The drawing is cytoscape.js (MIT), which lies beside this file as it was published. Every text of the picture is
escaped; beyond that the page's own policy lets no other script run and no address be reached. Who reads without
script finds the same facts as lists.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from kgreason import storage
from kgreason.pictures.scene import Picture

__all__ = ["LIBRARY", "asset", "escaped", "framed", "isolated", "page"]

_ASSETS = Path(__file__).with_name("assets")
_ASSET_BYTES = 1 << 20
#: The drawing library, by its file and the SHA-256 of that.
LIBRARY = ("cytoscape.min.js", "081591ab735b2b6a3b31a3c60f8f3a3e2fee8c92939e0c7820ad1208571b6cd8")

#: What a page cannot hold: control characters, half surrogate pairs, noncharacters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: What JSON may hold as it is, but not within a script element.
_IN_SCRIPT = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&"})
_ROLES = ("start", "end", "option", "other")


def page(picture: Picture) -> str:
    """The page, to be written to a file as UTF-8.

    Args:
        picture: what it shows.

    Returns:
        HTML, half a megabyte, most of it the drawing library.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> from kgreason.pictures import neighbourhood
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "</script>")])
        >>> html = page(neighbourhood(graph, 0, graph.neighbors(0)))
        >>> html.count("</script>"), html.count("&lt;/script&gt;") > 0
        (3, True)
    """
    code, library = asset("page.js"), asset(LIBRARY[0])
    body = Template(asset("page.html")).substitute(
        text=_marked(picture),
        note=f"<p>{isolated(picture.note)}</p>" if picture.note else "",
        legend=_legend(picture),
        facts="\n".join(_facts(*group) for group in picture.facts),
    )
    return framed(picture.title, body, scripts=(library, code), data=_data(picture))


def framed(title: str, body: str, *, style: str = "", scripts: Sequence[str] = (), data: str = "") -> str:
    """A whole page around a body, with a policy that lets nothing run but its scripts, and no address be reached.

    Args:
        title: of the page, a text.
        body: HTML.
        style: rules beside those that all pages share.
        scripts: what runs, in order.
        data: JSON for the scripts.

    Returns:
        HTML.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    if scripts:
        policy += f"; script-src {' '.join(map(_hashed, scripts))}"
    behind = [f'<script type="application/json" id="data">{data}</script>'] if data else []
    behind += [f"<script>{script}</script>" for script in scripts]
    return Template(asset("frame.html")).substitute(
        policy=escape(policy),
        title=escaped(title),
        style=asset("page.css") + style,
        body=body,
        behind="\n".join(behind),
    )


@cache
def asset(name: str) -> str:
    """A file that lies beside this one."""
    return storage.read_limited(_ASSETS / name, _ASSET_BYTES).decode()


@cache
def _hashed(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def escaped(text: str) -> str:
    """A text as HTML, within an attribute too; what a page cannot hold is marked."""
    return escape(_UNPRINTABLE.sub("\ufffd", text))


def isolated(text: str) -> str:
    """A text that may run in either direction without turning what stands beside it."""
    return f"<bdi>{escaped(text)}</bdi>"


def _marked(picture: Picture) -> str:
    """The text, with what names a concept marked."""
    if not picture.text:
        return ""
    pieces = (
        f'<mark title="{escaped(concept)}">{escaped(piece)}</mark>' if concept else escaped(piece)
        for piece, concept in picture.text
    )
    return f'<p class="text" dir="auto">{"".join(pieces)}</p>'


def _legend(picture: Picture) -> str:
    """What is in the picture, each with its sign."""
    roles = {node.role for node in picture.nodes}
    kinds = {"strong" if link.strong else "weak" for link in picture.links}
    shown = [name for name in (*_ROLES, "strong", "weak") if name in roles | kinds]
    signs = [(name, picture.legend[name]) for name in shown]
    if any(link.edge.origin != "graph" for link in picture.links):
        signs.append(("outside", "not in the graph: added, stated or derived"))
    return "\n".join(f'<li><span class="sign {name}"></span>{escaped(meaning)}</li>' for name, meaning in signs)


def _facts(title: str, lines: tuple[str, ...]) -> str:
    items = "\n".join(f"<li>{isolated(line)}</li>" for line in lines)
    return f"<h2>{isolated(title)}</h2>\n<ul>\n{items}\n</ul>"


def _data(picture: Picture) -> str:
    """Nodes and edges as JSON; nodes are named by their places, so that no key can be taken for anything else."""
    place = {node.key: number for number, node in enumerate(picture.nodes)}
    values = {
        "layout": picture.layout,
        "nodes": [{"label": node.label, "role": node.role} for node in picture.nodes],
        "edges": [
            {
                "source": place[link.edge.source], "target": place[link.edge.target], "relation": link.edge.relation,
                "weight": link.edge.weight, "origin": link.edge.origin, "text": str(link.edge), "strong": link.strong,
            }
            for link in picture.links
        ],
    }  # fmt: skip
    return json.dumps(values, allow_nan=False).translate(_IN_SCRIPT)
