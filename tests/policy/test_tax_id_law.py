"""Tax ids: a number of its type, shown as it will be; a second one, and one of another country, are a human's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from billing.customer_details import TaxIdFacts
from billing.tax_id_forms import FORMS, country, fits, written
from policy.actions import SetTaxId
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from policy.settlement import Status
from tests.policy.asked import ask, ask_approved, ask_with_yes, tax_id_case
from tests.policy.house import ME, House, vat


def on_file(value: str = "DE123456789", type_: str = "eu_vat", verification: str | None = "verified") -> Any:
    return tax_id_case(tax_ids=(TaxIdFacts("txi_one", type_, value, verification),))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("eu_vat", "DE12345678"),
        ("eu_vat", "DE1234567890"),
        ("eu_vat", "123456789"),
        ("eu_vat", "GB123456789"),
        ("eu_vat", "XX123456789"),
        ("eu_vat", "ATU1234567"),
        ("gb_vat", "DE123456789"),
        ("ch_vat", "CHE-123.456.789"),
        ("us_ein", "12-345678"),
        ("jp_trn", "1234567891234"),
        ("za_vat", "5123456789"),
    ],
)
def test_what_is_no_number_of_its_type_is_never_sent(type_: str, value: str) -> None:
    denied = ask(vat(value, type_), tax_id_case(country=None))
    assert isinstance(denied, Deny)
    assert denied.rule == "tax_id.format"
    assert FORMS[vat(value, type_).type].example in denied.customer_reason


@pytest.mark.parametrize("type_", list(FORMS))
def test_the_example_of_every_type_fits_and_is_shown_as_it_is_written(type_: Any) -> None:
    example = FORMS[type_].example
    assert fits(type_, example)
    typed = f" {example.lower().replace('-', ' ').replace('.', '')} "
    asked = ask(vat(typed, type_), tax_id_case(country=country(type_, example)))
    assert isinstance(asked, NeedsConfirmation)
    assert f"“{example}”" in asked.shown
    assert "those already issued stay as they are" in asked.shown
    allowed = ask_with_yes(vat(typed, type_), tax_id_case(country=None))
    assert isinstance(allowed, Allow)
    assert [(each.budget, each.amount, each.cap) for each in allowed.reservations] == [
        (f"tax_ids:{ME}:2026-11-20", 1, 3)
    ]
    assert written(type_, typed) == example


def test_norways_number_is_also_written_with_its_country_before_it() -> None:
    asked = ask(vat("NO 974 760 673 MVA", "no_vat"), tax_id_case(country="NO"))
    assert isinstance(asked, NeedsConfirmation)
    assert "“974760673MVA”" in asked.shown


@pytest.mark.parametrize(
    ("verification", "said"),
    [
        ("verified", "the tax register has confirmed it"),
        ("unverified", "could not confirm it"),
        ("pending", "still being asked"),
        ("unavailable", "already."),
        (None, "already."),
    ],
)
def test_a_number_that_is_on_file_is_not_added_again(verification: str | None, said: str) -> None:
    denied = ask(vat("de 123 456 789"), on_file("DE123456789", verification=verification))
    assert isinstance(denied, Deny)
    assert denied.rule == "tax_id.on_file"
    assert said in denied.customer_reason


@pytest.mark.parametrize(
    ("rule", "action", "facts"),
    [
        ("tax_id.verified", vat("DE999999999"), on_file()),
        ("tax_id.second", vat("DE999999999"), on_file(verification="unverified")),
        ("tax_id.second", vat("DE999999999"), on_file(verification="pending")),
        ("tax_id.second", vat("DE999999999"), on_file(verification=None)),
        ("tax_id.country", vat("FR12345678901"), tax_id_case()),
        ("tax_id.country", vat("EL123456789"), tax_id_case(country="CY")),
        ("tax_id.country", vat("GB123456789", "gb_vat"), tax_id_case()),
    ],
)
def test_what_may_be_another_company_is_a_humans(rule: str, action: SetTaxId, facts: Any) -> None:
    asked = ask_with_yes(action, facts)
    assert isinstance(asked, NeedsApproval)
    assert asked.rule == rule
    assert asked.remedy is not None
    approved = ask_approved(action, facts)
    assert isinstance(approved, Allow)
    assert (approved.confirmation, approved.approval) == ("conf_1", "appr_1")


def test_the_human_reads_of_every_number_of_the_type() -> None:
    old = (TaxIdFacts("txi_1", "eu_vat", "DE111111111", "unverified"), TaxIdFacts("txi_2", "eu_vat", "DE2", None))
    asked = ask_with_yes(vat("DE999999999"), tax_id_case(tax_ids=old))
    assert isinstance(asked, NeedsApproval)
    assert asked.rule == "tax_id.second"
    assert asked.facts["on_file"] == "txi_1 unverified, txi_2 not checked"


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (vat(), tax_id_case(country=None)),
        (vat("EL123456789"), tax_id_case(country="GR")),
        (vat("XI123456789"), tax_id_case(country="GB")),
        (vat("CHE123456789TVA", "ch_vat"), tax_id_case(country="CH")),
        (vat("12-3456789", "us_ein"), tax_id_case(country="US")),
        (vat(), on_file("GB123456789", "gb_vat", "unavailable")),
    ],
)
def test_near_misses_need_the_customers_yes_and_no_more(action: SetTaxId, facts: Any) -> None:
    assert isinstance(ask_with_yes(action, facts), Allow)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "xx_vat", "value": "DE123456789"},
        {"type": "eu_vat", "value": "DE“123456789”"},
        {"type": "eu_vat", "value": "DE123456789\nX"},
        {"type": "eu_vat", "value": ""},
        {"type": "eu_vat", "value": "4242 4242 4242 4242"},
        {"type": "eu_vat", "value": "D" * 41},
        {"type": "eu_vat"},
        {"type": "eu_vat", "value": "DE123456789", "customer": "cus_other"},
    ],
)
def test_what_is_no_tax_id_never_becomes_a_proposal(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SetTaxId.model_validate(wrong)


@pytest.mark.database("sqlite")
async def test_what_is_sent_is_what_was_shown_and_no_word_of_it_lies_in_the_clear(house: House) -> None:
    done = await house.consented(house.propose(house.case(), vat("de 314.159-265")))
    assert done.status is Status.SUCCEEDED
    assert [each.value for each in house.stripe.tax_ids[ME]] == ["DE314159265"]
    again = await house.ask(vat("DE314159265"))
    assert (again.status, again.decision.rule) == (Status.REFUSED, "tax_id.on_file")
    folder = Path(house.url.removeprefix("sqlite:///")).parent
    raw = b"".join(path.read_bytes() for path in folder.glob("lee.db*"))
    assert b"set_tax_id" in raw
    assert b"314159265" not in raw
    assert b"314.159" not in raw
    house.must_balance()


async def test_a_day_holds_so_many_numbers(house: House) -> None:
    for n, type_ in enumerate(("eu_vat", "us_ein", "nz_gst")):
        house.stripe.addresses.clear()
        value = f"DE12345678{n}" if type_ == "eu_vat" else f"12345678{n}"
        assert (await house.consented(house.propose(house.case(), vat(value, type_)))).status is Status.SUCCEEDED
    fourth = await house.consented(house.propose(house.case(), vat("GB123456789", "gb_vat")))
    assert (fourth.status, fourth.decision.rule) == (Status.WAITING, "tax_id.count")
    house.must_balance()
