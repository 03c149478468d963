"""What the planner sees: the same request as any other model, read into facts."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from agent.brief import TopicView
from agent.conversation import unfenced
from agent.flows.hints import Hints
from agent.models.chat import ChatRequest, Message
from agent.prompting import question_of
from agent.strength import weakness

Row = dict[str, Any]
FAIR = 0.15  # a second choice under this probability is no choice
SLIGHT = 0.05  # of the likeliest of those that are left, where facts rule the first one out


class View:
    """The request of one step. Everything is derived from its messages and its brief, so the planner keeps no state."""

    def __init__(self, request: ChatRequest) -> None:
        self.brief = request.brief
        self.topic: Row = request.brief["topic"]
        said = _customers(request.messages)
        self.text = said[-1] if said else ""
        self.hints = Hints(
            request.brief["slots"],
            request.brief["earlier_slots"],
            self.text,
            answering=request.brief["asked_before"] > 0 or self.topic["source"] == "case",
            choices=request.brief["choices"],
            said_before=said[-2] if len(said) > 1 else "",
        )
        self._calls: list[tuple[str, Row, Row]] = []
        results = {
            message.tool_call_id: json.loads(message.content or "{}")
            for message in request.messages
            if message.role == "tool"
        }
        for message in request.messages:
            for call in message.tool_calls:
                if call.id in results:
                    self._calls.append((call.name, json.loads(call.arguments), results[call.id]))
        self.said_before = _said(request.messages)
        self.spoke_before = any(message.role == "assistant" and not message.tool_calls for message in request.messages)

    def may_mean(self, topic: str) -> bool:
        """Whether the classifier holds this for possible: its first or a fair second choice, or a further wish."""
        second = self.topic["second_choice"] if self.topic["second_confidence"] >= FAIR else None
        return topic in (self.topic["topic"], second, *self.topic["also"])

    def is_left(self, topic: str) -> bool:
        """Whether this is most of what the message can mean when its likeliest reading is ruled out by facts."""
        sure, left = self.topic["second_confidence"], 1 - self.topic["confidence"]
        return topic == self.topic["second_choice"] and sure >= SLIGHT and sure >= left / 2

    def agreed_to(self, question: str) -> bool:
        """Whether this is what Lee asked last, and the customer's answer to it begins with a yes."""
        return self.hints.assents and self.said(question)

    def agreed(self, template: str) -> bool:
        """Whether Lee's last words asked what this template asks, and the customer's answer begins with a yes."""
        return self.hints.assents and self.said(question_of(template))

    def plainly_asks(self, tool: str, *, borne_out: bool = False) -> bool:
        """Whether the message asks for this act as plainly as the act needs (`agent.strength`)."""
        topic = TopicView(**{**self.topic, "also": tuple(self.topic["also"])})
        return weakness(tool, topic, borne_out=borne_out) is None

    def said(self, text: str) -> bool:
        """Whether Lee's last words held this."""
        return _same(text) in _same(self.said_before)

    def others(self) -> list[tuple[str, float]]:
        """Other readings of the message with their probability, likeliest first, for when the first one leads to
        nothing. A further wish counts as a fair one: how sure it is of its clause says little of the message."""
        found = dict.fromkeys(self.topic["also"], FAIR)
        second = self.topic["second_choice"]
        if second and (self.topic["second_confidence"] >= FAIR or self.is_left(second)):
            found[second] = self.topic["second_confidence"]
        return sorted(
            ((name, sure) for name, sure in found.items() if name != self.topic["topic"]), key=lambda o: -o[1]
        )

    @property
    def today(self) -> date:
        return date.fromisoformat(self.brief["today"])

    @property
    def reply_refused(self) -> str | None:
        """What was wrong with the reply, if it was refused."""
        for name, _, result in self._calls:
            if name == "reply":
                return str(result.get("error", {}).get("message", "refused"))
        return None

    def asked(self, tool: str, arguments: Row) -> bool:
        return any(name == tool and given == arguments for name, given, _ in self._calls)

    def answered(self, tool: str, arguments: Row) -> bool:
        return any(name == tool and given == arguments and result.get("ok") for name, given, result in self._calls)

    def result(self, tool: str) -> Row:
        """The latest result of a read tool that worked; {} if there is none."""
        for name, _, result in reversed(self._calls):
            if name == tool and result.get("ok") and "result" in result:
                return result["result"]
        return {}

    def result_of(self, tool: str, arguments: Row) -> Row:
        for name, given, result in reversed(self._calls):
            if name == tool and given == arguments and result.get("ok"):
                return result.get("result", {})
        return {}

    def proposed(self, tool: str) -> bool:
        return any(name == tool for name, _, _ in self._calls)

    def settled(self, tool: str) -> Row | None:
        """What the gate said of the latest proposal of that tool."""
        for name, _, result in reversed(self._calls):
            if name == tool and result.get("ok") and "effect" in result:
                return result["effect"]
        return None

    def status(self, tool: str, arguments: Row) -> str | None:
        """What became of this very proposal; None where it was not made, or could not be."""
        for name, given, result in reversed(self._calls):
            if name == tool and given == arguments and result.get("ok") and "effect" in result:
                return str(result["effect"]["status"])
        return None

    # facts that many flows look at

    @property
    def diagnosis(self) -> Row:
        return self.result("diagnose")

    def found(self, *causes: str) -> bool:
        """Whether the diagnosis names one of these root causes, first or among the further ones."""
        rows = [self.diagnosis, *self.diagnosis.get("also", [])]
        return any(row.get("root_cause") in causes for row in rows)

    @property
    def charges(self) -> list[Row]:
        return self.result_of("list_charges", {"charge": None}).get("charges", [])

    @property
    def invoices(self) -> list[Row]:
        return self.result("list_invoices").get("invoices", [])

    @property
    def subscriptions(self) -> list[Row]:
        """Those that still run, newest first as Stripe lists them."""
        return [
            each
            for each in self.diagnosis.get("subscriptions", [])
            if each["status"] in ("active", "trialing", "past_due", "unpaid", "paused")
        ]

    @property
    def passages(self) -> list[Row]:
        return self.result("search_knowledge").get("passages", [])


def _customers(messages: tuple[Message, ...]) -> list[str]:
    """What the customer wrote, oldest first."""
    said = [unfenced(message.content) for message in messages if message.role == "user"]
    return [str(each.get("text", "")) for each in said if each.get("from") == "customer"]


def _said(messages: tuple[Message, ...]) -> str:
    """Lee's last words to the customer, before anything of this turn."""
    said = [message.content for message in messages if message.role == "assistant" and not message.tool_calls]
    return (said[-1] if said else None) or ""


def _same(text: str) -> str:
    return " ".join(text.split())


def day_of(row: Row) -> date:
    """The UTC day a charge or invoice was made."""
    return datetime.fromisoformat(row["created"]).date()
