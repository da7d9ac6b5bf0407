"""The few pages that a person may land on beside the consent page."""

from flask import Blueprint, render_template

from .answers import state

bp = Blueprint("pages", __name__)


@bp.get("/")
def show_start() -> str:
    return render_template("sandbox/start.html", profile=state().profile.name,
                           users=state().users.values())


@bp.get("/open/<kind>/<identifier>")
def show_link(kind: str, identifier: str) -> str:
    """Stand in for open.spotify.com, where the links of the answers lead."""
    return render_template("sandbox/link.html", kind=kind, identifier=identifier)
