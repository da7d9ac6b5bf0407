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
        errors += recipe_problems(self.job_type, self.algorithm_name, self.algorithm_params)
        return errors

    def _source_errors(self, registered: Collection[str]) -> FieldErrors:
        sources = self.source_playlist_ids
        errors = source_problems(self.job_type, sources, self.target_playlist_id)
        if not errors and any(source not in registered for source in sources):
            problem = "must name upstream sources of the target; add them there first"
            errors.append(("source_playlist_ids", problem))
        return errors

    def _params(self) -> dict[str, Any]:
        if self.job_type not in SHUFFLES or self.algorithm_name is None:
            return {}
        return dict(checked_recipe(self.algorithm_name, self.algorithm_params).params)

    def _timing(self) -> str:
        problem = text_problem(self.schedule_value, 100)
        if problem:
            raise TimingError(problem)
        return check_timing(self.schedule_type, self.schedule_value)

    def _timing_field(self) -> str:
        return "schedule_value" if self.schedule_type in set(ScheduleType) else "schedule_type"


def recipe_problems(
    job_type: str, algorithm_name: str | None, algorithm_params: Mapping[str, object]
) -> FieldErrors:
    """Say where the algorithm does not fit the job."""
    if job_type in SHUFFLES:
        is_missing = algorithm_name is None
        return [("algorithm_name", "is required: this job shuffles")] if is_missing else []
    errors: FieldErrors = []
    if algorithm_name is not None:
        errors.append(("algorithm_name", "must be empty: this job does not shuffle"))
    if algorithm_params:
        errors.append(("algorithm_params", "must be empty: this job does not shuffle"))
    return errors


def source_problems(job_type: str, sources: Sequence[str], target: str) -> FieldErrors:
    """Say where the sources do not fit job and target, whatever is registered."""
    found = {
        "must be empty: this job takes no tracks from elsewhere": (
            job_type not in RAIDS and len(sources) > 0
        ),
        f"must name 1 to {MAX_SOURCES} playlists": (
            job_type in RAIDS and not 1 <= len(sources) <= MAX_SOURCES
        ),
        "must name each playlist once": len(set(sources)) < len(sources),
        "must not name the target": target in sources,
    }
    return [("source_playlist_ids", problem) for problem, is_there in found.items() if is_there]


NAMES = tuple(column.name for column in fields(ScheduleSpec))
"""What a request may change."""
