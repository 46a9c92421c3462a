from __future__ import annotations

import json
import logging

SECRET = "ann@example.org"


def test_lines_hold_known_fields_and_no_text_of_a_request(lines):
    log = logging.getLogger("kgreason.serving.test")
    log.info("request", extra={"route": "/v1/ask", "status": 200, "question": SECRET})
    log.error("asked %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed")
    first, second, third = map(json.loads, lines.getvalue().splitlines())
    assert (first["message"], first["route"], first["status"]) == ("request", "/v1/ask", 200)
    assert second["message"] == "asked %s"
    assert third["fault"].startswith("ValueError at test_logs.py:")
    assert SECRET not in lines.getvalue()
    assert "question" not in first
