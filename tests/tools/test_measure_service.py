from __future__ import annotations

import io
import logging

import pytest

from kgreason.engine import Reasoner
from kgreason.serving.logs import log_to
from tests.models import opened, tiny_model
from tools.measure_service import edited, leaked, made_up, serving


@pytest.fixture
def client(tiny_base, tiny_graph):
    with serving(Reasoner(opened(tiny_model(tiny_base)), tiny_graph)) as client:
        yield client


def test_what_is_sent_is_counted(client):
    found = made_up(client, 34)
    assert found.value == 0
    assert found.more["requests"] >= 34
    assert found.more["routes"] == 17
    assert edited(client, 3).value > 0


@pytest.mark.parametrize("told", [False, True])
def test_a_detail_that_is_logged_is_found(client, told):
    log, logger = io.StringIO(), logging.getLogger("kgreason.serving")
    before = logger.handlers, logger.propagate, logger.level
    log_to(log)
    try:
        if told:
            log.write("ann@example.org")
        assert leaked(client, log, ["ann@example.org", "555-2368"]).value == told
    finally:
        logger.handlers, logger.propagate = before[:2]
        logger.setLevel(before[2])
