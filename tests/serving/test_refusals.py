from __future__ import annotations

import json

import pytest

from kgreason.errors import InputError, LimitError, StorageError
from kgreason.serving.refusals import Refusal, malformed, respond

SECRET = "ann@example.org"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError(f"the graph has no concept {SECRET!r}", fix="Check its spelling."), 422, "input"),
        (LimitError("options has 1 entry", fix="Give 2 to 64 options."), 422, "limit"),
        (StorageError(f"{SECRET} cannot be written"), 500, "fault"),
        (Refusal(401, "key", "A key is needed"), 401, "key"),
    ],
)
def test_no_value_is_told(error, status, code):
    response = respond(error)
    values = json.loads(bytes(response.body))["error"]
    assert (response.status_code, values["code"]) == (status, code)
    assert SECRET not in bytes(response.body).decode()
    assert set(values) == {"code", "message", "hint"}
    assert ("www-authenticate" in response.headers) == (status == 401)


def test_when_to_come_again_is_in_whole_seconds():
    assert respond(Refusal(429, "rate", "", after=0.2)).headers["retry-after"] == "1"
    assert respond(Refusal(429, "rate", "", after=12.1)).headers["retry-after"] == "13"


def test_a_key_that_is_not_known_is_not_repeated():
    assert malformed([{"type": "extra_forbidden", "loc": ("body", "items", 0, SECRET)}]).message == (
        "items.0: extra_forbidden"
    )
    assert malformed([{"type": "missing", "loc": ("body", "question")}]).message == "question: missing"
