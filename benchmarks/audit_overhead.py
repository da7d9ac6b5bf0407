"""What auditing costs: plain, the floor, audited, by hand and SQLAlchemy-Continuum, side by side.

    python -m benchmarks.audit_overhead [--rounds 15] [--database sqlite postgresql]

The floor is the least that any trail in the same transaction can do: SAVEPOINT by
`Connection.begin_nested()`, a Core INSERT of rows finished beforehand, RELEASE, and no engine at
all. "By hand" is the usual way: a log row and a second commit after each change. Every figure is
the median over rounds of the time added to plain in the same round; variants take turns within a
round, each on a database of its own. The databases do not wait for the disk, so our share of a
transaction is the largest that it can be.

Continuum listens to every mapper and session of its process, so it runs, with a plain variant of
its own, in a child of this script.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event, insert, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.tracks import USER, ActivityLog, Base, Track, User, fields, finished_row
from shuffify.audit import AuditTrail, bind
from tests.databases import connect, new_database

SINGLES = 40
"""Transactions in one sample of a single-row cell."""
MANY = 1000
"""Rows in one flush of a many-row cell."""

SLOW_ROUNDS = 3
"""Rounds of a many-row cell for variants that take seconds where ours takes hundredths."""

OPERATIONS = ("create", "update", "delete")
GOALS = {1: 1.0, MANY: 1.5}


class Variant:
    """One way of writing, on a database of its own."""

    is_slow = False

    def __init__(self, name: str, engine: Engine, base: Any = Base, model: Any = Track) -> None:
        self.name = name
        self.engine = engine
        self.model = model
        base.metadata.create_all(engine)
        self.Session = sessionmaker(engine)
        with engine.begin() as connection:
            connection.execute(insert(base.metadata.tables["users"]), {"id": USER})
        self.number = 0

    def after_flush(self, session: Session, rows: list[Any]) -> None:
        """Do what stands between the flush and the commit."""

    def after_commit(self, session: Session, rows: list[Any]) -> None:
        """Do what follows the commit."""

    def rows(self, operation: str, number: int) -> list[Any]:
        """Return what is made before the clock runs."""
        return []

    def sample(self, operation: str, rows: int) -> float:
        """Return the seconds of one transaction that writes so many rows."""
        transactions = SINGLES if rows == 1 else 1
        # Updates and deletes find their tracks there already.
        ids = [] if operation == "create" else self._stock(transactions * rows)
        made = [self.rows(operation, rows) for _ in range(transactions)]
        gc.collect()
        gc.disable()
        try:
            begin = perf_counter()
            for index in range(transactions):
                self._transaction(operation, rows, ids[index * rows:(index + 1) * rows],
                                  made[index])
            return (perf_counter() - begin) / transactions
        finally:
            gc.enable()

    def _stock(self, number: int) -> list[int]:
        """Put tracks there past every listener."""
        table = self.model.__table__
        with self.engine.begin() as connection:
            stock = insert(table).execution_options(audit="what is measured is what follows")
            connection.execute(stock, [fields(n) for n in range(number)])
            newest = select(table.c.id).order_by(table.c.id.desc()).limit(number)
            return sorted(connection.execute(newest).scalars())

    def _transaction(self, operation: str, rows: int, ids: list[int], made: list[Any]) -> None:
        with self.Session() as session:
            if operation == "create":
                session.add_all([self.model(**fields(n)) for n in range(rows)])
            else:
                wanted = select(self.model).where(self.model.id.in_(ids))
                for track in session.scalars(wanted).all():
                    if operation == "update":
                        track.position += 1
                    else:
                        session.delete(track)
            session.flush()
            self.after_flush(session, made)
            session.commit()
            self.after_commit(session, made)


class Floor(Variant):
    """The least that a trail in the same transaction can do."""

    def rows(self, operation: str, number: int) -> list[Any]:
        return [finished_row(operation, n, str(uuid.uuid4())) for n in range(number)]

    def after_flush(self, session: Session, rows: list[Any]) -> None:
        connection = session.connection()
        with connection.begin_nested():
            connection.execute(insert(ActivityLog), rows if len(rows) > 1 else rows[0])


class ByHand(Floor):
    """A log row and a commit of its own after each change."""

    is_slow = True

    def after_flush(self, session: Session, rows: list[Any]) -> None:
        pass

    def after_commit(self, session: Session, rows: list[Any]) -> None:
        for row in rows:
            session.add(ActivityLog(**row))
            session.commit()


class Audited(Variant):
    """The engine."""

    def __init__(self, name: str, engine: Engine) -> None:
        super().__init__(name, engine)
        self.trail = AuditTrail(log=ActivityLog)
        self.trail.watch(self.Session, base=Base)


def continuum_variants(engines: Iterator[Engine]) -> list[Variant]:
    """Return plain and Continuum, which changes every mapper of this process for good."""
    from sqlalchemy.orm import DeclarativeBase, configure_mappers
    import sqlalchemy_continuum

    sqlalchemy_continuum.make_versioned(user_cls=None)

    class Versioned(DeclarativeBase):
        """The base of the versioned model."""

    columns = {name: column._copy() for name, column in Track.__table__.c.items()}
    type("User", (Versioned,), {"__tablename__": "users", "id": User.__table__.c.id._copy()})
    model = type("Track", (Versioned,), {
        "__tablename__": "tracks", "__versioned__": {}, **columns
    })
    configure_mappers()
    continuum = Variant("continuum", next(engines), Versioned, model)
    continuum.is_slow = True
    return [Variant("plain", next(engines)), continuum]


def our_variants(engines: Iterator[Engine]) -> list[Variant]:
    """Return what runs beside the engine in this process."""
    return [
        Variant("plain", next(engines)), Floor("floor", next(engines)),
        Audited("audited", next(engines)), ByHand("by hand", next(engines)),
    ]


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Iterator[Engine]]:
    """Yield empty databases of one kind."""
    with ExitStack() as stack:
        def engines() -> Iterator[Engine]:
            while True:
                if kind == "sqlite":
                    engine = connect(f"sqlite:///{folder / uuid.uuid4().hex}.sqlite")
                    event.listen(engine, "connect", _do_not_wait)
                else:
                    engine = connect(stack.enter_context(new_database()))
                stack.callback(engine.dispose)
                yield engine

        yield engines()


def _do_not_wait(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def measure(variants: list[Variant], rounds: int) -> dict[str, dict[str, float]]:
    """Return, per cell, each variant's median and the median of what it adds to plain."""
    table: dict[str, dict[str, float]] = {}
    for rows in (1, MANY):
        for operation in OPERATIONS:
            samples: dict[str, list[float]] = {variant.name: [] for variant in variants}
            for turn in range(rounds + 1):
                for variant in variants:
                    if variant.is_slow and rows > 1 and turn > SLOW_ROUNDS:
                        continue
                    seconds = variant.sample(operation, rows)
                    if turn:  # The first round warms the caches of all.
                        samples[variant.name].append(seconds)
            plain = samples["plain"]
            cell = table[f"{operation} {rows}"] = {"plain": median(plain)}
            for name, measured in samples.items():
                if name != "plain":
                    pairs = zip(measured, plain, strict=False)
                    cell[name] = median(one - base for one, base in pairs)
    return table


def statements(variants: list[Variant]) -> dict[str, dict[str, int]]:
    """Count the statements of one transaction of each cell."""
    table: dict[str, dict[str, int]] = {}
    for rows in (1, MANY):
        for operation in OPERATIONS:
            for variant in variants:
                if variant.name == "by hand" and rows > 1:
                    continue
                table.setdefault(f"{operation} {rows}", {})[variant.name] = _count(
                    variant, operation, rows
                )
    return table


def _count(variant: Variant, operation: str, rows: int) -> int:
    ids = [] if operation == "create" else variant._stock(rows)
    made = variant.rows(operation, rows)
    seen: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(variant.engine, "before_cursor_execute", note)
    try:
        variant._transaction(operation, rows, ids, made)
    finally:
        event.remove(variant.engine, "before_cursor_execute", note)
    return len(seen)


def run(kind: str, rounds: int, child: bool) -> dict[str, Any]:
    """Measure one kind of database."""
    with tempfile.TemporaryDirectory() as folder, databases(kind, Path(folder)) as engines:
        variants = continuum_variants(engines) if child else our_variants(engines)
        with bind(user_id=USER, source="test", request_id="5a8f2c1e-benchmark"):
            return {"times": measure(variants, rounds), "statements": statements(variants)}


def run_child(kind: str, rounds: int) -> dict[str, Any]:
    """Measure Continuum in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.audit_overhead", "--child",
               "--database", kind, "--rounds", str(rounds)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])  # type: ignore[no-any-return]


def report(kind: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Print one table: microseconds a transaction, and the ratios that the goals name."""
    print(f"\n{kind}: microseconds added to a plain transaction (statements), and ratios")
    print(f"{'':12}{'plain':>12}{'floor':>14}{'audited':>14}{'by hand':>14}{'continuum':>16}"
          f"{'/ floor':>10}{'goal':>6}{'continuum /':>13}{'by hand /':>11}")
    for cell, times in ours["times"].items():
        counted = ours["statements"][cell]
        rows = int(cell.split()[1])
        continuum = theirs["times"][cell]["continuum"]
        extra = {name: number - counted["plain"] for name, number in counted.items()}
        extra["continuum"] = (theirs["statements"][cell]["continuum"]
                              - theirs["statements"][cell]["plain"])
        print(
            f"{cell:12}{times['plain'] * 1e6:>12.0f}"
            f"{_added(times['floor'], extra['floor']):>14}"
            f"{_added(times['audited'], extra['audited']):>14}"
            f"{_added(times['by hand'], extra.get('by hand')):>14}"
            f"{_added(continuum, extra['continuum']):>16}"
            f"{times['audited'] / times['floor']:>10.2f}{GOALS[rows]:>6.1f}"
            f"{continuum / times['audited']:>13.1f}{times['by hand'] / times['audited']:>11.1f}"
        )


def _added(seconds: float, statements_: int | None) -> str:
    number = "" if statements_ is None else f" (+{statements_})"
    return f"+{seconds * 1e6:.0f}{number}"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for kind in arguments.database:
        measured = run(kind, arguments.rounds, arguments.child)
        if arguments.child:
            print(json.dumps(measured))
        else:
            report(kind, measured, run_child(kind, arguments.rounds))


if __name__ == "__main__":
    main()
