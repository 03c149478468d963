"""The OpenAI-compatible model against a real HTTP server: what it sends, and what each failure becomes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent.control import schemas
from agent.models.chat import ChatRequest, Message, ModelError, ToolCall, ToolSchema, Usage
from agent.models.openai_chat import Endpoint, OpenAIChat
from agent.models.tokens import TokenCounter, byte_bound
from tests.agent.openai_server import Answer, completion, error, serving, text, tool_calls
from tools.catalogue import REGISTRY

ASK = ChatRequest((Message("system", "You are Lee."), Message("user", "hello")), schemas(REGISTRY), timeout=10.0)


class Pauses:
    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def model(url: str, pauses: Pauses | None = None, tries: int = 3, context: int = 128_000) -> OpenAIChat:
    endpoint = Endpoint("gpt-test", "sk-test", url, tries=tries, context_tokens=context)
    return OpenAIChat(endpoint, tokens=TokenCounter(lambda: byte_bound), sleep=pauses or Pauses())


async def test_it_sends_strict_tools_and_reads_calls_and_usage() -> None:
    with serving(tool_calls(("diagnose", {}), ("list_charges", {"charge": None}))) as server:
        chat = model(server.url)
        answer = await chat.complete(ASK)
        await chat.close()
    assert [call.name for call in answer.message.tool_calls] == ["diagnose", "list_charges"]
    assert answer.message.tool_calls[1].arguments == '{"charge": null}'
    assert answer.usage == Usage(100, 20)
    assert answer.model == "gpt-test"
    (sent,) = server.requests
    assert server.paths == ["/v1/chat/completions"]
    assert sent["parallel_tool_calls"] is True
    assert sent["max_tokens"] == ASK.max_tokens
    for tool in sent["tools"]:
        function = tool["function"]
        assert function["strict"] is True
        assert function["parameters"]["additionalProperties"] is False
        assert set(function["parameters"]["required"]) == set(function["parameters"].get("properties", {}))


async def test_earlier_calls_and_results_are_sent_as_the_format_wants_them() -> None:
    call = ToolCall("call_7", "diagnose", "{}")
    request = ChatRequest(
        (*ASK.messages, Message("assistant", None, (call,)), Message("tool", "{}", tool_call_id="call_7")), ASK.tools
    )
    with serving(text("ok")) as server:
        chat = model(server.url)
        await chat.complete(request)
        await chat.close()
    sent = server.requests[0]["messages"]
    assert sent[2]["tool_calls"][0] == {
        "id": "call_7",
        "type": "function",
        "function": {"name": "diagnose", "arguments": "{}"},
    }
    assert sent[3] == {"role": "tool", "content": "{}", "tool_call_id": "call_7"}


@pytest.mark.parametrize(
    ("answer", "code", "tries"),
    [
        (error(429), "rate_limited", 3),
        (error(500), "server_error", 3),
        (error(503), "server_error", 3),
        (error(408), "timeout", 3),
        (error(400), "bad_request", 1),
        (error(404), "bad_request", 1),
        (error(401), "authentication", 1),
        (Answer(b"{not json"), "malformed", 3),
        (Answer(b"[]"), "malformed", 3),
        (Answer(b'{"choices": []}'), "malformed", 3),
        (Answer(b'{"choices": [{"message": null}]}'), "malformed", 3),
        (completion({"content": ""}), "malformed", 3),
        (completion({"content": None, "tool_calls": "x"}), "malformed", 3),
        (completion({"content": None, "tool_calls": [{"id": "1"}]}), "malformed", 3),
        (text("half a", finish="length"), "truncated", 3),
        (text("", finish="content_filter"), "bad_request", 1),
        (completion({"content": None, "refusal": "I cannot"}), "bad_request", 1),
        (Answer(b'{"choices": [1, 2, 3]}', cut=True), "connection", 3),
    ],
)
async def test_every_failure_becomes_a_model_error(answer: Answer, code: str, tries: int) -> None:
    with serving(answer) as server:
        chat = model(server.url)
        with pytest.raises(ModelError) as raised:
            await chat.complete(ASK)
        await chat.close()
    assert raised.value.code == code
    assert len(server.requests) == tries


async def test_a_second_try_may_succeed_and_retry_after_is_kept() -> None:
    pauses = Pauses()
    with serving(error(429, retry_after="2"), error(503), text("hello")) as server:
        chat = model(server.url, pauses)
        answer = await chat.complete(ASK)
        await chat.close()
    assert answer.message.content == "hello"
    assert pauses.slept[0] == 2.0
    assert 0.5 <= pauses.slept[1] <= 1.0
    assert len(server.requests) == 3


async def test_a_pause_longer_than_a_customer_should_wait_ends_at_once() -> None:
    pauses = Pauses()
    with serving(error(429, retry_after="3600")) as server:
        chat = model(server.url, pauses)
        with pytest.raises(ModelError):
            await chat.complete(ASK)
        await chat.close()
    assert pauses.slept == []
    assert len(server.requests) == 1


async def test_a_slow_server_times_out() -> None:
    slow = ChatRequest(ASK.messages, ASK.tools, timeout=0.3)
    with serving(Answer(b"{}", wait=1.0)) as server:
        chat = model(server.url)
        with pytest.raises(ModelError) as raised:
            await chat.complete(slow)
        await chat.close()
    assert raised.value.code == "timeout"


async def test_nobody_there_is_a_connection_error() -> None:
    with serving(text("x")) as server:
        url = server.url
    chat = model(url, tries=2)
    with pytest.raises(ModelError) as raised:
        await chat.complete(ASK)
    await chat.close()
    assert raised.value.code == "connection"


async def test_a_request_that_cannot_fit_is_not_sent() -> None:
    with serving(text("x")) as server:
        chat = model(server.url, context=2_000)
        with pytest.raises(ModelError) as raised:
            await chat.complete(ASK)
        await chat.close()
    assert raised.value.code == "bad_request"
    assert server.requests == []


def test_the_fallback_count_can_only_be_too_high() -> None:
    def gone() -> Callable[[str], int]:
        raise OSError("no network")

    counter = TokenCounter(gone)
    assert counter.count("héllo 🙃") == len("héllo 🙃".encode())
    tools = (ToolSchema("a", "b", {"type": "object"}),)
    assert counter.request((Message("user", "hi"),), tools) > 2 + 1 + 1


async def test_a_short_request_is_counted_here_and_a_long_one_in_a_thread() -> None:
    counted: list[tuple[int, bool]] = []

    def count(text: str) -> int:
        counted.append((len(text), threading.current_thread() is threading.main_thread()))
        return len(text)

    counter = TokenCounter(lambda: count)
    short, long = (ChatRequest((Message("user", text),), ()) for text in ("hi", "long" * 10_000))
    first, again = [await counter.of(short) for _ in range(2)]
    assert first == again
    await counter.of(long)
    assert counted == [(2, False), (2, True), (40_000, False)]


def test_the_tools_of_every_request_are_counted_once_and_others_for_themselves() -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    counter = TokenCounter(lambda: count)
    ours, said = schemas(REGISTRY), (Message("user", "hi"),)
    assert schemas(REGISTRY) is ours
    first = counter.request(said, ours)
    counted.clear()
    assert counter.request(said, ours) == first
    assert counted == ["hi"]
    assert counter.request(said, ours[1:]) < first
    assert counter.request(said, ()) == counter.request(said, ours) - sum(
        TokenCounter(lambda: count).request((), (tool,)) for tool in ours
    )
