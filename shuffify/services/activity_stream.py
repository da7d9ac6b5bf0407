"""All rows of the trail that fit, oldest first, in batches that are cut by key.

Memory does not grow with the number of rows, page after page costs the same, and a row that
arrives meanwhile is met at the end or not at all.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select, tuple_

from shuffify.extensions import db
from shuffify.models.activity_log import ActivityLog
from shuffify.services.activity_query import READABLE, ActivityFilter, Cursor, told

BATCH: Final = 2_000
"""Rows read at once: large enough that the query costs little, small in memory."""


def stream_rows(wanted: ActivityFilter) -> Iterator[dict[str, Any]]:
    """Yield the rows as `ActivityLog.to_dict` gives them; database errors pass through."""
    table = ActivityLog.__table__
    place = tuple_(table.c.created_at, table.c.id)
    statement = (
        select(*READABLE).where(*wanted.conditions()).order_by(*place).limit(BATCH)
    )
    last: Any = None
    while True:
        some = statement if last is None else statement.where(place > Cursor.of(last).place())
        # Rows, not objects: nobody needs an identity map of a million of them.
        rows = db.session.execute(some).all()
        for row in rows:
            yield told(row)
        if len(rows) < BATCH:
            return
        last = rows[-1]
