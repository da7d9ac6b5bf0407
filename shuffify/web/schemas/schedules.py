"""What a schedule may be; rules that need other rows are the service's."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from shuffify.enums import JobType, ScheduleType
from shuffify.errors import TimingError
from shuffify.services.schedule_spec import recipe_problems, source_problems
from shuffify.timing import check_timing
from shuffify.web.schemas.base import Query, Schema, complaint
from shuffify.web.schemas.fields import WITHOUT_NUL, AlgorithmName, PlaylistId, check_params


class _ScheduleFields(Schema):
    """The fields that may also be left out when a schedule is made."""

    source_playlist_ids: Annotated[list[PlaylistId], Field(max_length=10)] = Field(
        default_factory=list
    )
    algorithm_name: AlgorithmName | None = None
    algorithm_params: dict[str, Any] = Field(default_factory=dict)
    schedule_type: ScheduleType = ScheduleType.INTERVAL
    schedule_value: Annotated[str, Field(min_length=1, max_length=100), WITHOUT_NUL] = "daily"
    is_enabled: bool = True
    dry_run: bool = False

    @field_validator("algorithm_params")
    @classmethod
    def _fit_the_algorithm(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return check_params(info.data.get("algorithm_name"), params)


class ScheduleCreate(_ScheduleFields):
    """POST /schedules/create."""

    job_type: JobType
    target_playlist_id: PlaylistId

    @field_validator("schedule_value")
    @classmethod
    def _name_a_time(cls, value: str, info: ValidationInfo) -> str:
        if "schedule_type" in info.data:
            try:
                check_timing(info.data["schedule_type"], value)
            except TimingError as error:
                raise complaint(str(error)) from None
        return value

    @classmethod
    def problems(cls, sent: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Return where the parts do not fit the job, beside what is wrong with each alone."""
        job, params = str(sent.get("job_type")), sent.get("algorithm_params", {})
        if job not in set(JobType):
            return
        yield from recipe_problems(job, sent.get("algorithm_name"), params)
        sources = sent.get("source_playlist_ids", [])
        if isinstance(sources, list) and all(isinstance(source, str) for source in sources):
            yield from source_problems(job, sources, sent.get("target_playlist_id", ""))


class ScheduleUpdate(_ScheduleFields):
    """PUT /schedules/<row>; what is absent stays, and the whole is checked by the service."""

    job_type: JobType = JobType.SHUFFLE
    target_playlist_id: PlaylistId = ""


class HistoryQuery(Query):
    """GET /schedules/<row>/history."""

    limit: Annotated[int, Field(ge=1, le=100)] = 10
