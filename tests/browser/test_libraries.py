"""The modules that all pages share, tried where they run; each test is one way to fail."""

from playwright.sync_api import Page, Route, expect
import pytest

WATCH = """async ([url, body]) => {
  const { postWatched } = await import(LIB + "api.js");
  const heard = [];
  const watched = postWatched(url, body, (done, total) => heard.push([done, total]));
  return watched.then(
    (answer) => ({ heard, message: answer.message }),
    ({ name, message, code, status, answer }) => ({ heard, name, message, code, status, answer }),
  );
}"""


@pytest.fixture
def library(page: Page) -> Page:
    page.evaluate(
        """() => {
          const main = document.querySelector('script[type="module"]').src;
          globalThis.LIB = main.replace(/main\\.js.*/, "lib/");
        }"""
    )
    return page


def playlist_of(page: Page, name: str = "Morning run") -> str:
    card = page.get_by_role("listitem").filter(has_text=name).first
    return card.get_attribute("data-playlist") or ""


def test_a_long_write_tells_how_far_it_is_and_ends_with_its_envelope(library: Page) -> None:
    told = library.evaluate(WATCH, [f"/shuffle/{playlist_of(library)}", {}])
    assert "moved" in told["message"]
    done, total = told["heard"][-1]
    assert done == total > 0
    assert told["heard"] == sorted(told["heard"])


def test_a_refused_long_write_throws_what_the_last_line_says(library: Page) -> None:
    told = library.evaluate(WATCH, [f"/undo/{playlist_of(library)}", {}])
    assert (told["name"], told["code"], told["status"]) == ("ApiError", "nothing_to_undo", 409)


def test_a_write_refused_before_its_stream_throws_the_same_way(library: Page) -> None:
    library.evaluate("document.querySelector('meta[name=csrf-token]').content = 'old'")
    told = library.evaluate(WATCH, [f"/shuffle/{playlist_of(library)}", {}])
    assert (told["name"], told["code"], told["status"]) == ("ApiError", "csrf_failed", 400)


@pytest.mark.parametrize(
    "body", ['{"progress": {"done": 1, "total": 9}}\n', '{"progress": {"done": 1, "tot', ""]
)
def test_a_stream_that_ends_early_is_told_apart(library: Page, body: str) -> None:
    def cut_off(route: Route) -> None:
        route.fulfill(body=body, content_type="application/x-ndjson")

    library.route("**/shuffle/*", cut_off)
    told = library.evaluate(WATCH, ["/shuffle/any", {}])
    assert told["code"] == "interrupted"
    assert "reload" in told["message"] and "undone" in told["message"]


def test_an_unreachable_server_is_said_until_it_is_back(library: Page) -> None:
    away = library.get_by_text("Not connected.")
    library.context.set_offline(True)
    expect(away).to_be_visible()
    library.context.set_offline(False)
    expect(away).to_be_hidden()
