"""The playlists that another playlist is filled from."""

from flask import Blueprint

from shuffify.services import UpstreamSourceService
from shuffify.web.guards import login_required, user_id
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.upstream_sources import SourceCreate

bp = Blueprint("upstream_sources", __name__)


@bp.get("/playlist/<playlist:playlist_id>/upstream-sources")
@login_required
def list_sources(playlist_id: str) -> Answer:
    """Return the sources of a playlist, newest first."""
    sources = UpstreamSourceService.list(user_id(), playlist_id)
    found = counted(len(sources), "upstream source")
    return success(f"{found} found.", sources=[source.to_dict() for source in sources])


@bp.post("/playlist/<playlist:playlist_id>/upstream-sources")
@login_required
def add_source(playlist_id: str) -> Answer:
    """Add a source to a playlist; one that is there already stays as it is."""
    wanted = SourceCreate.from_request()
    source, created = UpstreamSourceService.add_source(
        user_id(), playlist_id, **wanted.sent()
    )
    if not created:
        message = f"'{source.source_name}' is a source already."
        return success(message, category="info", source=source.to_dict(), created=False)
    message = f"Added '{source.source_name}' as a source."
    return success(message, status=201, source=source.to_dict(), created=True)


@bp.delete("/upstream-sources/<row:source_id>")
@login_required
def delete_source(source_id: int) -> Answer:
    """Remove a source."""
    UpstreamSourceService.delete_source(user_id(), source_id)
    return success("The upstream source was removed.")
