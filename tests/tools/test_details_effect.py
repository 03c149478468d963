"""Billing details, against the sandbox (docs.stripe.com/api/customers/update)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from stripe.params._customer_update_params import CustomerUpdateParamsAddress

from billing.customer_details import AddressFacts
from policy.actions import UpdateBillingDetails
from policy.effects import EffectRefused, EffectUnknown
from policy.facts import DetailsCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
ADDRESS: CustomerUpdateParamsAddress = {
    "line1": "Hauptstr. 1",
    "line2": "Hinterhaus",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


def details(**given: str) -> UpdateBillingDetails:
    return UpdateBillingDetails.model_validate({**dict.fromkeys(UpdateBillingDetails.model_fields), **given})


async def test_facts_hold_the_address_as_it_is(effects: StripeEffects, shop: Shop) -> None:
    tina = shop.customer()
    facts = await effects.facts(details(name="x"), principal(tina))
    assert isinstance(facts, DetailsCase)
    assert (facts.address, facts.customer.name) == (None, "Someone")
    shop.v1.customers.update(tina, {"address": {"line1": "Hauptstr. 1", "city": "", "country": "DE"}})
    facts = await effects.facts(details(name="x"), principal(tina))
    assert isinstance(facts, DetailsCase)
    assert facts.address == AddressFacts(line1="Hauptstr. 1", country="DE")


async def test_details_are_changed_once_and_found_by_their_label(effects: StripeEffects, shop: Shop, now: Now) -> None:
    tina = shop.customer()
    shop.v1.customers.update(tina, {"address": {**ADDRESS, "state": "BE"}, "metadata": {"segment": "smb"}})
    wanted = intent(details(name="Tina GmbH", line1="Neue Str. 2", city="Bonn", country="DE"), tina, now())
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert (receipt.stripe_id, receipt.details) == (tina, {"changed": "name, address"})
    assert await effects.perform(wanted) == receipt
    after = shop.v1.customers.retrieve(tina)
    assert after.address is not None
    told = after.address.to_dict()
    assert (told["line1"], told["city"], told["country"]) == ("Neue Str. 2", "Bonn", "DE")
    assert not any(told[part] for part in ("line2", "state", "postal_code"))
    assert (after.name, after.email) == ("Tina GmbH", "someone@example.com")
    assert after.metadata is not None
    assert after.metadata.to_dict()["segment"] == "smb"
    assert await effects.find(wanted) == receipt
    assert await effects.find(intent(details(name="Tina GmbH"), tina, now(), n=2)) is None


async def test_a_name_alone_leaves_the_address(effects: StripeEffects, shop: Shop, now: Now) -> None:
    tina = shop.customer()
    shop.v1.customers.update(tina, {"address": ADDRESS})
    await effects.perform(intent(details(name="Tina GmbH", email="tina@example.com"), tina, now()))
    after = shop.v1.customers.retrieve(tina)
    assert after.address is not None
    assert after.address.line2 == "Hinterhaus"
    assert after.email == "tina@example.com"


@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("lost_after", True)])
async def test_after_a_missing_answer_the_change_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, fault: str, made: bool
) -> None:
    tina = shop.customer()
    wanted = intent(details(name="Tina GmbH"), tina, now())
    app.faults.add(Fault(fault, "POST", f"/v1/customers/{tina}"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    assert (await effects.find(wanted) is not None) is made


async def test_a_customer_that_is_gone_is_refused(effects: StripeEffects, shop: Shop, now: Now) -> None:
    tina = shop.customer()
    shop.v1.customers.delete(tina)
    with pytest.raises(EffectRefused):
        await effects.perform(intent(details(name="Tina GmbH"), tina, now()))
