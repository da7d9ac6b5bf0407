"""What is to hold for every page, measured in the browser; each returns what is wrong."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()

STANDARD = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]

# Of a long list the first rows stand for all: one macro makes them, or one module. A page below
# an open dialog is inert, and has been looked at without it.
RUN_AXE = """async ([tags, rules]) => {
  const options = {
    resultTypes: ["violations"],
    runOnly: rules ? { type: "rule", values: rules } : { type: "tag", values: tags },
    rules: rules ? {} : { "target-size": { enabled: true } },
  };
  const alike = ["li:nth-child(n+9)", "tr:nth-child(n+9)", "option:nth-child(n+20)"];
  const dialog = document.querySelector("dialog[open]") ? { include: "dialog[open]" } : {};
  const { violations } = await axe.run({ exclude: alike, ...dialog }, options);
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 4).map((node) => `${id}: ${node.html.slice(0, 160)}: ${node.failureSummary}`));
}"""

SMALL_TARGETS = """() => {
  const controls = "button, select, summary, input, textarea, nav a, a.button, [role=tab]";
  return [...document.querySelectorAll(controls)]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => !element.closest(".visually-hidden"))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24)
    .map(([element, box]) => `${element.outerHTML.slice(0, 120)}: ${box.width} x ${box.height}`);
}"""

SIDEWAYS = """() => {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
    .slice(0, 3)
    .map((element) => `reaches past ${clientWidth}: ${element.outerHTML.slice(0, 160)}`);
}"""

FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body || element === null) return null;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  const ringed = outlined || boxShadow !== "none";
  const box = element.getBoundingClientRect();
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const covered = at === null || !(element.contains(at) || at.contains(element));
  const wrong = [ringed ? null : "has no ring", covered ? "is covered" : null].filter(Boolean);
  return { html: element.outerHTML.slice(0, 160), wrong };
}"""


def axe(page: Page, *rules: str) -> list[str]:
    """Return axe's findings, of all rules of the standard or only of those named."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE)
    return list(page.evaluate(RUN_AXE, [STANDARD, list(rules) or None]))


def small_targets(page: Page) -> list[str]:
    """Return controls of less than 24 pixels."""
    return list(page.evaluate(SMALL_TARGETS))


def sideways(page: Page) -> list[str]:
    """Return what makes the page wider than its window."""
    return list(page.evaluate(SIDEWAYS))


def lost_focus(page: Page, stops: int = 12) -> list[str]:
    """Go from stop to stop with Tab; return those where nobody sees where they are."""
    wrong = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        found: dict[str, Any] | None = page.evaluate(FOCUSED)
        if found is not None and found["wrong"]:
            wrong.append(f"{found['html']} {' and '.join(found['wrong'])}")
    return wrong
