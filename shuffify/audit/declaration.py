"""What a policy declares, checked against the mapper: names, references, functions, types.

A declaration that cannot work fails here, when its class is first mapped or watched, with the
model and the remedy named; a flush never meets a broken policy.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Container, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Table
from sqlalchemy import types as sqltypes
from sqlalchemy.orm import Mapper, RelationshipProperty

from .canonical import Canon
from .change import Change
from .columns import column_canon, columns_of, is_digest
from .errors import PolicyError
from .policy import OPERATIONS, RESERVED, Audited, declared, reserved
from .secrecy import is_secret, referred

LABELS: Final = ("label", "name", "title", "display_name")
LONGEST_TYPE: Final = 50

IDENTIFYING: Final = frozenset({"owner", "playlist"})
"""Arguments that name columns of the row itself: without bounds, their text is no content."""

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """Return ``track_lock`` for ``TrackLock``, ``http_call`` for ``HTTPCall``."""
    return _CAMEL.sub("_", name).lower()


class Path(NamedTuple):
    """A dotted path: many-to-one relationships, then a column of the last of them."""

    name: str
    steps: tuple[RelationshipProperty[Any], ...]
    column: str
    canon: tuple[frozenset[type], Canon]


class Declaration:
    """One model's policy, with its defaults filled in and everything that it names found."""

    def __init__(self, mapper: Mapper[Any], policy: Audited, log: Table) -> None:
        self.mapper = mapper
        self.policy = policy
        self.model = mapper.class_.__name__
        self.entity = policy.entity or snake_case(self.model)
        self._check_kinds()
        self.columns = columns_of(mapper)
        self.primary_key = tuple(
            mapper.get_property_by_column(column).key for column in mapper.primary_key
        )
        self._check_names()
        self.paths: dict[str, Path] = {}
        self.owner = (
            self._reference("owner", policy.owner) or default_owner(self.columns, log)
        )
        self.playlist = self._playlist()
        self.extra, self.extra_functions = self._extra()
        self.label = self._labels()
        self.ignored = self._ignored()
        self.soft_delete = self._soft_delete()
        self.types = {operation: self._type_rule(operation, log) for operation in OPERATIONS}
        if self.soft_delete is not None:
            self.types["restore"] = self._type_rule("restore", log)
        self.describe = self._callable("describe", policy.describe)

    def _fail(self, problem: str, remedy: str) -> PolicyError:
        return PolicyError(self.model, problem, remedy)

    def _check_kinds(self) -> None:
        """Refuse what is no name: the column itself, a number, a list."""
        given = self.policy
        singles = ("entity", "label", "owner", "soft_delete")
        named: list[tuple[str, Any]] = [
            (argument, getattr(given, argument)) for argument in singles
            if getattr(given, argument) is not None
        ]
        for argument in ("ignore", "secret", "shown"):
            named += [(argument, name) for name in getattr(given, argument)]
        named += [("playlist", name) for name in given.playlist or () if name is not None]
        for item in () if callable(given.extra) else given.extra or ():
            several = item.values() if isinstance(item, Mapping) else (item,)
            named += [("extra", name) for name in several if not callable(name)]
        named += [("types", name) for name in given.types or ()]
        for argument, name in named:
            if not isinstance(name, str):
                remedy = f"Use {', '.join(OPERATIONS)}" if argument == "types" \
                    else "Give names as strings: 'title'"
                raise self._fail(f"{argument} has {name!r}, which is no name", remedy)

    def _check_names(self) -> None:
        for argument in ("ignore", "secret", "shown"):
            for name in sorted(getattr(self.policy, argument)):
                if argument != "ignore" or not self._is_association(name):
                    self._require_column(argument, name)
        unknown = set(self.policy.types or {}) - set(OPERATIONS)
        if unknown:
            raise self._fail(
                f"types names {', '.join(sorted(unknown))}", f"Use {', '.join(OPERATIONS)}"
            )

    def _is_association(self, name: str) -> bool:
        found = self.mapper.relationships.get(name)
        return found is not None and found.secondary is not None

    def _require_column(self, argument: str, name: str) -> str:
        if name not in self.columns:
            raise self._fail(
                f"{argument} names {name!r}, which is no column",
                f"Use one of {', '.join(self.columns)}",
            )
        return name

    def _reference(self, argument: str, name: str | None) -> str | None:
        """Check a column or a dotted path and remember how the path is walked."""
        if name is None:
            return None
        if "." not in name:
            return self._require_column(argument, name)
        mapper, steps = self.mapper, []
        *hops, column = name.split(".")
        for hop in hops:
            step = mapper.relationships.get(hop)
            if step is None or step.uselist or step.secondary is not None:
                raise self._fail(
                    f"{argument} names {name!r}, but {hop!r} is no many-to-one relationship",
                    "Name relationships that lead to one row each, then a column",
                )
            steps.append(step)
            mapper = step.mapper
        if column not in columns_of(mapper):
            raise self._fail(
                f"{argument} names {name!r}, but its last part is no column",
                f"Use one of {', '.join(columns_of(mapper))}",
            )
        if name not in self.paths:
            target = columns_of(mapper)[column]
            is_text = isinstance(target.type, sqltypes.String)
            policy = declared(mapper.class_)
            canon = column_canon(
                target.type,
                secret=is_secret(policy, column, target),
                as_digest=is_digest(policy, column, target)
                and not (is_text and argument in IDENTIFYING),
                as_name=is_text and argument == "label",
            )
            self.paths[name] = Path(name, tuple(steps), column, canon)
        return name

    def _playlist(self) -> tuple[str | None, str | None]:
        given = self.policy.playlist
        if given is not None:
            if len(given) != 2:
                raise self._fail("playlist is no pair", "Give (id column, name column)")
            id_, name = given
            return self._reference("playlist", id_), self._reference("playlist", name)
        return (
            "playlist_id" if "playlist_id" in self.columns else None,
            "playlist_name" if "playlist_name" in self.columns else None,
        )

    def _extra(self) -> tuple[tuple[tuple[str, str], ...], tuple[Callable[[Change], Any], ...]]:
        given = self.policy.extra
        items = (given,) if callable(given) else tuple(given or ())
        names, functions = [], []
        for item in items:
            if callable(item):
                functions.append(self._callable("extra", item))
                continue
            named = item if isinstance(item, Mapping) else {item.rpartition(".")[2]: item}
            if named.keys() & RESERVED:
                raise reserved(self.model, named.keys() & RESERVED)
            names += [(key, self._reference("extra", name) or name) for key, name in named.items()]
        return tuple(names), tuple(function for function in functions if function is not None)

    def _labels(self) -> tuple[str, ...]:
        if self.policy.label is not None:
            return (self._reference("label", self.policy.label) or self.policy.label,)
        named = (*LABELS, f"{self.entity}_name")
        found = [name for name in named if name in self.columns]
        found += [key for key in self.columns if key.endswith("_name") and key not in found]
        return tuple(key for key in found if not is_secret(self.policy, key, self.columns[key]))

    def _soft_delete(self) -> str | None:
        name = self.policy.soft_delete
        if name is not None and name in self.ignored:
            raise self._fail(
                f"soft_delete names {name!r}, which is ignored", "Take it out of ignore"
            )
        return None if name is None else self._require_column("soft_delete", name)

    def _type_rule(self, operation: str, log: Table) -> Any:
        given = self.policy.types or {}
        rule = given[operation] if operation in given else f"{self.entity}_{operation}"
        if rule is None:
            return None
        if callable(rule):
            for kind in getattr(rule, "__audit_types__", ()):
                self._fitting(operation, kind, log)
            return self._callable(f"types[{operation!r}]", rule)
        if not isinstance(rule, str):
            raise self._fail(
                f"types[{operation!r}] is {rule!r}", "Give a string, None or function(change)"
            )
        return self._fitting(operation, rule, log)

    def _fitting(self, operation: str, kind: str, log: Table) -> str:
        longest = _length(log, "activity_type") or LONGEST_TYPE
        if len(kind) > longest:
            raise self._fail(
                f"types[{operation!r}] has {len(kind)} characters, the log's column {longest}",
                "Shorten it, or give a shorter entity",
            )
        return str(kind)

    def _callable(self, argument: str, function: Any) -> Callable[[Change], Any] | None:
        if function is None:
            return None
        remedy = "Give a function of one argument, the change"
        if not callable(function):
            raise self._fail(f"{argument} is {function!r}", remedy)
        try:
            inspect.signature(function).bind(object())
        except TypeError as error:
            problem = f"{argument} cannot be called with a change ({error})"
            raise self._fail(problem, remedy) from None
        except ValueError:
            pass  # A built-in without a signature: calling it is the only way to know.
        return function  # type: ignore[no-any-return]

    def _ignored(self) -> frozenset[str]:
        automatic = {
            key for key, column in self.columns.items()
            if column.onupdate is not None or column.server_onupdate is not None
        }
        automatic.update(self.primary_key)
        if self.mapper.version_id_col is not None:
            automatic.add(self.mapper.get_property_by_column(self.mapper.version_id_col).key)
        if self.owner is not None and "." not in self.owner:
            automatic.add(self.owner)
        return frozenset(automatic) | frozenset(self.policy.ignore)


def guarding(mapper: Mapper[Any], log: Table, taken: Container[str]) -> Audited:
    """Return the policy of a class whose own cannot work: every change counts, no value shows.

    Keys stay what they are, or nobody could tell whom a row is about, and so does the owner, who
    stands in no change. An entity's name that is ``taken`` gives way to the table's.
    """
    own = declared(mapper.class_)
    entity = own.entity if isinstance(own.entity, str) else snake_case(mapper.class_.__name__)
    entity = str(mapper.local_table) if entity in taken else entity
    longest = (_length(log, "activity_type") or LONGEST_TYPE) - len("_update")
    plain = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
    columns = columns_of(mapper)
    return Audited(entity=entity[:longest], secret={
        name for name in columns
        if name in own.secret or name not in {*plain, default_owner(columns, log)}
    })


def default_owner(columns: Mapping[str, Any], log: Table) -> str | None:
    """Return the column that refers to the log's users, or is called like it."""
    users = _user_tables(log)
    for key, column in columns.items():
        if any(target.table in users for target in referred(column)):
            return key
    return "user_id" if "user_id" in columns else None


def _user_tables(log: Table) -> set[Any]:
    column = log.c.get("user_id")
    if column is None:
        return set()
    return {target.table for target in referred(column)}


def _length(log: Table, name: str) -> int | None:
    column = log.c.get(name)
    return None if column is None else getattr(column.type, "length", None)
