"""What can be asked to change the world: the argument models of every WRITE and MONEY tool.

The customer is never an argument: it comes from authentication. A docstring here is the tool's description for the
model, a field's description its parameter's. Models are strict and closed: a wrong type or unknown field is an error.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from billing.tax_id_forms import TaxIdType
from store.redaction import redact


class Action(BaseModel):
    """Common shape of an action; `tool` is its exact name everywhere (schemas, rules, ledger, audit).

    `personal`: the arguments hold what a person wrote, so the store seals them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    tool: ClassVar[str]
    personal: ClassVar[bool] = False


def _without_secrets(text: str) -> str:
    if redact(text) != text:
        raise ValueError("looks like a card number, a key or a password")
    return text


# One line, and no curly quotes: the sentence people say yes to puts it between those.
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029“”]*$"
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=150, pattern=_ONE_LINE),
    AfterValidator(_without_secrets),
]
WordsOrNone = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=150, pattern=_ONE_LINE),
    AfterValidator(_without_secrets),
]


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
    """Let a subscription go on that is set to end with its period, or start one again that is `paused` since its trial
    ended without a card: then its first period is charged at once. The customer confirms first: it renews again."""

    tool: ClassVar[str] = "resume_subscription"
    subscription: Annotated[str, StringConstraints(pattern=r"^sub_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the subscription."
    )


class UndoScheduledChange(Action):
    """Take back a plan change that a schedule has planned for later, so that the present plan goes on. diagnose shows
    it as `scheduled_change`. Nothing is charged now; the customer confirms the price that goes on."""

    tool: ClassVar[str] = "undo_scheduled_change"
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
    invoice: Annotated[str, StringConstraints(pattern=r"^in_[A-Za-z0-9_]{3,120}$")] | None = Field(
        default=None, description="Id of the invoice that it makes good for; null when it is about none."
    )


class ApplyPromotionCode(Action):
    """Redeem a promotion code on a subscription that renews. The customer is shown the resulting price and confirms it;
    only a code that the customer named or list_discounts showed."""

    tool: ClassVar[str] = "apply_promotion_code"
    subscription: Annotated[str, StringConstraints(pattern=r"^sub_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the subscription."
    )
    code: Annotated[
        str,
        StringConstraints(pattern=r"^([A-Za-z0-9-]{1,100}|promo_[A-Za-z0-9_]{3,120})$"),
        AfterValidator(_without_secrets),
    ] = Field(description="The code as the customer wrote it.")


class UpdateBillingDetails(Action):
    """Change the name, e-mail or address on the customer's next invoices, exactly as the customer wrote them; null
    leaves a part as it is. Call billing_details first. A new line1 begins a new street address. The customer is shown
    the result and confirms it; a new e-mail or another country also needs a colleague."""

    tool: ClassVar[str] = "update_billing_details"
    personal: ClassVar[bool] = True
    name: Words | None = Field(description="Name of the person or company.")
    email: Words | None = Field(description="Address that invoices and receipts are sent to.")
    line1: Words | None = Field(description="Street and number.")
    line2: WordsOrNone | None = Field(description="Floor, suite, care of; an empty text removes it.")
    city: Words | None = Field(description="City or town.")
    state: WordsOrNone | None = Field(description="State or province; an empty text removes it.")
    postal_code: WordsOrNone | None = Field(description="Postal code; an empty text removes it.")
    country: Annotated[Words, StringConstraints(to_upper=True)] | None = Field(
        description="Two-letter code (ISO 3166-1), like DE."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for value in self.__dict__.values()):
            raise ValueError("name at least one part to change")
        return self


class SetTaxId(Action):
    """Add a tax id (a VAT number, for example) that the customer named; their invoices carry it from then on. The
    customer is shown the number and confirms it. A second one of the same type, or one from another country than the
    billing address, also needs a colleague; so does any type that is not listed here."""

    tool: ClassVar[str] = "set_tax_id"
    personal: ClassVar[bool] = True
    type: TaxIdType = Field(description="Stripe's name of the kind of number; eu_vat for any country of the EU.")
    value: Annotated[
        str,
        StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9Ññ&+*. -]{4,40}$"),
        AfterValidator(_without_secrets),
    ] = Field(description="The number as the customer wrote it, with its country letters.")


class NewCheckoutLink(Action):
    """Make a new Checkout link for what an expired one of the customer sold, at today's prices. Moves no money: the
    customer pays on the page. A link that is still open is in list_checkout_links."""

    tool: ClassVar[str] = "new_checkout_link"
    checkout_session: Annotated[str, StringConstraints(pattern=r"^cs_[A-Za-z0-9_]{3,120}$")] = Field(
        description="Id of the expired one, from list_checkout_links or diagnose."
    )


class CardUpdateLink(Action):
    """Make a short-lived, private link on which the customer can change the card on file. Moves no money."""

    tool: ClassVar[str] = "card_update_link"


LINKS: Final = frozenset({NewCheckoutLink.tool, CardUpdateLink.tool})
"""Tools whose receipt carries a link that is kept nowhere: the gate is asked for it again."""

ACTIONS: dict[str, type[Action]] = {
    model.tool: model
    for model in (
        Refund,
        AccountCredit,
        RetryPayment,
        ChangePlan,
        CancelSubscription,
        ResumeSubscription,
        UndoScheduledChange,
        ApplyPromotionCode,
        UpdateBillingDetails,
        SetTaxId,
        NewCheckoutLink,
        CardUpdateLink,
    )
}
