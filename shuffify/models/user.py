"""Accounts, their settings and their logins."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DynamicMapped, Mapped, mapped_column, relationship

from shuffify.audit import Audited, Change, NotAudited
from shuffify.enums import LoginEnd, LoginType, Theme
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, at_least, between, one_of, utcnow

if TYPE_CHECKING:
    from shuffify.models.activity_log import ActivityLog


def _describe_user(change: Change) -> str:
    # By number: an account's erasure must not leave its name behind in the trail.
    verb = "Enabled" if change.after("is_active") else "Disabled"
    return f"{verb} account {change.entity_id}"


def _describe_settings(change: Change) -> str:
    return f"Changed settings ({', '.join(sorted(change.changed))})"


class User(Model):
    """A Spotify account that has logged in; erased accounts keep their row and id."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("spotify_id"),
        UniqueConstraint("spotify_account_id"),
        at_least("login_count", 0),
        NEVER_REUSE_IDS,
    )
    __hidden__ = frozenset({"encrypted_access_token", "encrypted_refresh_token"})
    __audit__ = Audited(
        types={"create": None, "update": "user_update", "delete": None},
        label="id",
        owner="id",
        describe=_describe_user,
        secret={"encrypted_access_token", "encrypted_refresh_token"},
        ignore={
            "spotify_id", "spotify_account_id", "display_name", "profile_image_url",
            "spotify_uri", "encrypted_access_token", "access_token_expires_at",
            "encrypted_refresh_token", "granted_scope", "consented_at", "needs_reconnect",
            "last_login_at", "login_count", "created_at",
        },
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    spotify_id: Mapped[str] = mapped_column(String(255))
    spotify_account_id: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str | None] = mapped_column(String(255))
    profile_image_url: Mapped[str | None] = mapped_column(String(1024))
    spotify_uri: Mapped[str | None] = mapped_column(String(255))
    encrypted_access_token: Mapped[str | None] = mapped_column(Text)
    access_token_expires_at: Mapped[datetime | None]
    encrypted_refresh_token: Mapped[str | None] = mapped_column(Text)
    granted_scope: Mapped[str | None] = mapped_column(String(500))
    consented_at: Mapped[datetime | None]
    needs_reconnect: Mapped[bool] = mapped_column(default=False)
    last_login_at: Mapped[datetime | None]
    login_count: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    # "all": the database refuses to delete a user with a trail; the ORM must not blank it.
    activities: DynamicMapped["ActivityLog"] = relationship(passive_deletes="all")


class UserSettings(Model):
    """What one user prefers."""

    __tablename__ = "user_settings"
    __table_args__ = (
        UniqueConstraint("user_id"),
        one_of("theme", Theme),
        between("max_snapshots_per_playlist", 1, 50),
        NEVER_REUSE_IDS,
    )
    __audit__ = Audited(
        types={"create": None, "update": "settings_change", "delete": None},
        describe=_describe_settings,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    default_algorithm: Mapped[str | None] = mapped_column(String(64))
    theme: Mapped[str] = mapped_column(String(10), default=Theme.SYSTEM.value)
    auto_snapshot_enabled: Mapped[bool] = mapped_column(default=True)
    max_snapshots_per_playlist: Mapped[int] = mapped_column(default=10)
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    user: Mapped[User] = relationship()


class LoginHistory(Model):
    """One login, from its cookie's making to its end."""

    __tablename__ = "login_history"
    __table_args__ = (
        UniqueConstraint("session_id"),
        one_of("ended_by", LoginEnd),
        one_of("login_type", LoginType),
        Index(None, "user_id", "logged_out_at"),
        NEVER_REUSE_IDS,
    )
    __hidden__ = frozenset({"session_id"})
    __audit__ = NotAudited("the services log login and logout themselves; expiry is nobody's act")

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    session_id: Mapped[str] = mapped_column(String(64))
    logged_in_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    logged_out_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(String(20))
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(512))
    login_type: Mapped[str] = mapped_column(String(20))

    user: Mapped[User] = relationship()
