"""JSON or a page: what the client asked for, and the envelope of a success."""

from typing import Any, Literal

from flask import request

JSON_TYPES = ("application/json", "application/x-ndjson")

Category = Literal["success", "info"]
Answer = tuple[dict[str, Any], int]


def wants_json() -> bool:
    """Tell whether this request is answered in JSON rather than with a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    if "X-Requested-With" in request.headers:
        return True
    # The page stands first: a client that takes anything gets the page.
    return request.accept_mimetypes.best_match(["text/html", *JSON_TYPES]) in JSON_TYPES


def success(
    message: str, *, category: Category = "success", status: int = 200, **fields: Any
) -> Answer:
    """Return the envelope of a success; `info` means that nothing had to change."""
    return {"success": True, "message": message, "category": category, **fields}, status


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it needs one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
