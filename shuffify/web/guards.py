"""Who is signed in, and which views want to know.

The login is checked before limits and CSRF, so that a closed one is told apart from an old form.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from shuffify.services import LoginHistoryService
from shuffify.web.actor import act_as
from shuffify.web.negotiation import wants_json
from shuffify.web.refusals import LoginRequired

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Identify the user of each request and turn strangers away where a view asks for it."""
    app.before_request(_identify)
    app.before_request(_admit)


def login_required(view: View) -> View:
    """Answer 401 to strangers."""
    view.needs_login = True  # type: ignore[attr-defined]
    return view


def login_required_page(view: View) -> View:
    """Send strangers to the landing page; those who asked for JSON get 401."""
    view.needs_login = "page"  # type: ignore[attr-defined]
    return view


def login_ending(view: View) -> View:
    """Send those whose login is over already to the landing page: their form's token went too."""
    view.needs_login = "ending"  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Mark a view that never looks at who is there: it reads neither cookie nor database."""
    view.looks_at_nobody = True  # type: ignore[attr-defined]
    return view


def user_id() -> int:
    """Return the signed-in user's id, inside a view that requires a login."""
    signed_in: int = g.user_id
    return signed_in


def logged_out() -> Response:
    """Drop the cookie's content and lead to the landing page."""
    session.clear()
    flash("You are logged out.", "info")
    return redirect(url_for("core.index"))


def _view() -> Any:
    return current_app.view_functions.get(request.endpoint or "")


def _identify() -> None:
    g.user_id = None
    view = _view()
    if view is None or request.endpoint == "static" or hasattr(view, "looks_at_nobody"):
        return
    known, sid = session.get("user_id"), session.get("sid")
    if known is None:
        return
    if sid is None or not LoginHistoryService.is_open(known, sid, renewed=_keep_cookie):
        session.clear()
        if sid is not None:
            LoginHistoryService.shut_out(known, sid)
        return
    g.user_id = known
    act_as(known)


def _keep_cookie() -> None:
    # Flask signs the cookie anew only when it changed, and its 14 days count from the signature.
    # Not with every answer: a late one would undo what another tab did, a logout or a login.
    session.modified = True


def _admit() -> Any:
    needs_login = getattr(_view(), "needs_login", False)
    if g.user_id is not None or not needs_login:
        return None
    if needs_login == "ending":
        return logged_out()
    if needs_login == "page" and not wants_json():
        flash("Log in to see that page.", "info")
        return redirect(url_for("core.index"))
    raise LoginRequired()
