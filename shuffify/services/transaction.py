"""The one way in which services commit: once, at the end, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from shuffify.errors import FieldError, ServiceError
from shuffify.extensions import db
from shuffify.models.sqlite import write_transactions
from shuffify.models.user import User


@contextmanager
def one_commit(error: type[ServiceError], failure: str) -> Iterator[None]:
    """Commit when the block ends; when it raises, roll back.

    Refusals of the database become `error` with the sentence `failure`.
    """
    try:
        with write_transactions():
            _start_afresh()
            yield
            db.session.commit()
    except FieldError as problem:
        db.session.rollback()
        raise error(f"{failure} {problem}.") from problem
    except SQLAlchemyError as problem:
        db.session.rollback()
        raise error(f"{failure} Nothing was changed; try again.") from problem
    except BaseException:
        db.session.rollback()
        raise


@contextmanager
def reading(
    error: type[ServiceError], failure: str, *, afresh: bool = True
) -> Iterator[None]:
    """Turn refusals of the database into `error`; the transaction stays open."""
    try:
        if afresh:
            _start_afresh()
        yield
    except SQLAlchemyError as problem:
        db.session.rollback()
        raise error(failure) from problem


def _start_afresh() -> None:
    # What the caller has read may be old by now, and a transaction of SQLite's that began as
    # a reader's is refused its first write when somebody else has written meanwhile.
    session = db.session
    if not (session.new or session.dirty or session.deleted):
        end_reads()


def end_reads() -> None:
    """End the transaction that reads have opened: no Spotify call may wait inside one.

    A commit where nothing is pending; objects stay usable and are read again when touched.
    """
    db.session.commit()


def lock_user(user_id: int) -> None:
    """Hold the account's row until the transaction ends, so that counting its rows is safe.

    SQLite needs no row lock: its write transactions exclude each other from the start.
    """
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update())
