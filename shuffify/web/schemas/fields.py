"""The kinds of fields that several bodies share."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints

from shuffify.algorithms import registry
from shuffify.algorithms.algorithm import SEED_LIMIT
from shuffify.algorithms.errors import ParametersError, UnknownAlgorithmError
from shuffify.web.schemas.base import complaint, complaints

MAX_TRACKS: Final = 10_000

_URI = re.compile(r"spotify:(track|episode):[A-Za-z0-9]{22}|spotify:local:[^\x00-\x1f]{1,1010}")


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise complaint("This text must not hold NUL characters.")
    return text


def _track_uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise complaint("This is not the URI of a track, an episode or a local file.")
    return text


def _known_algorithm(name: str) -> str:
    try:
        return registry.get(name).name
    except UnknownAlgorithmError as error:
        raise complaint(str(error)) from None


def check_params(name: object, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters if this algorithm takes them; unknown algorithms take anything."""
    algorithm = registry.ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is not None:
        try:
            algorithm.validate(params)
        except ParametersError as error:
            raise complaints("algorithm_params", error.errors) from None
    return params


WITHOUT_NUL: Final = AfterValidator(_without_nul)
"""PostgreSQL cannot store NUL. Stands behind the form of a text, which is trimmed first."""

PlaylistId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{22}$")]
TrackUri = Annotated[str, AfterValidator(_track_uri)]
TrackUris = Annotated[list[TrackUri], Field(max_length=MAX_TRACKS)]
AlgorithmName = Annotated[str, AfterValidator(_known_algorithm)]
Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT)]
