"""Tax ids, against the sandbox (docs.stripe.com/billing/customer/tax-ids)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from policy.actions import SetTaxId
from policy.effects import EffectRefused, EffectUnknown
from policy.facts import TaxIdCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
VAT = SetTaxId(type="eu_vat", value="DE123456789")


async def test_facts_hold_the_country_and_what_is_on_file(effects: StripeEffects, shop: Shop) -> None:
    tina, other = shop.customer(), shop.customer()
    facts = await effects.facts(VAT, principal(tina))
    assert isinstance(facts, TaxIdCase)
    assert (facts.country, facts.tax_ids) == (None, ())
    shop.v1.customers.update(tina, {"address": {"line1": "Hauptstr. 1", "country": "DE"}})
    shop.v1.customers.tax_ids.create(tina, {"type": "us_ein", "value": "12-3456789"})
    shop.v1.customers.tax_ids.create(other, {"type": "eu_vat", "value": "FR12345678901"})
    facts = await effects.facts(VAT, principal(tina))
    assert isinstance(facts, TaxIdCase)
    assert facts.country == "DE"
    assert [(each.type, each.value, each.verification) for each in facts.tax_ids] == [
        ("us_ein", "12-3456789", "unavailable")
    ]


async def test_a_number_is_added_once_found_again_and_on_the_next_invoice_only(
    effects: StripeEffects, shop: Shop, now: Now, advance: Callable[..., None]
) -> None:
    tina = shop.customer()
    shop.subscribe(tina, shop.starter)
    wanted = intent(VAT, tina, now())
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert (receipt.status, receipt.details) == ("created", {"name": "EU VAT number", "verification": "pending"})
    assert await effects.perform(wanted) == receipt
    [made] = shop.v1.customers.tax_ids.list(tina).data
    assert (made.id, made.value) == (receipt.stripe_id, "DE123456789")
    assert await effects.find(wanted) == receipt
    advance(days=31)
    newest, first = shop.invoices(tina)
    assert [each.value for each in newest.customer_tax_ids or []] == ["DE123456789"]
    assert not first.customer_tax_ids
    found = await effects.find(wanted)
    assert found is not None
    assert found.details["verification"] == "verified"
    assert await effects.find(intent(SetTaxId(type="eu_vat", value="DE999999999"), tina, now(), n=2)) is None


@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("lost_after", True)])
async def test_after_a_missing_answer_the_number_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, fault: str, made: bool
) -> None:
    tina = shop.customer()
    wanted = intent(VAT, tina, now())
    app.faults.add(Fault(fault, "POST", f"/v1/customers/{tina}/tax_ids"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    assert (await effects.find(wanted) is not None) is made
    assert len(shop.v1.customers.tax_ids.list(tina).data) == int(made)


async def test_what_stripe_does_not_take_is_refused(effects: StripeEffects, shop: Shop, now: Now) -> None:
    tina = shop.customer()
    with pytest.raises(EffectRefused, match="Invalid value") as refused:
        await effects.perform(intent(SetTaxId(type="eu_vat", value="DE12"), tina, now()))
    assert refused.value.code == "tax_id_invalid"
    shop.v1.customers.delete(tina)
    with pytest.raises(EffectRefused):
        await effects.perform(intent(VAT, tina, now(), n=2))
