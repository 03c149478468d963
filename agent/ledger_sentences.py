"""What Lee says about effects: rendered from settlements and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from agent.effects import EffectRecord
from agent.prompting import render


def about(effect: EffectRecord) -> str:
    """One or two true sentences about one settlement."""
    return " ".join(render("effects.v1.j2", effect=effect).split())


def to_tell(effects: Iterable[EffectRecord]) -> list[EffectRecord]:
    """Those worth a sentence: a refusal that a later try of the same act has overtaken is left out."""
    listed = list(effects)
    return [
        effect
        for n, effect in enumerate(listed)
        if not (effect.status == "refused" and any(_overtakes(later, effect) for later in listed[n + 1 :]))
    ]


def _overtakes(later: EffectRecord, effect: EffectRecord) -> bool:
    """Another payment that exists is another wish: that it stays is told beside what became of this one."""
    another = later.arguments.get("charge") != effect.arguments.get("charge")
    return later.tool == effect.tool and not (another and effect.rule != "refund.not_found")


def all_about(effects: Iterable[EffectRecord]) -> str:
    return "\n".join(about(effect) for effect in to_tell(effects))


def handed_over(reason: str, *, stored: bool, contact: str | None, pending: bool = False) -> str:
    """What the customer is told when a human takes over. `pending`: an effect may have been made, and nobody knows."""
    return " ".join(render("handover.v1.j2", reason=reason, stored=stored, contact=contact, pending=pending).split())
