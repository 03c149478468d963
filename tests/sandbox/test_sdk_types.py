"""The checker itself: it must accept what the SDK's types allow and name what they do not."""

import json

import pytest
import stripe

from tests.sandbox.sdk_routes import CheckedApp, check_exchange, decode_form, route_of
from tests.sandbox.sdk_types import check_object, check_params, class_named

REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "balance_transaction": "txn_1",
    "charge": "ch_1",
    "created": 1_700_000_000,
    "currency": "usd",
    "metadata": {},
    "payment_intent": "pi_1",
    "reason": "requested_by_customer",
    "receipt_number": None,
    "source_transfer_reversal": None,
    "status": "succeeded",
    "transfer_reversal": None,
}


def test_a_conforming_object_has_no_violations() -> None:
    assert check_object(REFUND, stripe.Refund) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reason": "because"}, "$.reason: 'because' is not one of"),
        ({"amount": "500"}, "$.amount: expected int, got '500'"),
        ({"amount": True}, "$.amount: expected int, got True"),
        ({"amount": None}, "$.amount: null is not allowed"),
        ({"colour": "red"}, "$.colour: unknown field of Refund"),
        ({"metadata": {"order": 7}}, "$.metadata.order: expected str, got 7"),
        ({"object": "charge"}, "$.object: expected 'refund'"),
        ({"charge": {"id": "ch_1", "object": "charge"}}, "$.charge: expected str"),
    ],
)
def test_each_deviation_is_named_with_its_path(change: dict, expected: str) -> None:
    violations = check_object({**REFUND, **change}, stripe.Refund)
    assert any(violation.startswith(expected) for violation in violations), violations


def test_a_missing_required_field_is_a_violation_unless_the_object_is_deleted() -> None:
    short = {name: value for name, value in REFUND.items() if name != "amount"}
    assert check_object(short, stripe.Refund) == ["$.amount: required by Refund but missing"]
    assert check_object({"id": "cus_1", "object": "customer", "deleted": True}, stripe.Customer) == []


def test_decimals_travel_as_strings() -> None:
    tier = {"flat_amount": None, "unit_amount": 10, "unit_amount_decimal": "10.5", "up_to": None}
    assert check_object(tier, stripe.Price.Tier) == []
    assert check_object({**tier, "unit_amount_decimal": 10.5}, stripe.Price.Tier) == [
        "$.unit_amount_decimal: expected Decimal, got 10.5"
    ]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("customer=cus_1&items[0][price]=price_1&items[0][quantity]=2&metadata[5]=x&default_tax_rates=", []),
        ("items[0][quantity]=two", ["params.items[0].quantity: expected int, got 'two'"]),
        ("prorate=true", ["params.prorate: unknown parameter"]),
        ("cancel_at=never", ["params.cancel_at: expected int, got 'never'"]),
        ("cancel_at=max_period_end&trial_end=now", []),
        ("payment_behavior=hope", ["params.payment_behavior: 'hope' is not one of"]),
        ("automatic_tax[liability][type]=self", ["params.automatic_tax.enabled: required parameter is missing"]),
    ],
)
def test_parameters_are_checked_against_the_generated_typed_dicts(form: str, expected: list[str]) -> None:
    params = class_named("SubscriptionCreateParams", "stripe._subscription_service")
    violations = check_params(decode_form(form), params)
    assert len(violations) == len(expected)
    assert all(found.startswith(wanted) for found, wanted in zip(violations, expected, strict=True)), violations


def test_the_route_table_is_read_from_the_package() -> None:
    pay = route_of("post", "/v1/invoices/in_1/pay")
    assert pay is not None
    assert (pay.params, pay.returns) == ("InvoicePayParams", "Invoice")
    preview = route_of("post", "/v1/invoices/create_preview")
    assert preview is not None
    assert preview.params == "InvoiceCreatePreviewParams"
    assert route_of("get", "/v1/invoices/upcoming/lines/extra") is None


def test_an_accepted_request_with_an_unknown_parameter_is_a_violation_and_a_refused_one_is_not() -> None:
    accepted = check_exchange("POST", "/v1/refunds", "", "chargge=ch_1", 200, json.dumps(REFUND).encode())
    assert accepted == ["POST /v1/refunds params.chargge: unknown parameter"]
    refusal = {"error": {"type": "invalid_request_error", "code": "parameter_unknown", "message": "Received unknown…"}}
    assert check_exchange("POST", "/v1/refunds", "", "chargge=ch_1", 400, json.dumps(refusal).encode()) == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "invalid_request_error", "code": "invented", "message": "m"}, "error.code: 'invented'"),
        ({"type": "sad_error", "message": "m"}, "error.type: 'sad_error'"),
        ({"type": "api_error"}, "an error needs a message"),
    ],
)
def test_errors_are_held_to_the_documented_types_and_codes(error: dict, expected: str) -> None:
    violations = check_exchange("GET", "/v1/refunds/re_1", "", "", 400, json.dumps({"error": error}).encode())
    assert len(violations) == 1
    assert expected in violations[0]


def test_event_payloads_are_checked_by_the_object_they_name() -> None:
    event = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1,
        "data": {"object": {**REFUND, "amount": "5"}},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": "refund.created",
    }
    assert check_object(event, stripe.Event) == ["$.data.object.amount: expected int, got '5'"]


async def test_the_wrapper_sees_every_exchange_that_passes_through() -> None:
    async def app(scope, receive, send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps({**REFUND, "amount": None}).encode()})

    async def receive():
        return {"type": "http.request", "body": b"charge=ch_1", "more_body": False}

    async def send(message) -> None:
        assert message["type"].startswith("http.response")

    checked = CheckedApp(app)
    await checked({"type": "http", "method": "POST", "path": "/v1/refunds", "query_string": b""}, receive, send)
    assert checked.exchanges == 1
    assert checked.violations == ["POST /v1/refunds $.amount: null is not allowed"]
