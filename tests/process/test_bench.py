"""The bench measures what it says: a contender holds the whole conversation, and its bare calls are its own bodies."""

from __future__ import annotations

import json

import pytest

from agent.models.openai_chat import Endpoint, OpenAIChat
from agent.models.tokens import TokenCounter, byte_bound
from evals.bench.contenders import BareLoop
from evals.bench.model_server import CALLS, MODEL, serving
from evals.bench.turn import compare

pytestmark = pytest.mark.process


async def test_the_loop_is_measured_beside_its_own_bodies() -> None:
    with serving() as url:
        model = OpenAIChat(Endpoint(MODEL, "none", f"{url}/v1"), tokens=TokenCounter(lambda: byte_bound))
        (series,) = await compare(url, [BareLoop(model)], rounds=3)
        await model.close()
    assert len(series.whole) == len(series.bare) == 3
    assert min(series.whole) > 0 < min(series.bare)
    asked = [json.loads(body)["messages"] for body in series.sent]
    assert [sum(message["role"] == "tool" for message in said) for said in asked] == list(range(len(CALLS) + 1))
    called = [call["function"]["name"] for message in asked[-1] for call in message.get("tool_calls", [])]
    assert called == [name for name, _ in CALLS]
