"""The offline planner: the model where no key is set. It understands nothing by itself.

The topic comes from the classifier, what was pointed at from the slots, and the rest from facts: a flow for each topic
(`agent.flows`) says what to read, what follows, and which template to answer with. It gets the same request as any
model and answers with the same tool calls, and its replies are held and checked like any other.
"""

from __future__ import annotations

import json
from typing import Any

from agent.control import ASK, ESCALATE, REPLY, AskCustomer
from agent.flows.payments import AFTER_DECLINED_RETRY
from agent.flows.refunds import NAMED_PAYMENT
from agent.flows.refusals import refused
from agent.flows.steps import HandOver, Move, Say, walk
from agent.flows.table import AGREED, EXPLAINS, FLOWS, HANDS_OVER, NAMES, OFFERED, UNASKED
from agent.flows.view import View
from agent.flows.wishes import further, named_beside, one_text
from agent.models.chat import ChatRequest, Completion, Message, ToolCall, Usage
from agent.prompting import render
from agent.topics.names import Topic

# Under this confidence an acting topic is asked about, once, instead of acted upon.
CLEAR_FROM = 0.35
# Under this one an answer from the account is put as a question, so that the customer can set it right.
SURE_FROM = 0.2
NEARLY = 0.75
# Topics about no part of an account that could be looked up.
NO_PART = frozenset(
    {Topic.GREETING_OR_THANKS, Topic.UNKNOWN, Topic.HOW_TO, Topic.ACCOUNT_ACCESS, Topic.TECHNICAL_PROBLEM}
)


ASKED_BEFORE = HandOver("not_understood", "The answer to Lee's question leaves it as open as it was.")


class OfflinePlanner:
    name = "offline planner"
    english_only = True

    async def complete(self, request: ChatRequest) -> Completion:
        view = View(request)
        return _completion(_calls(view, plan(view)), self.name)


def plan(view: View) -> Move:
    """The next move in the flow of the topic."""
    if view.reply_refused:
        return HandOver("cannot_solve", f"The planner's own reply did not stand up to the check: {view.reply_refused}")
    if view.brief["confirmed"]:
        return walk(AFTER_DECLINED_RETRY, view) or HandOver("cannot_solve", "Nothing is left to do.")
    settled = refused(view) or _agreed(view)
    if settled is not None:
        return settled
    topic = _named(view) or Topic(view.topic["topic"])
    if view.hints.ids("ch_", "py_") and topic not in HANDS_OVER:
        move = walk(NAMED_PAYMENT, view)
        if move is not None:
            return move
    if topic in HANDS_OVER and _rather_unknown(view):
        topic = Topic.UNKNOWN
    if topic in UNASKED and view.brief["asked_before"] == 0 and _two_kinds(view, topic):
        return Say("which_wish", _two_wishes, kind="question")
    move = walk(FLOWS[topic], view) if _strong(view, topic) else _faint(view, topic)
    if isinstance(move, Say) and move.empty:
        move = _other_reading(view) or move
    return move or HandOver("cannot_solve", "The flow of this topic came to no end.")


def _agreed(view: View) -> Move | None:
    """What the customer says yes to, where Lee's last words asked about a change that the law takes no yes for."""
    flow = next((flow for template, flow in AGREED.items() if view.agreed(template)), None)
    return None if flow is None else walk(flow, view)


def _strong(view: View, topic: Topic) -> bool:
    """Whether the reading is strong enough for what the topic's flow would do without asking."""
    if topic not in OFFERED:
        return True
    if topic is Topic.UPDATE_PAYMENT_METHOD:
        return view.plainly_asks("card_update_link")
    return view.plainly_asks("refund", borne_out=_points_at_payments(view) or topic is Topic.DUPLICATE_CHARGE)


def _points_at_payments(view: View) -> bool:
    return view.hints.point_at_payment or view.hints.count is not None


def _named(view: View) -> Topic | None:
    """What only one topic speaks of decides: a tax id whatever else is said; a code where the words are unclear, or are
    about no part of the account."""
    topic = Topic(view.topic["topic"])
    if topic in HANDS_OVER or view.hints.point_at_payment:
        return None
    if view.hints.tax_ids:
        return Topic.TAX_OR_VAT
    unclear = view.topic["confidence"] < CLEAR_FROM or topic in NO_PART
    return Topic.DISCOUNT_OR_COUPON if view.hints.promotion_codes and unclear else None


def _rather_unknown(view: View) -> bool:
    """It is likelier that the message is about nothing Lee knows: one short question before a human is called."""
    unknown = view.topic["second_choice"] == Topic.UNKNOWN
    return unknown and view.topic["second_confidence"] > view.topic["confidence"]


def _other_reading(view: View) -> Move | None:
    """What another reading of the message leads to, where the likeliest one leads to nothing. It changes nothing by
    itself: the customer is asked about the change."""
    for name, _ in view.others():
        topic = Topic(name)
        move = walk(OFFERED.get(topic, FLOWS[topic]), view)
        leads_on = move is not None and not isinstance(move, HandOver) and not (isinstance(move, Say) and move.empty)
        for_human = topic is Topic.HUMAN_REQUEST or (topic in HANDS_OVER and view.is_left(name))
        if leads_on or (move is not None and for_human):
            return move
    return None


def _faint(view: View, topic: Topic) -> Move | None:
    """A change is offered, not made. Nothing is lost by explaining first, where that is nearly as likely wanted."""
    if topic not in OFFERED:
        return walk(FLOWS[topic], view)
    return _explained(view) or walk(OFFERED[topic], view)


def _explained(view: View) -> Move | None:
    second = Topic(view.topic["second_choice"] or "unknown")
    if second not in EXPLAINS or view.topic["second_confidence"] < view.topic["confidence"] * NEARLY:
        return None
    move = walk(FLOWS[second], view)
    return None if isinstance(move, HandOver) or (isinstance(move, Say) and move.empty) else move


def _two_kinds(view: View, topic: Topic) -> bool:
    """Nearly as likely a wish for another kind of change: money back, or another card."""
    second = Topic(view.topic["second_choice"] or "unknown")
    other_kind = UNASKED.get(second) not in (None, UNASKED[topic])
    return other_kind and view.topic["second_confidence"] >= view.topic["confidence"] / 2


def _two_wishes(view: View) -> dict[str, Any]:
    second = Topic(view.topic["second_choice"] or "unknown")
    return {"first": NAMES[Topic(view.topic["topic"])], "second": NAMES[second]}


def _calls(view: View, move: Move) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(move, list):
        return move
    if isinstance(move, HandOver):
        return [(ESCALATE, {"reason": move.reason, "summary": move.summary})]
    offered = move.choices(view) if move.kind == "question" else []
    if len(offered) > 1:
        return _asked(view, move, offered)
    more = further(view, move)
    if more.calls:
        return more.calls
    said = [move, *more.answers]
    text = one_text([render(f"{each.template}.v1.j2", **each.values(view)) for each in said])
    if more.named:
        text = f"{text}\n\n{render('also.v1.j2', wishes=more.named)}"
    kind, citations = move.kind, list(dict.fromkeys(name for each in said for name in each.citations(view)))
    if kind == "answer" and not citations and view.topic["confidence"] < SURE_FROM:
        text, kind = f"{text}\n\n{render('is_it_that.v1.j2')}", "question"
    if kind == "question" and view.said(text):
        return _calls(view, ASKED_BEFORE)
    return [(REPLY, {"text": text, "citations": citations, "kind": kind})]


def _asked(view: View, move: Say, offered: list[dict[str, str]]) -> list[tuple[str, dict[str, Any]]]:
    """A question with its choices. Nobody is asked the same twice."""
    if view.hints.every:  # of payments to return each is proposed; else one answer cannot mean several changes
        return _calls(view, HandOver("cannot_solve", "The customer means all of those that Lee listed."))
    named = named_beside(view)
    question = render(f"{move.template}.v1.j2", **move.values(view))
    if named:
        question = f"{question}\n{render('also.v1.j2', wishes=named)}"
    call = {"question": question, "choices": offered}
    if view.said(AskCustomer.model_validate(call).text):
        return _calls(view, ASKED_BEFORE)
    return [(ASK, call)]


def _completion(calls: list[tuple[str, dict[str, Any]]], name: str) -> Completion:
    made = tuple(ToolCall(f"call_{n}", tool, json.dumps(arguments)) for n, (tool, arguments) in enumerate(calls))
    return Completion(Message("assistant", None, made), "tool_calls", Usage(), name)
