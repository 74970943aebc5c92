"""Running a coroutine that never waits.

The simulated store answers at once, so what is written for an event loop finishes without one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


def settled(awaitable: Awaitable[T]) -> T:
    """The result of a coroutine; raises what it raises, and `RuntimeError` when it waits."""
    coroutine = cast("Coroutine[Any, Any, T]", awaitable)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # what the coroutine returns
    coroutine.close()
    raise RuntimeError("it waits for something that is not in this world")
