"""The shape of a story: who the customer is, and the steps of their life with Acme Cloud."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.demo.shop import Shop

Steps = Callable[[Shop], AsyncGenerator[datetime, None]]
"""An asynchronous generator: it yields the moment of its next step and is resumed when the clock has got there.

All stories share one clock, so a step must be quick and its moment not later than the shop's now.
"""


@dataclass(frozen=True)
class Story:
    """`line` is the one-line description people read: 59 characters at most, so that a terminal of 80 columns shows it.
    `plan` is what the product grants today, `locked` why it withholds it; `requests` the API requests a day, before
    anything unusual; `months` the length of a paid period. `metered`: requests are billed by use; `included`: by
    contract, instead of what the plan includes."""

    customer: str
    name: str
    line: str
    steps: Steps
    plan: str
    locked: str | None = None
    requests: int = 200
    months: int = 1
    metered: bool = False
    included: int | None = None

    @property
    def theme(self) -> str:
        """What the stories beside it are about: `cards` for those of `stories_cards`."""
        return self.steps.__module__.rpartition("stories_")[2]
