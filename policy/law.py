"""How a law is put together and asked. Order: denials, the customer's confirmation, a human's approval, budgets.

A law that matches nothing, a rule that raises, a fact of the wrong type: `Deny`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic

from billing.money import Money
from policy.actions import Action
from policy.decisions import (
    Allow,
    Decision,
    Deny,
    FactValue,
    NeedsApproval,
    NeedsConfirmation,
    Reservation,
)
from policy.facts import ActionFacts
from policy.question import A, Approval, F, Question

COLLEAGUE = "I cannot do that for you here, but a colleague can look at it with you."


@dataclass(frozen=True, slots=True)
class Law(Generic[A, F]):
    """Everything policy says about one action.

    `denials` are absolute: nobody's yes overrules them. `approvals` are what a human may allow. `shown` is the sentence
    a person says yes to. `value` is what the action moves (positive leaves the company). `sent` is the action as it is
    carried out, where the proposal left something open that the sentence names.
    """

    action: type[A]
    facts: type[F]
    denials: tuple[Callable[[Question[A, F]], Deny | None], ...]
    approvals: tuple[Callable[[Question[A, F]], NeedsApproval | None], ...]
    shown: Callable[[Question[A, F]], str]
    value: Callable[[Question[A, F]], Money | None]
    reservations: Callable[[Question[A, F]], tuple[Reservation, ...]]
    confirmation_rule: str | None  # None: the customer's own request is consent enough
    allow_rule: str
    told: Callable[[Question[A, F]], dict[str, FactValue]]
    sent: Callable[[Question[A, F]], A] | None = None


def decide(question: Question[Action, ActionFacts], laws: dict[type[Action], Law[Any, Any]]) -> Decision:
    """The decision. Never raises: what goes wrong inside is a `Deny` that names the error's type."""
    try:
        return _decide(question, laws)
    except Exception as error:  # noqa: BLE001  whatever a rule trips over must end as No
        return Deny(
            "policy.error",
            f"A rule could not be evaluated ({type(error).__name__}), so the answer is no.",
            remedy="An engineer mends the rule; until then a colleague does it by hand.",
            customer_reason=COLLEAGUE,
        )


def _decide(question: Question[Action, ActionFacts], laws: dict[type[Action], Law[Any, Any]]) -> Decision:
    law = laws.get(type(question.action))
    if law is None:
        return Deny("policy.no_law", f"No law covers {question.proposal.tool}.", customer_reason=COLLEAGUE)
    if type(question.facts) is not law.facts:
        return Deny(
            "policy.wrong_facts",
            f"{question.proposal.tool} needs {law.facts.__name__}, got {type(question.facts).__name__}.",
            customer_reason=COLLEAGUE,
        )
    for rule in (may_act, own_customer, nothing_in_flight, *law.denials):
        if (denied := rule(question)) is not None:
            return denied

    shown, value, told = law.shown(question), law.value(question), law.told(question)
    digest = question.digest(shown)
    confirmation = question.consents.confirmations.get(digest)
    if law.confirmation_rule is not None and confirmation is None:
        return NeedsConfirmation(law.confirmation_rule, "The customer has to say yes to this first.", told, shown=shown)

    approval = question.consents.approvals.get(digest)
    if approval is None:
        for rule in law.approvals:
            if (asked := rule(question)) is not None:
                return NeedsApproval(
                    asked.rule, asked.reason, {**told, **asked.facts}, asked.remedy, shown=shown, value=value
                )
        held = law.reservations(question)
        return Allow(law.allow_rule, "Within every limit.", told, None, held, value, confirmation)

    over = over_human_limit(question, value)
    if over is not None:
        return over
    uncapped = tuple(replace(entry, cap=None) for entry in law.reservations(question))
    held = (*uncapped, *human_budget(question, approval, value))
    return Allow("approval.given", f"Approved by {approval.human}.", told, None, held, value, confirmation, approval.id)


def may_act(q: Question[Action, ActionFacts]) -> Deny | None:
    role = q.proposal.principal.role
    if role in q.limits.billing_roles:
        return None
    may = ", ".join(sorted(each.value for each in q.limits.billing_roles))
    return Deny(
        "role.billing",
        f"The role {role.value} may not change billing; {may} may.",
        {"role": role.value, "billing_roles": may},
        f"Somebody of the customer's organisation with one of these roles asks: {may}. "
        "No colleague of ours can approve it in their place.",
        customer_reason=f"In your organisation only these roles can ask for this: {may}.",
    )


def own_customer(q: Question[Action, ActionFacts]) -> Deny | None:
    if q.facts.customer.id == q.proposal.principal.customer:
        return None
    return Deny("owner.facts", "The facts are of another customer.", customer_reason=COLLEAGUE)


def nothing_in_flight(q: Question[Action, ActionFacts]) -> Deny | None:
    if not q.standing.in_flight:
        return None
    return Deny(
        "ledger.in_flight",
        "An earlier action on the same object has no known outcome yet.",
        remedy="Wait until the reconciler has found out.",
        customer_reason="An earlier step on this is still being processed, so I will not start a second one.",
    )


def moves_nothing(q: Question[Action, ActionFacts]) -> None:  # noqa: ARG001
    """The value of an action that neither pays out nor collects."""
    return


def holds_nothing(q: Question[Action, ActionFacts]) -> tuple[Reservation, ...]:  # noqa: ARG001
    """The reservations of an action that counts against no budget."""
    return ()


def over_human_limit(q: Question[Action, ActionFacts], value: Money | None) -> Deny | None:
    if value is None:
        return None
    limits = q.currency(value.currency)
    if limits is not None and abs(value.amount) <= limits.per_approval:
        return None
    return Deny(
        "approval.limit",
        f"{value} is more than one approval may carry.",
        {"amount": abs(value.amount), "cap": limits.per_approval if limits else None},
        "Do it in Stripe's dashboard, under the rules that hold there.",
        customer_reason=COLLEAGUE,
    )


def human_budget(q: Question[Action, ActionFacts], approval: Approval, value: Money | None) -> tuple[Reservation, ...]:
    """What this human may still approve today."""
    if value is None or value.amount == 0:
        return ()
    limits = q.limits.currency[value.currency]
    return (
        Reservation(
            f"approved:{approval.human}:{value.currency}:{q.day}",
            abs(value.amount),
            limits.approvals_per_human_day,
            "approval.day",
            f"{approval.human} has approved as much today as one person may.",
        ),
    )


def value_out(q: Question[Action, ActionFacts], value: Money) -> tuple[Reservation, ...]:
    """The budgets every cent that leaves the company counts against (money-safety.md, rules of value)."""
    limits = q.limits.currency[value.currency]
    customer = q.proposal.principal.customer
    return (
        Reservation(
            f"value_out:{customer}:{value.currency}:{q.month}",
            value.amount,
            limits.value_out_per_customer_month,
            "value_out.customer_month",
            "This customer has already received as much this month as Lee may give.",
        ),
        Reservation(
            f"value_out:all:{value.currency}:{q.day}",
            value.amount,
            limits.value_out_per_day,
            "value_out.day",
            "Lee has given out as much today as it may.",
        ),
    )
