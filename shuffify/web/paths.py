"""The forms of ids in addresses; an id that cannot exist is simply not found."""

from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter


class PlaylistIdConverter(BaseConverter):
    """A Spotify id: 22 base62 characters."""

    regex = "[A-Za-z0-9]{22}"


class RowIdConverter(IntegerConverter):
    """The id of one of our rows.

    Bounded by its form: above, the database would complain of a number that is none to it.
    """

    regex = "[0-9]{1,9}|1[0-9]{9}"


def init_app(app: Flask) -> None:
    """Teach the app's addresses `<playlist:…>` and `<row:…>`."""
    app.url_map.converters.update(playlist=PlaylistIdConverter, row=RowIdConverter)
