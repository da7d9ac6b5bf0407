"""What the policies come to, column by column, and how that differs from what was accepted.

A new model needs no decision: its columns are recorded. A column that looks secret or large, one
of which less is recorded than before, or one that shows what it hid is worth somebody's look,
once. The decision is a declaration beside the column, or the accepted description, which belongs
into version control.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from .columns import is_digest
from .declaration import snake_case
from .plan import Plan
from .registry import Registry
from .secrecy import is_secret

Description: TypeAlias = dict[str, dict[str, Any]]
"""By entity: the model, its types, and for each column how it is recorded."""

LONGEST_PLAIN: Final = 512
"""A text column longer than this many characters is large."""

SUSPICIOUS: Final = re.compile(
    r"(^|_)(key|keys|hash|salt|pin|pin_?code|otp|totp|mfa|cookie|auth|authorization|oauth|pwd"
    r"|cipher|signature|seed|sid|session_id|(recovery|backup|auth|access)_codes?|dsn|webhook_url"
    r"|connection_(string|uri|url)|database_ur[il]|card_?(number|no)|iban|ssn|cvv|cvc)($|_)"
    r"|encrypt|private|^pass$",
)
"""Names that may hold a secret and are none by the default policy."""

_LESS: Final = {"recorded": 0, "digest": 1, "secret": 2, "ignored": 3, "owner": 3, "key": 3}
"""Ways to record a column: the higher, the less is told of its changes."""


def describe(registry: Registry) -> Description:
    """Return how each audited model is recorded."""
    return {
        plan.entity: {
            "model": plan.model,
            "types": {
                operation: sorted(plan.known_types(operation)) for operation in sorted(plan.types)
            },
            "columns": {name: treatment(plan, name) for name in plan.columns},
        }
        for plan in registry.plans()
    }


def treatment(plan: Plan, name: str) -> str:
    """Return how a column is recorded: recorded, digest, secret, ignored, key or owner.

    A key names its object in every row, and where it is secret its digest does.
    """
    if name in plan.primary_key:
        return "secret" if is_secret(plan.policy, name, plan.columns[name]) else "key"
    if name == plan.owner:
        return "owner"
    if name not in plan.counted_set:
        return "ignored"
    if is_secret(plan.policy, name, plan.columns[name]):
        return "secret"
    return "digest" if is_digest(plan.policy, name, plan.columns[name]) else "recorded"


def drift(registry: Registry, accepted: Description) -> Iterator[str]:
    """Yield what needs a decision: a line each, with the remedy."""
    yield from map(str, registry.broken())
    now = describe(registry)
    plans = {plan.entity: plan for plan in registry.plans()}
    for entity in sorted(accepted.keys() - now.keys()):
        yield f"{entity}: was audited and is not any more. Accept it, or audit it again."
    for entity, plan in sorted(plans.items()):
        before = accepted.get(entity, {"columns": {}, "types": {}})
        yield from _columns_worth_a_look(plan, now[entity]["columns"], before["columns"])
        yield from _types_gone(entity, now[entity]["types"], before["types"])


def _columns_worth_a_look(
    plan: Plan, now: Mapping[str, str], before: Mapping[str, str]
) -> Iterator[str]:
    policy = plan.policy
    for name, how in now.items():
        was = before.get(name)
        if was == how:
            continue
        where = f"{plan.model}.{name}"
        is_decided = name in {*policy.secret, *policy.shown, *policy.ignore}
        if was in _LESS and _LESS[how] > _LESS[was]:
            yield f"{where}: is {how} now and was {was}. Accept it, or declare it otherwise."
        elif was == "secret" or was == "digest" and not is_decided:
            yield f"{where}: is {how} now and was {was}: it shows. Accept it, or declare it {was}."
        elif was in (None, "ignored") and not is_decided:
            looks = _looks(plan, name, how)
            if looks:
                yield (
                    f"{where}: looks {looks} and nobody has decided; the default is {how!r}. "
                    "Name it in secret, shown or ignore of __audit__, or accept the default."
                )


def _looks(plan: Plan, name: str, how: str) -> str | None:
    if how in ("owner", "ignored"):
        return None
    if how == "secret" or SUSPICIOUS.search(snake_case(name)):
        return "secret"
    if how == "key":
        return None
    length = getattr(plan.columns[name].type, "length", None)
    return "large" if how == "digest" or (length or 0) > LONGEST_PLAIN else None


def _types_gone(
    entity: str, now: Mapping[str, list[str]], before: Mapping[str, list[str]]
) -> Iterator[str]:
    gone = {kind for kinds in before.values() for kind in kinds}
    gone -= {kind for kinds in now.values() for kind in kinds}
    for kind in sorted(gone):
        yield f"{entity}: no change leaves {kind!r} any more. Accept it, or bring it back."
