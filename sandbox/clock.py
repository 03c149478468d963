"""The sandbox's clock and what happens when it moves.

The clock either runs with real time (plus an offset) or is frozen at an instant, and only moves forward, as Stripe's
test clocks do (docs.stripe.com/billing/testing/test-clocks). Moving it runs everything that has fallen due, in order of
time, each in a transaction of its own with `call.now` equal to the time it was due.

How to register a time-driven hook::

    from sandbox.clock import timer

    @timer("refund.settle")
    def settle(call: Call, refund_id: str) -> None: ...

and plan it from a handler or another hook with `call.schedule(at, "refund.settle", refund["id"])`. One plan exists for
each (kind, target): planning again moves it, `call.unschedule(kind, target)` drops it. Plans are durable. A hook must
not raise for things that happen in life (catch a decline and record it); an exception stops the clock there.

A test clock (sandbox/test_clocks.py) is a time of its own for some customers. What concerns them runs inside
`standing`: there `now` is the clock's frozen time, and what is planned waits for that clock to be advanced.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.errors import invalid_request
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.calls import Call

Hook = Callable[["Call", str], None]

HOOKS: dict[str, Hook] = {}

MAXIMUM_RUNS = 100_000
"""More hooks than this in one move means one of them plans itself for ever."""


def timer(kind: str) -> Callable[[Hook], Hook]:
    """Register the hook for timers of `kind`."""

    def register(hook: Hook) -> Hook:
        if kind in HOOKS:
            raise ValueError(f"two hooks for timers of kind {kind}")
        HOOKS[kind] = hook
        return hook

    return register


def now(world: World) -> int:
    """Unix seconds: of the timer that runs, of the test clock that stands, or of the sandbox itself."""
    if world.moment is not None:
        return world.moment
    return world.standing[1] if world.standing else own_now(world)


def own_now(world: World) -> int:
    """The sandbox's own time, whatever runs."""
    state: dict[str, Any] = world.setting("clock")
    if "frozen" in state:
        return int(state["frozen"])
    return int(time.time()) + int(state["offset"])


@contextmanager
def standing(world: World, test_clock: tuple[str, int] | None) -> Iterator[None]:
    """Inside, time is that of a test clock (its id and frozen time), or the sandbox's own for None."""
    before = world.moment, world.standing
    world.moment, world.standing = None, test_clock
    try:
        yield
    finally:
        world.moment, world.standing = before


def schedule(world: World, at: int, kind: str, target: str) -> None:
    if kind not in HOOKS:
        raise ValueError(f"no hook is registered for timers of kind {kind}")
    unschedule(world, kind, target)
    if world.standing:
        values = (world.standing[0], at, kind, target)
        world.write("INSERT INTO test_clock_timers (clock, at, kind, target) VALUES (?, ?, ?, ?)", values)
    else:
        world.write("INSERT INTO timers (at, kind, target) VALUES (?, ?, ?)", (at, kind, target))


def unschedule(world: World, kind: str, target: str) -> None:
    world.write("DELETE FROM timers WHERE kind = ? AND target = ?", (kind, target))
    world.write("DELETE FROM test_clock_timers WHERE kind = ? AND target = ?", (kind, target))


def planned(world: World) -> list[dict[str, Any]]:
    """What will happen, in order: `[{at, kind, target}]`."""
    return [
        {"at": at, "kind": kind, "target": target}
        for at, kind, target in world.rows("SELECT at, kind, target FROM timers ORDER BY at, seq")
    ]


def state(world: World) -> dict[str, Any]:
    """`{now, frozen}`."""
    return {"now": now(world), "frozen": "frozen" in world.setting("clock")}


def freeze(world: World) -> None:
    """Stand still at the present time."""
    world.set_setting("clock", {"frozen": now(world)})


def run(world: World) -> None:
    """Run with real time from the present time on."""
    world.set_setting("clock", {"offset": now(world) - int(time.time())})


def advance_to(world: World, target: int) -> int:
    """Move forward to `target` (Unix seconds), running what falls due. Returns how many hooks ran."""
    with world.lock:
        if target < now(world):
            raise invalid_request("The clock only moves forward.", param="to")
        frozen = "frozen" in world.setting("clock")
        ran = _run_until(world, target)
        with world.transaction():
            world.set_setting("clock", {"frozen": target} if frozen else {"offset": target - int(time.time())})
    return ran


def catch_up(world: World) -> int:
    """Run what fell due while nobody looked (a running clock moves by itself). Returns how many hooks ran."""
    return _run_until(world, now(world))


def _run_until(world: World, target: int) -> int:
    from sandbox.calls import Call  # calls are made of time: importing them above would be a circle

    ran = 0
    while True:
        due = world.rows("SELECT seq, at, kind, target FROM timers WHERE at <= ? ORDER BY at, seq LIMIT 1", (target,))
        if not due:
            return ran
        seq, at, kind, subject = due[0]
        ran += 1
        if ran > MAXIMUM_RUNS:
            raise RuntimeError(f"more than {MAXIMUM_RUNS} timers in one move; the last is {kind} on {subject}")
        # A timer planned for a time already past runs late, never in the past.
        world.moment = max(at, _stored(world))
        try:
            with world.transaction():
                world.write("DELETE FROM timers WHERE seq = ?", (seq,))
                HOOKS[kind](Call(world), subject)
                if "frozen" in world.setting("clock"):
                    world.set_setting("clock", {"frozen": world.moment})
        finally:
            world.moment = None


def run_test_clock(world: World, test_clock: str, frozen: int, target: int) -> int:
    """Run what falls due on a test clock between `frozen` and `target`, within the present transaction. Returns how
    many hooks ran."""
    from sandbox.calls import Call  # as above

    ran = 0
    while True:
        due = world.rows(
            "SELECT seq, at, kind, target FROM test_clock_timers WHERE clock = ? AND at <= ? ORDER BY at, seq LIMIT 1",
            (test_clock, target),
        )
        if not due:
            return ran
        seq, at, kind, subject = due[0]
        ran += 1
        if ran > MAXIMUM_RUNS:
            raise RuntimeError(f"more than {MAXIMUM_RUNS} timers in one move; the last is {kind} on {subject}")
        frozen = max(at, frozen)
        world.write("DELETE FROM test_clock_timers WHERE seq = ?", (seq,))
        with standing(world, (test_clock, frozen)):
            HOOKS[kind](Call(world), subject)


def _stored(world: World) -> int:
    """The frozen time, or 0 for a running clock (whose timers may be caught up with later)."""
    return int(world.setting("clock").get("frozen", 0))
