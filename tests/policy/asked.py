"""Asks the law alone, without gate or ledger: a question from facts, and the decision it gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.checkouts import TodaysPrice
from billing.discounts import Priced
from billing.ids import CaseId, CustomerId, ProposalId
from policy.actions import Action
from policy.decisions import Decision, NeedsApproval, NeedsConfirmation
from policy.facts import (
    CancelCase,
    CheckoutCase,
    CreditCase,
    DetailsCase,
    LinkCase,
    PlanChangeCase,
    PromotionCase,
    RefundCase,
    ResumeCase,
    RetryCase,
    ScheduledChangeCase,
    TaxIdCase,
)
from policy.law import decide
from policy.proposals import Principal, Proposal, Role
from policy.question import Approval, Consents, Question, Standing
from policy.rules import LAWS
from tests.billing import made
from tests.policy.house import (
    LIMITS,
    ME,
    STREET,
    charge,
    invoice,
    item,
    on_pause,
    on_team,
    price,
    promotion,
    session,
    subscription,
    usd,
)
from tests.policy.stripe_twin import noon

NOW = noon()


def refund_case(**changes: Any) -> RefundCase:
    told: dict[str, Any] = {"charge": charge(), "duplicate_of": None, "recent": (), "refunds": (), "disputes": ()}
    return RefundCase(**{"as_of": NOW, "customer": made.customer(), **told, **changes})


def retry_case(**changes: Any) -> RetryCase:
    told: dict[str, Any] = {"invoice": invoice(), "payment_method": made.card("pm_one")}
    return RetryCase(**{"as_of": NOW, "customer": made.customer(), **told, **changes})


def plan_case(**changes: Any) -> PlanChangeCase:
    told: dict[str, Any] = {"subscription": subscription(), "price": price(), "amount_due": usd(4000)}
    return PlanChangeCase(**{"as_of": NOW, "customer": made.customer(), **told, **changes})


def cancel_case(**changes: Any) -> CancelCase:
    return CancelCase(**{"as_of": NOW, "customer": made.customer(), "subscription": subscription(), **changes})


def resume_case(**changes: Any) -> ResumeCase:
    ending = subscription("sub_ending", cancel_at_period_end=True)
    return ResumeCase(**{"as_of": NOW, "customer": made.customer(), "subscription": ending, **changes})


def paused_case(**changes: Any) -> ResumeCase:
    told: dict[str, Any] = {"subscription": on_pause(), "due": usd(2000), "payment_method": made.card("pm_one")}
    return resume_case(**{**told, **changes})


def undo_case(**changes: Any) -> ScheduledChangeCase:
    told: dict[str, Any] = {"as_of": NOW, "customer": made.customer(), "subscription": on_team()}
    return ScheduledChangeCase(**{**told, **changes})


def credit_case(**changes: Any) -> CreditCase:
    return CreditCase(**{"as_of": NOW, "customer": made.customer(balance=usd(0)), **changes})


def promotion_case(**changes: Any) -> PromotionCase:
    told: dict[str, Any] = {
        "subscription": subscription(),
        "items": (Priced(item(), "prod_one"),),
        "promotion": promotion(),
        "discounts": (),
        "has_paid": False,
    }
    return PromotionCase(**{"as_of": NOW, "customer": made.customer(), **told, **changes})


def details_case(**changes: Any) -> DetailsCase:
    return DetailsCase(**{"as_of": NOW, "customer": made.customer(), "address": STREET, **changes})


def tax_id_case(**changes: Any) -> TaxIdCase:
    return TaxIdCase(**{"as_of": NOW, "customer": made.customer(), "country": "DE", "tax_ids": (), **changes})


def checkout_case(**changes: Any) -> CheckoutCase:
    told: dict[str, Any] = {"session": session(), "later": None, "subscribed": ()}
    told["prices"] = (TodaysPrice("price_addon", active=True, amount=usd(4900)),)
    return CheckoutCase(**{"as_of": NOW, "customer": made.customer(), **told, **changes})


def link_case(**changes: Any) -> LinkCase:
    return LinkCase(**{"as_of": NOW, "customer": made.customer(), **changes})


def question(
    action: Action,
    facts: Any,
    *,
    role: Any = Role.OWNER,
    now: datetime = NOW,
    limits: Any = LIMITS,
    standing: Standing | None = None,
    consents: Consents | None = None,
) -> Question[Any, Any]:
    who = Principal(CustomerId(ME), "u", role)
    proposal = Proposal(ProposalId("prop_1"), CaseId("case_1"), None, who, action, "lee:test", "lee", 1)
    return Question(proposal, action, facts, limits, standing or Standing(), consents or Consents(), now)


def ask(action: Action, facts: Any, **more: Any) -> Decision:
    return decide(question(action, facts, **more), LAWS)


def ask_with_yes(action: Action, facts: Any, **more: Any) -> Decision:
    """The customer has said yes to exactly what is shown."""
    asked = question(action, facts, **more)
    first = decide(asked, LAWS)
    if not isinstance(first, NeedsConfirmation):
        return first
    said = Consents({asked.digest(first.shown): "conf_1"})
    return decide(question(action, facts, **{**more, "consents": said}), LAWS)


def ask_approved(action: Action, facts: Any, human: str = "hanna", **more: Any) -> Decision:
    """The customer's yes where it is needed, and a human's to what waits for it."""
    asked = question(action, facts, **more)
    first = ask_with_yes(action, facts, **more)
    if not isinstance(first, NeedsApproval):
        return first
    digest = asked.digest(first.shown)
    said = Consents({digest: "conf_1"}, {digest: Approval("appr_1", human)})
    return decide(question(action, facts, **{**more, "consents": said}), LAWS)
