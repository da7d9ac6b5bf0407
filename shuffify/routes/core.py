"""The way in and out: start page, login, logout, the legal pages, and health."""

import logging
import secrets
from typing import Any

from flask import Blueprint, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from shuffify.errors import ShuffifyError
from shuffify.services import (
    HealthService,
    LoginHistoryService,
    UserService,
    spotify_settings,
)
from shuffify.spotify import oauth
from shuffify.web import dashboard, limits, login_attempt, metrics, pages
from shuffify.web.errors import log_failure, problem_of
from shuffify.web.guards import logged_out, login_ending, public, user_id

log = logging.getLogger(__name__)
bp = Blueprint("core", __name__)


@bp.get("/")
def index() -> str:
    """Show the dashboard, or what this is to somebody who is not logged in."""
    if g.user_id is None:
        return pages.render("landing.html", **dashboard.welcome())
    return pages.render("dashboard.html", **dashboard.contents(g.user_id))


@bp.get("/terms")
def terms() -> str:
    """Show what users agree to."""
    return pages.render("terms.html")


@bp.get("/privacy")
def privacy() -> str:
    """Show what is stored, and why."""
    return pages.render("privacy.html")


@bp.get("/livez")
@public
def livez() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def readyz() -> tuple[dict[str, Any], int]:
    """Say whether the process can do its work."""
    checks = HealthService.checks()
    is_ready = "failed" not in checks.values()
    status = "ok" if is_ready else "failed"
    return {"status": status, "checks": checks}, 200 if is_ready else 503


@bp.get("/metrics")
@public
def metrics_page() -> Response:
    """Tell Prometheus what the audit trail counts."""
    return metrics.exposition()


@bp.get("/login")
@limits.sign_in
def login() -> Response:
    """Send the browser to Spotify's consent page."""
    if not request.args.get("legal_consent"):
        flash("Agree to the terms and the privacy notice first.", "error")
        return redirect(url_for("core.index"))
    attempt = oauth.LoginAttempt.new()
    response = redirect(oauth.authorize_url(spotify_settings(), attempt))
    login_attempt.remember(response, attempt)
    return response


@bp.get("/callback")
@limits.sign_in
def callback() -> Response:
    """Take the browser back from Spotify."""
    attempt = login_attempt.take()
    if attempt is None or not oauth.state_matches(attempt.state, request.args.get("state", "")):
        return _failed("This login was not begun here, or too long ago. Log in again.")
    if request.args.get("error") == "access_denied":
        return _failed("You did not allow the access at Spotify, so you are not logged in.")
    if "error" in request.args or "code" not in request.args:
        log.error("A login failed: Spotify says %.40r", request.args.get("error"))
        return _failed("Spotify broke off the login. Try again in a minute.")
    sid = secrets.token_urlsafe(32)
    try:
        user = UserService.sign_in(
            code=request.args["code"],
            code_verifier=attempt.code_verifier,
            sid=sid,
            replaced_sid=session.get("sid"),
            ip_address=request.remote_addr,
            user_agent=request.headers.get("User-Agent"),
        )
    except ShuffifyError as error:
        problem = problem_of(error)
        if problem.code == "not_allowed":
            raise
        log_failure("A login failed", error, problem)
        return _failed(f"The login did not work. {error}")
    session.clear()
    session.update(user_id=user.id, sid=sid)
    return redirect(url_for("core.index"))


@bp.post("/logout")
@login_ending
def logout() -> Response:
    """Close this login, or all of the user's."""
    if request.form.get("everywhere"):
        LoginHistoryService.sign_out_everywhere(user_id())
    else:
        LoginHistoryService.record_logout(user_id(), session["sid"])
    return logged_out()


def _failed(reason: str) -> Response:
    flash(reason, "error")
    return redirect(url_for("core.index"))
