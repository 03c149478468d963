"""Customers whose bill is changed by a discount, a tax or a credit note."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.shop import Shop


async def cody(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Half price for three months; the last invoice was the first at the full price."""
    yield shop.ago(months=3, days=4, hours=3)
    await shop.post(
        "coupons",
        {
            "id": "LAUNCH50",
            "name": "Launch offer: 50% off for 3 months",
            "percent_off": 50,
            "duration": "repeating",
            "duration_in_months": 3,
        },
    )
    await shop.customer("cus_cody", "Cody Nakamura")
    await shop.card("cus_cody")
    await shop.subscribe("cus_cody", "team_monthly", ids="in_cody di_cody", discounts=[{"coupon": "LAUNCH50"}])


async def cleo(shop: Shop) -> AsyncGenerator[datetime, None]:
    """All in order, with a code in hand. Two more codes exist: one has expired, one is for another product."""
    yield shop.ago(months=2, days=18, hours=5)
    await shop.customer("cus_cleo", "Cleo Papadaki")
    await shop.card("cus_cleo", "pm_card_mastercard")
    await shop.subscribe("cus_cleo", "starter_monthly")
    await _coupon(shop, "welcome", 20, duration="repeating", duration_in_months=3)
    await _code(shop, "welcome", "WELCOME20")
    await _coupon(shop, "spring", 24, duration="once")
    await _code(shop, "spring", "SPRING24", expires_at=int(shop.ago(days=30).timestamp()))
    await _coupon(shop, "team-only", 30, duration="forever", applies_to={"products": ["prod_team"]})
    await _code(shop, "team-only", "TEAMONLY")


async def tina(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A business in Germany, charged German VAT: there is no VAT id on file."""
    yield shop.ago(months=2, days=6, hours=4)
    rate = await shop.post(
        "tax_rates",
        {
            "display_name": "VAT",
            "description": "German VAT",
            "percentage": 19,
            "inclusive": False,
            "country": "DE",
            "jurisdiction": "DE",
            "tax_type": "vat",
        },
        ids="txr_deVat",
    )
    address = {"line1": "Lindenstraße 4", "postal_code": "10969", "city": "Berlin", "country": "DE"}
    await shop.customer("cus_tina", "Tina Vogel Werkzeugbau GmbH", address=address)
    await shop.card("cus_tina", "pm_card_de")
    await shop.subscribe("cus_tina", "team_monthly_eur", ids="in_tina", default_tax_rates=[rate["id"]])


async def cass(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Credited $12 for an outage; the invoice that came after has used it."""
    yield shop.ago(months=2, days=9, hours=6)
    await shop.customer("cus_cass", "Cass Abernathy")
    await shop.card("cus_cass")
    await shop.subscribe("cus_cass", "team_monthly")
    yield shop.ago(days=21, hours=2)
    latest = (await shop.get("invoices", {"customer": "cus_cass", "limit": 1}))["data"][0]
    await shop.post(
        "credit_notes",
        {
            "invoice": latest["id"],
            "amount": 12_00,
            "credit_amount": 12_00,
            "memo": "Credit for the outage",
            "reason": "product_unsatisfactory",
        },
        ids="cn_cass",
    )


async def vito(shop: Shop) -> AsyncGenerator[datetime, None]:
    """The register answered that it does not know the VAT id he gave."""
    yield shop.ago(months=1, days=16, hours=7)
    address = {"line1": "Via Garibaldi 12", "postal_code": "10122", "city": "Torino", "country": "IT"}
    await shop.customer("cus_vito", "Vito Ferraro", address=address)
    await shop.card("cus_vito", "pm_card_mastercard")
    await shop.post("customers/cus_vito/tax_ids", {"type": "eu_vat", "value": "IT00743110157"}, ids="txi_vito")
    await shop.outside("verify_tax_id", tax_id="txi_vito", status="unverified")
    await shop.subscribe("cus_vito", "starter_monthly_eur")


async def _coupon(shop: Shop, id_: str, percent: int, **fields: object) -> None:
    await shop.post("coupons", {"id": id_, "name": f"{percent}% off", "percent_off": percent, **fields})


async def _code(shop: Shop, coupon: str, word: str, **fields: object) -> None:
    promotion = {"type": "coupon", "coupon": coupon}
    await shop.post("promotion_codes", {"promotion": promotion, "code": word, **fields}, ids=f"promo_{word}")
