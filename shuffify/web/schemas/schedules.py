"""What a schedule may be; rules that need other rows are the service's."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from shuffify.enums import JobType, ScheduleType
from shuffify.errors import TimingError
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

    @field_validator("source_playlist_ids")
    @classmethod
    def _name_each_source_once(cls, ids: list[str]) -> list[str]:
        if len(set(ids)) != len(ids):
            raise complaint("Name each source once.")
        return ids

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


class ScheduleUpdate(_ScheduleFields):
    """PUT /schedules/<row>; what is absent stays, and the whole is checked by the service."""

    job_type: JobType = JobType.SHUFFLE
    target_playlist_id: PlaylistId = ""


class HistoryQuery(Query):
    """GET /schedules/<row>/history."""

    limit: Annotated[int, Field(ge=1, le=100)] = 10
