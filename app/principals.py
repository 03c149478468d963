"""The command line's authentication: its operator vouches for the customer, who must exist."""

from __future__ import annotations

from app.failures import Plainly
from app.wiring import House
from billing.ids import CustomerId
from policy.proposals import Principal, Role


async def principal(house: House, customer: str, user: str | None = None, role: Role = Role.OWNER) -> Principal:
    """Raises `Plainly` for an unknown customer. If Stripe does not answer, the ticket is taken all the same:
    it will reach a human."""
    if await house.knows(CustomerId(customer)) is False:
        raise Plainly(f"there is no customer {customer}; `lee customers` lists the demo company's")
    return Principal(CustomerId(customer), user or customer.removeprefix("cus_"), role)
