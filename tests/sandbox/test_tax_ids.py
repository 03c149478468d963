"""Tax ids of customers: their format, their verification, and where they are shown."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.tax_id_formats import country_of, well_formed
from tests.sandbox.billing import HOUR, event_types


def add(client: stripe.StripeClient, customer: str, value: str, type_: Any = "eu_vat") -> stripe.TaxId:
    return client.v1.customers.tax_ids.create(customer, {"type": type_, "value": value})


def status(client: stripe.StripeClient, tax_id: stripe.TaxId) -> str:
    found = client.v1.customers.tax_ids.retrieve(str(tax_id.customer), tax_id.id)
    assert found.verification is not None
    return found.verification.status


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("DE123456789", "verified"),
        ("DE000000000", "verified"),
        ("DE111111111", "unverified"),
        ("DE222222222", "pending"),
    ],
)
def test_a_number_is_pending_until_the_authorities_have_answered(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    advance: Callable[[int], int],
    value: str,
    answer: str,
) -> None:
    """docs.stripe.com/billing/customer/tax-ids#validation"""
    made = add(client, customer.id, value)
    assert (made.country, made.value, made.type) == ("DE", value, "eu_vat")
    assert status(client, made) == "pending"
    advance(HOUR)
    assert status(client, made) == answer
    wanted = ["customer.tax_id.created"] + ["customer.tax_id.updated"] * (answer != "pending")
    assert [type_ for type_ in event_types(client) if ".tax_id." in type_] == wanted


def test_what_is_never_checked_is_unavailable(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/tax_ids/object#tax_id_object-verification-status"""
    made = add(client, customer.id, "12-3456789", "us_ein")
    assert (made.country, status(client, made)) == ("US", "unavailable")


def test_the_authorities_may_answer_as_one_likes(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any], advance: Callable[[int], int]
) -> None:
    """The sandbox's own: Stripe has no API for what VIES answers."""
    made = add(client, customer.id, "IT00743110157")
    act("verify_tax_id", tax_id=made.id, status="unverified", verified_name="Somebody else")
    advance(HOUR)
    found = client.v1.customers.tax_ids.retrieve(customer.id, made.id).verification
    assert found is not None
    assert (found.status, found.verified_name) == ("unverified", "Somebody else")


@pytest.mark.parametrize(
    ("type_", "value"),
    [("eu_vat", "DE12345678"), ("eu_vat", "XX123456789"), ("eu_vat", "123456789"), ("gb_vat", "DE123456789")],
)
def test_a_malformed_number_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, type_: str, value: str
) -> None:
    """docs.stripe.com/error-codes#tax-id-invalid"""
    with pytest.raises(stripe.InvalidRequestError) as error:
        add(client, customer.id, value, type_)
    assert (error.value.code, error.value.param, error.value.http_status) == ("tax_id_invalid", "value", 400)


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        ("eu_vat", "de 123.456.789", True),
        ("eu_vat", "ATU12345678", True),
        ("eu_vat", "AT12345678", False),
        ("eu_vat", "FRAB123456789", True),
        ("eu_vat", "NL123456789B01", True),
        ("eu_vat", "IE1234567AB", True),
        ("eu_vat", "EL123456789", True),
        ("ch_vat", "CHE-123.456.789 MWST", True),
        ("gb_vat", "GB123456789", True),
        ("au_abn", "12345678912", True),
        ("in_gst", "12ABCDE3456FGZH", True),
        ("in_gst", "12ABCDE3456F1X5", False),
        ("no_vat", "123456789MVA", True),
        ("us_ein", "12-3456789", True),
        ("us_ein", "12-345678", False),
        ("eu_vat", "DE\u0661\u0662\u0663456789", False),
        ("vn_tin", "anything", True),
        ("vn_tin", "", False),
    ],
)
def test_formats_are_those_of_the_documentations_examples(type_: str, value: str, fits: bool) -> None:
    """docs.stripe.com/billing/customer/tax-ids"""
    assert well_formed(type_, value) is fits


def test_the_country_of_a_number() -> None:
    """docs.stripe.com/api/tax_ids/object#tax_id_object-country"""
    given = [("eu_vat", "EL123456789"), ("eu_vat", "XI123456789"), ("eu_oss_vat", "EU123456789"), ("ch_vat", "CHE1")]
    assert [country_of(*each) for each in given] == ["GR", "GB", None, "CH"]


def test_they_are_listed_deleted_and_belong_to_one_customer(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/tax_ids/customer_list"""
    other = client.v1.customers.create({"tax_id_data": [{"type": "eu_vat", "value": "FRAB123456789"}]})
    first, second = add(client, customer.id, "DE123456789"), add(client, customer.id, "12-3456789", "us_ein")
    assert [each.id for each in client.v1.customers.tax_ids.list(customer.id).data] == [second.id, first.id]
    assert client.v1.customers.tax_ids.delete(customer.id, first.id).deleted is True
    shown = client.v1.customers.retrieve(customer.id, {"expand": ["tax_ids"]}).tax_ids
    assert shown is not None
    assert [each.id for each in shown.data] == [second.id]
    theirs = client.v1.customers.tax_ids.list(other.id).data[0]
    for deed in (client.v1.customers.tax_ids.retrieve, client.v1.customers.tax_ids.delete):
        with pytest.raises(stripe.InvalidRequestError) as missing:
            deed(customer.id, theirs.id)
        assert missing.value.code == "resource_missing"
    assert client.v1.customers.tax_ids.list(other.id).data[0].id == theirs.id


def test_the_same_number_is_not_added_twice_and_a_bad_one_makes_no_customer(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/tax_ids/customer_create"""
    add(client, customer.id, "DE123456789")
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        add(client, customer.id, "DE 123 456 789")
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.customers.create({"tax_id_data": [{"type": "eu_vat", "value": "nonsense"}]})
    assert (error.value.code, error.value.param) == ("tax_id_invalid", "tax_id_data[0][value]")
    assert len(client.v1.customers.list().data) == 1


def test_the_same_key_adds_one(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/idempotent_requests"""
    given: Any = {"type": "eu_vat", "value": "DE123456789"}
    made = [client.v1.customers.tax_ids.create(customer.id, given, {"idempotency_key": "k-1"}).id for _ in range(2)]
    assert made[0] == made[1]


def test_an_invoice_shows_them_as_they_were_when_it_was_finalized(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices/object#invoice_object-customer_tax_ids"""
    add(client, customer.id, "DE123456789")
    client.v1.invoice_items.create({"customer": customer.id, "amount": 1000, "currency": "usd"})
    draft = client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    add(client, customer.id, "12-3456789", "us_ein")
    done = client.v1.invoices.finalize_invoice(str(draft.id))
    add(client, customer.id, "GB123456789", "gb_vat")
    found = client.v1.invoices.retrieve(done.id).customer_tax_ids
    assert [each.value for each in found or []] == ["DE123456789", "12-3456789"]
