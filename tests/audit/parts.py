"""Each function of the engine that works beside a caller, and a way to break it from within."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import _lru_cache_wrapper, partial
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import shuffify.audit
from shuffify.audit import cursors


class Part(NamedTuple):
    """One function or method, as its module defines it: what decorates it is around it."""

    name: str
    function: FunctionType


def parts() -> list[Part]:
    """Return all functions and methods of the package, in the order of their modules."""
    names = [found.name for found in pkgutil.iter_modules(shuffify.audit.__path__)]
    return [part for name in names for part in _of_module(name)]


def forget_what_was_worked_out() -> None:
    """Empty the package's caches, whose functions would not be called again."""
    for found in pkgutil.iter_modules(shuffify.audit.__path__):
        for one in vars(import_module(f"shuffify.audit.{found.name}")).values():
            if isinstance(one, _lru_cache_wrapper):
                one.cache_clear()
    for known in cursors._harmless.values():
        known.clear()


def _of_module(name: str) -> Iterator[Part]:
    module = import_module(f"shuffify.audit.{name}")
    seen: set[int] = set()
    for owner, things in ((name, vars(module)), *(
        (f"{name}.{label}", vars(one)) for label, one in vars(module).items()
        if isinstance(one, type) and one.__module__ == module.__name__
    )):
        for label, thing in things.items():
            for function in _functions(thing):
                is_own = function.__code__.co_filename == module.__file__
                if is_own and id(function) not in seen:
                    seen.add(id(function))
                    yield Part(f"{owner}.{label}", function)


def _functions(thing: Any) -> Iterator[FunctionType]:
    if isinstance(thing, property):
        yield from (one for one in (thing.fget, thing.fset) if isinstance(one, FunctionType))
    elif isinstance(thing, (staticmethod, classmethod)) or not isinstance(thing, type):
        found = inspect.unwrap(getattr(thing, "__func__", thing))
        if isinstance(found, FunctionType):
            yield found


@contextmanager
def breaking(chosen: Iterable[Part], error: Callable[[str], Exception], once: bool
             ) -> Iterator[set[Part]]:
    """Raise where a call of one of these parts begins, its first or each; yield whose did.

    The code is exchanged inside the function, so it does not matter who has got hold of it: a
    module that imported it, an event's registry, or the guard around it.
    """
    raised: set[Part] = set()
    whole = {part: part.function.__code__ for part in chosen}
    for part, code in whole.items():
        part.function.__code__ = _raising(code, partial(_fail, part, code, error, once, raised))
    try:
        yield raised
    finally:
        for part, code in whole.items():
            part.function.__code__ = code


def _fail(part: Part, whole: CodeType, error: Callable[[str], Exception], once: bool,
          raised: set[Part]) -> None:
    raised.add(part)
    if once:
        part.function.__code__ = whole
    raise error(part.name)


def _raising(whole: CodeType, fail: Callable[[], None]) -> CodeType:
    code = _template.__code__
    constants = tuple(fail if one == "fail" else one for one in code.co_consts)
    return code.replace(
        co_consts=constants, co_freevars=whole.co_freevars, co_name=whole.co_name,
    )


def _template(*_: Any, **__: Any) -> None:
    fail: Any = "fail"
    fail()
