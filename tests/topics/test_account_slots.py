"""Codes, tax ids and addresses as customers write them."""

from __future__ import annotations

import pytest

from agent.topics.account_slots import TaxId, emails, promotion_codes, tax_ids


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Please apply WELCOME20 to my plan", ("WELCOME20",)),
        ("i have a voucher: welcome20", ("welcome20",)),
        ('My coupon is "FRIENDS", how do I use it?', ("FRIENDS",)),
        ("the code SPRING-24 does not work", ("SPRING-24",)),
        ("Is there a discount for charities?", ()),
        ("THIS CODE DOES NOT WORK", ()),
        ("the promotion code does not work any more", ()),
        ("our VAT number is DE136695976", ()),
        ("I paid $20 in 2025 for the API", ()),
    ],
)
def test_promotion_codes(text: str, codes: tuple[str, ...]) -> None:
    assert promotion_codes(text) == codes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("our VAT number is DE136695976", [TaxId("eu_vat", "DE136695976")]),
        ("USt-IdNr. DE 136 695 976, please", [TaxId("eu_vat", "DE136695976")]),
        ("VAT ID DE136695976", [TaxId("eu_vat", "DE136695976")]),  # no country "ID" has tax ids of this kind
        ("NL123456789B01 and IE6388047V", [TaxId("eu_vat", "NL123456789B01"), TaxId("eu_vat", "IE6388047V")]),
        ("We are registered as GB 123 4567 82", [TaxId("gb_vat", "GB123456782")]),
        ("CHE-123.456.788 MWST", [TaxId("ch_vat", "CHE-123.456.788 MWST")]),
        ("ABN 51 824 753 556", [TaxId("au_abn", "51824753556")]),
        ("EIN: 12-3456789", [TaxId("us_ein", "12-3456789")]),
        ("WELCOME20 and invoice ACMEHUGO-0004 of 2025", []),
        ("call me at DE office", []),
    ],
)
def test_tax_ids(text: str, found: list[TaxId]) -> None:
    assert list(tax_ids(text)) == found


def test_emails() -> None:
    text = "not billing@old.example but accounts+eu@new-firm.co.uk, please. See @handle and a@b"
    assert emails(text) == ("billing@old.example", "accounts+eu@new-firm.co.uk")
