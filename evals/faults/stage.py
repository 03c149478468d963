"""A tool's situation, brought to the moment before the effect and kept, so that each cell begins from a copy of it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from agent.models.chat import ChatModel
from app.intake import confirm, receive
from app.settings import load_settings
from app.wiring import House, World, open_house
from billing.ids import CustomerId, TurnId
from evals.faults.script import ByTicket, OneCall
from evals.faults.situations import Situation, situation_of
from evals.harness import Bench
from policy.crash_points import Reach, pass_by
from policy.proposals import Principal, Role
from policy.sending import Patience
from sandbox import clock
from sandbox.server import Sandbox, create_app
from sandbox.world import World as SandboxWorld
from sandbox.world import public
from tools.entitlements import FileEntitlements
from tools.registry import Tool
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client

# Time-outs of Stripe are raised at once in process; these seconds only have to outlast a busy machine.
QUICK: Final = Patience(facts_seconds=30.0, effect_seconds=30.0, tries=3, pause_seconds=0.0)
Differing = dict[str, dict[str, Any]]
Objects = dict[tuple[str, str], str]  # every object as it is stored, by type and id
LATER_SECONDS: Final = 180  # until the next start: no request of the earlier life can be under way any more


@dataclass(frozen=True, slots=True)
class Stage:
    """`folder` holds the database in which the last step is queued (or waits for a human); `world` is Stripe then."""

    bench: Bench
    tool: Tool
    situation: Situation
    arguments: dict[str, Any]
    case: str
    folder: Path
    world: SandboxWorld
    objects: Objects  # of `world`

    def differing(self, world: SandboxWorld) -> tuple[Differing, Differing]:
        return differing(self.objects, world)

    @asynccontextmanager
    async def life(
        self,
        sandbox: Sandbox,
        folder: Path,
        reach: Reach = pass_by,
        *,
        dies: str | None = None,
        durable: bool = False,
    ) -> AsyncIterator[tuple[House, OneCall]]:
        """One life of the process over `folder`: at its end every turn that was queued is done, or it was killed.

        `durable`: its turns run on the workflow engine."""
        model = OneCall(self.tool.name, self.arguments, dies)
        async with house_over(self.bench, sandbox, folder, model, reach, durable=durable) as house:
            yield house, model


async def set_up(bench: Bench, tool: Tool, folder: Path) -> Stage:
    """Raises as `bring` does."""
    world = bench.origin.copy()
    sandbox, model = create_app(world=world), ByTicket()
    async with house_over(bench, sandbox, folder, model) as house:
        asked = await bring(house, model, tool, sandbox)
    return Stage(bench, tool, situation_of(tool), asked.arguments, asked.case, folder, world, stored(world))


@dataclass(frozen=True, slots=True)
class Asked:
    """A tool's situation just before its effect. `turn`: the one that makes it; None where a human's approval does."""

    arguments: dict[str, Any]
    case: str
    turn: TurnId | None


async def bring(house: House, model: ByTicket, tool: Tool, sandbox: Sandbox) -> Asked:
    """Play a tool's situation up to the moment before the effect; `model`, which is the house's, learns its script.

    Raises `NoSituation`, and RuntimeError when the situation does not lead where it says."""
    situation, world = situation_of(tool), sandbox.world
    if situation.prepare is not None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox),
            base_url="http://sandbox",
            headers={"Authorization": f"Bearer {SANDBOX_KEY}"},
        ) as http:
            await situation.prepare(http)
    prepared = stored(world)
    who = Principal(CustomerId(situation.customer), situation.customer.removeprefix("cus_"), Role.OWNER)
    arguments = await situation.call(world.snapshot(), house.desk(who))
    model.scripts[situation.says] = OneCall(tool.name, arguments)
    received = receive(house.store, who, "faults", situation.says, house.limits)
    turn: TurnId | None = received.turn
    if situation.consent != "nobody":
        first = await house.turns.run(received.turn)
        waits = {"customer": "awaiting_customer", "human": "escalated"}[situation.consent]
        if first.outcome != waits:
            raise RuntimeError(f"{tool.name}: expected {waits}, and it is {first.outcome}: {first.reply}")
        turn = None
    if situation.consent == "customer":
        said = confirm(house.store, who, received.case, house.limits)
        if said is None:
            raise RuntimeError(f"{tool.name}: nothing waits for the customer's yes")
        turn = said.turn
    if stored(world) != prepared:
        raise RuntimeError(f"{tool.name}: the world has changed before anybody said yes")
    return Asked(arguments, received.case, turn)


def stored(world: SandboxWorld) -> Objects:
    return {(type_, id_): body for type_, id_, body in world.rows("SELECT type, id, body FROM objects")}


def differing(objects: Objects, world: SandboxWorld) -> tuple[Differing, Differing]:
    """The objects of `world` that are not what they were in `objects`, before and after; all of it is compared."""
    now = stored(world)
    names = {name for name in objects.keys() | now.keys() if objects.get(name) != now.get(name)}
    return _opened(objects, names), _opened(now, names)


def _opened(objects: Objects, names: set[tuple[str, str]]) -> Differing:
    found: Differing = {}
    for type_, id_ in sorted(names & objects.keys()):
        found.setdefault(type_, {})[id_] = public(json.loads(objects[type_, id_]))
    return found


def copied(stage: Stage, folder: Path) -> tuple[Sandbox, Path]:
    """Stripe and database of one's own; whoever asks closes the world."""
    shutil.copytree(stage.folder, folder)
    return create_app(world=stage.world.copy()), folder


def on_disk(source: Path, world: SandboxWorld, folder: Path) -> tuple[Path, Path]:
    """The same for a process of its own: the folder of the database, and the file of the world."""
    folder.mkdir()
    data, stripe = folder / "data", folder / "sandbox.db"
    shutil.copytree(source, data)
    kept = SandboxWorld(stripe)
    kept.restore(world)
    kept.close()
    return data, stripe


def later(sandbox: Sandbox) -> None:
    """Time passes, for Stripe and for Lee, and nothing falls due in it."""
    sandbox.world.set_setting("clock", {"frozen": clock.own_now(sandbox.world) + LATER_SECONDS})


@asynccontextmanager
async def house_over(
    bench: Bench,
    sandbox: Sandbox,
    folder: Path,
    model: ChatModel,
    reach: Reach = pass_by,
    *,
    durable: bool = False,
    **names: Any,
) -> AsyncIterator[House]:
    """A house of one life, over a sandbox in process and the database in `folder`; `names`: more of its settings."""
    seen = World(
        make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(sandbox)),
        FileEntitlements(bench.folder / "entitlements.json"),
        bench.usage,
        _ticking(sandbox),
        _at_once,
    )
    async with open_house(
        load_settings(data=folder, **names),
        world=seen,
        minds=bench.minds,
        model=model,
        durable=durable,
        reach=reach,
        patience=QUICK,
    ) as house:
        yield house


async def _at_once(_seconds: float) -> None:
    """How long Lee waits between two tries is not what is looked at here."""


def _ticking(sandbox: Sandbox) -> Callable[[], datetime]:
    began = time.monotonic()
    return lambda: datetime.fromtimestamp(clock.now(sandbox.world), UTC) + timedelta(seconds=time.monotonic() - began)
