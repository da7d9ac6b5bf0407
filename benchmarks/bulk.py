"""What auditing a bulk UPDATE of 500 rows costs: plain, the floor and audited, side by side.

    python -m benchmarks.bulk [--rounds 15]

The floor is what any trail with values before and after has to do in the same transaction: read
the rows, let the statement run, read them again, and insert 500 rows that were finished before.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import select, update

from benchmarks.audit_overhead import Audited, Floor, Variant
from benchmarks.tracks import Track, USER
from shuffify.audit import bind
from tests.databases import connect, new_database

ROWS = 500


@contextmanager
def _url(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bulk.sqlite'}"
    else:
        with new_database() as url:
            yield url


def _seconds(variant: Variant, ids: list[int]) -> float:
    made = variant.rows("update", ROWS)
    rows = select(Track.__table__).where(Track.id.in_(ids))
    begin = perf_counter()
    with variant.Session() as session, bind(user_id=USER):
        if made:
            session.connection().execute(rows).all()
        session.execute(update(Track).where(Track.id.in_(ids)).values(position=Track.position + 1))
        if made:
            session.connection().execute(rows).all()
            variant.after_flush(session, made)
        session.commit()
    return perf_counter() - begin


def main() -> None:
    """Print the ratios for each kind of database; variants take turns within a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for kind in ("sqlite", "postgresql"):
        with ExitStack() as stack:
            variants = [
                make(name, connect(stack.enter_context(_url(kind))))
                for name, make in (("plain", Variant), ("floor", Floor), ("audited", Audited))
            ]
            stocks = [variant._stock(ROWS) for variant in variants]
            times = [[_seconds(*pair) for pair in zip(variants, stocks, strict=True)]
                     for _ in range(rounds + 1)][1:]
            plain, floor, audited = (median(column) for column in zip(*times, strict=True))
            print(f"{kind}: bulk update of {ROWS} rows, {plain * 1e3:.1f} ms plain, "
                  f"{floor * 1e3:.1f} ms floor, {audited * 1e3:.1f} ms audited: "
                  f"audited is {audited / plain:.1f} times plain, "
                  f"{(audited - plain) / (floor - plain):.2f} of what the floor adds")
            for variant in variants:
                variant.engine.dispose()


if __name__ == "__main__":
    main()
