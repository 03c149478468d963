"""Collecting open invoices: the attempt, the failed attempt, and the retries.

docs.stripe.com/billing/revenue-recovery/smart-retries: by default eight tries within two weeks. Stripe chooses the
moments; the sandbox spaces them two days apart, so that the eighth falls on day 14. What then happens to the
subscription is an account setting (`POST /_sandbox/actions/billing_settings`): `cancel` (the default), `unpaid` or
`past_due`.
"""

from sandbox import attempts, subscription_status
from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.control import action
from sandbox.errors import StripeError, invalid_request
from sandbox.invoice_lifecycle import finalize, mark_paid
from sandbox.invoice_payments import default_payment, intent_of, mark_payment_paid
from sandbox.payment_choice import chosen_method, no_method
from sandbox.periods import SECONDS_PER_DAY
from sandbox.subscription_pauses import close_while_paused
from sandbox.world import Json, World

TRIES = 8
DAYS_BETWEEN = 2
AFTER_RETRIES = ("cancel", "unpaid", "past_due")
# docs.stripe.com/billing/revenue-recovery/smart-retries#non-retryable-decline-codes
HARD_DECLINES = frozenset(
    {
        "authentication_required",
        "highest_risk_level",
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stolen_card",
        "transaction_not_allowed",
    }
)


@timer("invoice.finalize")
def finalize_when_due(call: Call, invoice_id: str) -> None:
    """An hour after its creation a draft that advances by itself is finalized and, if charged automatically, tried."""
    invoice = call.find("invoice", invoice_id)
    if invoice is None or invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    invoice = finalize(call, invoice)
    if invoice["status"] == "open" and close_while_paused(call, invoice):
        return
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        call.unschedule("invoice.collect", invoice_id)
        collect(call, invoice, chosen_method(call, invoice), automatic=True)


@timer("invoice.collect")
def collect_when_due(call: Call, invoice_id: str) -> None:
    """The next try of an open invoice."""
    invoice = call.find("invoice", invoice_id)
    if invoice and invoice["status"] == "open":
        collect(call, invoice, chosen_method(call, invoice), automatic=True)


@timer("invoice.due")
def overdue(call: Call, invoice_id: str) -> None:
    """A sent invoice was not paid by its due date (docs.stripe.com/billing/collection-method): its subscription is past
    due, and nothing is charged."""
    invoice = call.find("invoice", invoice_id)
    if invoice and invoice["status"] == "open":
        call.emit("invoice.overdue", invoice)
        subscription_status.payment_failed(call, invoice)


def collect(
    call: Call, invoice: Json, method_id: str | None, *, automatic: bool, off_session: bool = True
) -> StripeError | None:
    """One attempt at an open invoice. Returns what went wrong, or None when the invoice is paid.

    automatic: by the schedule, so that it counts; the customer's own attempts after the first do not
    (docs.stripe.com/api/invoices/object#invoice_object-attempt_count).
    """
    payment = default_payment(call, invoice)
    if payment is None:
        raise invalid_request(f"Nothing is due on {invoice['id']}.")
    before = intent_of(call, payment)
    if automatic and invoice["attempted"] and _useless(before, method_id):
        _count(invoice, automatic=True)
        _plan_next(call, invoice)
        call.save(invoice, "invoice.updated")
        _give_up_when_exhausted(call, invoice)
        return no_method()
    if method_id is None:
        return _failed(call, invoice, no_method(), automatic=automatic)
    intent = attempts.pay(call, before, method_id, off_session=off_session)
    if intent["status"] == "succeeded":
        return _succeeded(call, invoice, payment, intent, automatic=automatic)
    return _failed(call, invoice, _error(call, intent), automatic=automatic, status=intent["status"])


def _error(call: Call, intent: Json) -> StripeError:
    if intent["status"] == "requires_action":
        return StripeError(
            402,
            "card_error",
            "This payment requires additional user action before it can be completed successfully. Payment can be "
            "completed using the PaymentIntent associated with the invoice.",
            code="invoice_payment_intent_requires_action",
            commit=True,
        )
    return attempts.card_error(call, intent)


def _useless(intent: Json, method_id: str | None) -> bool:
    """docs.stripe.com/api/invoices/object#invoice_object-attempt_count: after a hard decline retries are still
    scheduled and counted, but only executed with a new payment method."""
    failure = intent["last_payment_error"]
    if not failure or failure.get("decline_code") not in HARD_DECLINES:
        return False
    return method_id is None or failure["payment_method"]["id"] == method_id


def _count(invoice: Json, *, automatic: bool) -> None:
    if automatic or not invoice["attempted"]:
        invoice["attempt_count"] += 1
    invoice["attempted"] = True


def _succeeded(call: Call, invoice: Json, payment: Json, intent: Json, *, automatic: bool) -> None:
    _count(invoice, automatic=automatic)
    mark_payment_paid(call, payment)
    subscription = subscription_status.subscription_of(call, invoice)
    if subscription and subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        subscription["default_payment_method"] = intent["payment_method"]
        call.save(subscription)
    mark_paid(call, invoice)


def _failed(
    call: Call, invoice: Json, error: StripeError, *, automatic: bool, status: str | None = None
) -> StripeError:
    _count(invoice, automatic=automatic)
    subscription = subscription_status.subscription_of(call, invoice)
    if not (subscription and subscription["status"] == "incomplete"):
        _plan_next(call, invoice, keep=not automatic)
    call.save(invoice)
    call.emit("invoice.payment_failed", invoice)
    if status == "requires_action":
        call.emit("invoice.payment_action_required", invoice)
    subscription_status.payment_failed(call, invoice)
    customer = call.need("customer", invoice["customer"])
    if not customer["delinquent"] and not (subscription and subscription["status"] == "incomplete"):
        customer["delinquent"] = True
        call.save(customer, "customer.updated")
    if automatic:
        _give_up_when_exhausted(call, invoice)
    return error


def _plan_next(call: Call, invoice: Json, *, keep: bool = False) -> None:
    """Plan the next try, or none when the tries are used up. keep: leave a plan that exists as it is."""
    if keep and invoice["next_payment_attempt"]:
        return
    goes_on = (
        invoice["auto_advance"]
        and invoice["collection_method"] == "charge_automatically"
        and invoice["attempt_count"] < TRIES
    )
    at = call.now + DAYS_BETWEEN * SECONDS_PER_DAY
    invoice["next_payment_attempt"] = at if goes_on else None
    if goes_on:
        call.schedule(at, "invoice.collect", invoice["id"])
    else:
        call.unschedule("invoice.collect", invoice["id"])


def _give_up_when_exhausted(call: Call, invoice: Json) -> None:
    if invoice["next_payment_attempt"] or invoice["attempt_count"] < TRIES:
        return
    subscription = subscription_status.subscription_of(call, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return
    outcome = after_retries(call.world)
    if outcome == "cancel":
        subscription_status.end(call, subscription, reason="payment_failed")
        subscription_status.stop_collection(call, subscription["customer"])
    elif outcome == "unpaid":
        subscription["status"] = "unpaid"
        call.save(subscription, "customer.subscription.updated")


def after_retries(world: World) -> str:
    """What the account does with a subscription once all tries have failed."""
    return world.setting("after_retries") or "cancel"


@action("billing_settings")
def billing_settings(call: Call, body: Json) -> Json:
    """`{after_retries: cancel | unpaid | past_due}`: the account's setting for failed payments."""
    wanted = body.get("after_retries", after_retries(call.world))
    if wanted not in AFTER_RETRIES:
        raise invalid_request(f"after_retries must be one of {', '.join(AFTER_RETRIES)}", param="after_retries")
    call.world.set_setting("after_retries", wanted)
    return {"after_retries": wanted}


@attempts.watcher
def follow_intent(call: Call, intent: Json) -> None:
    """An invoice's PaymentIntent was confirmed, authenticated or canceled through the PaymentIntents API."""
    found = call.world.select("invoice_payment", {"payment.payment_intent": intent["id"], "status": "open"})
    if not found:
        return
    payment = found[0]
    invoice = call.need("invoice", payment["invoice"])
    if intent["status"] == "canceled":
        raise invalid_request(
            "You cannot cancel this PaymentIntent because it was created by an invoice. Void the invoice instead.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    if intent["status"] == "succeeded":
        _succeeded(call, invoice, payment, intent, automatic=False)
    elif intent["status"] == "requires_payment_method":
        _failed(call, invoice, no_method(), automatic=False)
