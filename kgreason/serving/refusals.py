"""How a request is refused: a status, a code and a hint. No text that a user sent stands in any of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse

from kgreason.errors import InputError, KGReasonError, LimitError, UnsupportedError

__all__ = ["FAULT", "Refusal", "body", "ending", "malformed", "respond", "told"]


class Refusal(KGReasonError):
    """A request that is not answered.

    Args:
        status: of HTTP.
        code: one word that programs can tell it by.
        message: what is wrong.
        fix: what to do about it.
        after: seconds after which another try makes sense.
    """

    def __init__(self, status: int, code: str, message: str, *, fix: str = "", after: float | None = None) -> None:
        super().__init__(message, fix=fix)
        self.status, self.code, self.after = status, code, after


#: What is said of an error of ours; the log knows more.
FAULT = Refusal(500, "fault", "The server failed", fix="Report it with the time of the request.")


def ending() -> Refusal:
    """What is said once the process is about to end."""
    return Refusal(503, "ending", "The server is about to end", fix="Ask another.", after=1)


def told(error: KGReasonError) -> Refusal:
    """An error as it is told: of the library's errors most name values, so that their fix alone is passed on."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, LimitError | UnsupportedError):  # counts and our own words alone
        return Refusal(422, error.code, error.message, fix=error.fix)
    if isinstance(error, InputError):
        return Refusal(422, error.code, "The request cannot be answered", fix=error.fix)
    return FAULT


def malformed(errors: Sequence[Any]) -> Refusal:
    """What the schema says of a request: the first field that is wrong, by its name in the schema, and how."""
    first = errors[0]
    # A key that is not known was named by the user.
    place = first["loc"][1:-1] if first["type"] == "extra_forbidden" else first["loc"][1:]
    where = ".".join(map(str, place)) if first["type"] != "json_invalid" else ""
    return Refusal(422, "schema", f"{where or 'body'}: {first['type']}", fix="See /openapi.json.")


def body(error: KGReasonError) -> dict[str, Any]:
    """A refusal as JSON-ready values."""
    refused = told(error)
    return {"error": {"code": refused.code, "message": refused.message, "hint": refused.fix}}


def respond(error: KGReasonError) -> JSONResponse:
    """A refusal as a response."""
    refused = told(error)
    headers = {} if refused.after is None else {"Retry-After": str(max(1, math.ceil(refused.after)))}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body(refused), refused.status, headers)
