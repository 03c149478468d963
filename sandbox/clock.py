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
"""

import time
from collections.abc import Callable
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
    """Unix seconds in this world."""
    if world.moment is not None:
        return world.moment
    state: dict[str, Any] = world.setting("clock")
    if "frozen" in state:
        return int(state["frozen"])
    return int(time.time()) + int(state["offset"])


def schedule(world: World, at: int, kind: str, target: str) -> None:
    if kind not in HOOKS:
        raise ValueError(f"no hook is registered for timers of kind {kind}")
    unschedule(world, kind, target)
    world.write("INSERT INTO timers (at, kind, target) VALUES (?, ?, ?)", (at, kind, target))


def unschedule(world: World, kind: str, target: str) -> None:
    world.write("DELETE FROM timers WHERE kind = ? AND target = ?", (kind, target))


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


def _stored(world: World) -> int:
    """The frozen time, or 0 for a running clock (whose timers may be caught up with later)."""
    return int(world.setting("clock").get("frozen", 0))
