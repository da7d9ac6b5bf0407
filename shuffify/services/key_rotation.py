"""Bringing all stored tokens under the newest key."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shuffify.extensions import db
from shuffify.models.user import User
from shuffify.services.errors import TokenEncryptionError, TokenError
from shuffify.services.token_cipher import decrypt, encrypt, is_current
from shuffify.services.transaction import one_commit, reading

BATCH = 100
"""Accounts in one commit."""

_COLUMNS = ("encrypted_access_token", "encrypted_refresh_token")


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """How many accounts were brought under the first key, or would be, and who cannot be read."""

    rotated: int = 0
    current: int = 0
    unreadable: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Serialise for JSON answers."""
        return {
            "rotated": self.rotated,
            "current": self.current,
            "unreadable": [*self.unreadable],
        }

    def plus(self, outcome: str, user_id: int) -> "KeyRotation":
        """Count one more account."""
        return KeyRotation(
            self.rotated + (outcome == "rotated"),
            self.current + (outcome == "current"),
            (*self.unreadable, user_id) if outcome == "unreadable" else self.unreadable,
        )


def rotate_all(*, dry_run: bool) -> KeyRotation:
    """Go through the accounts in batches, each in a commit of its own; a dry run only reads."""
    counted, last_id = KeyRotation(), 0
    step = reading if dry_run else one_commit
    while True:
        with step(TokenError, "The tokens could not be encrypted anew."):
            batch = _batch(last_id, lock=not dry_run)
            for user in batch:
                counted = counted.plus(_rotate(user, dry_run=dry_run), user.id)
                last_id = user.id
        if len(batch) < BATCH:
            return counted


def _batch(last_id: int, *, lock: bool) -> Sequence[User]:
    accounts = (
        select(User)
        .where(User.id > last_id, User.encrypted_refresh_token.is_not(None))
        .order_by(User.id)
        .limit(BATCH)
    )
    return db.session.scalars(accounts.with_for_update() if lock else accounts).all()


def _rotate(user: User, *, dry_run: bool) -> str:
    old = {name: getattr(user, name) for name in _COLUMNS if getattr(user, name) is not None}
    if all(is_current(ciphertext) for ciphertext in old.values()):
        return "current"
    try:
        new = {name: encrypt(user.id, decrypt(user.id, text)) for name, text in old.items()}
    except TokenEncryptionError:
        return "unreadable"
    if not dry_run:
        for name, ciphertext in new.items():
            setattr(user, name, ciphertext)
    return "rotated"
