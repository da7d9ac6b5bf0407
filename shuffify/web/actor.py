"""Binds who acts around every request, so that the trail knows without being told.

What is bound stands in one ExitStack per request, closed when the request ends, also after an
exception: nothing stays behind on the thread for the next one.
"""

from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, has_request_context, request

from shuffify.audit import bind
from shuffify.extensions import app_settings
from shuffify.models.sqlite import write_transactions

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

KEPT_BITS = {4: 24, 6: 48}
"""How much of a client's address the trail may keep: a neighbourhood, not a household."""


def init_app(app: Flask) -> None:
    """Bind an anonymous actor before anything else in each request."""
    app.before_request(_bind_anonymous)
    app.after_request(_name_request)
    app.teardown_request(_release)


def request_id() -> str | None:
    """Return the id that joins log lines, answer and activity rows of this request."""
    return g.get("request_id") if has_request_context() else None


def act_as(user_id: int) -> None:
    """Act as this user from here to the end of the request."""
    g.bindings.enter_context(bind(user_id=user_id, kind="user"))


def truncated(address: str | None) -> str | None:
    """Return the network part of an address; None for what is no address."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    dropped = parsed.max_prefixlen - KEPT_BITS[parsed.version]
    return str(type(parsed)(int(parsed) >> dropped << dropped))


def _bind_anonymous() -> None:
    g.request_id = str(uuid4())
    g.bindings = ExitStack()
    g.bindings.enter_context(
        bind(kind="anonymous", source="web", request_id=g.request_id, **_client_info())
    )
    if request.method not in READING_METHODS:
        g.bindings.enter_context(write_transactions())


def _client_info() -> dict[str, Any]:
    if not app_settings().audit_client_info:
        return {"remote_addr": None, "user_agent": None}
    agent = request.headers.get("User-Agent")
    return {
        "remote_addr": truncated(request.remote_addr),
        "user_agent": agent[:512] if agent else None,
    }


def _name_request(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    # Not left to the teardown alone, which a test client or a debugger may put off. A stream
    # is made after both: what writes behind it runs in a copy of the view's context.
    _release()
    return response


def _release(error: BaseException | None = None) -> None:
    bindings: ExitStack | None = g.pop("bindings", None)
    if bindings is not None:
        bindings.close()
