"""The modules that all pages share, tried where they run; each test is one way to fail."""

from collections.abc import Iterator
from datetime import UTC, datetime

from playwright.sync_api import Page, Route, expect
import pytest

from shuffify.web.pages import local_time
from tests.browser.complaints import Complaints
from tests.browser.stage import Stage, until_ready

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
def library(stage: Stage, heard: Complaints) -> Iterator[Page]:
    page = stage.mira
    page.goto("/")
    until_ready(page)
    page.evaluate(
        """() => {
          const main = document.querySelector('script[type="module"]').src;
          globalThis.LIB = main.replace(/main\\.js.*/, "lib/");
        }"""
    )
    yield page
    page.unroute_all()


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
    told = library.evaluate(WATCH, [f"/undo/{playlist_of(library, 'Reissues')}", {}])
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


ASK = """async () => {
  const { ask } = await import(LIB + "dialog.js");
  document.querySelector("header button, header a").focus();
  globalThis.answer = ask({
    title: "Sure?", message: "It goes.", confirm: "Delete", danger: true,
  });
}"""


@pytest.mark.parametrize(
    "way, answer", [("Escape", False), ("Cancel", False), ("Delete", True), ("Enter", False)]
)
def test_a_question_is_answered_and_the_focus_goes_back(
    library: Page, way: str, answer: bool
) -> None:
    library.evaluate(ASK)
    expect(library.get_by_role("dialog", name="Sure?")).to_be_visible()
    # What harms is never what a blind Enter presses.
    expect(library.get_by_role("button", name="Cancel")).to_be_focused()
    if way in ("Escape", "Enter"):
        library.keyboard.press(way)
    else:
        library.get_by_role("button", name=way).click()
    assert library.evaluate("globalThis.answer") is answer
    assert library.locator("dialog[open]").count() == 0
    assert library.evaluate("document.activeElement.closest('header') !== null")


def test_a_focus_that_has_moved_on_is_not_taken_back(library: Page) -> None:
    # Browsers tell of a close a moment later, and a quick key may come before.
    library.evaluate(ASK)
    library.evaluate(
        """async () => {
          document.querySelector("dialog[open]").close("");
          document.querySelector("main input").focus();
          await answer;
        }"""
    )
    assert library.evaluate("document.activeElement.matches('main input')")


FORM = """async () => {
  document.getElementById("main").innerHTML = `<form>
    <div class="field"><label>Sections <input name="section_count" value="99"
      aria-describedby="hint"></label><p id="hint">How many</p></div>
    <div class="field"><label>Name <input name="session_name" value="mine"></label></div>
  </form>`;
  const { showErrors, clearErrors } = await import(LIB + "form.js");
  globalThis.form = document.querySelector("#main form");
  globalThis.show = (fields) => showErrors(form, new Map(Object.entries(fields)));
  globalThis.clear = () => clearErrors(form);
}"""


def test_errors_stand_beside_their_fields_and_what_was_typed_stays(library: Page) -> None:
    library.evaluate(FORM)
    library.evaluate(
        """show({ "algorithm_params.section_count": "at most 20", "track_uris.3": "is no track",
          body: "Too much." })"""
    )
    sections = library.get_by_label("Sections")
    expect(sections).to_have_value("99")
    expect(sections).to_have_attribute("aria-invalid", "true")
    expect(sections).to_have_accessible_description("How many at most 20")
    summary = library.get_by_role("alert").filter(has_text="Too much.")
    expect(summary).to_contain_text("track_uris.3: is no track")
    expect(summary).to_be_focused()
    assert library.get_by_label("Name").get_attribute("aria-invalid") is None

    library.evaluate('show({ session_name: "is taken", section_count: "at most 20" })')
    expect(sections).to_be_focused()
    expect(library.locator(".form-errors")).to_have_count(0)
    expect(library.locator(".field-error")).to_have_count(2)
    library.evaluate('show({ session_name: "is taken" })')
    expect(library.get_by_label("Name")).to_be_focused()
    assert sections.get_attribute("aria-describedby") == "hint"
    library.evaluate("clear()")
    assert library.locator(".field-error, .form-errors, [aria-invalid]").count() == 0


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"]
)
def test_times_look_the_same_from_either_side(library: Page, zone: str) -> None:
    moments = [
        datetime(2026, month, 1, hour, 5, tzinfo=UTC)
        for month in range(1, 13) for hour in (0, 9, 23)
    ]
    shown = library.evaluate(
        """async ([moments, zone]) => {
          const { localTime } = await import(LIB + "time.js");
          return moments.map((iso) => localTime(iso, zone));
        }""",
        [[moment.isoformat() for moment in moments], zone],
    )
    assert shown == [local_time(moment, zone) for moment in moments]
    assert local_time("2026-09-01T00:05:00+00:00", zone) == local_time(moments[24], zone)


def test_progress_is_shown_at_once_and_spoken_now_and_then(library: Page) -> None:
    shown, spoken = library.evaluate(
        """async () => {
          const { showProgress } = await import(LIB + "progress.js");
          const main = document.getElementById("main");
          main.innerHTML = `<div data-slot="progress" hidden><progress></progress>
            <p data-slot="progress-text"></p><p data-slot="progress-spoken"></p></div>`;
          const said = [];
          const { report } = showProgress(main, "Saving");
          new MutationObserver((all) => said.push(...all)).observe(
            main.querySelector('[data-slot="progress-spoken"]'), { childList: true });
          for (let done = 1; done <= 50; done += 1) report(done, 1200);
          await new Promise((resolve) => setTimeout(resolve));
          return [main.querySelector('[data-slot="progress-text"]').textContent, said.length];
        }"""
    )
    assert shown == "Saving: 50 of 1,200"
    assert spoken == 1
