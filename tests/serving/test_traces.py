from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from kgreason.serving.app import make_app
from kgreason.serving.traces import Traced, installed

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(service):
    """A client of the running service, and the spans of what it asks."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return TestClient(Traced(make_app(service), provider)), exporter


def test_a_request_is_a_span_and_holds_no_text(spans):
    client, exporter = spans
    assert installed()
    asked = {"question": "Where is SECRET?", "options": ["SECRET", "zoo"]}
    assert client.post("/v1/ask", json=asked, headers={"traceparent": PARENT}).status_code == 200
    assert client.post("/v1/ask", json={"question": "SECRET", "options": 3}).status_code == 422
    assert client.get("/SECRET").status_code == 404
    first, refused, lost = exporter.get_finished_spans()
    assert [each.name for each in (first, refused, lost)] == ["POST /v1/ask", "POST /v1/ask", "GET other"]
    assert f"{first.context.trace_id:032x}" == PARENT.split("-")[1]
    assert refused.attributes["kgreason.reason"]
    assert not any("SECRET" in each.to_json() for each in (first, refused, lost))
