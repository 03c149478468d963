"""Lee: one turn from the customer's message to a released reply, a question, or a human with the whole context.

Whatever fails in between ends as an escalation with a packet and a plain sentence; only a store that cannot be written
leaves the turn open, to be taken up again at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol

import structlog

from agent.assent import assents
from agent.autonomy import Mode
from agent.brief import TopicView, brief
from agent.calls import Calls, Gate, Standing
from agent.claims import ClaimDetector
from agent.consenting import consent, may_consent
from agent.control import schemas
from agent.conversation import as_messages, says_something
from agent.endings import Endings, Worked
from agent.evidence import Evidence, gather
from agent.faults import place
from agent.journal import Journal
from agent.languages import foreign_language
from agent.ledger_sentences import handed_over
from agent.loop import Loop, LoopEnd
from agent.models.chat import ChatModel, Message
from agent.offered import names_payment, offered
from agent.opening import open_turn
from agent.prompting import SYSTEM_PROMPT, render
from agent.recovery import confirm, restore
from agent.release import Ending, release
from agent.reply import HeldReply
from agent.searching import searched
from agent.settings import AgentSettings
from agent.strength import NEEDS, weakness
from agent.turn import OpenTurn, TurnResult, Units, from_json
from agent.understanding import ELLIPTIC, Reader, understand, wants_human
from billing.ids import CaseId, TurnId
from policy.actions import Action, Refund
from policy.proposals import Principal
from store.errors import LogUnavailable
from store.redaction import redact
from tools.registry import Registry

CLEAR_TOPIC = 0.8
SECOND_WISH = 0.3  # a second reading this likely may be what is meant
ASK_FIRST = "It is not certain what the customer wants. Ask one short question before you propose this."
log = structlog.get_logger(__name__)


class Extract(Protocol):
    """`agent.topics.slots.extract`."""

    def __call__(self, text: str, *, plans: Iterable[str] = (), today: date) -> Any: ...


# What customers write about when they may want money back. Under any other topic a refund that the law would allow is
# still one that nobody asked for (an article or an invoice may have ordered it), unless Lee offered it and they agreed.
ABOUT_MONEY_BACK = frozenset(
    {
        "refund_request",
        "refund_status",
        "duplicate_charge",
        "unexpected_charge",
        "unauthorized_charge",
        "dispute_or_chargeback",
        "cancel_subscription",
        "legal_or_complaint",
    }
)


@dataclass(frozen=True, slots=True)
class Lee:
    """Everything a turn needs, put together by `app.wiring`. Safe to share between turns of different cases.

    `desks` binds the read tools to one authenticated principal (`tools.desk.Desks.of`). `settings.autonomy` may be
    changed while turns run: it is looked at again before each effect and each release. A sentence of the law waits for
    the customer's yes as long as `confirmation_valid`.
    """

    store: Units
    gate: Gate
    model: ChatModel
    registry: Registry
    desks: Callable[[Principal], Any]
    topics: Reader
    extract: Extract
    claims: ClaimDetector
    settings: AgentSettings
    confirmation_valid: timedelta

    def read_ahead(self, text: str) -> None:
        """Read a message that is about to be received, so that its turn need not wait for the encoder. What fails here
        fails again, and is answered, in the turn."""
        try:
            self.topics.ahead(redact(text[: self.settings.bounds.ticket_characters]))
        except Exception as error:  # noqa: BLE001 - nothing depends on it
            log.info("agent.not_read_ahead", error=place(error))

    async def take_turn(self, turn_id: str) -> TurnResult:
        """Work on a queued turn, or go on with one that a crash interrupted; one that has ended gives its result again.

        Raises `store.errors.NotFound`, and `TurnRunning` while an earlier turn of the case runs. Nothing else.
        """
        opened: OpenTurn | None = None
        try:
            opened = open_turn(self.store, turn_id)
            if opened.turn.status == "done" and opened.turn.result is not None:
                return from_json(dict(opened.turn.result))
            return release(self.store, opened, await self._ending(opened))
        except LogUnavailable as error:
            log.warning("agent.store_unavailable", turn=turn_id, error=error.message)
            return self._unstored(opened)

    async def _ending(self, opened: OpenTurn) -> Ending:
        journal: Journal | None = None
        endings = Endings(self.settings, self.registry, self.desks, opened)
        worked = Worked(TopicView(opened.case.topic or "unknown", 0.0, False))
        try:
            journal = Journal(self.store, opened.turn.id)
            worked = Worked(await self._topic(opened, journal), journal=journal)
            ending = await self._work(opened, journal, endings, worked)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, the customer must not be left alone with it
            log.warning("agent.turn_failed", turn=opened.turn.id, case=opened.case.id, error=place(error))
            ending = await endings.to_human(worked, "internal_error", detail=place(error))
        return replace(ending, searches=searched(journal, ending.result.citations))

    async def _work(self, opened: OpenTurn, journal: Journal, endings: Endings, worked: Worked) -> Ending:
        topic = worked.topic
        calls = self._calls(opened, journal, topic)
        worked = worked.with_tally(calls.tally)
        await restore(calls)
        confirmed = await confirm(self.store, calls, opened) if opened.turn.proposal_id is not None else None
        if confirmed is not None and not confirmed.declined:
            return await endings.confirmed(worked, confirmed)
        if confirmed is None:
            early = await self._before_any_model(opened, endings, worked)
            if early is not None:
                return early
        held = HeldReply(self.claims)
        end = await self._loop(opened, journal, calls, topic, confirmed, held)
        return await endings.of(worked, end, lambda: self._evidence(opened, journal, calls), held)

    async def _before_any_model(self, opened: OpenTurn, endings: Endings, worked: Worked) -> Ending | None:
        if self.settings.autonomy.mode(worked.topic.topic) is Mode.OFF:
            return await endings.to_human(worked, "topic_off")
        if wants_human(worked.topic, self.settings.caution):
            return await endings.to_human(worked, "customer_asks")
        foreign = await self._foreign(opened, worked)
        if foreign is not None:
            return await endings.to_human(worked, "language", detail=foreign, summary=f"The message is in {foreign}.")
        if not says_something(opened.message.body):
            if opened.asked_before:
                return await endings.to_human(worked, "not_understood")
            return endings.ask_again(worked)
        return await self._yes_to_what(opened, endings, worked)

    async def _yes_to_what(self, opened: OpenTurn, endings: Endings, worked: Worked) -> Ending | None:
        """A yes that the channel could not take, because it may be meant for more than one thing: the question."""
        said, user = opened.message.body, opened.message.author.removeprefix("customer:")
        if not opened.ours or not may_consent(said, user):
            return None
        with self.store.look() as uow:
            proposals = uow.proposals.of(opened.case.id)
        before = opened.conversation[:-1]
        meant = consent(said, user, before, proposals, self.store.clock(), self.confirmation_valid)
        return await endings.yes_to_what(worked, meant.ask) if meant.ask else None

    async def _foreign(self, opened: OpenTurn, worked: Worked) -> str | None:
        """The language of a message this model does not read. Words whose topic is clear are no matter."""
        clear = worked.topic.known and worked.topic.confidence >= CLEAR_TOPIC
        answers = worked.topic.source == "case" and len(opened.message.body.split()) <= ELLIPTIC
        if not self.model.english_only or clear or answers:  # "no, the October one" is too little to tell a language by
            return None
        return await asyncio.to_thread(foreign_language, opened.message.body)

    async def _topic(self, opened: OpenTurn, journal: Journal) -> TopicView:
        known = journal.first("topic")
        if known is not None:
            return TopicView(**{**known, "also": tuple(known["also"])})
        view = await asyncio.to_thread(
            understand,
            self.topics,
            opened.message.body[: self.settings.bounds.ticket_characters],
            opened.case.topic,
            opened.asked_before > 0,
            self.settings.caution,
        )
        journal.add("topic", asdict(view))
        return view

    def _calls(self, opened: OpenTurn, journal: Journal, topic: TopicView) -> Calls:
        return Calls(
            registry=self.registry,
            desk=self.desks(opened.principal),
            gate=self.gate,
            standing=Standing(
                CaseId(opened.case.id),
                TurnId(opened.turn.id),
                opened.principal,
                f"lee:{self.model.name}",
                opened.turn.epoch,
            ),
            journal=journal,
            bounds=self.settings.bounds,
            held_back=lambda action: self._held_back(opened, journal, topic, action),
        )

    def _held_back(self, opened: OpenTurn, journal: Journal, topic: TopicView, action: Action) -> str | None:
        """Why this may not be proposed now, in a sentence for the model."""
        mode, tool = self.settings.autonomy.mode(topic.topic), action.tool
        if not opened.ours or mode is not Mode.ACT:
            return "A colleague carries out changes in this case; yours is kept as a suggestion for them."
        if _agreed_to(opened, journal, action):
            return None
        unsure = not topic.known or topic.confidence < self.settings.caution.effect_below
        if tool in NEEDS and unsure:
            return ASK_FIRST
        if tool == "card_update_link" and weakness(tool, topic) is not None:
            return ASK_FIRST
        wishes = {topic.topic, *topic.also}
        if topic.second_confidence >= SECOND_WISH:
            wishes.add(str(topic.second_choice))
        return ASK_FIRST if tool == "refund" and not wishes & ABOUT_MONEY_BACK else None

    async def _loop(
        self, opened: OpenTurn, journal: Journal, calls: Calls, topic: TopicView, confirmed: Any, held: HeldReply
    ) -> LoopEnd:
        bounds = self.settings.bounds
        today = self.store.clock().date()
        earlier = "\n".join(row.body for row in opened.conversation[:-1] if row.kind == "inbound")
        told = brief(
            topic=topic,
            role=opened.case.role,
            channel=opened.case.channel,
            plans=self.settings.plans,
            today=today,
            slots=self.extract(opened.message.body[: bounds.ticket_characters], plans=self.settings.plans, today=today),
            earlier_slots=self.extract(earlier[-bounds.ticket_characters :], plans=self.settings.plans, today=today),
            asked_before=opened.asked_before,
            choices=opened.choices,
            confirmed=confirmed,
            may_act=opened.ours and self.settings.autonomy.mode(topic.topic) is Mode.ACT,
        )
        system = Message("system", render(SYSTEM_PROMPT, company=self.settings.company, brief=told))
        conversation = as_messages(opened.conversation, bounds.ticket_characters, bounds.conversation_messages)

        def judge(text: str, citations: tuple[str, ...]) -> Sequence[str]:
            return held.check(text, citations, self._evidence(opened, journal, calls)).problems

        loop = Loop(self.model, calls, journal, bounds, judge)
        return await loop.run((system, *conversation), schemas(self.registry), told)

    def _evidence(self, opened: OpenTurn, journal: Journal, calls: Calls) -> Evidence:
        results = [
            (step.content["name"], step.content["result"]["result"])
            for step in journal.of("tool")
            if step.content["result"].get("ok") and "result" in step.content["result"]
        ]
        said = [row.body[: self.settings.bounds.ticket_characters] for row in opened.conversation]
        known = [self.store.clock().date().isoformat(), self.settings.human_contact or ""]
        return gather(results, said, calls.tally.effects.values(), known)

    def _unstored(self, opened: OpenTurn | None) -> TurnResult:
        """Nothing can be written down, so nothing more may be done: a plain sentence, true of what was begun, and the
        contact."""
        return TurnResult(
            case="" if opened is None else opened.case.id,
            topic="unknown" if opened is None else opened.case.topic or "unknown",
            outcome="escalated",
            reply=handed_over(
                "internal_error", stored=False, contact=self.settings.human_contact, pending=self._begun(opened)
            ),
            confidence=0.0,
            escalation={"reason": "store_unavailable", "packet": {}},
            stored=False,
        )

    def _begun(self, opened: OpenTurn | None) -> bool:
        """Whether an effect of this case waits for its outcome; if even that cannot be read, it may."""
        if opened is None:
            return False
        try:
            with self.store.look() as uow:
                open_ones = ("reserved", "pending_reconciliation")
                return any(intent.status in open_ones for intent in uow.ledger.of(opened.case.id))
        except LogUnavailable:
            return True


def _agreed_to(opened: OpenTurn, journal: Journal, action: Action) -> bool:
    """Whether the message is a yes to Lee's offer of this very act; of a refund, to that of this payment."""
    before = opened.conversation[-2] if opened.asked_before and len(opened.conversation) > 1 else None
    if before is None or before.kind != "outbound" or not assents(opened.message.body):
        return False
    if action.tool not in offered(before.body):
        return False
    return not isinstance(action, Refund) or names_payment(before.body, action.charge, _charges(journal))


def _charges(journal: Journal) -> list[dict[str, Any]]:
    """The charges that this turn has read."""
    results = [step.content["result"] for step in journal.of("tool") if step.content["name"] == "list_charges"]
    return [row for found in results if found.get("ok") for row in found["result"]["charges"]]
