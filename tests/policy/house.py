"""A real store, a real gate and the honest Stripe, put together for one test; and the books that must balance."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from billing.checkouts import CheckoutFacts, CheckoutItem
from billing.customer_details import AddressFacts
from billing.discounts import CouponFacts, PromotionFacts
from billing.facts import ChargeFacts, InvoiceFacts, PriceFacts, SubscriptionFacts
from billing.ids import CaseId, CustomerId, PaymentMethodId, PriceId, ProposalId, SubscriptionItemId
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
from policy.crash_points import Reach, pass_by
from policy.effects import Intent
from policy.gate import Gate
from policy.limits import Limits, load_limits
from policy.proposals import Owner, Principal, Proposal, Role
from policy.sending import Patience
from policy.settlement import Settlement
from store.database import Store, open_store
from store.ledger import IntentRow
from store.unit_of_work import UnitOfWork
from tests.billing import made
from tests.billing.made_schedules import DOWN
from tests.databases import Databases
from tests.policy.stripe_twin import StripeTwin, noon

# As shipped, but that Lee may give small credits alone.
SHIPPED = load_limits()
LIMITS = SHIPPED.model_copy(
    update={
        "currency": {code: each.model_copy(update={"per_credit": 1_000}) for code, each in SHIPPED.currency.items()}
    }
)
ME = made.ME
QUICK = Patience(facts_seconds=0.2, effect_seconds=0.05, tries=3, pause_seconds=0.0)


def intent_of(made: Settlement) -> Intent:
    """What was reserved for it; where nothing was, the decision says why."""
    assert made.intent is not None, f"nothing was reserved: {made.status}, {made.decision}"
    return made.intent


def nobody(_: UnitOfWork, __: IntentRow) -> None:
    """Who is told of a refund that came back, where there are no people."""


class Clock:
    """Moves a millisecond with every look, as a real one would, and further when told."""

    def __init__(self, start: datetime | None = None) -> None:
        self.now = start or noon()

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


def usd(amount: int) -> Money:
    return Money(amount, "usd")


def refund(charge: str = "ch_one", amount: int | None = None, twin: str | None = None) -> Refund:
    grounds = "duplicate" if twin is not None else "requested_by_customer"
    return Refund(charge=charge, amount=amount, grounds=grounds, duplicate_of=twin)


def retry(invoice: str = "in_one", card: str | None = None) -> RetryPayment:
    return RetryPayment(invoice=invoice, payment_method=card)


def change(due: int = 4000, price: str = "price_team", at: datetime | None = None) -> ChangePlan:
    moment = int((at or noon()).timestamp())
    return ChangePlan(subscription="sub_one", price=price, proration_date=moment, amount_due=due)


def cancel(when: Any = "period_end", subscription: str = "sub_one") -> CancelSubscription:
    return CancelSubscription(subscription=subscription, when=when)


def resume(subscription: str = "sub_ending") -> ResumeSubscription:
    return ResumeSubscription(subscription=subscription)


def undo(subscription: str = "sub_planned") -> UndoScheduledChange:
    return UndoScheduledChange(subscription=subscription)


def on_team(id_: str = "sub_planned", **changes: Any) -> SubscriptionFacts:
    """On Team, with a step down to Starter planned for the end of the period."""
    team = item(price=PriceId("price_team"), product_name="Team", unit_amount=usd(6000))
    told = {"items": (team,), "schedule": DOWN.schedule, "scheduled_change": DOWN}
    return subscription(id_, **{**told, **changes})


def on_pause(id_: str = "sub_paused", **changes: Any) -> SubscriptionFacts:
    """Its trial ended without a card."""
    return subscription(id_, **{"status": "paused", **changes})


def credit(amount: int = 1000, grounds: Any = "service_outage", invoice: str | None = None) -> AccountCredit:
    return AccountCredit(amount=amount, grounds=grounds, invoice=invoice)


def details(**changes: str) -> UpdateBillingDetails:
    nothing = dict.fromkeys(UpdateBillingDetails.model_fields)
    return UpdateBillingDetails.model_validate({**nothing, **(changes or {"name": "Acme GmbH"})})


def vat(value: str = "DE123456789", type_: Any = "eu_vat") -> SetTaxId:
    return SetTaxId(type=type_, value=value)


def checkout(session: str = "cs_one") -> NewCheckoutLink:
    return NewCheckoutLink(checkout_session=session)


def session(id_: str = "cs_one", **changes: Any) -> CheckoutFacts:
    """An expired one that sold an add-on once."""
    addon = CheckoutItem("price_addon", "prod_addon", "Analytics add-on", 1, usd(4900))
    made_at = noon() - timedelta(days=3)
    expired = CheckoutFacts(id_, "expired", "payment", (addon,), True, usd(4900), made_at, made_at + timedelta(days=1))
    return replace(expired, **changes)


def promo(code: str = "WELCOME20", subscription: str = "sub_one") -> ApplyPromotionCode:
    return ApplyPromotionCode(subscription=subscription, code=code)


def coupon(**changes: Any) -> CouponFacts:
    """20 % off for three months."""
    return replace(CouponFacts("welcome", None, 200_000, None, "repeating", 3, True), **changes)


def promotion(code: str = "WELCOME20", **changes: Any) -> PromotionFacts:
    return replace(PromotionFacts(f"promo_{code.replace('-', '')}", code, coupon(), True), **changes)


def link() -> CardUpdateLink:
    return CardUpdateLink()


EFFECTS = [
    refund(),
    retry(),
    change(),
    cancel(),
    cancel("now"),
    resume(),
    resume("sub_paused"),
    undo(),
    credit(),
    promo(),
    details(),
    vat(),
    checkout(),
]
"""One action of each kind that leaves something in Stripe; the customer that `furnish` makes may ask for each."""


def charge(id_: str = "ch_one", amount: int | Money = 2000, **changes: Any) -> ChargeFacts:
    whole = amount if isinstance(amount, Money) else usd(amount)
    return made.charge(id_, **{"amount": whole, "created": noon() - timedelta(days=3), **changes})


def invoice(id_: str = "in_one", amount: int = 2000, **changes: Any) -> InvoiceFacts:
    return made.unpaid(**{"id": id_, "amount_remaining": usd(amount), **changes})


def subscription(id_: str = "sub_one", **changes: Any) -> SubscriptionFacts:
    return made.subscription(**{"id": id_, "items": (item(),), **changes})


def item(**changes: Any) -> Any:
    return made.item(**{"id": SubscriptionItemId("si_one"), "price": PriceId("price_starter"), **changes})


def price(id_: str = "price_team", amount: int = 6000, **changes: Any) -> PriceFacts:
    return replace(PriceFacts(PriceId(id_), id_[6:].title(), None, usd(amount), "month", True), **changes)


@dataclass
class House:
    store: Store
    stripe: StripeTwin
    clock: Clock
    limits: Limits
    gate: Gate
    url: str
    keys: Path
    names: Any
    databases: Databases

    def close(self) -> None:
        self.store.close()
        self.databases.drop(self.url)

    def case(self, customer: str = ME, role: Role = Role.OWNER) -> str:
        with self.store.unit() as uow:
            return uow.cases.open(customer, "u", role.value, "test").id

    def propose(
        self,
        case: str,
        action: Action,
        *,
        customer: str = ME,
        role: Role = Role.OWNER,
        id_: str | None = None,
        owner: Owner = "lee",
        epoch: int = 1,
        actor: str = "lee:scripted",
    ) -> Proposal:
        name = ProposalId(id_ or f"prop_{next(self.names)}")
        who = Principal(CustomerId(customer), "u", role)
        return Proposal(name, CaseId(case), None, who, action, actor, owner, epoch)

    async def ask(self, action: Action, case: str | None = None, **more: Any) -> Settlement:
        """Through the gate as it is: no consent is given for it."""
        of = {"customer": more["customer"]} if "customer" in more else {}
        return await self.gate.submit(self.propose(case or self.case(**of), action, **more))

    def says_yes(self, proposal: Proposal, hours: float = 72) -> str:
        with self.store.unit() as uow:
            message = uow.messages.add(proposal.case, "inbound", "customer:u", "Yes.")
            return uow.consents.confirm(proposal.id, message.id, timedelta(hours=hours))

    def approves(self, proposal: Proposal, human: str = "hanna", hours: float = 72) -> str:
        with self.store.unit() as uow:
            return uow.consents.approve(proposal.id, human, timedelta(hours=hours))

    async def consented(self, proposal: Proposal) -> Settlement:
        """Asked, confirmed by the customer, asked again."""
        first = await self.gate.submit(proposal)
        if first.status == "waiting":
            self.says_yes(proposal)
            return await self.gate.submit(proposal)
        return first

    def another_gate(self, reach: Reach = pass_by, patience: Patience = QUICK) -> Gate:
        """A new life of the process: the same database, the same Stripe, nothing remembered."""
        return Gate(self.stripe, self.store, self.limits, self.clock, reach, patience)

    def change_hands(self, case: str, to: str) -> None:
        with self.store.unit() as uow:
            uow.cases.take_over(case, "hanna") if to == "human" else uow.cases.hand_back(case)

    def log(self, case: str) -> list[tuple[str, dict[str, object]]]:
        with self.store.look() as uow:
            return [(row.kind, row.payload or {}) for row in uow.log.of(case)]

    def rows(self, query: str) -> list[Any]:
        with self.store.look() as uow:
            return list(uow.connection.execute(text(query)))

    def held(self, like: str) -> int:
        return sum(row.held for row in self.rows("select key, held from budgets") if row.key.startswith(like))

    def begun(self) -> dict[str, str]:
        """Every intent with its proposal."""
        return {row.id: row.proposal_id for row in self.rows("select id, proposal_id from intents")}

    def intents(self) -> list[Any]:
        return self.rows("select * from intents order by created_at, id")

    def must_balance(self, *, all_settled: bool = True) -> None:
        """No drift in any budget; the world, the ledger and the audit log tell of the same effects."""
        kept: dict[str, int] = {}
        for row in self.rows("select budget, amount, state from reservations"):
            kept.setdefault(row.budget, 0)
            kept[row.budget] += row.amount if row.state in ("held", "settled") else 0
        assert {row.key: row.held for row in self.rows("select key, held from budgets")} == kept

        intents = {row.id: row for row in self.intents()}
        done = [each.intent for each in self.stripe.made]
        assert len(done) == len(set(done)), "one intent, two effects"
        if all_settled:
            assert {row.status for row in intents.values()} <= {"succeeded", "failed"}
            moved = {
                id_ for id_, row in intents.items() if row.status == "succeeded" and row.tool != "card_update_link"
            }
            assert moved == set(done)
        for each in self.stripe.made:
            assert intents[each.intent].status != "failed"
            assert intents[each.intent].customer == each.customer

        with self.store.look() as uow:
            entries = [row for row in (uow.log.get(n) for n in range(1, uow.log.size() + 1)) if row is not None]
        told = [row.payload or {} for row in entries]
        decided = [entry["intent"] for entry in told if entry.get("verdict") == "allow"]
        settled = [entry["intent"] for entry in told if entry.get("status") in ("succeeded", "failed")]
        assert sorted(map(str, decided)) == sorted(intents)
        ended = [id_ for id_, row in intents.items() if row.status in ("succeeded", "failed")]
        assert sorted(map(str, settled)) == sorted(ended)


STREET = AddressFacts("Hauptstr. 1", "Hinterhaus", "Berlin", None, "10115", "DE")


def furnish(stripe: StripeTwin, customer: str = ME, suffix: str = "one") -> None:
    """One customer with a paid charge, an open invoice, a card and a subscription."""
    id_ = CustomerId(customer)
    card = made.card(f"pm_{suffix}")
    stripe.customers[id_] = made.customer(id=id_, default_payment_method=PaymentMethodId(card.id), balance=usd(0))
    stripe.addresses[id_] = STREET
    stripe.cards[card.id] = (id_, card)
    stripe.charges[f"ch_{suffix}"] = charge(f"ch_{suffix}", customer=id_)
    stripe.invoices[f"in_{suffix}"] = invoice(f"in_{suffix}", customer=id_)
    stripe.subscriptions[f"sub_{suffix}"] = subscription(f"sub_{suffix}", customer=id_)
    ending = f"sub_{suffix}_ending" if suffix != "one" else "sub_ending"
    stripe.subscriptions[ending] = subscription(ending, customer=id_, cancel_at_period_end=True)
    planned = f"sub_{suffix}_planned" if suffix != "one" else "sub_planned"
    stripe.subscriptions[planned] = on_team(planned, customer=id_)
    paused = f"sub_{suffix}_paused" if suffix != "one" else "sub_paused"
    stripe.subscriptions[paused] = on_pause(paused, customer=id_)
    stripe.checkouts[f"cs_{suffix}"] = (id_, session(f"cs_{suffix}"))
    for word, months, percent in (("WELCOME20", 3, 20), ("YEARFREE", 12, 100)):
        stripe.codes[word] = (promotion(word, coupon=coupon(off_ppm=percent * 10_000, months=months)), percent, months)
    stripe.codes[f"MINE-{suffix}"] = (promotion(f"MINE-{suffix}", customer=id_), 20, 3)
    for name, amount, due in (("team", 6000, 4000), ("business", 20000, 60000), ("free", 0, -1500)):
        stripe.prices[f"price_{name}"] = price(f"price_{name}", amount)
        stripe.due[(f"sub_{suffix}", f"price_{name}")] = usd(due)


def build(folder: Path, databases: Databases, *, limits: Limits = LIMITS, patience: Patience = QUICK) -> House:
    """Whoever builds a house closes it: its database goes with it."""
    clock = Clock()
    url, keys = databases.fresh(folder), folder / "keys"
    store = open_store(url, keys, clock)
    stripe = StripeTwin(clock)
    furnish(stripe)
    gate = Gate(stripe, store, limits, clock, patience=patience)
    return House(store, stripe, clock, limits, gate, url, keys, itertools.count(1), databases)
