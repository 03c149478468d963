"""What makes two proposals the same operation (money-safety.md, Operations), and what they act on.

The attempt number counts the settled intents of this tool on this target, so it rises only when an outcome is known:
ten clicks on one retry are one charge.
"""

from __future__ import annotations

from policy.actions import (
    AccountCredit,
    Action,
    ApplyPromotionCode,
    CancelSubscription,
    CardUpdateLink,
    ChangePlan,
    NewCheckoutLink,
    Refund,
    ResumeSubscription,
    RetryPayment,
    SetTaxId,
    UndoScheduledChange,
    UpdateBillingDetails,
)
from policy.facts import ActionFacts, CancelCase, PlanChangeCase, PromotionCase, ResumeCase, ScheduledChangeCase, given
from policy.proposals import Principal, Proposal


def target(action: Action, principal: Principal) -> str:
    """The Stripe object that is acted on: one action at a time may be in flight on it."""
    match action:
        case Refund():
            return action.charge
        case RetryPayment():
            return action.invoice
        case ChangePlan() | CancelSubscription() | ResumeSubscription() | ApplyPromotionCode():
            return action.subscription
        case UndoScheduledChange():
            return action.subscription
        case AccountCredit():
            return f"credit:{action.invoice or principal.customer}"
        case UpdateBillingDetails():
            return f"details:{principal.customer}"
        case SetTaxId():
            return f"tax_id:{principal.customer}"
        case NewCheckoutLink():
            return action.checkout_session
        case CardUpdateLink():
            return f"link:{principal.customer}"
        case _:
            raise LookupError(f"{action.tool} has no target")


def relied_on(action: Action) -> str | None:
    """What must stay as it is for the action to be right: a duplicate's twin. Otherwise two refunds, each calling the
    other charge the one that stays, would return both."""
    return action.duplicate_of if isinstance(action, Refund) and action.grounds == "duplicate" else None


def operation_key(proposal: Proposal, facts: ActionFacts, attempt: int) -> str:
    """Unique in the ledger; equal amounts or other wording do not enter into it."""
    match proposal.action:
        case Refund() as action:
            return f"refund:{action.charge}:{proposal.case}:{attempt}"
        case AccountCredit(invoice=None):
            return f"account_credit:{proposal.principal.customer}:{proposal.case}:{attempt}"
        case AccountCredit() as action:  # two cases about one invoice have the same grounds
            return f"account_credit:{action.invoice}:{attempt}"
        case RetryPayment() as action:
            return f"retry_payment:{action.invoice}:{attempt}"
        case ChangePlan() as action:
            return f"change_plan:{action.subscription}:{action.price}:{_period(facts)}:{attempt}"
        case CancelSubscription() as action:
            return f"cancel_subscription:{action.subscription}:{action.when}:{_period(facts)}:{attempt}"
        case ResumeSubscription() as action:
            return f"resume_subscription:{action.subscription}:{_period(facts)}:{attempt}"
        case UndoScheduledChange() as action:
            return f"undo_scheduled_change:{action.subscription}:{_schedule(facts)}:{attempt}"
        case ApplyPromotionCode() as action:
            return f"apply_promotion_code:{action.subscription}:{_promotion(facts)}:{attempt}"
        case UpdateBillingDetails():
            return f"update_billing_details:{proposal.principal.customer}:{attempt}"
        case SetTaxId():
            return f"set_tax_id:{proposal.principal.customer}:{attempt}"
        case NewCheckoutLink() as action:
            return f"new_checkout_link:{action.checkout_session}:{attempt}"
        case CardUpdateLink():
            return f"card_update_link:{proposal.id}"
        case _:
            raise LookupError(f"{proposal.tool} has no operation key")


def _promotion(facts: ActionFacts) -> str:
    """The id of the code that would be redeemed: the word itself may be written in any case."""
    return given(facts.promotion if isinstance(facts, PromotionCase) else None, "a promotion code").id


def _schedule(facts: ActionFacts) -> str:
    """The schedule that is released: a later one would plan something else."""
    current = given(facts.subscription if isinstance(facts, ScheduledChangeCase) else None, "a subscription")
    return given(current.schedule, "a schedule")


def _period(facts: ActionFacts) -> int:
    """Start of the current period in Unix seconds; 0 for a subscription without items."""
    known = isinstance(facts, PlanChangeCase | CancelCase | ResumeCase)
    current = given(facts.subscription if known else None, "a subscription")
    return min((int(item.current_period_start.timestamp()) for item in current.items), default=0)
