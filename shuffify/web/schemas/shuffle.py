"""What a shuffle may be asked for."""

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from shuffify.web.schemas.base import Schema
from shuffify.web.schemas.fields import AlgorithmName, Seed, check_params


class ShuffleRequest(Schema):
    """POST /shuffle/<playlist>; without a name the user's default algorithm is taken."""

    algorithm_name: AlgorithmName = ""
    algorithm_params: dict[str, Any] = Field(default_factory=dict)
    seed: Seed = 0

    @field_validator("algorithm_params")
    @classmethod
    def _fit_the_algorithm(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return check_params(info.data.get("algorithm_name"), params)
