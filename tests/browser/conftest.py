"""The app in Debian's Chromium, before a real sandbox; a page that complains fails its test."""

from collections.abc import Callable, Iterator
import os

from playwright.sync_api import Browser, BrowserContext, Page, expect
import pytest

from shuffify.cli.demo_world import Demo
from tests.browser import stage as stages
from tests.browser.complaints import Complaints
from tests.browser.stage import Stage
from tests.e2e.conftest import world
from tests.sandboxed import app_variables, running_sandbox, sandbox
from tests.visitor import Visitor

__all__ = ["app_variables", "running_sandbox", "sandbox", "world"]

NewPage = Callable[..., Page]


@pytest.fixture
def app_database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One kind of database is enough: what it does is tested below the pages."""
    from tests import apps

    with apps.database_with_tables("sqlite", tmp_path_factory.mktemp("browser")) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a running Chromium.

    Of a module and no longer: while Playwright's loop runs, no other test of this process can
    run one of its own.
    """
    try:
        stages.chromium_path()
    except FileNotFoundError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    # In CI it must be there: make test installs it. What is waited for may take long on a machine
    # that does something else, too; only who fails waits so long.
    expect.set_options(timeout=stages.PATIENCE_MS)
    with stages.running_browser() as browser:
        yield browser


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Collect what pages complain of; whatever a test has not `expected` fails it."""
    complaints = Complaints()
    yield complaints
    assert not complaints.unexpected, complaints.unexpected


@pytest.fixture(scope="module")
def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return a demo with something in it, for tests that leave it as it is."""
    with stages.set_up(tmp_path_factory.mktemp("stage"), browser) as stage:
        yield stage


@pytest.fixture
def heard(stage: Stage, complaints: Complaints) -> Iterator[Complaints]:
    """Collect what the pages of the stage complain of during one test."""
    for context in stage.contexts:
        complaints.listen_to(context)
    yield complaints
    for context in stage.contexts:
        complaints.leave(context)


@pytest.fixture
def new_context(
    browser: Browser, world: Demo, complaints: Complaints
) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens another browser with cookies of its own.

    Options are Playwright's: `viewport={"width": 390, "height": 844}`, `color_scheme="dark"`.
    """
    contexts = []

    def new(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=world.url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(stages.PATIENCE_MS)
        complaints.listen_to(context)
        contexts.append(context)
        return context

    yield new
    for context in contexts:
        context.close()


@pytest.fixture
def new_page(new_context: Callable[..., BrowserContext]) -> NewPage:
    """Return a function that opens a page of somebody who is not logged in."""
    return lambda **options: new_context(**options).new_page()


@pytest.fixture
def log_in(new_page: NewPage, world: Demo) -> NewPage:
    """Return a function that opens a page of somebody who is logged in, on the dashboard.

    `log_in("Jonas", viewport=...)`; without a name it is Mira. They come with the cookie of a
    login: how a person gets it is a test of its own.
    """

    def log_in(name: str = "Mira", **options: object) -> Page:
        visitor = Visitor(world.app).log_in(name.lower())
        cookie = visitor.client.get_cookie("shuffify")
        assert cookie is not None
        page = new_page(**options)
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": world.url}])
        page.goto("/")
        stages.until_ready(page)
        return page

    return log_in


@pytest.fixture
def page(log_in: NewPage) -> Page:
    """Return a page on the dashboard, logged in as Mira, 1280 px wide."""
    return log_in(viewport={"width": 1280, "height": 900})
