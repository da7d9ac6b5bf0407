"""Which models are audited, and how: one registry a trail, filled as classes are mapped."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.orm import Mapper, registry

from .associations import Way, ways_from
from .cascades import Edges, edges_from
from .declaration import guarding
from .errors import PolicyError, WatchError, describe_error, traced
from .plan import Plan
from .policy import Audited, NotAudited
from .tables import Tables

log = logging.getLogger("shuffify.audit")

_DEFAULT: Final = Audited()

OWN_TYPES: Final = ("audit_erase", "audit_gap", "audit_prune", "audit_suspended")
"""What the engine records about the trail itself."""


class Registry:
    """The plans of all models under the watched bases."""

    def __init__(self, log: type, table: Table) -> None:
        self.bases: list[Any] = []
        self.log = log
        self._table = table
        self._plans: dict[Mapper[Any], Plan | None] = {}
        self._broken: dict[Mapper[Any], PolicyError] = {}
        self._edges: dict[tuple[Plan, bool], Edges] = {}
        self._ways: dict[Mapper[Any], tuple[Way, ...]] = {}
        self._tables: Tables | None = None

    def add(self, base: Any) -> None:
        """Audit what is mapped under a base from now on; check at once what is mapped already.

        Raises PolicyError for a declaration that cannot work; the base is not audited then.
        """
        self.bases.append(base)
        self._plans.clear()
        self._broken.clear()
        self._tables = None
        self._ways.clear()
        try:
            self._check([mapper for mapper in mappers_of(base) if mapper.configured])
        except PolicyError:
            self.bases.remove(base)
            raise

    def configured(self, mapper: Mapper[Any]) -> None:
        """Check a class that was mapped; raises PolicyError: it must stop the start, no flush."""
        self._edges.clear()
        self._tables = None
        self._ways.clear()
        changed = [*self._unsettled(), mapper]
        for one in changed:
            self._plans.pop(one, None)
            self._broken.pop(one, None)
        self._check(changed)

    def _check(self, mappers: list[Mapper[Any]]) -> None:
        for mapper in mappers:
            self.plan_of(mapper)
        for mapper in mappers:
            if mapper in self._broken:
                raise self._broken[mapper].anew()

    def broken(self) -> list[PolicyError]:
        """Return what is wrong with declarations that cannot work, of classes mapped so far."""
        self.plans()
        return sorted(self._broken.values(), key=str)

    def plan_of(self, mapper: Mapper[Any]) -> Plan | None:
        """Return how a mapper's objects are audited, or None where they are not.

        Where their declaration cannot work and somebody goes on in spite of the PolicyError, all
        of their changes are told and no value.
        """
        try:
            return self._plans[mapper]
        except KeyError:
            if not any(_is_under(mapper, base) for base in self.bases):
                return None  # Another base's: not kept, or it could never be forgotten.
            try:
                plan = self._make(mapper)
            except Exception as error:
                self._broken[mapper] = _refusal(mapper, error)
                taken = {one.entity for one in list(self._plans.values()) if one}
                plan = Plan(mapper, guarding(mapper, self._table, taken), self._table)
            self._plans[mapper] = plan
            return plan

    def plans(self) -> list[Plan]:
        """Return the plans of all audited models mapped so far, by entity."""
        found = [self.plan_of(mapper) for base in self.bases for mapper in mappers_of(base)]
        return sorted({plan for plan in found if plan}, key=lambda plan: plan.entity)

    def known_types(self) -> dict[str, set[str]]:
        """Return every type that a change may leave, with the entities that leave it."""
        found: dict[str, set[str]] = {}
        for plan in self.plans():
            for operation in plan.types:
                for kind in plan.known_types(operation):
                    found.setdefault(kind, set()).add(plan.entity)
        return found

    def edges_of(self, plan: Plan, in_bulk: bool = False) -> Edges:
        """Return the ways by which the database cascades a delete of this model."""
        edges = self._edges.get((plan, in_bulk))
        if edges is None:
            edges = edges_from(plan.mapper, self.plans(), in_bulk)
            self._edges[plan, in_bulk] = edges
        return edges

    def summed_under(self, plan: Plan) -> frozenset[str]:
        """Return the entities under which a statement for many may tell of a plan's objects.

        It is told under the class that it names, or that one's first audited subclass.
        """
        found = {plan.entity}
        for mapper in plan.mapper.iterate_to_root():
            kinds = map(self.plan_of, mapper.self_and_descendants)
            found.update(kind.entity for kind in islice(filter(None, kinds), 1))
        return frozenset(found)

    def counted_under(self, plan: Plan) -> frozenset[str]:
        """Return the entities under which ON DELETE's part in a plan's objects is counted.

        That is, for each of its tables, the first of those that share it.
        """
        found = {plan.entity}
        for table in plan.mapper.tables:
            sharing = (one for one in self.plans() if one.mapper.local_table is table)
            found.update(one.entity for one in islice(sharing, 1))
        return frozenset(found)

    def parents_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the entities whose deletion counts what ON DELETE does to some of these."""
        wanted = frozenset(names)
        return frozenset(
            plan.entity for plan in self.plans() if any(
                edge.name.partition(".")[0] in wanted
                for in_bulk in (False, True)
                for _, edges in self.edges_of(plan, in_bulk) for edge in edges
            )
        )

    def ways_of(self, mapper: Mapper[Any]) -> tuple[Way, ...]:
        """Return a mapper's many-to-many collections that leave a trace."""
        ways = self._ways.get(mapper)
        if ways is None:
            if not any(_is_under(mapper, base) for base in self.bases):
                return ()
            ways = self._ways[mapper] = ways_from(mapper, self.plan_of)
        return ways

    def tables(self) -> Tables:
        """Return the audited tables, by name."""
        tables = self._tables
        if tables is None:
            tables = self._tables = Tables(self.plans())
        return tables

    def _make(self, mapper: Mapper[Any]) -> Plan | None:
        model = mapper.class_
        if model is self.log:
            return None
        policy = getattr(model, "__audit__", _DEFAULT)
        if isinstance(policy, NotAudited):
            if not isinstance(policy.reason, str) or not policy.reason.strip():
                remedy = "Say why; the reason is for who reads the model"
                raise PolicyError(model.__name__, f"is {policy!r}", remedy)
            return None
        if not isinstance(policy, Audited):
            remedy = "Use Audited(...) or NotAudited(...)"
            raise PolicyError(model.__name__, f"is {policy!r}", remedy)
        plan = Plan(mapper, policy, self._table)
        self._refuse_shared_names(plan)
        return plan

    def _unsettled(self) -> list[Mapper[Any]]:
        # A copy: another thread may be the first to ask about a class.
        plans = list(self._plans.items())
        return [mapper for mapper, plan in plans if plan is not None and not plan.is_settled]

    def _refuse_shared_names(self, plan: Plan) -> None:
        # A copy: another thread may be the first to ask about a class.
        for other in list(self._plans.values()):
            if other is None or other.root is plan.root:
                continue
            if other.entity == plan.entity and _is_beside(other.mapper, plan.mapper):
                one, another = (other, plan) if other.policy.entity else (plan, other)
                raise PolicyError(
                    one.model,
                    f"entity {one.entity!r} is that of {_place(another)} too",
                    "Give one of them a name of its own: Audited(entity=...)",
                )
            for one, another in ((plan, other), (other, plan)):
                shared = _texts((one.policy.types or {}).values()) & _texts(another.types.values())
                if shared:
                    raise PolicyError(
                        one.model,
                        f"type {sorted(shared)[0]!r} is declared by {another.model} too",
                        "Give each model types of its own",
                    )


def _is_beside(mapper: Mapper[Any], new: Mapper[Any]) -> bool:
    """Tell whether a class is still mapped beside a new one, to another table."""
    return mapper.local_table is not new.local_table and mapper in mapper.registry.mappers


def _place(plan: Plan) -> str:
    return f"{plan.mapper.class_.__module__}.{plan.model}"


def _refusal(mapper: Mapper[Any], error: Exception) -> PolicyError:
    """Return what says that a declaration cannot work, without the frames of what it broke."""
    if isinstance(error, PolicyError):
        return error.anew()
    log.error("the declaration of %s cannot be used: %s", mapper.class_.__name__, traced(error))
    return PolicyError(mapper.class_.__name__, f"cannot be used ({describe_error(error)})",
                       "Compare it with the docstring of Audited")


def _texts(rules: Iterable[Any]) -> set[str]:
    return {rule for rule in rules if isinstance(rule, str)}


def mappers_of(base: Any) -> list[Mapper[Any]]:
    """Return all mappers under a declarative base or a registry; raises WatchError otherwise."""
    found = base if isinstance(base, registry) else getattr(base, "registry", None)
    if not isinstance(found, registry):
        raise WatchError(f"watch(base={base!r}): give a declarative base; this has no registry.")
    return [mapper for mapper in found.mappers if _is_under(mapper, base)]


def _is_under(mapper: Mapper[Any], base: Any) -> bool:
    """Tell whether a class is mapped under a base: its child, or mapped by its registry alone."""
    if isinstance(base, registry):
        return mapper.registry is base
    if issubclass(mapper.class_, base):
        return True
    return mapper.registry is vars(base).get("registry")
