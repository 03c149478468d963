"""Disputes: a cardholder asks the bank for the money back (docs.stripe.com/disputes, docs.stripe.com/api/disputes).

A chargeback withdraws the amount and a fee at once and forbids refunds; an inquiry withdraws nothing and may still be
refunded. Without an answer by `evidence_details.due_by` a chargeback is lost and an inquiry closes.
"""

from sandbox import balance
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.clock import timer
from sandbox.control import action
from sandbox.errors import invalid_request
from sandbox.parameters import Boolean, Fields, Metadata, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

DUE_SECONDS = 9 * 24 * 3600
REVIEW_SECONDS = 60 * 24 * 3600
INQUIRY_SECONDS = 120 * 24 * 3600

REASONS = {
    "credit_not_processed": "13.6",
    "duplicate": "12.6.1",
    "fraudulent": "10.4",
    "general": "",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}
EVIDENCE_TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)
EVIDENCE_FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)


def open_dispute(
    call: Call, charge: Json, *, reason: str = "fraudulent", amount: int | None = None, inquiry: bool = False
) -> Json:
    """Dispute a charge; the charge is stored as `disputed` (an inquiry marks it too, as Stripe does)."""
    card = charge["payment_method_details"]["card"]
    dispute = call.create(
        "dispute",
        {
            "amount": amount or charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {
                **dict.fromkeys((*EVIDENCE_TEXTS, *EVIDENCE_FILES)),
                "billing_address": None,
                "enhanced_evidence": {},
            },
            "evidence_details": {
                "due_by": call.now + (INQUIRY_SECONDS if inquiry else DUE_SECONDS),
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "is_charge_refundable": inquiry,
            "metadata": new_metadata(None),
            "network_reason_code": REASONS[reason] or None,
            "payment_intent": charge["payment_intent"],
            "payment_method_details": {
                "card": {
                    "brand": card["brand"],
                    "case_type": "inquiry" if inquiry else "chargeback",
                    "network": card["brand"],
                    "network_reason_code": REASONS[reason] or None,
                },
                "type": "card",
            },
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        },
    )
    charge["disputed"] = True
    call.save(charge)
    call.emit("charge.dispute.created", dispute)
    if not inquiry:
        _withdraw(call, dispute)
    call.schedule(dispute["evidence_details"]["due_by"], "dispute.due", dispute["id"])
    return dispute


def blocking(call: Call, charge_id: str) -> Json | None:
    """The dispute that forbids a refund of the charge: open or lost, and no inquiry."""
    for dispute in call.select("dispute", charge=charge_id):
        if dispute["status"] != "won" and not dispute["status"].startswith("warning_"):
            return dispute
    return None


@action("create_dispute")
def create_dispute(call: Call, body: Json) -> Json:
    """`{charge, reason?, amount?, inquiry?}`: the cardholder disputes a charge at the bank."""
    charge = call.need("charge", str(body.get("charge", "")), "charge")
    reason, amount = body.get("reason", "fraudulent"), body.get("amount")
    if reason not in REASONS:
        raise invalid_request(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    if not charge["paid"] or blocking(call, charge["id"]):
        raise invalid_request(f"Charge {charge['id']} cannot be disputed.", param="charge")
    if amount is not None and (not isinstance(amount, int) or not 0 < amount <= charge["amount"]):
        raise invalid_request("The disputed amount must be within the charge.", param="amount")
    return open_dispute(call, charge, reason=reason, amount=amount, inquiry=body.get("inquiry") is True)


def update(call: Call) -> Json:
    """Evidence; with `submit` (the default) it goes to the bank. Stripe's test texts decide at once who wins."""
    dispute = call.need("dispute", call.path["id"], "dispute")
    given = call.params
    if "metadata" in given:
        dispute["metadata"] = merge_metadata(dispute["metadata"], given["metadata"])
    if "evidence" in given or given.get("submit"):
        if not dispute["status"].endswith("needs_response"):
            raise invalid_request("This dispute is already closed or under review.")
        dispute["evidence"] |= given.get("evidence", {})
        dispute["evidence_details"]["has_evidence"] = True
        if given.get("submit", True):
            return _submit(call, dispute)
    return call.save(dispute, "charge.dispute.updated")


def close(call: Call) -> Json:
    """Give in: a chargeback is lost, an inquiry merely closed."""
    dispute = call.need("dispute", call.path["id"], "dispute")
    if not dispute["status"].endswith("needs_response"):
        raise invalid_request("This dispute is already closed.")
    return _finish(call, dispute, "lost")


@timer("dispute.due")
def due(call: Call, dispute_id: str) -> None:
    dispute = call.need("dispute", dispute_id)
    if dispute["status"].endswith("needs_response"):
        dispute["evidence_details"]["past_due"] = True
        _finish(call, dispute, "lost")


@timer("dispute.decide")
def decide(call: Call, dispute_id: str) -> None:
    """The bank's answer to evidence that is neither of Stripe's test texts: the cardholder is believed."""
    dispute = call.need("dispute", dispute_id)
    if dispute["status"].endswith("under_review"):
        _finish(call, dispute, "lost")


def _submit(call: Call, dispute: Json) -> Json:
    dispute["evidence_details"] |= {
        "submission_count": dispute["evidence_details"]["submission_count"] + 1,
        "submission_method": "manual",
    }
    text = dispute["evidence"]["uncategorized_text"]
    if text == "winning_evidence":
        return _finish(call, dispute, "won")
    if text == "losing_evidence":
        return _finish(call, dispute, "lost")
    dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    call.schedule(call.now + REVIEW_SECONDS, "dispute.decide", dispute["id"])
    return call.save(dispute, "charge.dispute.updated")


def _finish(call: Call, dispute: Json, outcome: str) -> Json:
    inquiry = dispute["status"].startswith("warning_")
    dispute |= {"status": "warning_closed" if inquiry else outcome, "is_charge_refundable": inquiry or outcome == "won"}
    call.unschedule("dispute.due", dispute["id"])
    call.unschedule("dispute.decide", dispute["id"])
    if outcome == "won" and not inquiry:
        entry = balance.enter(
            call, "adjustment", dispute, dispute["amount"], fee=-balance.DISPUTE_FEE, category="dispute_reversal"
        )
        dispute["balance_transactions"].append(entry)
        call.save(dispute)
        call.emit("charge.dispute.funds_reinstated", dispute)
    call.save(dispute)
    call.emit("charge.dispute.closed", dispute)
    return dispute


def _withdraw(call: Call, dispute: Json) -> None:
    entry = balance.enter(
        call,
        "adjustment",
        dispute,
        -dispute["amount"],
        fee=balance.DISPUTE_FEE,
        category="dispute",
        description=f"Chargeback withdrawal for {dispute['charge']}",
    )
    dispute["balance_transactions"] = [entry]
    call.save(dispute)
    call.emit("charge.dispute.funds_withdrawn", dispute)


ROUTES = [
    listing("/v1/disputes", "dispute", {"charge": Text(), "payment_intent": Text()}, "dispute_read"),
    Route("GET", "/v1/disputes/{id}", fetch("dispute", "dispute"), {}, "dispute_read"),
    Route(
        "POST",
        "/v1/disputes/{id}",
        update,
        {
            "evidence": Fields({name: Text(clearable=True, max_length=20_000) for name in EVIDENCE_TEXTS}),
            "metadata": Metadata(),
            "submit": Boolean(),
        },
        "dispute_write",
    ),
    Route("POST", "/v1/disputes/{id}/close", close, {}, "dispute_write"),
]
