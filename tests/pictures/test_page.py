from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kgreason import pictures
from kgreason.graph import KnowledgeGraph
from kgreason.pictures.page import LIBRARY, page
from kgreason.pictures.scene import Link, Node, Picture
from kgreason.records import Edge

ASSETS = Path(pictures.__file__).with_name("assets")
LEGEND = {name: name for name in ("start", "end", "option", "other", "strong", "weak")}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "\"'><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp;",
    "$title ${data} $$",
    "\u202edlrow\u202c \u2066olleh",
    "مرحبا بالعالم",
    "nul\0 bell\7 esc\x1b[31m del\x7f c1\x9b",
    "half \ud800 and \udfff",
    "line\u2028and\u2029paragraph\r\n\ttab",
    "\\u003c\\",
    "__proto__",
    "👩‍🚀 ﷽ \ufffe\uffff",
]


class Read(HTMLParser):
    """The page as a browser takes it apart."""

    VOID = frozenset(("meta", "link", "img", "br"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
            self.inside.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.inside[tag][-1] += data

    @property
    def data(self):
        return json.loads(self.inside["script"][0])


def picture(*texts: str) -> Picture:
    """Each text as a label, a key, a relation, a sentence, a heading, a fact, a piece of text."""
    nodes = tuple(Node(f"{text}{place}", text, "other") for place, text in enumerate(texts))
    links = tuple(Link(Edge(nodes[0].key, node.label, node.key, 1.0, text=node.label), True) for node in nodes)
    return Picture(
        title="".join(texts), nodes=nodes, links=links, legend=LEGEND, facts=tuple((text, texts) for text in texts),
        text=tuple((text, text) for text in texts), note=texts[-1],
    )  # fmt: skip


def printable(text: str) -> str:
    return re.sub("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)


SHAPE = {tag for tag, _ in Read(page(picture("a"))).tags}


any_text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=[]), min_size=1))


@given(st.lists(any_text, min_size=1, max_size=3))
@example(HOSTILE)
def test_no_text_becomes_markup_and_none_is_lost(texts):
    html = page(picture(*texts))
    html.encode()
    read = Read(html.replace("\r", "\ufffd"))  # as the parser of a browser would turn it into a line end
    assert {tag for tag, _ in read.tags} == SHAPE
    assert not read.open
    assert len(read.inside["script"]) == 3
    assert [node["label"] for node in read.data["nodes"]] == texts
    assert [edge["relation"] for edge in read.data["edges"]] == texts
    shown = [printable(text).replace("\r", "\ufffd") for text in texts]
    assert read.inside["h2"] == shown
    assert read.inside["mark"] == shown
    assert read.inside["li"][-len(texts) :] == shown


def test_the_page_lets_nothing_in_and_nothing_out():
    html = page(picture(*HOSTILE))
    read = Read(html)
    assert not [attrs for _, attrs in read.tags if {"src", "href", "action", "srcset"} & attrs.keys()]
    assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on")]
    style = "".join(read.inside["style"])
    assert not re.search(r"url\(|@import|://", style)
    policy = next(attrs["content"] for _, attrs in read.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    allowed = re.search("script-src ([^;]*)", policy)
    assert allowed is not None
    hashes = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in read.inside["script"][1:]]
    assert allowed[1].split() == [f"'sha256-{each}'" for each in hashes]


def test_the_library_is_the_published_one_with_its_licence():
    name, digest = LIBRARY
    assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest
    assert "The Cytoscape Consortium" in (ASSETS / "cytoscape.LICENSE").read_text()
    assert (ASSETS / name).stat().st_size < 700_000


def test_without_script_the_facts_are_read(tiny_graph):
    penguin = tiny_graph.resolve("penguin")
    read = Read(page(pictures.neighbourhood(tiny_graph, penguin, tiny_graph.neighbors(penguin))))
    assert "penguin is found at zoo (AtLocation 2)" in read.inside["li"]
    assert read.inside["title"] == ["penguin"]
    assert "needs script" in read.inside["noscript"][0]


def test_the_legend_tells_what_is_there_and_no_more():
    drawn = picture("a", "b")
    assert Read(page(drawn)).inside["ul"][0].split() == ["other", "strong"]
    added = replace(drawn.links[0], edge=replace(drawn.links[0].edge, origin="given"), strong=False)
    shown = Read(page(replace(drawn, links=(added,)))).inside["ul"][0].split("\n")
    assert shown == ["", "other", "weak", "not in the graph: added, stated or derived", ""]


def test_nothing_to_draw_is_a_page_too():
    read = Read(page(Picture("nothing", (), (), LEGEND, (), note="there is no path")))
    assert read.data == {"layout": "layers", "nodes": [], "edges": []}


def contrast(one: str, other: str) -> float:
    """Of two colours, by WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_was_measured_rightly():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_colours_can_be_told_from_the_paper_in_light_and_dark():
    schemes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in page_css().split("@media")]
    assert len(schemes) == 2
    for colours in schemes:
        paper = colours["paper"]
        for text in ("ink", "soft"):
            assert contrast(colours[text], paper) >= 4.5
        assert contrast(colours["ink"], colours["mark"]) >= 4.5
        for sign in ("start", "end", "option", "other", "strong", "weak"):
            assert contrast(colours[sign], paper) >= 3


def page_css() -> str:
    return (ASSETS / "page.css").read_text()


def test_a_graph_of_hostile_names_is_drawn():
    graph = KnowledgeGraph.from_triples([(text, text, "hub") for text in HOSTILE if text == printable(text)])
    hub = graph.resolve("hub")
    read = Read(page(pictures.neighbourhood(graph, hub, graph.neighbors(hub))))
    assert HOSTILE[0] in {node["label"] for node in read.data["nodes"]}
