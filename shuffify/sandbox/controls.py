"""What a test may do to the sandbox: look inside, edit as somebody else, plan faults."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from . import edits
from .accounts import CLIENT_ID, SCOPES
from .edits import OutOfBoundsError, Rows
from .faults import Fault, FaultError, FaultPlan
from .journal import Journal
from .library import MIRA
from .music import Item, LocalFile
from .settings import PROFILES, Assumptions
from .state import Playlist, State


class ControlError(ValueError):
    """A control request that the sandbox does not understand."""


class Controls:
    """Every method is safe to call from any thread."""

    def __init__(self, state: State, faults: FaultPlan, journal: Journal) -> None:
        self._state = state
        self._faults = faults
        self._journal = journal
        self._first_profile = state.profile.name
        self._first_assumptions = state.assumptions

    def reset(self, profile: str | None = None, *, keep_tokens: bool = False) -> None:
        """Go back to the start: profile, assumptions, seeded library, the machine's time.

        Faults, journal and tokens are forgotten.
        """
        with self._state.lock:
            self.set_profile(profile or self._first_profile)
            self._state.assumptions = self._first_assumptions
            self._state.reset(keep_tokens=keep_tokens)
            self._faults.clear()
            self._journal.clear()

    @property
    def profile(self) -> str:
        return self._state.profile.name

    @property
    def assumptions(self) -> Assumptions:
        return self._state.assumptions

    def set_profile(self, profile: str) -> None:
        if profile not in PROFILES:
            raise ControlError(f"profile {profile!r} is none of {', '.join(PROFILES)}")
        with self._state.lock:
            self._state.profile = PROFILES[profile]

    def assume(self, **switches: Any) -> None:
        """Set assumption switches; the others stay."""
        with self._state.lock:
            known = asdict(self._state.assumptions)
            if unknown := switches.keys() - known.keys():
                raise ControlError(f"{', '.join(sorted(unknown))}: the assumptions are "
                                   f"{', '.join(known)}")
            self._state.assumptions = replace(self._state.assumptions, **switches)

    def grant(self, user: str = MIRA, scope: str | None = None, *,
              public: bool = False) -> dict[str, object]:
        """Return what the token endpoint answers after consent, all scopes by default."""
        with self._state.lock:
            scopes = " ".join(SCOPES) if scope is None else scope
            tokens = self._state.tokens
            grant = tokens.open_grant(user, scopes, CLIENT_ID, public)
            return tokens.answer(grant, self._state.assumptions)

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock: codes and tokens age."""
        with self._state.lock:
            self._state.clock_offset += seconds

    def now(self) -> float:
        return self._state.now()

    def expire_access_tokens(self, user: str | None = None) -> None:
        with self._state.lock:
            self._state.tokens.expire_access(user)

    def expire_refresh_tokens(self, user: str | None = None) -> None:
        with self._state.lock:
            self._state.tokens.expire_refresh(user)

    def revoke(self, user: str | None = None) -> None:
        """Withdraw consent: refreshing answers `invalid_grant` from now on."""
        with self._state.lock:
            self._state.tokens.revoke(user)

    def fault(self, kind: Any, path: str = "*", method: str = "*", count: int | None = 1,
              position: int = 1, **details: Any) -> None:
        """Plan a fault."""
        try:
            planned = Fault(kind, path, method, count, position, details)
        except FaultError as error:
            raise ControlError(str(error)) from None
        with self._state.lock:
            self._faults.add(planned)

    def pending_faults(self) -> list[dict[str, Any]]:
        with self._state.lock:
            return [asdict(fault) for fault in self._faults.pending()]

    def clear_faults(self) -> None:
        with self._state.lock:
            self._faults.clear()

    def requests(self, path: str = "*", method: str = "*") -> list[dict[str, Any]]:
        """Return the calls so far, in order."""
        with self._state.lock:
            return self._journal.entries(path, method)

    def clear_requests(self) -> None:
        with self._state.lock:
            self._journal.clear()

    def uris(self, playlist_id: str) -> list[str | None]:
        """Return the list as it stands; null rows are None."""
        with self._state.lock:
            return [row.uri for row in self._playlist(playlist_id).rows]

    def snapshot_id(self, playlist_id: str) -> str:
        with self._state.lock:
            return self._playlist(playlist_id).snapshot_id

    def describe(self, playlist_id: str | None = None) -> dict[str, Any]:
        """Return the state, of one playlist or of all."""
        with self._state.lock:
            state = self._state
            chosen = [self._playlist(playlist_id)] if playlist_id else state.playlists.values()
            return {"profile": state.profile.name, "now": state.now(), "users": list(state.users),
                    "playlists": {playlist.id: _describe(playlist) for playlist in chosen}}

    def edit(self, playlist_id: str, op: str, **fields: Any) -> str | None:
        """Edit as a foreign client would; return the new snapshot id, None after a delete."""
        with self._state.lock:
            playlist = self._playlist(playlist_id)
            if op == "delete":
                self._state.delete_playlist(playlist.id)
                return None
            if op == "details":
                _change_details(playlist, fields)
            elif op in self._row_edits:
                try:
                    playlist.changed(self._row_edits[op](self, playlist, fields))
                except (KeyError, TypeError, OutOfBoundsError) as error:
                    raise ControlError(f"{op}: wrong or missing fields ({error!r})") from None
            else:
                raise ControlError(f"op {op!r} is none of delete, details, "
                                   f"{', '.join(self._row_edits)}")
            return playlist.snapshot_id

    def create(self, owner: str, name: str, uris: list[str | None], *, public: bool = True,
               collaborative: bool = False) -> str:
        """Make a playlist in somebody's library and return its id."""
        with self._state.lock:
            if owner not in self._state.users:
                raise ControlError(f"owner {owner!r} is none of {', '.join(self._state.users)}")
            rows = edits.insert((), self._items(uris), None, now=self._state.timestamp(), by=owner)
            playlist = self._state.create_playlist(owner, name, public=public,
                                                   collaborative=collaborative)
            playlist.changed(rows)
            return playlist.id

    def _playlist(self, playlist_id: str) -> Playlist:
        if playlist_id not in self._state.playlists:
            raise ControlError(f"no playlist {playlist_id!r}")
        return self._state.playlists[playlist_id]

    def _items(self, uris: list[str | None]) -> list[Item | None]:
        return [None if uri is None else self._item(uri) for uri in uris]

    def _item(self, uri: str) -> Item:
        item = LocalFile.parse(uri) or self._state.catalogue.item(uri)
        if item is None:
            raise ControlError(f"the catalogue has no {uri!r}")
        return item

    def _add(self, playlist: Playlist, fields: Mapping[str, Any]) -> Rows:
        return edits.insert(playlist.rows, self._items(fields["uris"]), fields.get("position"),
                            now=self._state.timestamp(), by=fields.get("by", playlist.owner))

    def _replace(self, playlist: Playlist, fields: Mapping[str, Any]) -> Rows:
        return edits.replace(playlist.rows, self._items(fields["uris"]),
                             now=self._state.timestamp(), by=playlist.owner, keep_dates=True)

    def _move(self, playlist: Playlist, fields: Mapping[str, Any]) -> Rows:
        return edits.reorder(playlist.rows, fields["range_start"], fields["insert_before"],
                             fields.get("range_length", 1))

    def _remove(self, playlist: Playlist, fields: Mapping[str, Any]) -> Rows:
        return edits.remove(playlist.rows, set(fields["uris"]))

    def _remove_at(self, playlist: Playlist, fields: Mapping[str, Any]) -> Rows:
        return edits.remove_at(playlist.rows, set(fields["positions"]))

    def _blank(self, playlist: Playlist, fields: Mapping[str, Any]) -> Rows:
        return edits.blank(playlist.rows, set(fields["positions"]))

    _row_edits: dict[str, Callable[["Controls", Playlist, Mapping[str, Any]], Rows]] = {
        "add": _add, "replace": _replace, "move": _move, "remove": _remove,
        "remove_at": _remove_at, "null": _blank,
    }


def _change_details(playlist: Playlist, fields: Mapping[str, Any]) -> None:
    known = ("name", "description", "public", "collaborative")
    if unknown := fields.keys() - set(known):
        raise ControlError(f"details are {', '.join(known)}, not {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(playlist, name, value)
    playlist.changed()


def _describe(playlist: Playlist) -> dict[str, Any]:
    return {
        "name": playlist.name, "owner": playlist.owner, "public": playlist.public,
        "collaborative": playlist.collaborative, "description": playlist.description,
        "snapshot_id": playlist.snapshot_id, "uris": [row.uri for row in playlist.rows],
    }
