"""What may happen to the world, told a second time: it knows who said yes, what the world was, and the brief's numbers.

It shares no code with the law. `Oracle` watches from outside (what people said, what reached Stripe); `violations`
judges every effect as of the moment it was decided on, from its own table of who owns what and its own account of each
object. One that Stripe answered late may land after what a human approved meanwhile, and was within its caps all the
same.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from policy.effects import Intent
from policy.proposals import Proposal
from tests.policy.house import House
from tests.policy.paper_house import PaperHouse
from tests.policy.stripe_twin import Made, noon
from tests.policy.wild_world import BILLED, CAPS, CHARGE_AGE_DAYS, OLD_DAYS, OWNED, TWINS, Caps, whole

BILLING: Final = ("owner", "admin", "billing")
REFUNDS_A_MONTH, RETRIES_A_DAY, LINKS_A_DAY, DETAILS_A_DAY, TAX_IDS_A_DAY = 2, 3, 10, 3, 3
REQUEST_DAYS, DUPLICATE_DAYS, PREVIEW_HOURS, CONSENT_HOURS = 14, 90, 24, 72
WITHOUT_A_YES: Final = ("refund", "account_credit", "new_checkout_link", "card_update_link")
LINKS: Final = ("new_checkout_link", "card_update_link")
DUE: Final = {"price_team": 4_000, "price_business": 60_000, "price_free": -1_500}
OPEN: Final = {"in_three": (60_000, "usd"), "in_four": (5_500, "jpy")}  # the others came to 20 dollars
NOTHING: Final = Caps(0, 0, 0, 0, 0, 0, 0, 0)
NUMBER: Final = re.compile(r"DE\d{9}|FR\d{11}")
JUST_NOW: Final = timedelta(minutes=1)  # what has landed since then a decision may not have read


@dataclass(frozen=True)
class Yes:
    """The customer's, in a case, to a tool with its arguments; or a human's, to one proposal."""

    to: str
    at: datetime
    human: str = ""


@dataclass(frozen=True)
class Attempt:
    """An intent that reached Stripe: `epoch` is the case's when it was first sent."""

    intent: Intent
    owner: str
    epoch: int


@dataclass
class Oracle:
    house: House | PaperHouse
    cases: dict[str, str]  # case -> customer
    watching: bool = True  # at Stripe's door; otherwise whoever sends says `sent`
    proposals: dict[str, Proposal] = field(default_factory=dict)
    said: list[Yes] = field(default_factory=list)
    approved: list[Yes] = field(default_factory=list)
    owners: dict[str, tuple[str, int]] = field(default_factory=dict)  # case -> whose it is, and since which take-over
    attempts: dict[str, Attempt] = field(default_factory=dict)  # by intent
    stale: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owners = dict.fromkeys(self.cases, ("lee", 1))
        if self.watching:
            inner = self.house.stripe.perform

            async def perform(intent: Intent) -> object:
                self.sent(intent)
                return await inner(intent)

            self.house.stripe.perform = perform

    # ---- what is seen from outside

    def sent(self, intent: Intent) -> None:
        """It has left for Stripe, which has done nothing about it yet."""
        first = self.attempts.setdefault(intent.id, Attempt(intent, *self.owners[intent.case]))
        if self.owners[intent.case] != (first.owner, first.epoch):
            self.stale.append(intent.id)

    def proposed(self, proposal: Proposal) -> None:
        self.proposals[proposal.id] = proposal

    def customer_says_yes(self, proposal: Proposal) -> None:
        self.said.append(Yes(_wish(proposal), self.house.clock.now))

    def human_says_yes(self, proposal: Proposal, human: str) -> None:
        self.approved.append(Yes(proposal.id, self.house.clock.now, human))

    def changed_hands(self, case: str, owner: str) -> None:
        self.owners[case] = (owner, self.owners[case][1] + 1)

    # ---- the verdict

    def violations(self) -> list[str]:
        """Everything that should not have happened, in words; empty when all is well."""
        judge = _Judgement(self, self.house.begun())
        for attempt in self.attempts.values():
            judge.attempted(attempt)
        stripe = self.house.stripe
        told = [(self._decided(each), judge.made, each) for each in (*stripe.made, *stripe.returned)]
        told += [(stripe.returned_at[each.intent], judge.returned, each) for each in stripe.returned]
        for _, judged, effect in sorted(told, key=lambda each: each[0]):
            judged(effect)
        judge.found += [f"{intent} was sent after its case had changed hands" for intent in self.stale]
        return judge.found

    def _decided(self, effect: Made) -> datetime:
        attempt = self.attempts.get(effect.intent)
        return effect.at if attempt is None else attempt.intent.created

    def homes(self, customer: str, now: datetime) -> set[str]:
        """The countries that a decision at `now` may have read."""
        found = {"DE"}
        for each in sorted(self.house.stripe.made, key=lambda each: each.at):
            attempt = self.attempts.get(each.intent)
            if attempt is None or each.tool != "update_billing_details" or each.customer != customer or each.at > now:
                continue
            if (country := attempt.intent.action.model_dump()["country"]) is not None:
                found = {country} if each.at <= now - JUST_NOW else found | {country}
        return found


class _Judgement:
    def __init__(self, oracle: Oracle, proposal_of: dict[str, str]) -> None:
        self.oracle, self.proposal_of = oracle, proposal_of
        self.found: list[str] = []
        self.yes, self.approved = list(oracle.said), list(oracle.approved)
        self.human: dict[str, bool] = {}
        self.amounts: Counter[tuple[str, ...]] = Counter()
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.once: set[tuple[str, ...]] = set()
        self.moved: set[str] = set()
        self.ended: dict[str, str] = {}  # subscription -> canceled | ending | running
        self.numbers: defaultdict[str, list[str]] = defaultdict(list)
        self.opened: dict[str, datetime] = {}
        self.price: dict[str, str] = {}

    def must(self, holds: bool, what: str, effect: Made | Attempt) -> None:
        if not holds:
            name = effect.intent if isinstance(effect, Made) else f"{effect.intent.id} ({effect.intent.action})"
            self.found.append(f"{what}: {name} {effect if isinstance(effect, Made) else ''}")

    def only_once(self, key: tuple[str, ...], what: str, effect: Made | Attempt) -> None:
        self.must(key not in self.once, what, effect)
        self.once.add(key)

    def attempted(self, attempt: Attempt) -> None:
        """Whatever reached Stripe needed its consents, also when Stripe said no to it."""
        intent, now = attempt.intent, attempt.intent.created
        proposal = self.oracle.proposals[self.proposal_of[intent.id]]
        tool, customer = intent.action.tool, intent.customer
        self.only_once(("proposal", proposal.id), "one proposal was begun twice", attempt)
        self.must(tool == proposal.tool, "another tool than the one proposed", attempt)
        self.must(intent.case == proposal.case, "another case", attempt)
        self.must(
            customer == self.oracle.cases[intent.case] == proposal.principal.customer, "another customer", attempt
        )
        self.must(proposal.principal.role.value in BILLING, "a role that may not spend", attempt)
        self.must((attempt.owner, attempt.epoch) == (proposal.owner, proposal.epoch), "a case in other hands", attempt)
        if tool not in WITHOUT_A_YES:
            self.must(self._spend(self.yes, _wish(proposal), now) is not None, "without its own yes", attempt)
        yes = self._spend(self.approved, proposal.id, now)
        self.human[intent.id] = yes is not None
        if yes is not None and intent.value is not None and intent.value.currency in CAPS:
            caps, key = CAPS[intent.value.currency], ("human", yes.human, intent.value.currency, _day(now))
            self.must(abs(intent.value.amount) <= caps.approval, "more than one approval may carry", attempt)
            if any(each.intent == intent.id for each in self.oracle.house.stripe.made):
                self.amounts[key] += abs(intent.value.amount)
            self.must(self.amounts[key] <= caps.human_day, "more than a human may approve a day", attempt)
        if tool == "retry_payment":
            self._count(("retry", proposal.arguments["invoice"], _day(now)), RETRIES_A_DAY, "retries", attempt)
            card = intent.action.model_dump()["payment_method"]
            self.must(card == f"pm_{OWNED[customer]}", "another's card", attempt)
        if tool == "card_update_link":
            self._count(("links", customer, _day(now)), LINKS_A_DAY, "links", attempt)

    def _spend(self, yeses: list[Yes], to: str, now: datetime) -> Yes | None:
        """Take one yes that was there and still good: the one that runs out first."""
        for each in yeses:
            if each.to == to and each.at <= now < each.at + timedelta(hours=CONSENT_HOURS):
                yeses.remove(each)
                return each
        return None

    def _count(self, key: tuple[object, ...], cap: int, what: str, effect: Made | Attempt) -> None:
        name = tuple(map(str, key))
        self.counts[name] += 1
        intent = effect.intent if isinstance(effect, Made) else effect.intent.id
        self.must(self.counts[name] <= cap or self.human[intent], f"more {what} than {cap}", effect)

    def made(self, effect: Made) -> None:
        attempt = self.oracle.attempts.get(effect.intent)
        if attempt is None:
            self.found.append(f"an effect of nothing that was sent: {effect}")
            return
        proposal, human = self.oracle.proposals[self.proposal_of[effect.intent]], self.human[effect.intent]
        now = attempt.intent.created
        self.only_once(("intent", effect.intent), "one intent, two effects", effect)
        self.must(effect.customer == proposal.principal.customer, "for another customer", effect)
        self.must(effect.target.split("_")[1] == OWNED[effect.customer], "on another customer's object", effect)
        if effect.amount:
            self.must(effect.currency in CAPS, "in a currency without caps", effect)
        if effect.amount > 0 and effect.currency in CAPS:
            caps = CAPS[effect.currency]
            for key, cap in zip(_budgets(effect, now), (caps.customer_month, caps.day), strict=True):
                self.amounts[key] += effect.amount
                self.must(self.amounts[key] <= cap or human, f"over the cap of {key}", effect)
        if effect.amount < 0 and effect.currency in CAPS:
            self.must(-effect.amount <= CAPS[effect.currency].card or human, "charged more than the cap", effect)
        getattr(self, f"_{effect.tool}")(effect, proposal.arguments, now, human)

    def returned(self, effect: Made) -> None:
        """The bank has sent a refund back: what it took of the charge, of the month and of the case is free again."""
        if (attempt := self.oracle.attempts.get(effect.intent)) is None:
            return
        now = attempt.intent.created
        for key in (("refunded", effect.target), *_budgets(effect, now)):
            self.amounts[key] -= effect.amount
        self.amounts[("came back", effect.target)] += effect.amount
        self.counts[("refunds", effect.customer, f"{now:%Y-%m}")] -= 1
        self.once.discard(("charge", attempt.intent.case, effect.target))

    def _refund(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        kind = effect.target.split("_")[2]
        charge = whole(kind)
        self.must(effect.target == told["charge"], "another charge", effect)
        self.must(kind != "bad", "of a disputed charge", effect)
        left = charge.amount - self.amounts[("refunded", effect.target)]
        self.amounts[("refunded", effect.target)] += effect.amount
        self.must(0 < effect.amount <= left, "more than is left of the charge", effect)
        # "All that is left" is by the books, and they may not know yet what the bank has sent back.
        least = left - self.amounts[("came back", effect.target)]
        asked = effect.amount == told["amount"] if told["amount"] else least <= effect.amount
        self.must(asked, "another amount than asked", effect)
        self.must(effect.currency == charge.currency, "in another currency", effect)
        self.must(effect.amount <= _caps(effect).refund or human, "more than the cap of one refund", effect)
        self._count(("refunds", effect.customer, f"{now:%Y-%m}"), REFUNDS_A_MONTH, "refunds", effect)
        case = self.oracle.attempts[effect.intent].intent.case
        self.must(("charge", case, effect.target) not in self.once or human, "a second refund in one case", effect)
        self.once.add(("charge", case, effect.target))
        duplicate = told["grounds"] == "duplicate"
        age = now - (noon() - timedelta(days=OLD_DAYS if kind == "old" else CHARGE_AGE_DAYS))
        self.must(age <= timedelta(days=DUPLICATE_DAYS if duplicate else REQUEST_DAYS) or human, "too old", effect)
        if duplicate:
            twin = str(told["duplicate_of"])
            self.must(kind in TWINS and twin == f"{effect.target[:-1]}{'21'[kind == 'tw2']}", "not a duplicate", effect)
            self.must(self.amounts[("refunded", twin)] == 0, "a duplicate of what is refunded itself", effect)

    def _account_credit(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        self.must(effect.amount == told["amount"], "another amount than asked", effect)
        self.must(effect.amount <= _caps(effect).credit or human, "more than the cap of one credit", effect)
        self.must(effect.currency == ("jpy" if effect.customer == "cus_kenji" else "usd"), "another currency", effect)
        if (invoice := told["invoice"]) is not None:
            name, kind = OWNED[effect.customer], str(invoice).removeprefix(f"in_{OWNED[effect.customer]}")
            self.must(str(invoice).startswith(f"in_{name}"), "for another customer's invoice", effect)
            self.must(kind in ("", "_paid"), "for what was never billed", effect)
            before = self.amounts[("credited", str(invoice))]
            self.amounts[("credited", str(invoice))] += effect.amount
            came_to = BILLED if kind == "_paid" else OPEN.get(str(invoice), (2_000, ""))[0]
            self.must(before + effect.amount <= came_to, "credited more than the invoice came to", effect)
            self.must(before == 0 or human, "a second credit for one invoice", effect)

    def _retry_payment(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        due = OPEN.get(effect.target, (2_000, "usd"))
        self.must(effect.target == told["invoice"], "another invoice", effect)
        self.must((-effect.amount, effect.currency) == due, "another amount than due", effect)
        self.only_once(("paid", effect.target), "one invoice paid twice", effect)

    def _change_plan(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        price = str(told["price"])
        self.must(-effect.amount == told["amount_due"] == DUE[price], "another amount than shown", effect)
        self.must(effect.target == f"sub_{OWNED[effect.customer]}", "a subscription that may not change", effect)
        self.must(effect.target not in self.ended, "a subscription that ends", effect)
        self.must(self.price.get(effect.target) != price, "to the price it has", effect)
        self.price[effect.target] = price
        age = now - datetime.fromtimestamp(int(str(told["proration_date"])), now.tzinfo)
        fresh = timedelta(minutes=-6) <= age <= timedelta(hours=PREVIEW_HOURS)
        self.must(fresh, "by a preview that no longer holds", effect)

    def _cancel_subscription(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        ending = effect.target.endswith("_ending")
        before = self.ended.get(effect.target, "ending" if ending else "running")
        after = "canceled" if told["when"] == "now" else "ending"
        self.must(before not in ("canceled", after), "ended already", effect)
        self.ended[effect.target] = after

    def _resume_subscription(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        kind = effect.target.split("_")[-1]
        before = self.ended.pop(effect.target, "ending" if kind == "ending" else "running")
        self.must(before != "canceled", "an ended one brought back", effect)
        if effect.amount:
            self.must(kind == "paused" and -effect.amount == 2_000, "started for another price", effect)
            self.only_once(("started", effect.target), "one subscription started twice", effect)
        else:
            self.must(before == "ending", "let go on what was not ending", effect)
        self.ended[effect.target] = "running"
        if kind != "ending":
            del self.ended[effect.target]

    def _undo_scheduled_change(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        self.must(effect.target.endswith("_planned"), "nothing was planned there", effect)
        self.only_once(("undone", effect.target), "one plan taken back twice", effect)

    def _apply_promotion_code(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        word = str(told["code"])
        self.only_once(("discount", effect.target), "two discounts on one subscription", effect)
        self.only_once(("code", effect.customer, word), "one code redeemed twice", effect)
        self.must(effect.amount <= _caps(effect).promotion or human, "worth more than the cap", effect)
        self.must(word in ("WELCOME20", "YEARFREE", f"MINE-{OWNED[effect.customer]}"), "another's code", effect)
        self.must(effect.target not in self.ended, "on a subscription that ends", effect)

    def _update_billing_details(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        self._count(("details", effect.customer, _day(now)), DETAILS_A_DAY, "changes of details", effect)
        self.must(told["email"] is None or human or ("email", effect.customer) in self.once, "a new e-mail", effect)
        at_home = "FR" if effect.customer in self.moved else "DE"
        self.must(told["country"] in (None, at_home) or human, "another country", effect)
        if told["email"] is not None:
            self.once.add(("email", effect.customer))
        if told["country"] is not None:
            (self.moved.add if told["country"] == "FR" else self.moved.discard)(effect.customer)

    def _set_tax_id(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        self._count(("tax ids", effect.customer, _day(now)), TAX_IDS_A_DAY, "tax ids", effect)
        wrote = str(told["value"]).replace(" ", "").replace(".", "").upper()
        self.must(NUMBER.fullmatch(wrote) is not None, "not a number", effect)
        before = self.numbers[effect.customer]
        self.must(wrote not in before, "one number twice", effect)
        at_home = wrote[:2] in self.oracle.homes(effect.customer, now)
        self.must((not before and at_home) or human, "a second number, or a foreign one", effect)
        before.append(wrote)

    def _new_checkout_link(self, effect: Made, told: dict[str, object], now: datetime, human: bool) -> None:
        self._count(("links", effect.customer, _day(now)), LINKS_A_DAY, "links", effect)
        before = self.opened.get(effect.target)
        self.must(before is None or effect.at - before >= timedelta(hours=24), "two open links for one thing", effect)
        self.opened[effect.target] = effect.at


def _wish(proposal: Proposal) -> str:
    return json.dumps([proposal.case, proposal.tool, proposal.arguments], sort_keys=True)


def _budgets(effect: Made, now: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The customer's of the month, and the company's of the day."""
    return ("out", effect.customer, effect.currency, f"{now:%Y-%m}"), ("out", effect.currency, _day(now))


def _caps(effect: Made) -> Caps:
    return CAPS.get(effect.currency, NOTHING)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
