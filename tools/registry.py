"""The registry of tools: exact names, argument models, declared effects.

A READ tool is an async function `(arguments, desk) -> pydantic model`, listed in `tools.catalogue`. WRITE and MONEY
tools have no function here at all: their argument models are `policy.actions`, and only the gate performs them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from policy.actions import Action


class EffectClass(StrEnum):
    READ = "read"
    WRITE = "write"  # changes the world, moves no money
    MONEY = "money"  # may charge, refund or credit


class Arguments(BaseModel):
    """Base of the arguments of a read tool: strict, closed, frozen. Its docstring is the tool's description."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    effect: EffectClass
    arguments: type[BaseModel]
    read: Callable[[Any, Any], Awaitable[BaseModel]] | None  # None for WRITE and MONEY

    @property
    def parameters(self) -> dict[str, Any]:
        """Strict JSON schema as OpenAI wants it (platform.openai.com/docs/guides/structured-outputs)."""
        return strict_schema(self.arguments)


class UnknownTool(LookupError):
    """The model named a tool that does not exist. Names are matched exactly."""


class Registry:
    def __init__(self, tools: tuple[Tool, ...]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            raise ValueError("two tools share a name")

    def __iter__(self):
        return iter(self._tools.values())

    def get(self, name: str) -> Tool:
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownTool(name) from None


def action_tool(action: type[Action], effect: EffectClass) -> Tool:
    """The tool through which `action` may be proposed."""
    if effect is EffectClass.READ:
        raise ValueError(f"{action.tool} is an action: it cannot be READ")
    return Tool(action.tool, _description(action), effect, action, None)


def read_tool(name: str, arguments: type[Arguments], read: Callable[[Any, Any], Awaitable[BaseModel]]) -> Tool:
    return Tool(name, _description(arguments), EffectClass.READ, arguments, read)


def _description(model: type[BaseModel]) -> str:
    text = " ".join((model.__doc__ or "").split())
    if not text:
        raise ValueError(f"{model.__name__} has no docstring: the model would not know what the tool does")
    return text


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema with every property required and closed; formats and bounds that strict mode refuses are
    dropped here and enforced by pydantic when the call arrives."""
    schema = _strict(model.model_json_schema())
    schema.pop("description", None)
    return schema


_DROPPED = frozenset(
    {
        "title",
        "default",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    }
)


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {
        key: {name: _strict(sub) for name, sub in value.items()} if key in ("properties", "$defs") else _strict(value)
        for key, value in node.items()
        if key not in _DROPPED
    }
    if out.get("type") == "object":
        out["additionalProperties"] = False
        out["required"] = list(out.get("properties", {}))
    return out
