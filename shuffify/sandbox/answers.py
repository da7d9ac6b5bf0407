"""The forms that every API answer shares: errors, lists in pages, checked arguments."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, g, jsonify, request

from .fields import select
from .ids import is_base62_id
from .settings import Profile
from .state import State

MAX_OFFSET = 100_000

Thing = TypeVar("Thing")


class ApiError(Exception):
    """A refusal in the API's nested form."""

    def __init__(self, status: int, message: str,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})


def error_answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    answer = jsonify({"error": {"status": status, "message": message}})
    answer.status_code = status
    answer.headers.update(headers or {})
    return answer


def not_found() -> ApiError:
    return ApiError(404, "Resource not found")


def forbidden() -> ApiError:
    return ApiError(403, "Forbidden")


def check_id(identifier: str) -> str:
    if not is_base62_id(identifier):
        raise ApiError(400, "Invalid base62 id")
    return identifier


def state() -> State:
    """Return the sandbox's state; the gate holds its lock during the call."""
    found: State = g.sandbox_state
    return found


def profile() -> Profile:
    return state().profile


def limit_argument(default: int, most: int) -> int:
    limit = number_argument("limit", default)
    if limit > most and state().assumptions.clamp_limits:
        return most
    if not 1 <= limit <= most:
        raise ApiError(400, "Invalid limit")
    return limit


def offset_argument(most: int = MAX_OFFSET) -> int:
    offset = number_argument("offset", 0)
    if not 0 <= offset <= most:
        raise ApiError(400, "Invalid offset")
    return offset


def number_argument(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise ApiError(400, f"Invalid {name}") from None


def page(things: Sequence[Thing], render: Callable[[Thing], Any], *, limit: int, offset: int,
         path: str | None = None) -> dict[str, Any]:
    """Render one page of a list, with addresses on the sandbox's own host."""
    address = request.host_url + (path or request.path.strip("/"))
    kept = {} if path else {name: value for name, value in request.args.items()
                            if name not in ("limit", "offset")}

    def link(start: int) -> str:
        return f"{address}?{urlencode({**kept, 'offset': start, 'limit': limit})}"

    return {
        "href": link(offset), "limit": limit, "offset": offset, "total": len(things),
        "next": link(offset + limit) if offset + limit < len(things) else None,
        "previous": link(max(0, offset - limit)) if offset > 0 else None,
        "items": [render(thing) for thing in things[offset:offset + limit]],
    }


def selected(answer: dict[str, Any]) -> Response:
    """Answer with the part that `fields` asks for."""
    wanted = request.args.get("fields", "")
    return jsonify(select(answer, wanted) if wanted else answer)
