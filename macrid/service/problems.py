"""Answers as JSON, and mistakes as problem+json (RFC 9457): what was wrong, and what to do about it."""

import json
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

KIND = "application/problem+json"


class Json(Response):
    """JSON of nothing but ASCII: a lone surrogate that somebody sent cannot break the answer that quotes it."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Problem(Exception):
    """A question that gets no answer: the status, one line with the remedy, and headers of the answer."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers

    @property
    def body(self) -> dict[str, Any]:
        """Of the answer."""
        return {"type": "about:blank", "title": HTTPStatus(self.status).phrase, "status": self.status,
                "detail": " ".join(self.detail.split())}

    def response(self) -> Json:
        return Json(self.body, self.status, self.headers, KIND)


def unknown_bundle(name: str, known: list[str]) -> Problem:
    return Problem(404, f"there is no bundle {name!r:.80} here; take {', '.join(known)}")


def of_validation(error: RequestValidationError) -> Problem:
    """The first thing that is wrong with a question, and where it stands."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path")) or "the body"
    return Problem(422, f"{where}: {first['msg']}; /openapi.json says what each question takes")
