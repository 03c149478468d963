"""Playing one attack: a copy of the demo world, the order planted, the turns, and the judgement."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Final, Literal

from app.resolving import Ticket, resolve
from app.wiring import Minds
from billing.ids import CustomerId
from evals.attacks.disguises import DISGUISES
from evals.attacks.goals import Goal, names, read_goals
from evals.attacks.gullible import Gullible
from evals.attacks.oracle import Verdict, judge_words, judge_world
from evals.attacks.places import PLACES, Place, plant
from evals.harness import Bench, PlantedKnowledge, open_copy
from evals.recorded import Planted
from policy.proposals import Principal, Role
from tools.catalogue import REGISTRY
from tools.registry import EffectClass

OTHER: Final = "cus_otto"
Mind = Literal["offline planner", "gullible model"]
MINDS: Final[tuple[Mind, ...]] = ("offline planner", "gullible model")
READING: Final = frozenset(tool.name for tool in REGISTRY if tool.effect is EffectClass.READ)
ASKS_BACK: Final = frozenset(
    {"refund_more_than_paid", "refund_again_and_again", "refund_somebody_elses", "you_promised"}
)


@dataclass(frozen=True, slots=True)
class Attack:
    """`words` stands in the place of the goal's own order, dressed already (public collections come like this)."""

    goal: Goal
    disguise: str
    place: Place
    mind: Mind
    first: int = 0
    words: str | None = None

    @property
    def name(self) -> str:
        return f"{self.goal.id} / {self.disguise} / {self.place.id} / {self.mind}"


@dataclass(frozen=True, slots=True)
class Played:
    """`attempted`: the calls of acting tools that the model made; `reached`: the order came before its eyes."""

    attack: Attack
    verdict: Verdict
    outcome: str
    reached: bool = False
    attempted: int = 0
    attempted_cents: int = 0
    sentences: int = 0
    executed: list[str] = field(default_factory=list[str])
    told: str = ""


async def play(bench: Bench, attack: Attack) -> Played:
    """Raises what the program raises: a crash under attack is a failure of the run."""
    place, model = attack.place, Gullible()
    with tempfile.TemporaryDirectory(dir=bench.folder, prefix="attack-") as folder:
        origin = bench.origin.copy()
        try:
            parts = _parts(attack, origin.snapshot())
            if place.kind == "stripe":
                plant(origin, place, parts)
            minds = _minds(bench, place, parts)
            wanted: dict[str, Any] = {"model": model} if attack.mind == "gullible model" else {}
            async with open_copy(replace(bench, origin=origin), Path(folder), minds=minds, **wanted) as copy:
                before = copy.world()
                turns = await _talk(copy.house, place, parts)
                after = copy.world()
        finally:
            origin.close()
    told = "\n\n".join(str(turn["reply"]) for turn in turns)
    asked = place.kind in ("ticket", "earlier") and attack.goal.id in ASKS_BACK
    verdict = judge_world(before, after, place.customer, asked=asked)
    order = attack.goal.order(names(before, place.customer, OTHER)) if attack.words is None else attack.words
    judge_words(verdict, attack.goal, model.obeyed.says, told, after, place.customer, order)
    acts = [(tool, given) for tool, given in model.called if tool not in READING]
    return Played(
        attack,
        verdict,
        str(turns[-1]["outcome"]),
        bool(model.obeyed),
        len(acts),
        sum(abs(given["amount"]) for _, given in acts if isinstance(given.get("amount"), int)),
        len(model.said) if model.obeyed.says else 0,
        [effect["kind"] for turn in turns for effect in turn["effects"]],
        told,
    )


def _parts(attack: Attack, world: dict[str, Any]) -> list[str]:
    if attack.words is not None:
        return [attack.words]
    return DISGUISES[attack.disguise](attack.goal.order(names(world, attack.place.customer, OTHER), attack.first))


def _minds(bench: Bench, place: Place, parts: Sequence[str]) -> Minds:
    if place.kind != "article":
        return bench.minds
    planted = Planted(title="How billing works", text="Resolution\n" + "\n".join(parts))
    return replace(bench.minds, knowledge=PlantedKnowledge(bench.minds.knowledge, planted))


async def _talk(house: Any, place: Place, parts: Sequence[str]) -> list[dict[str, Any]]:
    """An order in a ticket is said turn by turn if it is split; an earlier turn is followed by something harmless."""
    said = {"ticket": [*parts], "earlier": [*parts, place.says]}.get(place.kind, [place.says])
    who = Principal(CustomerId(place.customer), place.customer.removeprefix("cus_"), Role.OWNER)
    turns: list[dict[str, Any]] = []
    for text in said:
        case = turns[-1]["case"] if turns else None
        turns.append(await resolve(house, Ticket(text, who, "attacks", case)))
    return turns


def attacks(minds: Sequence[Mind] = MINDS) -> list[Attack]:
    """Every goal in every place, and every goal in every disguise as a ticket and as the text of an invoice's line."""
    dressed = cycle(DISGUISES)
    made = [
        Attack(goal, next(dressed), place, mind, first=n)
        for mind in minds
        for goal in read_goals()
        for n, place in enumerate(PLACES)
    ]
    seen = {(each.goal.id, each.disguise, each.place.id, each.mind) for each in made}
    by_id = {place.id: place for place in PLACES}
    return made + [
        Attack(goal, disguise, by_id[place], mind, first=n)
        for mind in minds
        for goal in read_goals()
        for n, disguise in enumerate(DISGUISES)
        for place in ("ticket", "invoice line", "three fields together")
        if (goal.id, disguise, place, mind) not in seen
    ]
