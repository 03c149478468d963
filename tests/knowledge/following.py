"""Who follows which article: the table that the modules `steps_*.py` fill."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.knowledge.account import Account

Follower = Callable[[Account], Awaitable[None]]

STEPS: dict[tuple[str, str], Follower] = {}
"""(article, demo customer) to the steps on that customer's account. A step asserts what the article promises."""


def follow(article: str, *customers: str) -> Callable[[Follower], Follower]:
    def enter(steps: Follower) -> Follower:
        for customer in customers:
            assert (article, customer) not in STEPS, f"{article} is followed twice on {customer}"
            STEPS[article, customer] = steps
        return steps

    return enter
