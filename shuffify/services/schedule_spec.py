"""What a schedule is to do and when, checked as a whole before anything is stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from shuffify.enums import JobType, ScheduleType
from shuffify.errors import TimingError
from shuffify.models.schedule import Schedule
from shuffify.services.errors import (
    InvalidAlgorithmError,
    ParameterValidationError,
    ScheduleValidationError,
)
from shuffify.services.fields import FieldErrors, text_problem
from shuffify.services.shuffle_service import checked_recipe
from shuffify.spotify.references import is_playlist_id
from shuffify.timing import check_timing

MAX_SOURCES = 10

RAIDS = frozenset({JobType.RAID, JobType.RAID_AND_SHUFFLE})
SHUFFLES = frozenset({JobType.SHUFFLE, JobType.RAID_AND_SHUFFLE})

TIMING = ("schedule_type", "schedule_value")
"""Setting these anew starts the intervals anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """The fields of a schedule that its user chooses."""

    job_type: str
    target_playlist_id: str
    source_playlist_ids: Sequence[str]
    algorithm_name: str | None
    algorithm_params: Mapping[str, object]
    schedule_type: str
    schedule_value: str
    is_enabled: bool

    @classmethod
    def merged(cls, schedule: Schedule, changes: Mapping[str, Any]) -> "ScheduleSpec":
        """Take a schedule as it stands, with some fields changed."""
        unknown = [(name, "is not a field of a schedule") for name in changes if name not in NAMES]
        if unknown:
            raise ScheduleValidationError(unknown)
        return cls(**{name: changes.get(name, getattr(schedule, name)) for name in NAMES})

    def checked(self, registered: Collection[str]) -> dict[str, Any]:
        """Return the columns as they are to be stored.

        `registered` are the upstream sources of the target. Raises ScheduleValidationError
        with every field that is refused.
        """
        errors = [*self._job_errors(), *self._source_errors(registered)]
        columns = {name: getattr(self, name) for name in NAMES}
        columns["source_playlist_ids"] = [*self.source_playlist_ids]
        try:
            columns["algorithm_params"] = self._params()
        except (InvalidAlgorithmError, ParameterValidationError) as error:
            errors.extend(error.errors)
        try:
            columns["schedule_value"] = self._timing()
        except TimingError as error:
            errors.append((self._timing_field(), str(error)))
        if errors:
            raise ScheduleValidationError(errors)
        return columns

    def _job_errors(self) -> FieldErrors:
        errors: FieldErrors = []
        if self.job_type not in set(JobType):
            errors.append(("job_type", f"must be one of {', '.join(JobType)}"))
        if not is_playlist_id(self.target_playlist_id):
            errors.append(("target_playlist_id", "is no id of a playlist"))
        if self.job_type not in SHUFFLES:
            if self.algorithm_name is not None:
                errors.append(("algorithm_name", "must be empty: this job does not shuffle"))
            if self.algorithm_params:
                errors.append(("algorithm_params", "must be empty: this job does not shuffle"))
        return errors

    def _source_errors(self, registered: Collection[str]) -> FieldErrors:
        problem = self._source_problem(registered)
        return [("source_playlist_ids", problem)] if problem else []

    def _source_problem(self, registered: Collection[str]) -> str | None:
        sources = self.source_playlist_ids
        if self.job_type not in RAIDS:
            return "must be empty: this job takes no tracks from elsewhere" if sources else None
        if not 1 <= len(sources) <= MAX_SOURCES:
            return f"must name 1 to {MAX_SOURCES} playlists"
        if len(set(sources)) < len(sources):
            return "must name each playlist once"
        if self.target_playlist_id in sources:
            return "must not name the target"
        if any(source not in registered for source in sources):
            return "must name upstream sources of the target; add them there first"
        return None

    def _params(self) -> dict[str, Any]:
        if self.job_type not in SHUFFLES:
            return {}
        if self.algorithm_name is None:
            raise InvalidAlgorithmError([("algorithm_name", "is required: this job shuffles")])
        return dict(checked_recipe(self.algorithm_name, self.algorithm_params).params)

    def _timing(self) -> str:
        problem = text_problem(self.schedule_value, 100)
        if problem:
            raise TimingError(problem)
        return check_timing(self.schedule_type, self.schedule_value)

    def _timing_field(self) -> str:
        return "schedule_value" if self.schedule_type in set(ScheduleType) else "schedule_type"


NAMES = tuple(column.name for column in fields(ScheduleSpec))
"""What a request may change."""
