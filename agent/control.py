"""The three calls by which a model ends its turn. They touch nothing: the held reply and the hand-over do the work."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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


class Choice(BaseModel):
    """One answer the customer may give. `value` is what it stands for (an id), and is not shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    label: Annotated[str, StringConstraints(min_length=1, max_length=300)] = Field(
        description="What the customer reads: date and amount, plan and price."
    )
    value: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(
        description="The id it stands for; you get it back with the answer."
    )


class AskCustomer(Arguments):
    """End the turn with one short question that has a few possible answers: which payment, invoice, subscription or
    plan is meant. The choices are numbered for the customer; "the second one" comes back to you as its value."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=2_000)] = Field(
        description="The question without the list of choices."
    )
    choices: Annotated[list[Choice], Field(min_length=2, max_length=6)] = Field(description="Two to six answers.")

    @property
    def text(self) -> str:
        """As the customer reads it."""
        numbered = [f"{n}. {choice.label}" for n, choice in enumerate(self.choices, 1)]
        return "\n".join([self.question.strip(), *numbered])


class Escalate(Arguments):
    """Hand the case to a human colleague: when the customer asks for one, or when you cannot solve it safely."""

    reason: Literal["customer_asks", "outside_policy", "cannot_solve", "risk", "not_understood"] = Field(
        description="Why a human is needed."
    )
    summary: str = Field(description="One or two sentences for the colleague. The customer does not see them.")


REPLY = "reply"
ASK = "ask_customer"
ESCALATE = "escalate"
CONTROL: dict[str, type[Arguments]] = {REPLY: Reply, ASK: AskCustomer, ESCALATE: Escalate}


@lru_cache(maxsize=8)
def schemas(registry: Registry) -> tuple[ToolSchema, ...]:
    """Every tool a model may call, control calls last. The same object for the same registry: nobody changes it."""
    found = [ToolSchema(tool.name, tool.description, tool.parameters) for tool in registry if tool.name not in CONTROL]
    for name, model in CONTROL.items():
        found.append(ToolSchema(name, " ".join((model.__doc__ or "").split()), strict_schema(model)))
    return tuple(found)
