"""Flows about money that should come back."""

from __future__ import annotations

from agent.flows import answers as a
from agent.flows import choices as c
from agent.flows.payments import Flow
from agent.flows.steps import HandOver, Propose, Read, Say, When
from agent.flows.view import View


def _none(view: View) -> bool:
    return not c.refund_candidates(view)


def _several(view: View) -> bool:
    return len(c.refund_candidates(view)) > 1


def _one_pair_meant(view: View) -> bool:
    """A plain refund request for what turns out to be the same purchase paid twice."""
    pairs = c.twins(view)
    meant = {row["id"] for row in c.refund_candidates(view)}
    return len(pairs) == 1 and meant == {row["id"] for row in pairs[0]}


_LOOK: Flow = (
    Read("list_charges", a.all_charges),
    Read("list_charges", a.named_charge, needed=False),
    When(c.foreign, (Say("not_on_this_account", kind="question"),)),
    When(lambda view: not view.charges, (Say("no_payments"),)),
)

_REFUND_ONE: Flow = (
    When(_one_pair_meant, (Propose("refund", a.refund_of_twin), Say("effects_only"))),
    When(_several, (Say("which_payment", a.candidates, kind="question"),)),
    When(
        lambda view: _none(view) and bool(c.returned(view)) and not c.refundable(view),
        (Say("refunds_on_record", a.refunds),),
    ),
    When(
        lambda view: _none(view) and bool(c.paid(view)),
        (Say("no_such_payment", a.recent_payments, kind="question"),),
    ),
    When(_none, (Say("no_payments"),)),
    Propose("refund", a.refund_of_one),
    Say("effects_only"),
)

REFUND_REQUEST: Flow = (*_LOOK, *_REFUND_ONE)

DUPLICATE_CHARGE: Flow = (
    *_LOOK,
    When(lambda view: len(c.twins(view)) == 1, (Propose("refund", a.refund_of_twin), Say("effects_only"))),
    When(lambda view: len(c.twins(view)) > 1, (Say("which_pair", a.twin_pairs, kind="question"),)),
    When(lambda view: bool(c.lookalikes(view)), (Say("two_purchases", a.same_amounts),)),
    When(lambda view: bool(c.returned(view)), (Say("refunds_on_record", a.refunds),)),
    Say("no_double", a.recent_payments),
)

REFUND_STATUS: Flow = (
    Read("list_charges", a.all_charges),
    When(lambda view: bool(c.returned(view)), (Say("refunds_on_record", a.refunds),)),
    Say("no_refund_on_record", kind="question"),
)

DISPUTE: Flow = (
    Read("list_charges", a.all_charges, needed=False),
    Read("diagnose", needed=False),
    HandOver("risk", "The customer speaks of a dispute or a chargeback; the facts are attached."),
)

UNAUTHORIZED: Flow = (
    Read("list_charges", a.all_charges, needed=False),
    Read("diagnose", needed=False),
    HandOver("risk", "The customer says they did not authorise a charge; the facts are attached."),
)
