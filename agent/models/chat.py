"""One small Protocol for every model, in OpenAI's chat-completions vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is the raw JSON text exactly as the model wrote it: unparsed, untrusted."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant", "tool"]
    content: str | None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A function tool: `parameters` is a strict JSON schema (every field required, `additionalProperties` false)."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """`brief` is the case as data (topic, slots, role, plan, confirmed proposal …). It is also rendered into the system
    prompt; the offline planner reads it from here."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSchema, ...]
    brief: dict[str, Any] = field(default_factory=dict[str, Any])
    max_tokens: int = 1024
    timeout: float = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Completion:
    message: Message
    finish_reason: str  # stop | tool_calls | length | content_filter
    usage: Usage
    model: str


class ModelError(Exception):
    """The model gave no usable answer. `code`: rate_limited | server_error | timeout | connection | truncated |
    bad_request | authentication | malformed. `retryable` says whether trying again may help."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class ChatModel(Protocol):
    name: str  # as printed: "gpt-…", "offline planner", "scripted"
    english_only: bool  # a message in another language is for a human, who is told which it is

    async def complete(self, request: ChatRequest) -> Completion:
        """One completion. Raises `ModelError`."""
        ...
