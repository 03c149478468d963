"""What can be asked to change the world: the argument models of every WRITE and MONEY tool.

The customer is never an argument: it comes from authentication. A docstring here is the tool's description for the
model, a field's description its parameter's. Models are strict and closed: a wrong type or unknown field is an error.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Action(BaseModel):
    """Common shape of an action; `tool` is its exact name everywhere (schemas, rules, ledger, audit)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    tool: ClassVar[str]


class Refund(Action):
    """Refund one charge of the customer to the card it was paid with, in full or in part. The policy engine decides
    whether it is carried out, needs a colleague's approval, or is refused; its answer is final."""

    tool: ClassVar[str] = "refund"
    charge: Annotated[str, StringConstraints(pattern=r"^(ch|py)_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the charge to refund, from list_charges."
    )
    amount: Annotated[int, Field(gt=0, le=99_999_999)] | None = Field(
        description="Amount in minor units (cents); null refunds all that is left."
    )
    grounds: Literal["duplicate", "requested_by_customer"] = Field(
        description="`duplicate` only when the same thing was paid twice; otherwise `requested_by_customer`."
    )
    duplicate_of: Annotated[str, StringConstraints(pattern=r"^(ch|py)_[A-Za-z0-9_]{3,120}$")] | None = Field(
        description="With `duplicate`: the id of the other charge, which stays. Otherwise null."
    )


class RetryPayment(Action):
    """Pay an open invoice with a saved card, the default or the one named: again after a decline, or for the first time
    where invoices are sent. The customer confirms the amount first."""

    tool: ClassVar[str] = "retry_payment"
    invoice: Annotated[str, StringConstraints(pattern=r"^in_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the open invoice, from list_invoices or diagnose."
    )
    payment_method: Annotated[str, StringConstraints(pattern=r"^(pm|card|src)_[A-Za-z0-9_]{3,120}$")] | None = Field(
        description="A saved payment method of the customer, or null for the default."
    )


class ChangePlan(Action):
    """Move a subscription to another price. Call preview_plan_change first and repeat its figures unchanged: they are
    what the customer is shown and confirms."""

    tool: ClassVar[str] = "change_plan"
    subscription: Annotated[str, StringConstraints(pattern=r"^sub_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the subscription."
    )
    price: Annotated[str, StringConstraints(pattern=r"^price_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the target price, from preview_plan_change."
    )
    proration_date: Annotated[int, Field(gt=0, lt=10**11)] = Field(
        description="`proration_date` of the preview (Unix seconds)."
    )
    amount_due: Annotated[int, Field(ge=-99_999_999, le=99_999_999)] = Field(
        description="`amount_due` of the preview in minor units; negative is a credit."
    )


class CancelSubscription(Action):
    """Cancel a subscription. The customer confirms first."""

    tool: ClassVar[str] = "cancel_subscription"
    subscription: Annotated[str, StringConstraints(pattern=r"^sub_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the subscription."
    )
    when: Literal["period_end", "now"] = Field(
        description="`period_end` keeps access until the paid period ends (usual); `now` ends it at once, unrefunded."
    )


class ResumeSubscription(Action):
    """Let a subscription go on that is set to end with its period. The customer confirms first: it renews again."""

    tool: ClassVar[str] = "resume_subscription"
    subscription: Annotated[str, StringConstraints(pattern=r"^sub_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the subscription."
    )


class AccountCredit(Action):
    """Propose a credit towards the customer's next invoices, where something went wrong that a refund does not fit. A
    colleague decides about it unless the company's limits let it pass."""

    tool: ClassVar[str] = "account_credit"
    amount: Annotated[int, Field(gt=0, le=99_999_999)] = Field(
        description="Amount in minor units (cents) of the customer's currency."
    )
    grounds: Literal["service_outage", "billing_error", "goodwill"] = Field(
        description="What the customer says it is for."
    )


class CardUpdateLink(Action):
    """Make a short-lived, private link on which the customer can change the card on file. Moves no money."""

    tool: ClassVar[str] = "card_update_link"


ACTIONS: dict[str, type[Action]] = {
    model.tool: model
    for model in (
        Refund,
        AccountCredit,
        RetryPayment,
        ChangePlan,
        CancelSubscription,
        ResumeSubscription,
        CardUpdateLink,
    )
}
