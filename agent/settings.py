"""Everything about the agent that a deployment may set. Unknown keys are errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agent.autonomy import Autonomy, Caution
from agent.bounds import Bounds


class AgentSettings(BaseModel):
    """`human_contact` is how a customer reaches a human without Lee (an address, a page); told where Lee fails."""

    model_config = ConfigDict(extra="forbid")

    company: str = "Acme Cloud"
    human_contact: str | None = None
    plans: tuple[str, ...] = ("Free", "Starter", "Team", "Business")
    autonomy: Autonomy = Field(default_factory=Autonomy)
    caution: Caution = Field(default_factory=Caution)
    bounds: Bounds = Field(default_factory=Bounds)
