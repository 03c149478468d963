"""An honest Stripe in memory: what it says it did, it did, and it keeps its own books.

It knows idempotency keys (replay for 24 hours, a refusal for other parameters) and can lose answers, refuse, dawdle and
talk nonsense. It shares no code with the law: `made` is what the oracle of the tests counts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.checkouts import CheckoutFacts
from billing.customer_details import AddressFacts, TaxIdFacts
from billing.discounts import DiscountFacts, PromotionFacts
from billing.facts import (
    ChargeFacts,
    CustomerFacts,
    Decline,
    DisputeFacts,
    InvoiceFacts,
    PaymentMethodFacts,
    PriceFacts,
    SubscriptionFacts,
)
from billing.money import Money
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
from policy.effects import RATE_LIMITED, EffectRefused, EffectUnknown, Intent, Receipt
from policy.proposals import Principal
from tests.policy.twin_facts import facts_of

FAULTS = (
    "lost_before",
    "lost_after",
    "lost_then_409",
    "conflict",
    "rate_limited",
    "slow_before",
    "slow_after",
    "nonsense",
    "no_receipt",
    "odd_receipt",
)


@dataclass(frozen=True)
class Made:
    """One committed change of the world. `amount` positive left the company, negative was collected."""

    intent: str
    tool: str
    customer: str
    target: str
    amount: int
    currency: str
    at: datetime


class StripeTwin:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.customers: dict[str, CustomerFacts] = {}
        self.charges: dict[str, ChargeFacts] = {}
        self.invoices: dict[str, InvoiceFacts] = {}
        self.cards: dict[str, tuple[str, PaymentMethodFacts]] = {}  # owner, card
        self.subscriptions: dict[str, SubscriptionFacts] = {}
        self.prices: dict[str, PriceFacts] = {}
        self.codes: dict[str, tuple[PromotionFacts, int, int]] = {}  # word -> with its percent and how many invoices
        self.discounts: dict[str, DiscountFacts] = {}  # subscription -> the one in force
        self.addresses: dict[str, AddressFacts] = {}
        self.tax_ids: dict[str, tuple[TaxIdFacts, ...]] = {}  # customer -> what is on file
        self.checkouts: dict[str, tuple[str, CheckoutFacts]] = {}  # owner, session
        self.disputes: list[DisputeFacts] = []
        self.due: dict[tuple[str, str], Money] = {}  # (subscription, price) -> what the change costs now
        self.declines: dict[str, str] = {}  # card -> decline code
        self.made: list[Made] = []
        self.returned: list[Made] = []  # refunds that the bank has sent back since
        self.returned_at: dict[str, datetime] = {}  # intent -> when
        self.links = 0  # they change nothing and cannot be looked up
        self.receipts: dict[str, Receipt] = {}  # intent id -> what was done for it
        self.calls: list[tuple[str, str]] = []  # (intent id, idempotency key) of every request that arrived
        self.asked = 0  # how often facts were read
        self.faults: deque[str] = deque()
        self.find_faults: deque[str] = deque()
        self.facts_through: Callable[[Any], Any] = lambda facts: facts
        self.slow_seconds = 30.0
        self.before_commit: Callable[[Intent], None] = lambda _: None
        self.answers: dict[str, tuple[datetime, str, Receipt | EffectRefused]] = {}
        self._in_flight: set[str] = set()

    # ---- facts

    async def facts(self, action: Action, principal: Principal) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        return self.facts_through(facts_of(self, action, principal))

    # ---- effects

    async def perform(self, intent: Intent) -> Any:
        self.calls.append((intent.id, intent.idempotency_key))
        fault = self.faults.popleft() if self.faults else ""
        await asyncio.sleep(0)
        if fault == "rate_limited":
            raise EffectRefused(RATE_LIMITED, "too many requests")
        if fault == "lost_before":
            raise EffectUnknown("connection", "lost before it arrived")
        if fault == "nonsense":
            raise ZeroDivisionError("a bug in the hands")
        if fault == "conflict":
            raise EffectUnknown("idempotency_key_in_use", "409")
        if fault == "slow_before":
            await asyncio.sleep(self.slow_seconds)
        if intent.idempotency_key in self._in_flight:
            self._in_flight.discard(intent.idempotency_key)
            raise EffectUnknown("idempotency_key_in_use", "409")
        receipt = self._once(intent)
        if fault == "lost_then_409":
            self._in_flight.add(intent.idempotency_key)
        if fault in ("lost_after", "lost_then_409"):
            raise EffectUnknown("connection", "lost after the commit")
        if fault == "slow_after":
            await asyncio.sleep(self.slow_seconds)
        if fault == "no_receipt":
            return None
        if fault == "odd_receipt":
            return replace(receipt, details={"renews": float("nan")})
        return receipt

    def _once(self, intent: Intent) -> Receipt:
        key, params = intent.idempotency_key, intent.action.model_dump_json()
        kept = self.answers.get(key)
        if kept is not None and self.clock() - kept[0] < timedelta(hours=24):
            if kept[1] != params:
                raise EffectRefused("idempotency_error", "other parameters under the same key")
            if isinstance(kept[2], EffectRefused):
                raise kept[2]
            return kept[2]
        self.before_commit(intent)
        try:
            receipt = self._execute(intent)
        except EffectRefused as refused:
            self.answers[key] = (self.clock(), params, refused)
            raise
        self.answers[key] = (self.clock(), params, receipt)
        self.receipts[intent.id] = receipt
        return receipt

    def _execute(self, intent: Intent) -> Receipt:
        match intent.action:
            case Refund() as action:
                return self._refund(intent, action)
            case RetryPayment() as action:
                return self._pay(intent, action)
            case ChangePlan() as action:
                return self._change(intent, action)
            case CancelSubscription() as action:
                return self._cancel(intent, action)
            case AccountCredit():
                return self._credit(intent)
            case ResumeSubscription() as action:
                return self._resume(intent, action)
            case UndoScheduledChange() as action:
                return self._undo(intent, action)
            case ApplyPromotionCode() as action:
                return self._redeem(intent, action)
            case UpdateBillingDetails() as action:
                return self._details(intent, action)
            case NewCheckoutLink() as action:
                return self._checkout(intent, action)
            case SetTaxId() as action:
                return self._tax_id(intent, action)
            case _:
                self.links += 1
                number = self.links
                return Receipt(
                    "card_update_link", f"bps_{number}", "created", secret=f"https://portal.example/{number}"
                )

    def _refund(self, intent: Intent, action: Refund) -> Receipt:
        charge = self.charges[action.charge]
        assert intent.value is not None
        if charge.disputed:
            raise EffectRefused("charge_disputed", "the charge is disputed")
        left = charge.amount.amount - charge.amount_refunded.amount
        if intent.value.amount > left:
            raise EffectRefused("charge_already_refunded" if left == 0 else "amount_too_large", "more than is left")
        total = Money(charge.amount_refunded.amount + intent.value.amount, charge.amount.currency)
        self.charges[charge.id] = replace(charge, amount_refunded=total, refunded=total == charge.amount)
        self._made(intent, charge.id, intent.value.amount, intent.value.currency)
        return Receipt(
            "refund", f"re_{len(self.made) + len(self.returned)}", "succeeded", intent.value, {"charge": charge.id}
        )

    def _pay(self, intent: Intent, action: RetryPayment) -> Receipt:
        invoice = self.invoices[action.invoice]
        card = action.payment_method or self.customers[intent.customer].default_payment_method or ""
        if invoice.status != "open":
            raise EffectRefused("invoice_not_open", "not open")
        if card in self.declines:
            why = Decline("card_declined", self.declines[card], None, "no")
            tried = replace(invoice, attempt_count=invoice.attempt_count + 1, last_decline=why)
            self.invoices[invoice.id] = replace(tried, last_payment_method=self.cards[card][1].id)
            raise EffectRefused(f"card_declined:{self.declines[card]}", "declined")
        due = invoice.amount_remaining
        self.invoices[invoice.id] = replace(invoice, status="paid", amount_paid=due, amount_remaining=due - due)
        self._made(intent, invoice.id, -due.amount, due.currency)
        return Receipt("retry_payment", invoice.id, "paid", due)

    def _change(self, intent: Intent, action: ChangePlan) -> Receipt:
        found, price = self.subscriptions[action.subscription], self.prices[action.price]
        due = self.due[(found.id, price.id)]
        if found.metadata.get("lee_intent") == intent.id:
            raise EffectRefused("nothing_to_change", "on that price already")
        item = replace(found.items[0], price=price.id, product_name=price.product_name, unit_amount=price.unit_amount)
        self.subscriptions[found.id] = replace(found, items=(item,), metadata=dict(intent.metadata))
        self._made(intent, found.id, -due.amount, due.currency)
        return Receipt("change_plan", found.id, "active", due, {"plan": price.product_name})

    def _cancel(self, intent: Intent, action: CancelSubscription) -> Receipt:
        found = self.subscriptions[action.subscription]
        if found.status == "canceled":
            raise EffectRefused("resource_missing", "no such subscription")
        ended = {"status": "canceled"} if action.when == "now" else {"cancel_at_period_end": True}
        self.subscriptions[found.id] = replace(found, metadata=dict(intent.metadata), **ended)
        self._made(intent, found.id, 0, "")
        return Receipt("cancel_subscription", found.id, self.subscriptions[found.id].status, None, {"ends_on": "soon"})

    def _credit(self, intent: Intent) -> Receipt:
        assert intent.value is not None
        self._made(intent, f"credit_{self._suffix(intent)}", intent.value.amount, intent.value.currency)
        return Receipt("account_credit", f"cbtxn_{len(self.made)}", "succeeded", intent.value, {})

    def _resume(self, intent: Intent, action: ResumeSubscription) -> Receipt:
        found = self.subscriptions[action.subscription]
        if found.status == "canceled":
            raise EffectRefused("resource_missing", "no such subscription")
        if found.status == "paused":
            return self._start(intent, found)
        self.subscriptions[found.id] = replace(found, cancel_at_period_end=False, metadata=dict(intent.metadata))
        self._made(intent, found.id, 0, "")
        return Receipt("resume_subscription", found.id, found.status, None, {"renews_on": "2026-12-01"})

    def _start(self, intent: Intent, found: SubscriptionFacts) -> Receipt:
        card, due = str(self.customers[intent.customer].default_payment_method), found.items[0].unit_amount
        if card in self.declines:
            raise EffectRefused(f"card_declined:{self.declines[card]}", "declined")
        assert due is not None
        self.subscriptions[found.id] = replace(found, status="active")
        self._made(intent, found.id, -due.amount, due.currency)
        return Receipt("resume_subscription", found.id, "active", due, {"renews_on": "2026-12-20"})

    def _undo(self, intent: Intent, action: UndoScheduledChange) -> Receipt:
        found = self.subscriptions[action.subscription]
        if found.schedule is None:
            raise EffectRefused("schedule_changed", "no schedule manages it")
        self.subscriptions[found.id] = replace(found, schedule=None, scheduled_change=None)
        self._made(intent, found.id, 0, "")
        return Receipt("undo_scheduled_change", found.id, found.status, None, {"plan": found.items[0].product_name})

    def _redeem(self, intent: Intent, action: ApplyPromotionCode) -> Receipt:
        found = self.subscriptions[action.subscription]
        code, percent, times = next(each for each in self.codes.values() if each[0].id == action.code)
        if code.customer not in (None, intent.customer):
            raise EffectRefused("invalid_request", "another customer's code")
        item = found.items[0]
        assert item.unit_amount is not None
        off = item.unit_amount.amount * item.quantity * percent // 100 * times
        self.discounts[found.id] = DiscountFacts(f"di_{len(self.made)}", code.coupon.id, None, code.id)
        self.subscriptions[found.id] = replace(found, metadata=dict(intent.metadata))
        self._made(intent, found.id, off, item.unit_amount.currency)
        return Receipt("apply_promotion_code", found.id, "applied", None, {"plan": item.product_name})

    def _details(self, intent: Intent, action: UpdateBillingDetails) -> Receipt:
        who = self.customers[intent.customer]
        self.customers[who.id] = replace(who, name=action.name or who.name, email=action.email or who.email)
        told = {part: getattr(action, part) for part in ("line1", "line2", "city", "state", "postal_code", "country")}
        if any(told.values()):
            self.addresses[who.id] = AddressFacts(**told)
        self._made(intent, f"details_{self._suffix(intent)}", 0, "")
        return Receipt("update_billing_details", who.id, "updated", None, {"changed": "name"})

    def _tax_id(self, intent: Intent, action: SetTaxId) -> Receipt:
        before = self.tax_ids.get(intent.customer, ())
        if any((each.type, each.value) == (action.type, action.value) for each in before):
            raise EffectRefused("resource_already_exists", "on this customer already")
        made = TaxIdFacts(f"txi_{len(self.made)}", action.type, action.value, "pending")
        self.tax_ids[intent.customer] = (*before, made)
        self._made(intent, f"taxid_{self._suffix(intent)}", 0, "")
        return Receipt("set_tax_id", made.id, "created", None, {"name": "EU VAT number"})

    def _checkout(self, intent: Intent, action: NewCheckoutLink) -> Receipt:
        owner, old = self.checkouts[action.checkout_session]
        now, id_ = self.clock(), f"cs_{self._suffix(intent)}_{len(self.made)}"
        until = now + timedelta(hours=24)
        self.checkouts[id_] = (owner, replace(old, id=id_, status="open", created=now, expires_at=until))
        self._made(intent, old.id, 0, "")
        told: dict[str, str | int] = {"for": "Analytics add-on", "hours": 24}
        return Receipt("new_checkout_link", id_, "created", None, told, f"https://checkout.example/{id_}")

    def _suffix(self, intent: Intent) -> str:
        """What the names of this customer's objects end in."""
        return str(self.customers[intent.customer].default_payment_method).removeprefix("pm_")

    def _made(self, intent: Intent, target: str, amount: int, currency: str) -> None:
        customer = intent.customer
        self.made.append(Made(intent.id, intent.action.tool, customer, target, amount, currency, self.clock()))

    async def find(self, intent: Intent) -> Any:
        fault = self.find_faults.popleft() if self.find_faults else ""
        await asyncio.sleep(0)
        if fault == "down":
            raise EffectUnknown("find", "Stripe does not answer")
        if fault == "nonsense":
            raise ZeroDivisionError("a bug in the hands")
        if fault == "odd":
            return "yes"
        if isinstance(intent.action, CardUpdateLink):
            return None
        return self.receipts.get(intent.id)

    async def taken_back(self, intent: Intent, stripe_id: str) -> str | None:
        await asyncio.sleep(0)
        if self.find_faults:
            raise EffectUnknown(self.find_faults.popleft(), "Stripe does not answer")
        back = [each for each in self.returned if each.intent == intent.id]
        assert not back or stripe_id
        return "refund_failed:lost_or_stolen_card" if back else None

    def bank_returns(self, intent_id: str) -> None:
        """A refund that had succeeded fails: its money is with the company again."""
        back = [each for each in self.made if each.intent == intent_id]
        self.made = [each for each in self.made if each not in back]
        for each in back:
            charge = self.charges[each.target]
            left = Money(charge.amount_refunded.amount - each.amount, charge.amount.currency)
            self.charges[charge.id] = replace(charge, amount_refunded=left, refunded=False)
        self.returned += back
        self.returned_at[intent_id] = self.clock()
        del self.receipts[intent_id]

    # ---- the oracle's questions

    def refunded(self, charge: str) -> int:
        return sum(each.amount for each in self.made if each.target == charge and each.tool == "refund")

    def of(self, tool: str) -> list[Made]:
        return [each for each in self.made if each.tool == tool]


def noon(day: int = 20, month: int = 11) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)
