"""What the demo customers used, hour by hour: plain data for the usage store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.demo.catalogue import METER, PLANS
from sandbox.demo.hours import DAYS, METERED_DAYS, YEARS_DAYS, hours
from sandbox.demo.roster import STORIES
from sandbox.demo.story import Story


def usage(now: datetime, seed: int = 1) -> dict[str, list[dict[str, Any]]]:
    """`meters` [{meter, unit, title}], `allowances` [{customer, meter, included, since}] and `hourly`
    [{customer, meter, hour, units}]; `since` and `hour` are ISO 8601 in UTC. The same arguments give the same rows."""
    last_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    opened = (last_hour - timedelta(days=DAYS)).isoformat()
    return {
        "meters": [{"meter": METER, "unit": "requests", "title": "API requests"}],
        "allowances": [
            {"customer": story.customer, "meter": METER, "included": included(story), "since": opened}
            for story in STORIES
        ],
        "hourly": [row for story in STORIES for row in _rows(story, now, seed)],
    }


def included(story: Story) -> int:
    """What a billing period includes: the plan's share of each month, or what a contract says."""
    return PLANS[story.plan].included_requests * story.months if story.included is None else story.included


def _rows(story: Story, now: datetime, seed: int) -> Iterator[dict[str, Any]]:
    billed = YEARS_DAYS if story.months == 12 else METERED_DAYS
    days = billed if story.metered else DAYS
    for hour, units in hours(story.customer, story.requests, now, days=days, seed=seed):
        yield {"customer": story.customer, "meter": METER, "hour": hour.isoformat(), "units": units}
