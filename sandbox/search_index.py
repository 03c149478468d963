"""What search can see: each object as it was a minute ago.

docs.stripe.com/search#data-freshness: under normal conditions what is written can be searched for in under a minute, so
search is not for reading back what was just written. Here it is always the whole minute, by the sandbox's own clock:
who waits as long as Stripe asks is right, and who does not wait is wrong every time.
"""

import json
from collections.abc import Iterator

from sandbox import clock
from sandbox.search_fields import FIELDS
from sandbox.world import Json, World

DELAY_SECONDS = 60


def note(world: World, type_: str, id_: str, before: Json | None) -> None:
    """Called where an object is made (`before` is None) or changed: what it was goes on being found for a minute."""
    if type_ not in FIELDS:
        return
    now = _time(world)
    world.write("DELETE FROM unindexed WHERE until <= ?", (now - DELAY_SECONDS,))
    body = None if before is None else json.dumps(before, separators=(",", ":"))
    world.write("INSERT INTO unindexed (type, id, until, body) VALUES (?, ?, ?, ?)", (type_, id_, now, body))


def seen(world: World, type_: str) -> Iterator[tuple[int, Json, Json]]:
    """Newest first: the place in the order, the object as it can be searched for, and as it is. What was made within
    the minute is not there yet; what is gone for good is there no more."""
    rows = world.rows(
        "SELECT id, body FROM unindexed WHERE type = ? AND until > ? ORDER BY seq DESC",
        (type_, _time(world) - DELAY_SECONDS),
    )
    former = dict(rows)  # the earliest of an object's rows stays
    for seq, id_, body in world.rows("SELECT seq, id, body FROM objects WHERE type = ? ORDER BY seq DESC", (type_,)):
        indexed = former.get(id_, body)
        if indexed is not None:
            yield seq, json.loads(indexed), json.loads(body)


def _time(world: World) -> int:
    """Of the sandbox itself, also for what happens on a test clock."""
    return clock.own_now(world) if world.standing else clock.now(world)
