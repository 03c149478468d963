"""Charges: one attempt to move money from a card each (docs.stripe.com/api/charges)."""

from sandbox import balance, disputes, paging
from sandbox.calls import Call, merge_metadata
from sandbox.declines import Decline
from sandbox.expansion import includable
from sandbox.parameters import Choice, Fields, Metadata, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json, World


def attempt(call: Call, intent: Json, method: Json, decline: Decline | None, *, authenticated: bool = False) -> Json:
    """The charge of one attempt: succeeded, or failed with the decline. A disputed test card is disputed at once."""
    amount = intent["amount"]
    charge = call.create(
        "charge",
        {
            "amount": amount,
            "amount_captured": 0 if decline else amount,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "authorization_code": None,
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": intent["statement_descriptor"] or "AGENT LEE SANDBOX",
            "captured": decline is None,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": decline and decline.code,
            "failure_message": decline and decline.message,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": None,
            "outcome": _outcome(method, decline),
            "paid": decline is None,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"card": _card(intent, method, authenticated), "type": "card"},
            "radar_options": {},
            "receipt_email": intent["receipt_email"],
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": None,
            "status": "failed" if decline else "succeeded",
            "transfer_data": None,
            "transfer_group": None,
            "_behaviour": method["_behaviour"],
        },
    )
    if decline:
        call.emit("charge.failed", charge)
        return charge
    entry = balance.enter(
        call,
        "charge",
        charge,
        amount,
        fee=min(balance.charge_fee(amount), amount),
        instant=bool(method["_behaviour"].get("instant")),
        description=charge["description"],
    )
    charge["balance_transaction"] = entry["id"]
    call.save(charge)
    call.emit("charge.succeeded", charge)
    if method["_behaviour"]["dispute"]:
        disputes.open_dispute(
            call, charge, reason=method["_behaviour"]["dispute"], inquiry=method["_behaviour"]["inquiry"]
        )
    return call.need("charge", charge["id"])


def update(call: Call) -> Json:
    charge = call.need("charge", call.path["id"], "charge")
    given = call.params
    if "metadata" in given:
        charge["metadata"] = merge_metadata(charge["metadata"], given["metadata"])
    for name in ("description", "receipt_email"):
        if name in given:
            charge[name] = given[name]
    if "fraud_details" in given:
        charge["fraud_details"] = {**charge["fraud_details"], **given["fraud_details"]}
    return call.save(charge, "charge.updated")


@includable("charge", "refunds")
def refunds(world: World, charge: Json) -> Json:
    return paging.listed(f"/v1/charges/{charge['id']}/refunds", world.select("refund", {"charge": charge["id"]}))


def _outcome(method: Json, decline: Decline | None) -> Json:
    risk = method["_behaviour"]["risk"]
    outcome = {
        "advice_code": decline and decline.advice_code,
        "network_advice_code": None,
        "network_decline_code": decline and decline.network_code,
        "network_status": "approved_by_network",
        "reason": "elevated_risk_level" if risk == "elevated" else None,
        "risk_level": risk,
        "risk_score": {"normal": 12, "elevated": 70, "highest": 92}[risk],
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is None:
        return outcome
    if decline.blocked:
        return outcome | {
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    return outcome | {
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "seller_message": "The bank did not return any further details with this decline."
        if decline.decline_code == "generic_decline"
        else f"The bank returned the decline code `{decline.decline_code}`.",
        "type": "issuer_declined",
    }


def _card(intent: Json, method: Json, authenticated: bool) -> Json:
    card = method["card"]
    return {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "brand": card["brand"],
        "checks": card["checks"],
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": card["regulated_status"],
        "three_d_secure": {
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": None,
            "result": "authenticated",
            "result_reason": None,
            "transaction_id": None,
            "version": "2.2.0",
        }
        if authenticated
        else None,
        "wallet": None,
    }


ROUTES = [
    listing("/v1/charges", "charge", {"customer": Text(), "payment_intent": Text()}, "charge_read"),
    Route("GET", "/v1/charges/{id}", fetch("charge"), {}, "charge_read"),
    Route(
        "POST",
        "/v1/charges/{id}",
        update,
        {
            "metadata": Metadata(),
            "description": Text(clearable=True),
            "receipt_email": Text(clearable=True),
            "fraud_details": Fields({"user_report": Choice(("fraudulent", "safe"), clearable=True)}),
        },
        "charge_write",
    ),
]
