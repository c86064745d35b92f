"""Looks at files that a plan repeats for each of its arms: within one plan they are made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
Found = TypeVar("Found")

_SEEN: ContextVar[dict[Hashable, object] | None] = ContextVar("seen", default=None)


@contextmanager
def looking_once() -> Iterator[None]:
    """Take what was seen of a file for what it is until the end; a plan is of one moment."""
    if _SEEN.get() is not None:
        yield
        return
    token = _SEEN.set({})
    try:
        yield
    finally:
        _SEEN.reset(token)


def once(look: Callable[P, Found]) -> Callable[P, Found]:
    """Let a function of hashable values look once within :func:`looking_once`, else each time."""

    @wraps(look)
    def seen(*args: P.args, **kwargs: P.kwargs) -> Found:
        known = _SEEN.get()
        if known is None:
            return look(*args, **kwargs)
        key = (look, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = look(*args, **kwargs)
        return cast(Found, known[key])

    return seen
