"""What auditing a bulk UPDATE of 500 rows costs: audited ÷ not audited.

    python -m benchmarks.bulk [--rounds 15]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import update

from benchmarks.audit_overhead import Audited, Variant
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
    begin = perf_counter()
    with variant.Session() as session, bind(user_id=USER):
        session.execute(update(Track).where(Track.id.in_(ids)).values(position=Track.position + 1))
        session.commit()
    return perf_counter() - begin


def main() -> None:
    """Print one ratio for each kind of database; variants take turns within a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for kind in ("sqlite", "postgresql"):
        with _url(kind) as one, _url(kind) as other:
            variants = (Variant("plain", connect(one)), Audited("audited", connect(other)))
            stocks = [variant._stock(ROWS) for variant in variants]
            times = [[_seconds(*pair) for pair in zip(variants, stocks, strict=True)]
                     for _ in range(rounds + 1)][1:]
            plain, audited = (median(column) for column in zip(*times, strict=True))
            print(f"{kind}: bulk update of {ROWS} rows, {plain * 1e3:.1f} ms plain, "
                  f"{audited * 1e3:.1f} ms audited: {audited / plain:.1f} times")
            for variant in variants:
                variant.engine.dispose()


if __name__ == "__main__":
    main()
