"""Contracts of all services together."""

import inspect

import pytest

from shuffify import services
from shuffify.errors import ServiceError
from shuffify.services import errors

SERVICES = [name for name in services.__all__ if name.endswith("Service")]
KINDS = {
    name: thing
    for name, thing in vars(errors).items()
    if inspect.isclass(thing) and issubclass(thing, ServiceError)
}


@pytest.mark.parametrize("name", KINDS)
def test_every_error_is_exported_and_stands_in_the_tree(name: str) -> None:
    assert name in services.__all__
    assert name in (errors.__doc__ or "")


@pytest.mark.parametrize("name", KINDS)
def test_not_found_and_limit_errors_derive_from_their_services_error(name: str) -> None:
    for ending in ("NotFoundError", "LimitError"):
        noun = name.removesuffix(ending)
        if noun not in (name, ""):
            parents = {kind.__name__ for kind in KINDS[name].__mro__}
            assert ending in parents
            assert parents & {f"{noun}Error", f"{noun}ServiceError"}


def test_everything_that_is_promised_is_exported() -> None:
    assert {
        "UserService", "UserSettingsService", "LoginHistoryService", "TokenService",
        "PlaylistService", "ShuffleService", "PlaylistSnapshotService",
        "WorkshopSessionService", "UpstreamSourceService", "SchedulerService",
        "ActivityLogService",
    } <= set(SERVICES)
    assert "ActivityLogError" in services.__all__


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_static_methods_with_docstrings_and_no_state(name: str) -> None:
    service = getattr(services, name)
    assert service.__mro__ == (service, object)
    for method, thing in vars(service).items():
        if not method.startswith("_"):
            assert isinstance(thing, staticmethod), method
            assert inspect.getdoc(thing.__func__), method
