"""Whose transaction is it? An explicit row joins the caller's, or has one of its own."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session, SessionTransactionOrigin

from .savepoint import guarded
from .unit import Unit, total_changes


def holds_callers_work(session: Session, unit: Unit | None) -> bool:
    """Tell whether committing the session now would commit something that is not ours.

    Pending objects, flushed ones, DML by whatever API, an open savepoint, a block that the
    caller began, a connection that the caller brought along. Reads alone are nobody's work.
    """
    if session.new or session.deleted or session.dirty:
        return True
    transaction = session.get_transaction()
    if transaction is None:
        return False
    if transaction.nested or transaction.origin is SessionTransactionOrigin.BEGIN:
        return True
    if unit is None or unit.home is None:
        return False
    return unit.flushes > 0 or unit.is_joined or _wrote(unit)


def _wrote(unit: Unit) -> bool:
    """Ask the database whether this transaction has written or locked anything.

    The Session sees neither text statements nor what goes through its connection directly.
    """
    connection = unit.connection
    if connection is None:
        return False
    if connection.dialect.name == "sqlite":
        return total_changes(connection) != unit.changes_before
    if connection.dialect.name == "postgresql":
        with guarded(connection):
            return connection.execute(_HAS_TRANSACTION_ID).scalar() is True
    return True


_HAS_TRANSACTION_ID = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
