"""The command line's authentication: its operator vouches for the customer, who must exist."""

from __future__ import annotations

import re

from app.failures import Plainly
from app.wiring import House
from billing.ids import CustomerId
from policy.proposals import Principal, Role

_CUSTOMER = re.compile(r"cus_[A-Za-z0-9_]{1,120}")


async def principal(house: House, customer: str, user: str | None = None, role: Role = Role.OWNER) -> Principal:
    """Raises `Plainly` for an unknown customer. If Stripe does not answer, the ticket is taken all the same:
    it will reach a human."""
    if not _CUSTOMER.fullmatch(customer):
        said = f"{customer!r} is no customer id" if customer else "no customer was named"
        raise Plainly(f"{said}: an id looks like cus_nina (see `lee customers`)")
    if await house.knows(CustomerId(customer)) is False:
        raise Plainly(f"there is no customer {customer}; `lee customers` lists the demo company's")
    return Principal(CustomerId(customer), user or customer.removeprefix("cus_"), role)
