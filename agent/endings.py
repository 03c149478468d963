"""How a turn ends: resolved, waiting for the customer, or with a human. The only place where the outcome is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from agent.autonomy import Mode
from agent.brief import TopicView
from agent.calls import Tally
from agent.confidence import Confidence, Signals, assess
from agent.consenting import which
from agent.effects import EffectRecord
from agent.escalation import packet, waiting
from agent.evidence import Evidence
from agent.faults import place
from agent.journal import Journal
from agent.ledger_sentences import about, all_about, handed_over, to_tell
from agent.loop import LoopEnd
from agent.models.chat import Usage
from agent.prompting import render
from agent.release import Ending
from agent.reply import HeldReply
from agent.searching import searched
from agent.settings import AgentSettings
from agent.turn import OpenTurn, Outcome, TurnResult
from policy.proposals import Principal
from store.proposals import ProposalRow
from store.redaction import redact
from tools.registry import Registry

log = structlog.get_logger(__name__)

QUESTIONS_IN_A_ROW = 2  # after so many without an answer that helps, a human takes over


@dataclass(frozen=True, slots=True)
class Worked:
    """What is known when a turn ends."""

    topic: TopicView
    journal: Journal | None = None
    tally: Tally = field(default_factory=Tally)
    end: LoopEnd | None = None
    citations: tuple[dict[str, Any], ...] = ()
    confirmed: bool = False

    def with_tally(self, tally: Tally) -> Worked:
        return replace(self, tally=tally)

    @property
    def effects(self) -> tuple[EffectRecord, ...]:
        return tuple(self.tally.effects.values())


@dataclass(frozen=True, slots=True)
class Endings:
    settings: AgentSettings
    registry: Registry
    desks: Callable[[Principal], Any]
    opened: OpenTurn

    async def of(self, worked: Worked, end: LoopEnd, evidence: Callable[[], Evidence], held: HeldReply) -> Ending:
        """From how the loop ended."""
        worked = replace(worked, end=end)
        if end.how == "replied" and end.text is not None:
            seen = evidence()
            cited = tuple({"article": seen.passages[name][0], "passage": name} for name in end.citations)
            worked = replace(worked, citations=cited)
            checked = await asyncio.to_thread(held.check, end.text, end.citations, seen)
            text = held.compose(end.text, checked, worked.effects)
            return await self._replied(worked, end, text)
        if end.how == "escalated":
            return await self.to_human(worked, end.reason, summary=end.summary)
        if self._ledger_suffices(worked):
            waits = any(effect.needs_confirmation for effect in worked.effects)
            return self._to_customer(worked, "awaiting_customer" if waits else "resolved", all_about(worked.effects))
        suggestion = end.text if end.how == "reply_refused" else None
        detail = "; ".join([end.reason, *end.problems])[:1_000]
        return await self.to_human(worked, end.how, detail=detail, summary=end.summary, suggestion=suggestion)

    async def confirmed(self, worked: Worked, effect: EffectRecord) -> Ending:
        """The customer said yes and the gate has answered: the ledger's sentence is the whole reply."""
        worked = replace(worked, confirmed=True)
        if effect.status == "succeeded":
            return self._to_customer(worked, "resolved", all_about([effect]))
        if effect.needs_confirmation:
            return self._to_customer(worked, "awaiting_customer", all_about([effect]))
        return await self._replied(worked, LoopEnd("replied", "answer"), all_about([effect]))

    async def _replied(self, worked: Worked, end: LoopEnd, text: str) -> Ending:
        effects = to_tell(worked.effects)
        statuses = {effect.status for effect in effects}
        waits = any(effect.needs_confirmation for effect in effects)
        if any(effect.needs_approval for effect in effects):
            return await self.to_human(worked, "needs_approval", reply=text)
        if "pending_reconciliation" in statuses:
            return await self.to_human(worked, "effect_unknown", reply=text)
        if end.kind == "question" or waits:
            if not waits and self.opened.asked_before >= QUESTIONS_IN_A_ROW:
                return await self.to_human(worked, "not_understood", suggestion=text)
            return self._to_customer(worked, "awaiting_customer", text)
        if "succeeded" not in statuses:
            refused = [effect for effect in effects if effect.status in ("refused", "failed")]
            answered = [effect for effect in refused if effect.answered and not self._told_before(effect)]
            if refused and refused != answered:
                reason = "denied" if refused[0].status == "refused" else "effect_failed"
                return await self.to_human(worked, reason, detail=refused[0].rule, reply=self._and_colleague(text))
            sure = self._confidence(worked)
            if sure.value < self.settings.caution.answer_below:
                return await self.to_human(worked, "low_confidence", suggestion=text)
            if refused:
                text = f"{text}\n\n{render('insist.v1.j2')}"
        return self._to_customer(worked, "resolved", text)

    def ask_again(self, worked: Worked) -> Ending:
        """One short question about a message in which there is nothing to understand."""
        return self._to_customer(worked, "awaiting_customer", render("ask_again.v1.j2"))

    async def yes_to_what(self, worked: Worked, waiting: Sequence[ProposalRow]) -> Ending:
        """Which of the sentences that wait a yes is meant for; a human where that was asked already."""
        question, last = which(waiting), self.opened.conversation[-2].body
        if " ".join(redact(question).split()) == " ".join(last.split()):
            return await self.to_human(worked, "not_understood", summary="Several changes wait for the customer's yes.")
        return self._to_customer(worked, "awaiting_customer", question)

    async def to_human(
        self,
        worked: Worked,
        reason: str,
        *,
        detail: str | None = None,
        summary: str | None = None,
        reply: str | None = None,
        suggestion: str | None = None,
    ) -> Ending:
        """Escalate. `reply` is checked text for the customer; without it they are told what the ledger knows, and that
        a colleague takes over. `suggestion` is text for the colleague that was not released."""
        effects = worked.effects
        confidence = self._confidence(worked)
        told = reply
        if told is None:
            parts = [all_about(effects), handed_over(reason, stored=True, contact=self.settings.human_contact)]
            told = "\n\n".join(part for part in parts if part)
        built = packet(
            self.opened,
            reason=reason,
            topic=worked.topic,
            confidence=confidence,
            effects=effects,
            journal=worked.journal,
            detail=detail,
            summary=summary,
            suggested_reply=suggestion or reply,
            suggestion_checked=suggestion is None or reason in ("low_confidence", "draft", "not_understood"),
            diagnosis=await self._diagnosis(worked),
        )
        stopped = waiting(effects)
        result = self._result(worked, "escalated", told, confidence)
        result = replace(result, escalation={"reason": reason, "packet": built})
        return Ending(
            result,
            built,
            reason,
            None if stopped is None else str(stopped["proposal"]),
            held=self.settings.autonomy.shadow,
        )

    def _to_customer(self, worked: Worked, outcome: Outcome, text: str) -> Ending:
        """Release the reply, unless this topic is only drafted: then a human gets it as a suggestion."""
        confidence = self._confidence(worked)
        result = self._result(worked, outcome, text, confidence)
        mode = self.settings.autonomy.mode(worked.topic.topic)
        if mode is Mode.ACT or worked.confirmed:
            return Ending(result)
        built = packet(
            self.opened,
            reason="draft",
            topic=worked.topic,
            confidence=confidence,
            effects=worked.effects,
            journal=worked.journal,
            detail=None,
            summary=None,
            suggested_reply=text,
            suggestion_checked=True,
        )
        result = replace(result, outcome="escalated", escalation={"reason": "draft", "packet": built})
        return Ending(result, built, "draft", held=True)

    def _told_before(self, effect: EffectRecord) -> bool:
        """Whether Lee has refused this in this case with the same words: whoever asks again wants a human to say it."""
        said = about(effect)
        return any(row.kind == "outbound" and said in " ".join(row.body.split()) for row in self.opened.conversation)

    def _and_colleague(self, text: str) -> str:
        return f"{text}\n\n{handed_over('denied', stored=True, contact=self.settings.human_contact)}"

    def _ledger_suffices(self, worked: Worked) -> bool:
        """The model failed at the end, but what was done, or waits for a yes, is a full answer by itself."""
        statuses = {effect.status for effect in to_tell(worked.effects)}
        if not statuses or statuses - {"succeeded", "waiting"}:
            return False
        return not any(effect.needs_approval for effect in worked.effects)

    def _confidence(self, worked: Worked) -> Confidence:
        tools = [step.content for step in (worked.journal.of("tool") if worked.journal else ())]
        reads = [content for content in tools if content["effect"] is None and not content.get("refused")]
        return assess(
            Signals(
                topic_confidence=worked.topic.confidence,
                topic_known=worked.topic.known,
                topic_matters=not worked.confirmed,
                answers=None if any(_looked(content) for content in reads) else how_likely(worked),
                reads_failed=sum(not content["result"].get("ok") for content in reads),
                reads_made=len(reads),
                replies_refused=sum(bool(content.get("refused")) for content in tools),
                effects=worked.effects,
            )
        )

    def _result(self, worked: Worked, outcome: Outcome, text: str, confidence: Confidence) -> TurnResult:
        end = worked.end
        return TurnResult(
            case=self.opened.case.id,
            topic=worked.topic.topic,
            outcome=outcome,
            reply=text,
            confidence=confidence.value,
            effects=tuple(found for effect in worked.effects if (found := effect.effect()) is not None),
            decisions=tuple(effect.decision() for effect in worked.effects),
            citations=worked.citations,
            model=None if end is None else end.model,
            usage=Usage() if end is None else end.usage,
        )

    async def _diagnosis(self, worked: Worked) -> Any:
        """For a colleague who gets a case in which nothing was read: what is wrong, if that can be found out."""
        if worked.journal is not None and any(step.content["name"] == "diagnose" for step in worked.journal.of("tool")):
            return None
        try:
            tool = self.registry.get("diagnose")
            if tool.read is None:
                return None
            async with asyncio.timeout(self.settings.bounds.read_seconds):
                found = await tool.read(tool.arguments(), self.desks(self.opened.principal))
            return found.model_dump(mode="json")
        except Exception as error:  # noqa: BLE001 - the hand-over must not fail for want of a diagnosis
            log.warning("agent.no_diagnosis", case=self.opened.case.id, error=place(error))
            return None


def _looked(content: dict[str, Any]) -> bool:
    """Whether the account itself was read, so that the reply does not rest on passages alone."""
    return content["name"] != "search_knowledge" and bool(content["result"].get("ok"))


def how_likely(worked: Worked) -> float | None:
    """How likely what the reply cites is to answer, 0 to 1: the best of the searches that gave any of it. None where
    nothing is cited, and in a turn from before searches said it."""
    made = searched(worked.journal, worked.citations)
    sure = [each.answers for each in made if any(passage.quoted for passage in each.found)]
    return max((each / 1000 for each in sure if each is not None), default=None)
