"""Refunds (docs.stripe.com/refunds, docs.stripe.com/api/refunds).

Never more than the charge, never of a charge that was charged back. A refund may begin `pending`, and one that
succeeded may fail later; then the charge's `amount_refunded` goes down again.
"""

from sandbox import balance, disputes
from sandbox.amounts import written
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.clock import timer
from sandbox.control import action
from sandbox.errors import invalid_request
from sandbox.parameters import Choice, Integer, Metadata, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

SETTLES_AFTER = 3600
FAILS_AFTER = 3600
CANCELABLE_SECONDS = 30 * 60
FAILURE_REASONS = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)


def create(call: Call) -> Json:
    given = call.params
    charge = _charge(call)
    if not charge["paid"]:
        raise invalid_request(
            f"Charge {charge['id']} cannot be refunded because it did not succeed.",
            param="charge",
            code="charge_not_refundable",
        )
    if disputes.blocking(call, charge["id"]):
        raise invalid_request(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    remaining = charge["amount"] - charge["amount_refunded"]
    if remaining <= 0:
        raise invalid_request(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = given.get("amount", remaining)
    if amount > remaining:
        currency = charge["currency"]
        raise invalid_request(
            f"Refund amount ({written(amount, currency)}) is greater than unrefunded amount on charge "
            f"({written(remaining, currency)})",
            param="amount",
        )
    behaviour = charge["_behaviour"]["refund"]
    refund = call.create(
        "refund",
        {
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": {
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": new_metadata(given.get("metadata")),
            "payment_intent": charge["payment_intent"],
            "reason": given.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if behaviour == "pending" else "succeeded",
            "transfer_reversal": None,
        },
    )
    if refund["status"] == "pending":
        refund["pending_reason"] = "processing"
    entry = balance.enter(call, "refund", refund, -amount, description="REFUND FOR CHARGE")
    refund["balance_transaction"] = entry["id"]
    call.save(refund)
    _move(call, charge, amount)
    if given.get("reason") == "fraudulent":
        charge["fraud_details"]["user_report"] = "fraudulent"
        call.save(charge)
    call.emit("refund.created", refund)
    call.emit("charge.refunded", charge)
    if behaviour == "pending":
        call.schedule(call.now + SETTLES_AFTER, "refund.settle", refund["id"])
    if behaviour == "fail":
        call.schedule(call.now + FAILS_AFTER, "refund.fail", refund["id"])
    return refund


def update(call: Call) -> Json:
    refund = call.need("refund", call.path["id"], "refund")
    if "metadata" in call.params:
        refund["metadata"] = merge_metadata(refund["metadata"], call.params["metadata"])
    return _updated(call, refund)


def cancel(call: Call) -> Json:
    """Only a refund that waits for the customer can be canceled by API; cards' are canceled in the Dashboard."""
    refund = call.need("refund", call.path["id"], "refund")
    if refund["status"] != "requires_action":
        raise invalid_request(
            f"You cannot cancel this refund because it has a status of {refund['status']}. Only refunds with a status "
            "of requires_action can be canceled."
        )
    return _reverse(call, refund, "canceled", "merchant_request")


@timer("refund.settle")
def settle(call: Call, refund_id: str) -> None:
    refund = call.need("refund", refund_id)
    if refund["status"] != "pending":
        return
    refund["status"] = "succeeded"
    refund.pop("pending_reason", None)
    _updated(call, refund)


@timer("refund.fail")
def fail(call: Call, refund_id: str) -> None:
    refund = call.need("refund", refund_id)
    if refund["status"] in ("pending", "succeeded"):
        _reverse(call, refund, "failed", "expired_or_canceled_card")


@action("fail_refund")
def fail_refund(call: Call, body: Json) -> Json:
    """`{refund, failure_reason?}`: the customer's bank sends the money back."""
    refund = call.need("refund", str(body.get("refund", "")), "refund")
    reason = body.get("failure_reason", "unknown")
    if reason not in FAILURE_REASONS:
        raise invalid_request(
            f"Invalid failure_reason: must be one of {', '.join(FAILURE_REASONS)}", param="failure_reason"
        )
    if refund["status"] not in ("pending", "succeeded"):
        raise invalid_request(f"Refund {refund['id']} has a status of {refund['status']}.", param="refund")
    return _reverse(call, refund, "failed", reason)


@action("cancel_refund")
def cancel_refund(call: Call, body: Json) -> Json:
    """`{refund}`: what the Dashboard allows for 30 minutes in test mode."""
    refund = call.need("refund", str(body.get("refund", "")), "refund")
    if refund["status"] not in ("pending", "succeeded") or call.now > refund["created"] + CANCELABLE_SECONDS:
        raise invalid_request(f"Refund {refund['id']} can no longer be canceled.", param="refund")
    return _reverse(call, refund, "canceled", "merchant_request")


def _charge(call: Call) -> Json:
    given = call.params
    charge_id, intent_id = given.get("charge"), given.get("payment_intent")
    if charge_id is None and intent_id is None:
        raise invalid_request(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if intent_id is not None:
        intent = call.need("payment_intent", intent_id, "payment_intent")
        if charge_id not in (None, intent["latest_charge"]):
            raise invalid_request("The charge does not belong to this PaymentIntent.", param="charge")
        if intent["status"] != "succeeded":
            raise invalid_request(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.", param="payment_intent"
            )
        charge_id = intent["latest_charge"]
    return call.need("charge", str(charge_id), "charge")


def _move(call: Call, charge: Json, amount: int) -> None:
    """Count `amount` (negative when a refund came back) as refunded."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    call.save(charge)


def _reverse(call: Call, refund: Json, status: str, reason: str) -> Json:
    entry = balance.enter(call, "refund_failure", refund, refund["amount"], instant=True, description="REFUND FAILURE")
    refund |= {"status": status, "failure_balance_transaction": entry["id"]}
    if status == "failed":
        refund["failure_reason"] = reason
    refund.pop("pending_reason", None)
    _move(call, call.need("charge", refund["charge"]), -refund["amount"])
    call.unschedule("refund.settle", refund["id"])
    call.unschedule("refund.fail", refund["id"])
    _updated(call, refund)
    if status == "failed":
        call.emit("refund.failed", refund)
    return refund


def _updated(call: Call, refund: Json) -> Json:
    call.save(refund, "refund.updated")
    call.emit("charge.refund.updated", refund)
    return refund


ROUTES = [
    Route(
        "POST",
        "/v1/refunds",
        create,
        {
            "amount": Integer(minimum=1),
            "charge": Text(),
            "payment_intent": Text(),
            "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
            "metadata": Metadata(),
        },
        "refund_write",
    ),
    listing("/v1/refunds", "refund", {"charge": Text(), "payment_intent": Text()}, "refund_read"),
    Route("GET", "/v1/refunds/{id}", fetch("refund", "refund"), {}, "refund_read"),
    Route("POST", "/v1/refunds/{id}", update, {"metadata": Metadata()}, "refund_write"),
    Route("POST", "/v1/refunds/{id}/cancel", cancel, {}, "refund_write"),
]
