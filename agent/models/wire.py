"""OpenAI's chat-completions format: our request as its JSON, its JSON as our completion. No network here."""

from __future__ import annotations

import json
from typing import Any

from agent.models.chat import ChatRequest, Completion, Message, ModelError, ToolCall, ToolSchema, Usage


def request_body(request: ChatRequest, model: str, *, strict: bool, limit: str) -> dict[str, Any]:
    """The body of `POST chat/completions`; `limit` names the field that bounds the answer's tokens."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        limit: request.max_tokens,
    }
    if request.tools:
        body["tools"] = [_tool(tool, strict) for tool in request.tools]
        body["tool_choice"] = "auto"
        body["parallel_tool_calls"] = True
    return body


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        out["tool_call_id"] = message.tool_call_id
    return out


def _tool(tool: ToolSchema, strict: bool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": {**function, "strict": True} if strict else function}


def read_completion(text: str, model: str) -> Completion:
    """Read a response body. Raises `ModelError`: `malformed`, `truncated`, or `bad_request` when it was filtered."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise malformed("the answer is not JSON") from error
    if not isinstance(body, dict):
        raise malformed("the answer is not an object")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise malformed("the answer holds no choice")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise malformed("the choice holds no message")
    finish = choice.get("finish_reason")
    if finish == "length":
        raise ModelError("truncated", "the model's answer was cut off", retryable=True)
    if finish == "content_filter" or message.get("refusal"):
        raise ModelError("bad_request", "the model declined to answer", retryable=False)
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        raise malformed("the content is not text")
    made = tuple(_call(call, n) for n, call in enumerate(_listed(message.get("tool_calls"))))
    if not made and not (content or "").strip():
        raise malformed("the answer is empty")
    named = body.get("model")
    return Completion(
        Message("assistant", content, made),
        "tool_calls" if made else "stop",
        _usage(body.get("usage")),
        named if isinstance(named, str) and named else model,
    )


def malformed(why: str) -> ModelError:
    return ModelError("malformed", f"the model's answer is unusable: {why}", retryable=True)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed("tool_calls is not a list")
    return value


def _call(call: Any, n: int) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise malformed("a tool call names no function")
    arguments = function.get("arguments")
    if arguments is None:
        arguments = "{}"
    # Some servers send an object instead of its JSON text; the meaning is the same.
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    given = call.get("id")
    return ToolCall(given if isinstance(given, str) and given else f"call_{n}", function["name"], text)


def _usage(value: Any) -> Usage:
    if not isinstance(value, dict):
        return Usage()
    prompt, completion = value.get("prompt_tokens"), value.get("completion_tokens")
    return Usage(
        prompt if type(prompt) is int and prompt >= 0 else 0,
        completion if type(completion) is int and completion >= 0 else 0,
    )
