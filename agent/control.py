"""The two calls by which a model ends its turn. They touch nothing: the held reply and the hand-over do the work."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.models.chat import ToolSchema
from tools.registry import Arguments, Registry, strict_schema


class Reply(Arguments):
    """End the turn with a message to the customer. Never say that something was or will be done (refunded, cancelled,
    changed, charged, sent): sentences about that are added for you from the ledger."""

    text: str = Field(description="Plain text in the customer's language. No promise, no figure that no tool gave you.")
    citations: list[str] = Field(
        description="Ids of the passages the text rests on, from search_knowledge; may be empty."
    )
    kind: Literal["answer", "question"] = Field(
        description="`question` when the customer has to say something before you can go on."
    )


class Escalate(Arguments):
    """Hand the case to a human colleague: when the customer asks for one, or when you cannot solve it safely."""

    reason: Literal["customer_asks", "outside_policy", "cannot_solve", "risk", "not_understood"] = Field(
        description="Why a human is needed."
    )
    summary: str = Field(description="One or two sentences for the colleague. The customer does not see them.")


REPLY = "reply"
ESCALATE = "escalate"
CONTROL: dict[str, type[Arguments]] = {REPLY: Reply, ESCALATE: Escalate}


def schemas(registry: Registry) -> tuple[ToolSchema, ...]:
    """Every tool a model may call, control calls last."""
    found = [ToolSchema(tool.name, tool.description, tool.parameters) for tool in registry if tool.name not in CONTROL]
    for name, model in CONTROL.items():
        found.append(ToolSchema(name, " ".join((model.__doc__ or "").split()), strict_schema(model)))
    return tuple(found)
