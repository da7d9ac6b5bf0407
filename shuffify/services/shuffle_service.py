"""Shuffling a playlist at Spotify."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shuffify.algorithms import registry
from shuffify.algorithms.algorithm import NO_PARAMS, SEED_LIMIT, Algorithm, new_seed
from shuffify.algorithms.errors import ParametersError, UnknownAlgorithmError
from shuffify.algorithms.parameters import Value
from shuffify.enums import SnapshotType, WriteState
from shuffify.services.errors import (
    InvalidAlgorithmError,
    ParameterValidationError,
    ShuffleError,
)
from shuffify.services.playlist_view import PlaylistView
from shuffify.services.playlist_write import Written, write
from shuffify.services.snapshot_store import undo_steps
from shuffify.services.spotify_access import REQUEST, Limits, Progress
from shuffify.services.transaction import end_reads, reading
from shuffify.services.user_settings_service import UserSettingsService
from shuffify.services.write_entry import Ending, Entry, shuffle_entry
from shuffify.services.write_journal import SnapshotJournal
from shuffify.spotify.sequences import keep_null_rows
from shuffify.spotify.tracks import Playlist, Track, Uri
from shuffify.spotify.writes import WriteResult


@dataclass(frozen=True, slots=True)
class Recipe:
    """An algorithm, its parameters and a seed: enough to repeat a shuffle."""

    algorithm: Algorithm
    params: dict[str, Value]
    seed: int

    def order(self, fresh: Playlist) -> Sequence[Uri]:
        """Return the target for a list as it stands; null rows keep their places."""
        rows = [track for track in fresh.tracks if track.uri is not None]
        shuffled = self.algorithm.shuffle(rows, seed=self.seed, params=self.params)
        return keep_null_rows(fresh.uris, [track.uri for track in shuffled if track.uri])

    def words(self) -> str:
        """Say how it shuffles, in one line."""
        details = {**self.params, "seed": self.seed}
        listed = ", ".join(f"{name} {value}" for name, value in details.items())
        return f"using {self.algorithm.label} ({listed})"

    def facts(self) -> dict[str, Any]:
        """Return what repeats the shuffle, as the trail names it."""
        return {
            "algorithm": self.algorithm.name,
            "params": dict(self.params),
            "seed": self.seed,
        }

    def entry(
        self, playlist: Playlist, result: WriteResult | None, outcome: WriteState
    ) -> Entry:
        """Describe the shuffle for the trail."""
        ending = Ending.of(playlist, result, outcome)
        return shuffle_entry(playlist.name, self.facts(), ending)


@dataclass(frozen=True, slots=True)
class ShuffleResult:
    """What a shuffle did; not `changed` means that the list already stood that way."""

    playlist: PlaylistView
    changed: bool
    result: dict[str, Any]
    undo_steps: int
    undoable: bool
    kept_added: tuple[Uri, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """An order that was not written, and what gives it again."""

    shuffled_uris: tuple[str, ...]
    algorithm_name: str
    seed: int


class ShuffleService:
    """Shuffles playlists, and says how they can be shuffled."""

    @staticmethod
    def list_algorithms() -> list[dict[str, object]]:
        """Return the algorithms and their parameters, in the order of the menu."""
        return [algorithm.to_dict() for algorithm in registry.ALGORITHMS.values()]

    @staticmethod
    def preview(
        tracks: Sequence[Track],
        *,
        algorithm_name: str | None = None,
        algorithm_params: Mapping[str, object] = NO_PARAMS,
        seed: int | None = None,
    ) -> Preview:
        """Shuffle rows that only the client has; nothing is called or stored.

        Raises InvalidAlgorithmError, ParameterValidationError.
        """
        recipe = checked_recipe(algorithm_name, algorithm_params, seed)
        order = recipe.algorithm.shuffle(tracks, seed=recipe.seed, params=recipe.params)
        return Preview(
            tuple(track.uri for track in order if track.uri), recipe.algorithm.name, recipe.seed
        )

    @staticmethod
    def shuffle(
        user_id: int,
        playlist_id: str,
        *,
        algorithm_name: str | None = None,
        algorithm_params: Mapping[str, object] = NO_PARAMS,
        seed: int | None = None,
        limits: Limits = REQUEST,
        progress: Progress | None = None,
    ) -> ShuffleResult:
        """Shuffle the list as Spotify has it now and log `shuffle`.

        Without a name the user's default decides. Commits the snapshot before the write and
        its outcome after it. Raises InvalidAlgorithmError, ParameterValidationError, the
        errors of PlaylistService, ReconnectRequired and Spotify's errors.
        """
        settings = UserSettingsService.get_or_create(user_id)
        name = algorithm_name or settings.default_algorithm
        recipe = checked_recipe(name, algorithm_params, seed)
        journal = SnapshotJournal(
            user_id,
            SnapshotType.AUTO_PRE_SHUFFLE,
            account=recipe.entry,
            facts=recipe.facts(),
            description=recipe.words(),
            spare_short_writes=not settings.auto_snapshot_enabled,
        )
        outcome = write(
            user_id, playlist_id, recipe.order, journal=journal, limits=limits, progress=progress
        )
        with reading(ShuffleError, "The steps of undo could not be read."):
            steps = undo_steps(user_id, playlist_id)
            end_reads()
        return _result(recipe, outcome, steps)


def checked_recipe(
    name: str | None, params: Mapping[str, object] = NO_PARAMS, seed: int | None = None
) -> Recipe:
    """Return what to shuffle with; raise InvalidAlgorithmError, ParameterValidationError."""
    try:
        algorithm = registry.get(name or next(iter(registry.ALGORITHMS)))
        values = algorithm.validate(params)
    except UnknownAlgorithmError as error:
        message = f"must be one of {', '.join(registry.ALGORITHMS)}"
        raise InvalidAlgorithmError([("algorithm_name", message)]) from error
    except ParametersError as error:
        raise ParameterValidationError(
            (f"algorithm_params.{parameter}", message) for parameter, message in error.errors
        ) from error
    if seed is not None and not 0 <= seed < SEED_LIMIT:
        message = f"must be a whole number from 0 to {SEED_LIMIT - 1}"
        raise ParameterValidationError([("seed", message)])
    return Recipe(algorithm, values, new_seed() if seed is None else seed)


def _result(recipe: Recipe, written: Written, steps: int) -> ShuffleResult:
    result = written.result
    return ShuffleResult(
        playlist=written.view,
        changed=result.changed,
        result={
            "algorithm_name": recipe.algorithm.name,
            "algorithm_params": dict(recipe.params),
            "seed": recipe.seed,
            "moved": result.diff.moved,
            "method": result.method,
            "calls": result.calls,
        },
        undo_steps=steps,
        undoable=written.undoable,
        kept_added=result.kept_added,
    )
