"""The pure modules behind the workshop, run where they run; the server's own are the oracle."""

from dataclasses import asdict
import random

from playwright.sync_api import Page
import pytest

from shuffify.spotify.sequences import diff, keep_null_rows
from tests.browser.conftest import NewPage
from tests.browser.stage import until_ready

Uris = list[str | None]

IMPORT = """async () => {
  const main = document.querySelector('script[type="module"]').src;
  const from = (name) => import(main.replace(/main\\.js.*/, `lib/workshop/${name}.js`));
  globalThis.rows = await from("rows");
  globalThis.difference = await from("difference");
  globalThis.steps = await from("steps");
  globalThis.merging = await from("merge");
  globalThis.drafts = await from("draft");
  globalThis.listOf = (uris) => uris.map((uri) => rows.makeRow(
    { uri, name: "", artists: [], is_local: uri?.startsWith("local") ?? false }));
}"""


@pytest.fixture
def lab(new_page: NewPage) -> Page:
    page = new_page()
    page.goto("/terms")
    until_ready(page)
    page.evaluate(IMPORT)
    return page


def some_list(rng: random.Random, length: int) -> Uris:
    return [rng.choice([*"abcdefgh", None]) for _ in range(length)]


def test_differences_and_null_rows_are_the_servers(lab: Page) -> None:
    rng = random.Random(4)
    pairs = [(some_list(rng, rng.randint(0, 9)), some_list(rng, rng.randint(0, 9)))
             for _ in range(300)]
    found = lab.evaluate(
        """(pairs) => pairs.map(([before, after]) => {
          const [one, other] = [listOf(before), listOf(after)];
          const { added, removed, moved } = difference.compare(one, other);
          const free = other.filter(rows.isFree);
          return [{ added: added.length, removed: removed.length, moved: moved.length },
                  rows.urisOf(rows.withNullRows(one, free))];
        })""",
        pairs,
    )
    for (before, after), (counts, kept) in zip(pairs, found, strict=True):
        assert counts == asdict(diff(before, after)), (before, after)
        free = [uri for uri in after if uri is not None]
        assert kept == list(keep_null_rows(before, free)), (before, after)


MOVES: list[tuple[str, Uris, str, Uris]] = [
    ("to a rank", ["a", "b", "c", "d"], "moved(l, l, keys('d'), 1)", ["a", "d", "b", "c"]),
    ("together, in their order", ["a", "b", "c", "d"], "moved(l, l, keys('a', 'c'), 1)",
     ["b", "a", "c", "d"]),
    ("past a null row", ["a", None, "b"], "moved(l, l, keys('b'), 0)", ["b", None, "a"]),
    ("behind the last", ["a", "b"], "moved(l, l, keys('a'), Infinity)", ["b", "a"]),
    ("null rows stay", ["a", None, "b"], "moved(l, l, keys(null), 0)", ["a", None, "b"]),
    ("one step", ["a", "b", "c"], "by('a', 1)", ["b", "a", "c"]),
    ("a step over a null row", ["a", None, "b", "c"], "by('a', 1)", ["b", None, "a", "c"]),
    ("a step over hidden rows", ["a", "x", "x", "b", "c"], "by('a', 1)",
     ["x", "x", "b", "a", "c"]),
    ("to the far end", ["a", "b", "c"], "by('a', Infinity)", ["b", "c", "a"]),
    ("up from the end", ["a", "b", "c"], "by('c', -Infinity)", ["c", "a", "b"]),
    ("nowhere further", ["a", "b"], "by('b', 1)", ["a", "b"]),
    ("removed", ["a", "b", "c"], "without(l, l, keys('b'))", ["a", "c"]),
    ("local files and null rows stay", ["a", "local", None], "without(l, l, keys('local', null))",
     ["a", "local", None]),
    ("null rows come to the end of a shorter list", ["a", "b", None, "c"],
     "without(l, l, keys('a', 'b'))", ["c", None]),
    ("added at a rank", ["a", None, "b"], "withAdded(l, l, listOf(['x', 'y']), 1)",
     ["a", None, "x", "y", "b"]),
    ("in another order, in their places", ["a", "b", "c", "d"],
     "reordered(l, [l[3], l[1]])", ["a", "d", "c", "b"]),
]


ON_A_LIST = """(uris) => {
  const { moved, without, withAdded, reordered, rankBeside } = rows;
  const l = listOf(uris);
  const key = (uri) => l.find((row) => row.track.uri === uri).key;
  const keys = (...names) => new Set(names.map(key));
  const by = (uri, steps) => {
    const rank = rankBeside(l, key(uri), steps, (row) => row.track.uri !== "x");
    return rank === null ? l : moved(l, l, new Set([key(uri)]), rank);
  };
  return rows.urisOf(EXPRESSION);
}"""


def test_rows_are_moved_removed_and_added_as_people_expect(lab: Page) -> None:
    for what, uris, expression, expected in MOVES:
        found = lab.evaluate(ON_A_LIST.replace("EXPRESSION", expression), uris)
        assert found == expected, what


def test_addresses_find_their_rows_each_one_once(lab: Page) -> None:
    found = lab.evaluate(
        """() => {
          const l = listOf(["a", null, "b", "a", "local"]);
          const make = (uri) => ({ key: `new ${uri}`, track: { uri } });
          const order = rows.rowsFor(["a", "c", "a", "a", "b"], l, make).map((row) => row.key);
          const duplicates = [...rows.duplicatesIn(l)];
          return [order.map((key) => l.findIndex((row) => row.key === key)),
                  duplicates.map((key) => l.findIndex((row) => row.key === key))];
        }"""
    )
    assert found == [[0, -1, 3, -1, 2], [3]]


def test_steps_go_back_and_forth_until_another_one_is_taken(lab: Page) -> None:
    labels = lab.evaluate(
        """() => {
          const { noSteps, recorded, takenBack, doneAgain } = steps;
          const told = [];
          let all = recorded(recorded(noSteps(), "one", ["0"]), "two", ["1"]);
          let back = takenBack(all, ["2"]);
          told.push([back.label, back.rows]);
          back = takenBack(back.steps, back.rows);
          told.push([back.label, back.rows], takenBack(back.steps, back.rows));
          const again = doneAgain(back.steps, back.rows);
          told.push([again.label, again.rows]);
          told.push(doneAgain(recorded(again.steps, "three", again.rows), ["x"]));
          return told;
        }"""
    )
    assert labels == [["two", ["1"]], ["one", ["0"]], None, ["one", ["1"]], None]


def test_a_hundred_steps_are_kept(lab: Page) -> None:
    kept = lab.evaluate(
        """() => {
          let all = steps.noSteps();
          for (let number = 0; number < 130; number += 1) {
            all = steps.recorded(all, String(number), []);
          }
          return all.past.map(({ label }) => label);
        }"""
    )
    assert kept == [str(number) for number in range(30, 130)]


MERGES: list[tuple[str, str, str, str, str]] = [
    ("theirs come to the end", "abc", "cab", "xabcy", "cabxy"),
    ("what they removed leaves", "abc", "cba", "ac", "ca"),
    ("what both removed goes once", "aab", "ab", "ab", "ab"),
    ("what both added comes once", "ab", "abx", "xab", "abx"),
    ("their second copy is one more", "ab", "ba", "aba", "baa"),
    ("what I added stays though they removed it", "ab", "aba", "b", "ab"),
    ("what I removed stays away", "abc", "ab", "cba", "ab"),
    ("null rows are theirs", "a-b", "ba", "-ab", "-ba"),
    ("a track that was lost leaves", "abc", "cab", "a-c", "c-a"),
]


def test_what_two_people_did_is_brought_together(lab: Page) -> None:
    for what, base, mine, theirs, expected in MERGES:
        lists = [[None if uri == "-" else uri for uri in uris] for uris in (base, mine, theirs)]
        merged = lab.evaluate(
            """(lists) => {
              const [base, mine, theirs] = lists.map(listOf);
              return rows.urisOf(merging.merge({ base, mine, theirs }).rows);
            }""",
            lists,
        )
        assert "".join(uri or "-" for uri in merged) == expected, what


def test_removed_tracks_can_be_kept_but_no_local_file(lab: Page) -> None:
    merged = lab.evaluate(
        """() => {
          const lists = [["a", "local", "b"], ["b", "local", "a"], ["b"]];
          const [base, mine, theirs] = lists.map(listOf);
          const { rows: kept, left } = merging.merge(
            { base, mine, theirs }, { keepRemoved: true });
          return [rows.urisOf(kept), rows.urisOf(left)];
        }"""
    )
    assert merged == [["b", "a"], ["local"]]


def test_drafts_come_back_as_they_were_or_onto_what_others_did(lab: Page) -> None:
    lists = lab.evaluate(
        """() => {
          const base = listOf(["a", null, "b", "a", "local"]);
          const [a, gone, b, second, local] = base;
          const [added] = listOf(["x"]);
          const draft = JSON.parse(JSON.stringify(
            drafts.pack(base, [local, gone, added, second, b])));
          const on = (present) => rows.urisOf(drafts.onto(listOf(present), draft).rows);
          return [on(["a", null, "b", "a", "local"]), on(["local", "a", null, "a", "y"])];
        }"""
    )
    assert lists == [["local", None, "x", "a", "b"], ["local", "x", None, "a", "y"]]
