"""What a customer's account carries beside its bills: details, discounts, checkout links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.tools.shop import Shop
from tests.tools.test_read_tools import ask
from tools.desk import Desk

DeskOf = Callable[[str], Desk]


async def test_details_show_what_the_next_invoice_carries(shop: Shop, desk_of: DeskOf) -> None:
    tina = shop.customer()
    bare = await ask(desk_of(tina), "billing_details")
    assert bare == {
        "name": "Someone",
        "email": "someone@example.com",
        "address": None,
        "tax_exempt": "none",
        "tax_ids": [],
        "more": False,
    }
    address: Any = {"line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    shop.v1.customers.update(tina, {"address": address, "tax_exempt": "reverse"})
    made = shop.v1.customers.tax_ids.create(tina, {"type": "eu_vat", "value": "DE123456789"})
    shown = await ask(desk_of(tina), "billing_details")
    assert shown["address"] == {**address, "line2": None, "state": None}
    assert shown["tax_exempt"] == "reverse"
    assert shown["tax_ids"] == [
        {"id": made.id, "type": "eu_vat", "value": "DE123456789", "verification": "pending"},
    ]


async def test_many_tax_ids_are_cut_and_it_is_said(shop: Shop, desk_of: DeskOf) -> None:
    tina = shop.customer()
    for n in range(11):
        shop.v1.customers.tax_ids.create(tina, {"type": "eu_vat", "value": f"DE1234567{n:02}"})
    shown = await ask(desk_of(tina), "billing_details")
    assert len(shown["tax_ids"]) == 10
    assert shown["more"] is True
