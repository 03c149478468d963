"""How far one turn may go. Every bound ends in an escalation, never in silence."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Bounds(BaseModel):
    """Limits of one turn. Seconds are wall clock; tokens are prompt and completion of the whole turn together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(default=12, ge=1, le=100)  # answers of the model
    calls: int = Field(default=24, ge=1, le=200)  # tool calls carried out
    calls_per_step: int = Field(default=8, ge=1, le=50)
    faults: int = Field(default=4, ge=1, le=50)  # calls of unknown tools or with wrong arguments
    effects: int = Field(default=3, ge=1, le=10)  # different proposals
    tokens: int = Field(default=120_000, ge=1_000)
    completion_tokens: int = Field(default=1_024, ge=64)  # of one answer
    seconds: float = Field(default=90.0, gt=0)
    read_seconds: float = Field(default=15.0, gt=0)  # one read tool
    argument_characters: int = Field(default=4_000, ge=100)
    result_characters: int = Field(default=60_000, ge=1_000)
    ticket_characters: int = Field(default=6_000, ge=200)  # of one message, as the model sees it
    conversation_messages: int = Field(default=30, ge=1)
