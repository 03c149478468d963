"""What the demo customers used, hour by hour: plain data for the usage store."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.demo.catalogue import PLANS
from sandbox.demo.roster import STORIES
from sandbox.demo.story import Story

METER = "api_requests"
DAYS = 62
"""Two billing periods: the present one is compared with the one before."""

RUNAWAY_CUSTOMER = "cus_uma"
RUNAWAY_DAYS = 8
RUNAWAY_REQUESTS = 18_000

# Shares of a day's requests by hour (UTC): an office day with a quiet night. They sum to 1000.
_HOURS = (14, 12, 10, 10, 12, 16, 26, 42, 58, 68, 70, 66, 60, 64, 68, 70, 64, 54, 44, 38, 36, 36, 34, 28)


def usage(now: datetime, seed: int = 1) -> dict[str, list[dict[str, Any]]]:
    """`meters` [{meter, unit, title}], `allowances` [{customer, meter, included, since}] and `hourly`
    [{customer, meter, hour, units}]; `since` and `hour` are ISO 8601 in UTC. The same arguments give the same rows."""
    last_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    opened = (last_hour - timedelta(days=DAYS)).isoformat()
    return {
        "meters": [{"meter": METER, "unit": "requests", "title": "API requests"}],
        "allowances": [
            {
                "customer": story.customer,
                "meter": METER,
                "included": PLANS[story.plan].included_requests * story.months,
                "since": opened,
            }
            for story in STORIES
        ],
        "hourly": [row for story in STORIES for row in _hours(story, last_hour, seed)],
    }


def _hours(story: Story, last_hour: datetime, seed: int) -> Iterator[dict[str, Any]]:
    """Whole hours that are over. Everybody's use has been about the same throughout, but for the runaway's."""
    chance = random.Random(f"{seed}/{story.customer}")
    for back in range(DAYS * 24, 0, -1):
        hour = last_hour - timedelta(hours=back)
        runaway = story.customer == RUNAWAY_CUSTOMER and back <= RUNAWAY_DAYS * 24
        daily = RUNAWAY_REQUESTS if runaway else story.requests
        units = daily * _HOURS[hour.hour] * chance.randint(80, 120) // 100_000
        if units:
            yield {"customer": story.customer, "meter": METER, "hour": hour.isoformat(), "units": units}
