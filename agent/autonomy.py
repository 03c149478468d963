"""How far Lee may go on its own: per topic, in shadow, or not at all. Read again before every effect and release."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Mode(StrEnum):
    """`off`: straight to a human. `draft`: Lee works without effects and a human sends the reply. `act`: on its own."""

    OFF = "off"
    DRAFT = "draft"
    ACT = "act"


# Matters of law and of erased data are people's work from the first word on.
_BY_TOPIC = {"legal_or_complaint": Mode.OFF, "data_deletion": Mode.OFF}


class Autonomy(BaseModel):
    """Unknown keys are errors: an allow-list with a typing mistake must not fail open."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    kill_switch: bool = False  # everything to humans, no model is asked
    shadow: bool = False  # every topic at most `draft`; customers see nothing of Lee
    default: Mode = Mode.ACT
    topics: dict[str, Mode] = Field(default_factory=lambda: dict(_BY_TOPIC))

    def mode(self, topic: str) -> Mode:
        """The mode of a topic, the kill switch and the shadow mode considered."""
        if self.kill_switch:
            return Mode.OFF
        chosen = self.topics.get(topic, self.default)
        return Mode.DRAFT if self.shadow and chosen is Mode.ACT else chosen


class Caution(BaseModel):
    """Where low confidence stops something. High confidence permits nothing: that is the gate's word alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    effect_below: float = Field(default=0.35, ge=0, le=1)  # topic confidence under which no effect is proposed
    answer_below: float = Field(default=0.20, ge=0, le=1)  # confidence under which an answer goes to a human instead
    follow_up_below: float = Field(default=0.60, ge=0, le=1)  # a less certain topic yields to the case's own
    answer_above: float = Field(default=0.85, ge=0, le=1)  # the same for a few words that follow Lee's own question
    human_request_from: float = Field(default=0.50, ge=0, le=1)
