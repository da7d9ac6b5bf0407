"""What a run does at Spotify: one safe write, whose record closes the run."""

from collections.abc import Sequence
from dataclasses import replace

from shuffify.enums import RunStatus, SnapshotType, WriteState
from shuffify.services.errors import JobExecutionError, PlaylistRecordError
from shuffify.services.job_run import Job, Outcome, close
from shuffify.services.playlist_write import write
from shuffify.services.raid import Loot, gather
from shuffify.services.shuffle_service import Recipe, checked_recipe
from shuffify.services.spotify_access import Limits, Progress
from shuffify.services.transaction import one_commit
from shuffify.services.user_settings_service import UserSettingsService
from shuffify.services.write_entry import Entry
from shuffify.services.write_journal import SnapshotJournal
from shuffify.spotify.tracks import Playlist, Uri
from shuffify.spotify.writes import WriteResult


class JobWrite:
    """The write of one run; `carry_out` ends with the run closed, or raises."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._loot = Loot()
        self._recipe: Recipe | None = None
        self._result: WriteResult | None = None

    def carry_out(self, limits: Limits, progress: Progress | None) -> None:
        """Write the target's new order and close the run as a success. Commits.

        Raises PlaylistRecordError when only the record failed; SourcesUnreadableError,
        InvalidAlgorithmError, ParameterValidationError, the errors of PlaylistService,
        ReconnectRequired and Spotify's errors.
        """
        job = self._job
        if job.shuffles:
            self._recipe = checked_recipe(job.algorithm_name, job.algorithm_params)
        if job.raids:
            self._loot = gather(job.user_id, job.playlist_id, job.source_ids, limits)
        try:
            written = write(
                job.user_id,
                job.playlist_id,
                self._target,
                journal=self._journal(),
                limits=limits,
                progress=progress,
            )
            self._result = written.result
        except PlaylistRecordError:
            # The list has its new order, so this run is a success whatever our commit said.
            self._close_again()
            return
        if not written.result.changed:
            self._close_again()

    def _target(self, fresh: Playlist) -> Sequence[Uri]:
        new = self._loot.missing_from(fresh)
        grown = replace(fresh, tracks=(*fresh.tracks, *new))
        return grown.uris if self._recipe is None else self._recipe.order(grown)

    def _journal(self) -> SnapshotJournal:
        settings = UserSettingsService.get_or_create(self._job.user_id)
        kind = SnapshotType.SCHEDULED_PRE_EXECUTION
        if not self._job.shuffles:
            kind = SnapshotType.AUTO_PRE_RAID
        return SnapshotJournal(
            self._job.user_id,
            kind,
            account=self._take_note,
            spare_short_writes=not settings.auto_snapshot_enabled,
            settle=lambda result: self._close(),
            description=self._recipe.words() if self._recipe else None,
        )

    def _take_note(
        self, playlist: Playlist, result: WriteResult | None, outcome: WriteState
    ) -> Entry | None:
        """Keep the verified result for the run's row, which is all that the trail needs."""
        self._result = result
        return None

    def _close(self) -> None:
        if self._result is not None:
            close(self._job.run_id, _success(self._result, self._loot))

    def _close_again(self) -> None:
        try:
            with one_commit(JobExecutionError, "The outcome of the run could not be saved."):
                self._close()
        except JobExecutionError as error:
            raise PlaylistRecordError from error


def _success(result: WriteResult, loot: Loot) -> Outcome:
    found, before = result.playlist, result.before
    added = len(found.tracks) - len(before.tracks) - len(result.kept_added)
    return Outcome(
        RunStatus.SUCCESS,
        " ".join(loot.notes_on(before)) or None,
        tracks_added=max(0, added),
        tracks_total=len(found.tracks),
        playlist_name=found.name,
    )
