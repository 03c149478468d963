"""The bench measures what it says: a contender holds the whole conversation, and its bare calls are its own bodies.

How long anything takes is not asserted: that is for `make bench`, on a machine at rest."""

from __future__ import annotations

import json
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agent.models.openai_chat import Endpoint, OpenAIChat
from agent.models.tokens import TokenCounter, byte_bound
from app.house import ROOT
from evals.bench import profile, throughput
from evals.bench.contenders import DOES, BareLoop, WholeTurn, instant_registry
from evals.bench.machine import machine, resident
from evals.bench.model_server import CALLS, MODEL, serving
from evals.bench.profile import sampling, table
from evals.bench.starts import run
from evals.bench.turn import HEAD, compare
from evals.harness import Bench, open_copy
from evals.recorded import FOLDER, read_tickets

pytestmark = pytest.mark.process


def _model(url: str) -> OpenAIChat:
    return OpenAIChat(Endpoint(MODEL, "none", f"{url}/v1"), tokens=TokenCounter(lambda: byte_bound))


async def test_the_loop_is_measured_beside_its_own_bodies() -> None:
    with serving() as url:
        model = _model(url)
        (series,) = await compare(url, [BareLoop(model)], rounds=3)
        await model.close()
    assert len(series.whole) == len(series.bare) == 3
    assert min(series.whole) > 0 < min(series.bare)
    asked = [json.loads(body)["messages"] for body in series.sent]
    assert [sum(message["role"] == "tool" for message in said) for said in asked] == list(range(len(CALLS) + 1))
    called = [call["function"]["name"] for message in asked[-1] for call in message.get("tool_calls", [])]
    assert called == [name for name, _ in CALLS]


async def test_the_whole_turn_is_measured_and_each_of_its_rooms_is_named(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker of pytest-xdist has a thread that listens to its master.
    monkeypatch.setattr(profile, "WAITING", profile.WAITING | {("gateway_base.py", "read")})
    async with AsyncExitStack() as stack:
        url = stack.enter_context(serving())
        model = _model(url)
        stack.push_async_callback(model.close)
        copy = await stack.enter_async_context(open_copy(bench, tmp_path, model=model))
        whole = WholeTurn("whole", copy.house, instant_registry(), stack)
        with sampling() as sampler:
            (series,) = await compare(url, [whole], rounds=2)
    assert len(series.sent) == len(CALLS) + 1
    assert len(series.row) == len(HEAD)
    rooms = {row[0] for row in table(sampler, turns=2, seconds=1.0)}
    assert {room.partition(":")[0] for room in rooms} >= {"store", "encoder (topics, claims, search)"}
    assert sampler.seen["other"] < sampler.samples / 4, "a thread is busy, or waits, in a place the table does not name"


def test_of_each_contender_it_is_said_what_it_does() -> None:
    listed = re.search(r"^KNOWN = {(.*?)^}", (ROOT / "scripts/other_agents.py").read_text(), re.M | re.S)
    assert listed is not None
    others = re.findall(r'^    "([^"]+)": \(', listed[1], re.M)
    assert set(DOES) == {BareLoop.name, "Lee: the whole durable turn", *others}


def test_the_machine_is_named_and_nobody_else() -> None:
    told = machine()
    assert "cores" in told
    assert "load before" in told
    now, most = resident()
    assert 0 < now <= most


async def test_tickets_are_counted_and_no_words_are_asked_twice(bench: Bench, tmp_path: Path) -> None:
    tickets = [ticket for ticket in read_tickets(FOLDER) if ticket.id in ("how_to", "dark_mode")]
    found = await throughput.throughput(bench, tmp_path, tickets)
    assert [row[1] for row in found.rows] == [str(2 * len(tickets))] * 2
    assert all(len(row) == len(throughput.HEAD) for row in found.rows)
    assert found.profiled == len(tickets)
    assert found.rooms[-1][0] == "all"


def test_a_command_is_measured_with_its_memory(tmp_path: Path) -> None:
    told = run(tmp_path, "--help")
    assert told.seconds > 0
    assert 10 < told.megabytes < 200
    with pytest.raises(RuntimeError, match=r"lee resolve ended with 2: .*customer"):
        run(tmp_path, "resolve", "Hello?", "--customer")
