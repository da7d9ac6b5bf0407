"""A policy resolved against its mapper, once: what a flush has to look at, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Table
from sqlalchemy import types as sqltypes
from sqlalchemy.orm import Mapper

from .canonical import Canon
from .columns import column_canon, is_digest, post_updates_of
from .declaration import Declaration
from .keys import key_form, key_texts
from .policy import Audited
from .secrecy import is_secret, is_settled


class Plan:
    """What the engine knows of one audited mapper."""

    def __init__(self, mapper: Mapper[Any], policy: Audited, log: Table) -> None:
        told = Declaration(mapper, policy, log)
        self.mapper = mapper
        self.policy = policy
        self.model, self.entity = told.model, told.entity
        self.noun = self.entity.replace("_", " ")
        self.columns, self.primary_key = told.columns, told.primary_key
        # Concrete inheritance shares a base mapper but not its keys; the identity key tells.
        self.root = mapper.identity_key_from_primary_key((None,) * len(self.primary_key))[0]
        self.key_form = key_form(mapper.primary_key)
        """What makes any key one that is read back; None where every key is."""
        self.key_texts = key_texts(mapper.primary_key)
        self.paths = told.paths
        self.owner, self.playlist, self.label = told.owner, told.playlist, told.label
        self.extra, self.extra_functions = told.extra, told.extra_functions
        self.soft_delete = told.soft_delete
        self.types = told.types
        self.describe = told.describe
        identifying = {self.owner, *self.playlist}
        self.canon: dict[str, tuple[frozenset[type], Canon]] = {
            key: column_canon(
                column.type,
                secret=is_secret(policy, key, column),
                as_digest=is_digest(policy, key, column)
                and not (key in identifying and isinstance(column.type, sqltypes.String)),
                as_name=key in self.label and isinstance(column.type, sqltypes.String),
            )
            for key, column in self.columns.items()
        }
        self.items = tuple((key, *pair) for key, pair in self.canon.items())
        """All columns with their canonical form, ready for a flush's inner loop."""
        self.counted = tuple(key for key in self.columns if key not in told.ignored)
        """The columns whose change is a change."""
        self.counted_set = frozenset(self.counted) | frozenset(self.primary_key)
        self.cells = self._cells()
        """What must be known of an updated object, loaded or not, to write its row."""
        self.all = frozenset(self.columns)
        self.has_secret_key = any(
            is_secret(policy, name, self.columns[name]) for name in self.primary_key
        )
        """The key names no object in the log then; its digest does."""
        self.is_settled = all(map(is_settled, self.columns.values()))
        """Whether all that it refers to is mapped; if not, a class to come may tell more of it."""
        self.rank: int | None = None
        """How deep its table stands below others; worked out when a flush first asks."""
        self.records_delete = self.types["delete"] is not None

    @cached_property
    def post_updates(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Return `post_updates_of` the mapper; only a flush asks, when all are configured."""
        return post_updates_of(self.mapper, self.counted_set)

    def known_types(self, operation: str) -> frozenset[str]:
        """Return the types that an operation may leave, as far as they are declared."""
        rule = self.types[operation]
        if isinstance(rule, str):
            return frozenset({rule})
        return frozenset(getattr(rule, "__audit_types__", ()))

    def canonical(self, name: str, value: Any) -> Any:
        """Return a column's value in the form in which values are compared."""
        natives, canon = self.canon[name]
        return value if value.__class__ in natives else canon(value)

    def key_of(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the primary key as it stands in a row or an instance's dict, as it is read."""
        key = tuple([values.get(name) for name in self.primary_key])
        return key if self.key_form is None else self.key_form(key)

    def _cells(self) -> frozenset[str]:
        functions = [rule for rule in self.types.values() if callable(rule)]
        if functions or self.describe or self.extra_functions:
            return frozenset(self.columns)
        names = {*self.label, self.owner, *self.playlist, *(name for _, name in self.extra)}
        for path in self.paths.values():
            for local, _ in path.steps[0].local_remote_pairs or ():
                names.add(self.mapper.get_property_by_column(local).key)
        return frozenset(name for name in names if name in self.columns)
