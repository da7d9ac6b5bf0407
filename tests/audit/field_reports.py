"""Eighty reports from users of other audit trails, and which test of ours answers each.

`@pytest.mark.report(23)` on a test says that it would fail if that report were true of us.
`python -m tests.audit.field_reports` writes docs/audit/field-reports.md from the marks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "audit" / "field-reports.md"

GROUPS: Final = {
    1: "Bulk and bypass", 13: "Transactions, savepoints, several flushes", 29: "Who acted",
    44: "Concurrency and cost", 55: "Deletes, cascades, users", 65: "Values", 76: "Operations",
}

REPORTS: Final[dict[int, tuple[str, str]]] = {
    1: ("continuum#174", "bulk operations leave no history"),
    2: ("continuum#251", "an update through a query records nothing"),
    3: ("continuum#253", "the same, found by another user"),
    4: ("continuum#235", "an upsert is not versioned"),
    5: ("postgresql-audit#33", "bulk deletes are recorded without anybody who did them"),
    6: ("django-auditlog#515 #537 #203 #583", "bulk creation and bulk update leave no entry"),
    7: ("django-simple-history#174 #528 #649", "bulk changes have no history unless asked for"),
    8: ("paper_trail#1532 #1533 #608 #495", "update_all leaves no version; users learn it late"),
    9: ("django-DefectDojo#2388", "the product's own bulk edit passes by its audit log"),
    10: ("nhibernate-envers#35", "set-based updates cannot be seen"),
    11: ("django-easy-audit#128", "an update is missing from the log"),
    12: ("microblog#107", "a delete by query never reaches the session's hooks"),
    13: ("continuum#392", "nested transactions break the next write"),
    14: ("sqlalchemy-history#121", "a savepoint is never released"),
    15: ("continuum#204", "inside a test's outer transaction nothing is versioned"),
    16: ("continuum#186", "a test's outer transaction ends in duplicate keys"),
    17: ("continuum#333", "with an autocommitting engine, history outlives a rollback"),
    18: ("flask-sqlalchemy#645 #646 #358", "changes are announced when a savepoint is released"),
    19: ("paper_trail#440", "versions of what was rolled back are saved later"),
    20: ("superset#41910 #41176", "a failed audit insert aborts the user's transaction"),
    21: ("superset#41940", "of two flushes in one transaction, one is lost"),
    22: ("laravel-auditing#1056", "on PostgreSQL a failing audit takes everything along"),
    23: ("HealthClawGuardrails#182", "success is answered and no row is stored"),
    24: ("breeze#396", "a swallowed audit failure undoes a change of password"),
    25: ("onebase#826", "best effort turns out to be all or nothing"),
    26: ("laravel-auditing#414", "events are sent for what was rolled back"),
    27: ("grails-audit-logging-plugin#88", "writing the audit commits what should be undone"),
    28: ("sqlalchemy-history#141", "edits after a flush change what is recorded"),
    29: ("django-auditlog#72", "under load, entries name the wrong user"),
    30: ("django-auditlog#115 #137 #711", "a user found late in the request is not recorded"),
    31: ("django-auditlog#211", "background jobs have no actor"),
    32: ("django-auditlog#132", "threads that a request starts crash"),
    33: ("audited#601", "in production, the wrong user"),
    34: ("audited#449", "an inner override erases the outer actor"),
    35: ("audited#130", "an exception leaves the actor to the next request"),
    36: ("paper_trail#413", "the actor stays between requests"),
    37: ("paper_trail#1331", "the actor stays between jobs"),
    38: ("lago-api#3794", "one job's context reaches the next on its thread"),
    39: ("gitlabhq#5344", "the same in another product"),
    40: ("django-audit-log#63", "millions of entries name the wrong user"),
    41: ("django-pghistory#217", "the context is lost in async code"),
    42: ("django-pgtrigger#49", "a switch-off outlasts its block"),
    43: ("continuum#149 #325", "the sign-in name is not the user's key"),
    44: ("continuum#390", "shared dictionaries crash under threads"),
    45: ("continuum#131", "what is kept of a transaction is never let go"),
    46: ("continuum#166 #187 #275", "cloned connections and other factories raise KeyError"),
    47: ("continuum#154", "three statements for every row"),
    48: ("continuum#134", "reading takes twice the time"),
    49: ("audited#469 #157", "two changes get one version number"),
    50: ("audited#189", "finding the next version number takes seconds"),
    51: ("audited#621", "pruning at each write ends in deadlocks"),
    52: ("django-simple-history#1563", "a bulk of rows costs thousands of queries"),
    53: ("paper_trail#1544", "deleting a parent costs an insert for each child"),
    54: ("paper_trail#1115", "the site is down because versions cannot be saved"),
    55: ("sqlalchemy#10975", "an orphan is deleted and not among the deleted"),
    56: ("lear#3401", "an orphan's children are not versioned"),
    57: ("sqlalchemy#5286", "of a deleted object the values before are gone"),
    58: ("django-simple-history#149 #158 #391 #697 #185", "deleting a user loses their history"),
    59: ("django-auditlog#557 #559", "history goes with its object, or joins a reused key"),
    60: ("django-auditlog#493 #496", "a protected log keeps audited objects from being deleted"),
    61: ("temps#386 nextly#495 nocturne#791 utopia#46", "the user's rows cascade away"),
    62: ("audited#294 #247", "a recycled id takes over another's history"),
    63: ("warehouse#13250", "events go with their subject"),
    64: ("django-easy-audit#9", "who did it is lost with the account"),
    65: ("sqlalchemy#7969", "changed and changed back is still a change"),
    66: ("sqlalchemy#11001", "JSON edited and assigned back is not saved, yet looks so"),
    67: ("sqlalchemy-json#49", "of JSON changed in place the value before is unknown"),
    68: ("django-auditlog#675 #476 #731 #750 #770", "None and True become words"),
    69: ("django-auditlog#82 #86", "a time zone looks like a change"),
    70: ("django-auditlog#112 #158", "a trailing zero looks like a change"),
    71: ("django-auditlog#539 #665", "clearing a collection logs all objects, of the wrong model"),
    72: ("paper_trail#837 #1082 #1046", "whole documents are copied at each change"),
    73: ("paper_trail#1392 #1431 gumroad#6951", "secrets stand in plain text in the versions"),
    74: ("continuum#5 #47", "enums break version tables; onupdate is copied into them"),
    75: ("logidze#199", "times outside UTC spoil the log"),
    76: ("django-DefectDojo#7283 django-auditlog#490", "altering a huge log takes hours"),
    77: ("django-DefectDojo#9153 #10835 django-auditlog#780", "the log grows for ever"),
    78: ("django-auditlog#238 #414 #630 sentry#3239", "an address with a port fails the request"),
    79: ("breeze#1002 #1240 Containarium#1326 midaz#2356", "hash chains fork under concurrency"),
    80: ("margince#4122", "a log that refuses deletion refuses its own migrations"),
}

CANNOT: Final[dict[int, str]] = {
    49: "Events have no version number; ids are the database's own.",
    50: "Events have no version number to look for.",
    51: "No write removes anything; retention is a command of its own.",
    76: "One table of fixed shape serves all models: a new column of a model alters no log.",
}
"""Reports that cannot come true here, and why."""

NOT_YET: Final[dict[int, str]] = {}
"""Reports about what the rules call "not yet"."""


def answers() -> dict[int, list[tuple[str, str]]]:
    """Return the tests that answer each report, as (file, test)."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.report(" in text:
            for name, number in _marked(ast.parse(text)):
                found.setdefault(number, []).append((str(path.relative_to(ROOT)), name))
    return found


def _marked(module: ast.Module) -> Iterator[tuple[str, int]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.report":
                    yield from ((node.name, ast.literal_eval(one)) for one in mark.args)


def page() -> str:
    """Return the page: every report, and what answers it."""
    found = answers()
    lines = [
        "# Field reports", "",
        "Eighty reports by users of other audit trails, and the tests that would fail if they",
        "were true of this one. Made from the tests' marks by `python -m",
        "tests.audit.field_reports`; do not edit.", "",
    ]
    for number, (source, said) in REPORTS.items():
        if number in GROUPS:
            lines += [f"## {GROUPS[number]}", ""]
            lines += ["| # | Report | Said | Answer |", "|---|---|---|---|"]
        lines.append(f"| {number} | {source} | {said} | {_answer(number, found)} |")
        if number + 1 in GROUPS or number + 1 not in REPORTS:
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _answer(number: int, found: dict[int, list[tuple[str, str]]]) -> str:
    if number in CANNOT:
        return f"*Cannot happen.* {CANNOT[number]}"
    if number in NOT_YET:
        return f"*Not yet.* {NOT_YET[number]}"
    return "<br>".join(
        f"[{_words(name)}](../../{path})" for path, name in found.get(number, [])
    )


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
