"""The one place where real things are put together: server, command line, evals and tests all call `open_house`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from agent.claims import ClaimDetector
from agent.lee import Lee
from agent.models.chat import ChatModel
from agent.topics.classifier import TopicClassifier
from agent.topics.slots import extract
from app import demo, sandbox_process
from app.checkpointing import signing
from app.clocks import SandboxClock, system_clock
from app.house import check_rooms
from app.owner import OwnerLock
from app.reconciling import on_schedule
from app.records import open_records, open_to_act
from app.settings import Settings, SettingsError, load_settings
from app.turns import DirectTurns, DurableTurns, EngineUnavailable, Take, Turns, workflow_url
from app.workers import Worker, sign_in
from billing.ids import CustomerId, TurnId
from knowledge.embedder import BUNDLED_MODEL, Embedder, load_embedder
from knowledge.errors import KnowledgeError
from knowledge.index import Hit
from knowledge.library import read_library
from knowledge.location import Location
from knowledge.search import Knowledge
from policy.crash_points import CrashPoint, Reach, pass_by
from policy.gate import Gate
from policy.limits import DEFAULT, Limits, load_limits
from policy.proposals import Principal
from policy.sending import Patience
from store.checkpoints import Notary
from store.database import Store
from store.errors import StoreError
from tools.catalogue import REGISTRY
from tools.desk import Desk, Desks, KnowledgeSearch
from tools.effects import StripeEffects
from tools.entitlements import Entitlements, FileEntitlements
from tools.registry import Registry
from tools.sources import SourceUnavailable
from tools.stripe_client import SANDBOX_KEY, StripeClient, make_client
from tools.usage import FolderUsage, ServerUsage, Usage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Minds:
    """What is expensive to load and the same for every ticket."""

    embedder: Embedder
    topics: TopicClassifier
    claims: ClaimDetector
    knowledge: KnowledgeSearch


@dataclass(frozen=True, slots=True)
class World:
    """What Lee looks at and acts on: Stripe (or the sandbox) and the sources beside it, on one clock. `sleep` is how to
    wait before Stripe is asked again."""

    client: StripeClient
    entitlements: Entitlements
    usage: Usage
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class House:
    """Everything a door needs. Made by `open_house` and closed with it."""

    settings: Settings
    limits: Limits
    registry: Registry
    store: Store
    gate: Gate
    lee: Lee
    turns: Turns
    desks: Desks
    recovered: tuple[str, ...] = ()  # intents of an earlier life whose outcome was found at this start

    def desk(self, principal: Principal) -> Desk:
        return self.desks.of(principal)

    async def knows(self, customer: CustomerId) -> bool | None:
        """Whether Stripe has the customer; None when it does not answer."""
        return await self.desks.knows(customer)


@dataclass(frozen=True, slots=True)
class Gatehouse:
    """What a human's approval needs: no model, no index, no turns. Opens beside a working house: the database keeps the
    order, and Stripe's idempotency keys keep one effect one."""

    limits: Limits
    store: Store
    gate: Gate


@asynccontextmanager
async def open_gatehouse(settings: Settings | None = None) -> AsyncIterator[Gatehouse]:
    """Raises as `open_house` does, but never `Owned`."""
    check_rooms()
    settings = settings or load_settings()
    limits = load_limits(settings.limits or DEFAULT)
    async with _world(settings) as world:
        with open_to_act(settings, world.clock) as store:
            yield Gatehouse(limits, store, _gate(settings, world, store, limits))


@asynccontextmanager
async def open_books(settings: Settings | None = None) -> AsyncIterator[tuple[Store, World]]:
    """The store and Stripe, for comparing the two: nothing is begun, and nobody has to own the house.

    Raises `SettingsError`, `SandboxUnavailable`, `LogUnavailable`."""
    settings = settings or load_settings()
    async with _world(settings) as world:
        with open_records(settings) as store:
            yield store, world


@asynccontextmanager
async def open_house(
    settings: Settings | None = None,
    *,
    world: World | None = None,
    minds: Minds | None = None,
    model: ChatModel | None = None,
    durable: bool = True,
    reach: Reach | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[House]:
    """Put the house together, finish what an earlier life left undone, and take it apart again at the end.

    `world`, `minds`, `model`: given by evals and tests; otherwise made from the settings. `durable`: turns run on the
    workflow engine. Raises `SettingsError`, `LimitsError`, `Owned`, `KeyRefused`, `SandboxUnavailable`, and as
    `open_store` does.
    """
    check_rooms()
    settings = settings or load_settings()
    limits = load_limits(settings.limits or DEFAULT)
    async with AsyncExitStack() as stack:
        stack.enter_context(OwnerLock(settings.data))
        # What can be refused is refused before the seconds that loading the models takes.
        model = model or chat_model(settings)
        world = world or await stack.enter_async_context(_world(settings))
        store = stack.enter_context(open_records(settings, world.clock))
        minds = minds or stack.enter_context(open_minds(settings))
        await sign_in(store, settings.worker, settings.data, settings.worker_lease)
        gate = _gate(settings, world, store, limits, reach, patience)
        desks = Desks(world.client, world.entitlements, world.usage, minds.knowledge, world.clock, world.sleep)
        lee = Lee(
            store=store,
            gate=gate,
            registry=REGISTRY,
            desks=desks.of,
            topics=minds.topics,
            extract=extract,
            claims=minds.claims,
            model=model,
            settings=settings.agent.model_copy(update={"human_contact": settings.human_contact}),
            confirmation_valid=timedelta(hours=limits.consent.confirmation_valid_hours),
        )
        recovered = tuple(await gate.reconcile(beside=settings.shared))
        take: Take = lee.take_turn
        turns: Turns = DirectTurns(take)
        if durable:
            worker = Worker(store, take, settings.worker_lease)
            await stack.enter_async_context(worker.at_work(looking_around=settings.shared))
            take = worker.take
            turns = _turns(stack, take, settings)
        house = House(settings, limits, REGISTRY, store, gate, lee, turns, desks, recovered)
        notary = Notary(store, settings.checkpoint_copy)
        often = (settings.checkpoint_seconds, settings.checkpoint_entries)
        await stack.enter_async_context(signing(store, notary, *often))
        await stack.enter_async_context(on_schedule(gate, settings.reconcile_seconds))
        async with _finishing(house, take):
            yield house


def _gate(
    settings: Settings,
    world: World,
    store: Store,
    limits: Limits,
    reach: Reach | None = None,
    patience: Patience | None = None,
) -> Gate:
    effects = StripeEffects(world.client, world.clock, return_url=settings.return_url, sleep=world.sleep)
    return Gate(effects, store, limits, world.clock, reach or _crash_point(), patience)


def _turns(stack: AsyncExitStack, take: Take, settings: Settings) -> Turns:
    turns = DurableTurns(take, workflow_url(settings.data, settings.database_url), settings.worker)
    try:
        turns.launch()
    except EngineUnavailable as error:
        log.warning("turns.not_durable", error=str(error))
        return DirectTurns(take)
    stack.push_async_callback(asyncio.to_thread, turns.close)
    return turns


@asynccontextmanager
async def _finishing(house: House, take: Take) -> AsyncIterator[None]:
    """Take up the turns that an earlier life left, oldest first, beside whatever this one is asked for."""
    with house.store.look() as uow:
        left = [TurnId(turn.id) for turn in uow.turns.left()]

    async def finish() -> None:
        for turn in left:
            try:
                await take(turn)
            except StoreError as error:
                log.warning("turns.left_unfinished", turn=turn, error=error.message)

    finishing = asyncio.create_task(finish())
    try:
        yield
    finally:
        await finishing


def chat_model(settings: Settings) -> ChatModel:
    """The model the settings name. Raises `SettingsError` when an endpoint is set without a model."""
    if settings.offline:
        from agent.models.offline import OfflinePlanner

        return OfflinePlanner()
    if settings.model is None:
        raise SettingsError("an OpenAI-compatible endpoint is set, but no model: set LEE_MODEL")
    from agent.models.openai_chat import Endpoint, OpenAIChat

    # Servers of one's own often want no key; the client insists on one.
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
    return OpenAIChat(Endpoint(settings.model, key, settings.openai_base_url))


class Unanswering:
    """Stands in for a help centre that cannot be opened: each search says why, and the ticket goes on."""

    def __init__(self, why: KnowledgeError) -> None:
        self._why = why

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:  # noqa: ARG002
        raise self._why


@contextmanager
def open_minds(settings: Settings) -> Iterator[Minds]:
    """Embeddings, topics, claims and the help centre, as the settings name them."""
    embedder = load_embedder(settings.embedding_model or BUNDLED_MODEL)
    with ExitStack() as stack:
        knowledge: KnowledgeSearch
        try:
            knowledge = stack.enter_context(open_knowledge(settings, embedder=embedder))
        except KnowledgeError as error:
            log.warning("knowledge.unavailable", error=str(error))
            knowledge = Unanswering(error)
        yield Minds(embedder, TopicClassifier(embedder), ClaimDetector(embedder), knowledge)


@contextmanager
def open_knowledge(
    settings: Settings | None = None, *, embedder: Embedder | None = None, index_if_empty: bool = True
) -> Iterator[Knowledge]:
    """The help centre; the shipped articles are indexed into an empty one."""
    settings = settings or load_settings()
    url = settings.qdrant_url
    location = Location(url=url) if url else Location(folder=settings.data / "qdrant", engine=settings.index_engine)
    with Knowledge(location, embedder or load_embedder(settings.embedding_model or BUNDLED_MODEL)) as knowledge:
        if index_if_empty and knowledge.index.count() == 0:
            knowledge.sync(read_library(settings.articles_folder))
        yield knowledge


@asynccontextmanager
async def _world(settings: Settings) -> AsyncIterator[World]:
    entitlements = FileEntitlements(settings.data / "entitlements.json")
    usage = (
        ServerUsage(settings.clickhouse_url) if settings.clickhouse_url else FolderUsage(settings.data / "clickhouse")
    )
    try:
        if isinstance(usage, ServerUsage):
            try:
                await usage.prepare()
            except SourceUnavailable as error:  # each question will say so; nobody is turned away for it
                log.warning("usage.unavailable", error=str(error))
        if settings.stripe_api_key is not None:
            client = make_client(settings.stripe_api_key.get_secret_value())
            yield World(client, entitlements, usage, system_clock)
            return
        running = await asyncio.to_thread(sandbox_process.start, settings.data)
        clock = SandboxClock(running.url)
        await demo.load(settings.data, clock(), entitlements, usage)
        yield World(make_client(SANDBOX_KEY, base_url=running.url), entitlements, usage, clock)
    finally:
        if isinstance(usage, FolderUsage):
            usage.close()


def _crash_point() -> Reach:
    """`LEE_CRASH_AT=reserved` kills this process at that point of the gate: for the crash tests alone."""
    wanted = os.environ.get("LEE_CRASH_AT")
    if not wanted:
        return pass_by
    try:
        point = CrashPoint(wanted)
    except ValueError:
        raise SettingsError(f"LEE_CRASH_AT: there is no crash point {wanted}") from None

    def reach(reached: CrashPoint) -> None:
        if reached is point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach
