"""Flows about payments, invoices and cards."""

from __future__ import annotations

from agent.flows import answers as a
from agent.flows import bills as b
from agent.flows import choices as c
from agent.flows import offers
from agent.flows.steps import HandOver, Offer, Propose, Read, Say, Step, When
from agent.flows.usage import USAGE_DIFFERS, overbilled
from agent.flows.view import View

Flow = tuple[Step, ...]


def _wants_new_card(view: View) -> bool:
    return view.diagnosis.get("recommended_action") == "update_card"


def _all_well(view: View) -> bool:
    """No payment has failed and none is due: the message may well be about something else."""
    return view.diagnosis.get("status") == "green" and no_open(view)


def _needs_human(view: View) -> bool:
    return view.diagnosis.get("recommended_action") == "talk_to_human"


def no_open(view: View) -> bool:
    return not c.open_invoices(view)


def _retry_confirmed_but_declined(view: View) -> bool:
    confirmed = view.brief["confirmed"]
    return bool(confirmed) and confirmed["tool"] == "retry_payment"


def _worth_a_retry(view: View) -> bool:
    """The decline is of a kind that another try may mend; the customer decides when, by confirming the amount."""
    return view.diagnosis.get("recommended_action") == "retry_payment"


def explained(*causes: str) -> When:
    """What the diagnosis found of these. An article beside it is looked up by the flow, if one may help."""
    return When(
        lambda view: view.found(*causes),
        (Say("found_and_quoted", lambda view: a.finding(view, *causes), citations=a.cited),),
    )


# The customer said yes to another try and the bank said no: the card page is offered beside the bad news.
AFTER_DECLINED_RETRY: Flow = (
    When(_retry_confirmed_but_declined, (Say("declined_again", kind="question"),)),
    HandOver("cannot_solve", "What the customer confirmed could not be carried out."),
)


CARD_PAGE: Flow = (Propose("card_update_link", a.no_values), Say("effects_only"))

CARD_PAGE_OFFERED: Flow = (Offer("shall_card", a.no_values, CARD_PAGE),)

UPDATE_PAYMENT_METHOD: Flow = (
    When(lambda view: not view.plainly_asks("card_update_link"), CARD_PAGE_OFFERED),
    *CARD_PAGE,
)

# Another card would mend it, but the customer asked about the payment.
TROUBLE_WITH_CARD: Flow = (Say("payment_trouble", a.trouble_with_card, kind="question"),)

PAYMENT_FAILED: Flow = (
    Read("diagnose"),
    Read("list_invoices", b.open_only, needed=False),
    Read("invoice_link", b.link_of_open, needed=False),
    When(_needs_human, (HandOver("cannot_solve", "The diagnosis asks for a human."),)),
    When(_wants_new_card, TROUBLE_WITH_CARD),
    When(_worth_a_retry, (Propose("retry_payment", b.retry_of_open),)),
    When(_all_well, (Say("payment_trouble", a.payment_trouble, empty=True),)),
    Say("payment_trouble", a.payment_trouble),
)

LATEST_BILL_READ: Flow = (Read("explain_invoice", b.sums_of_latest, needed=False),)

# No invoice is open, so the message is about one that is paid, or about something else.
NOTHING_OPEN: Flow = (
    When(a.payment_broken, PAYMENT_FAILED),
    Read("list_invoices", b.all_invoices, needed=False),
    Read("list_charges", a.all_charges, needed=False),
    When(
        lambda view: view.hints.point_at_payment and bool(c.pointed_at(c.paid(view), view)),
        (Say("paid_already", a.paid_pointed_at, kind="question", empty=True),),
    ),
    When(
        lambda view: b.latest_prorated(view) is not None,
        (*LATEST_BILL_READ, Say("bill_lines", b.latest_bill, empty=True)),
    ),
    Say("no_open_invoice", empty=True),
)

PAY_INVOICE: Flow = (
    Read("list_invoices", b.open_only),
    Read("diagnose", needed=False),
    When(no_open, NOTHING_OPEN),
    Read("invoice_link", b.link_of_open, needed=False),
    When(_wants_new_card, TROUBLE_WITH_CARD),
    When(_worth_a_retry, (Propose("retry_payment", b.retry_of_open),)),
    Say("payment_trouble", a.payment_trouble),
)


def _paid_twice(view: View) -> bool:
    """The facts show a purchase paid twice, and the message may well be about that."""
    return len(c.twins(view)) == 1 and (view.may_mean("duplicate_charge") or c.summed(view))


REFUND_TWIN: Flow = (
    Propose("refund", a.refund_of_twin),
    When(lambda view: view.hints.count is not None, (Say("twin_stays"),)),
    Say("effects_only"),
)

OFFER_TWIN: Flow = (Offer("looks_double", a.twin_pairs, REFUND_TWIN),)

# Each of the two was ordered, so neither charge is a duplicate; what goes and what is returned is a human's to settle.
SUBSCRIBED_TWICE: Flow = (HandOver("cannot_solve", "The customer pays for the same plan in two subscriptions."),)

PAYMENT_STATUS: Flow = (
    Read("list_charges", a.all_charges),
    Read("diagnose", needed=False),
    When(c.credit_meant, (Say("standing", a.standing),)),
    When(a.payment_broken, PAYMENT_FAILED),
    When(lambda view: not view.charges, (Say("no_payments", empty=True),)),
    When(_paid_twice, REFUND_TWIN),
    When(
        lambda view: view.hints.only_days and not c.pointed_at(view.charges, view),
        (Say("payment_status", a.latest_charge),),
    ),
    When(
        lambda view: view.hints.point_at_payment and not c.pointed_at(view.charges, view),
        (Say("no_such_payment", a.recent_payments, kind="question", empty=True),),
    ),
    Say("payment_status", a.meant_charges),
)

INVOICE_COPY: Flow = (
    Read("list_invoices", b.all_invoices),
    When(lambda view: not view.invoices, (Say("no_invoices", empty=True),)),
    When(
        lambda view: len(c.invoice_meant(view)) != 1,
        (Say("which_invoice", kind="question", choices=offers.invoices),),
    ),
    Read("invoice_link", b.link_of_meant),
    When(
        lambda view: not view.result("invoice_link").get("url"), (HandOver("cannot_solve", "The invoice has no link."),)
    ),
    Read("search_knowledge", a.query, needed=False),
    Say("invoice_page", b.invoice_page, citations=a.cited),
)


def _bill_of_a_change(view: View) -> bool:
    """What the customer wonders about is, or may be, an invoice with prorated lines."""
    found = b.prorated(view)
    if found is None:
        return False
    # What was named may be the day of the change, or the price that was expected: then it is the newest payment.
    charges = (c.pointed_at(view.charges, view) if view.hints.point_at_payment else []) or view.charges[:1]
    return view.may_mean("proration_question") or any(row["invoice"] == found["id"] for row in charges)


def newest_differs(view: View) -> bool:
    """The newest invoice is not what the one before was, and nothing says that another is meant."""
    found = b.differing(view)
    if found is None:
        return False
    charges = c.pointed_at(view.charges, view) if view.hints.point_at_payment else []
    return not charges or any(row["invoice"] == found["id"] for row in charges) or b.left_to_pay(found, view)


BILL_THAT_DIFFERS: Flow = (
    Read("explain_invoice", b.sums_of_differing, needed=False),
    Say("bill_lines", b.differing_bill),
)

UNEXPECTED_CHARGE: Flow = (
    Read("list_charges", a.all_charges),
    Read("list_invoices", b.all_invoices, needed=False),
    Read("diagnose", needed=False),
    Read("list_charges", a.named_charge, needed=False),
    When(c.foreign, (Say("not_on_this_account", kind="question"),)),
    # Who pays invoices by bank transfer has bills and no payments here.
    When(
        lambda view: not view.charges,
        (When(overbilled, USAGE_DIFFERS), When(newest_differs, BILL_THAT_DIFFERS)),
    ),
    When(lambda view: not view.charges, (When(a.payment_broken, PAYMENT_FAILED), Say("no_payments", empty=True))),
    When(_paid_twice, REFUND_TWIN),
    When(lambda view: len(c.twins(view)) == 1, OFFER_TWIN),
    When(lambda view: bool(c.twins(view)), (Say("which_pair", a.twin_pairs, kind="question"),)),
    When(
        lambda view: bool(c.returned_twin(view)) and view.may_mean("duplicate_charge"),
        (Say("already_refunded", a.refunded_twins),),
    ),
    When(lambda view: view.found("duplicate_subscription"), SUBSCRIBED_TWICE),
    When(overbilled, USAGE_DIFFERS),
    When(newest_differs, (explained("discount_ended"),)),
    When(_bill_of_a_change, (Read("explain_invoice", b.sums_of_bill, needed=False), Say("bill_lines", b.bill))),
    When(a.payment_broken, PAYMENT_FAILED),
    When(
        lambda view: view.hints.point_at_payment and not c.pointed_at(view.charges, view),
        (Say("no_such_payment", a.recent_payments, kind="question"),),
    ),
    When(newest_differs, BILL_THAT_DIFFERS),
    Say("charges_explained", a.meant_charges),
)

PAYMENT_TIMING: Flow = (
    Read("diagnose"),
    Read("search_knowledge", a.query, needed=False),
    When(a.payment_broken, PAYMENT_FAILED),
    When(lambda view: bool(view.subscriptions), (Say("when_due", a.standing, citations=a.cited),)),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    Say("no_subscription", empty=True),
)

AUTOPAY: Flow = PAYMENT_TIMING
