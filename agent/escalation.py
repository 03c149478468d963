"""The handoff packet: what a human needs to solve the case without a second look anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agent.brief import TopicView, jsonable
from agent.confidence import Confidence
from agent.effects import EffectRecord
from agent.journal import Journal
from agent.turn import OpenTurn

_LONGEST_TEXT = 2_000
_MESSAGES = 40

REASONS = {
    "customer_asks": "The customer asked for a human.",
    "language": "The message is in a language that Lee does not read here.",
    "needs_approval": "What the customer wants needs a human's approval.",
    "denied": "Policy refused what the customer wants.",
    "effect_unknown": "An effect was sent and its outcome is not known yet.",
    "effect_failed": "The payment system refused what was tried.",
    "model_failed": "The model gave no usable answer.",
    "bounded": "The turn used up what one turn may use.",
    "reply_refused": "The model's reply said something that is not so, twice.",
    "low_confidence": "Lee is not sure enough of its answer.",
    "not_understood": "The message could not be understood.",
    "cannot_solve": "Lee cannot solve this safely.",
    "outside_policy": "This is outside what Lee may do.",
    "risk": "There are signs of risk.",
    "topic_off": "This topic is for humans.",
    "draft": "Lee only drafts for this topic.",
    "internal_error": "Something inside Lee failed.",
    "human_owns": "A human owns the case.",
}


def packet(
    opened: OpenTurn,
    *,
    reason: str,
    topic: TopicView,
    confidence: Confidence,
    effects: Sequence[EffectRecord],
    journal: Journal | None,
    detail: str | None,
    summary: str | None,
    suggested_reply: str | None,
    suggestion_checked: bool,
    diagnosis: Any = None,
) -> dict[str, Any]:
    """JSON-safe. `facts` are this turn's reads, newest of each tool; `tried` is every decision with its rule."""
    facts = _facts(journal)
    if diagnosis is not None:
        facts.setdefault("diagnose", diagnosis)
    stopped = [effect for effect in effects if effect.status != "succeeded"]
    return {
        "reason": reason,
        "why": REASONS.get(reason, reason),
        "detail": detail,
        "customer": {
            "id": opened.case.customer,
            "user": opened.case.user,
            "role": opened.case.role,
            "channel": opened.case.channel,
        },
        "topic": jsonable(topic),
        "confidence": {"value": confidence.value, "reasons": list(confidence.reasons)},
        "summary": summary,
        "facts": facts,
        "tried": [
            {
                "tool": effect.tool,
                "arguments": dict(effect.arguments),
                "verdict": effect.verdict,
                "rule": effect.rule,
                "reason": effect.reason,
                "facts": dict(effect.facts),
                "remedy": effect.remedy,
                "status": effect.status,
                "stripe_id": effect.stripe_id,
                "failure": effect.failure,
            }
            for effect in effects
        ],
        "stopped_by": [{"tool": effect.tool, "rule": effect.rule, "reason": effect.reason} for effect in stopped],
        "pending_effects": [
            {"tool": effect.tool, "proposal": effect.proposal, "arguments": dict(effect.arguments)}
            for effect in effects
            if effect.status == "pending_reconciliation"
        ],
        "waiting_proposal": waiting(effects),
        "unavailable": _failed_reads(journal),
        "suggested_actions": _suggested(journal),
        "conversation": [
            {"from": row.author, "kind": row.kind, "text": row.body[:_LONGEST_TEXT]}
            for row in list(opened.conversation)[-_MESSAGES:]
        ],
        "suggested_reply": None
        if not suggested_reply
        else {"text": suggested_reply[: 2 * _LONGEST_TEXT], "checked": suggestion_checked},
    }


def waiting(effects: Iterable[EffectRecord]) -> dict[str, Any] | None:
    """The proposal that a human can approve, if there is one."""
    for effect in effects:
        if effect.needs_approval:
            return {
                "proposal": effect.proposal,
                "tool": effect.tool,
                "arguments": dict(effect.arguments),
                "shown": effect.shown,
                "rule": effect.rule,
                "reason": effect.reason,
            }
    return None


def _facts(journal: Journal | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for step in journal.of("tool") if journal is not None else ():
        result = step.content["result"]
        if result.get("ok") and "result" in result:
            found[step.content["name"]] = result["result"]
    return found


def _failed_reads(journal: Journal | None) -> list[str]:
    failed = [
        step.content["name"]
        for step in (journal.of("tool") if journal is not None else ())
        if step.content["result"].get("error", {}).get("code") not in (None, "reply_refused", "held_back")
    ]
    return sorted(set(failed))


def _suggested(journal: Journal | None) -> list[dict[str, Any]]:
    """What Lee would have done where it was not allowed to act."""
    return [
        {"tool": step.content["name"], "arguments": step.content["result"]["suggested"]}
        for step in (journal.of("tool") if journal is not None else ())
        if "suggested" in step.content["result"]
    ]
