"""openai-agents and pydantic-ai (alone and durable on DBOS), for comparison. Runs in an interpreter that has them:

    python3 -m venv /tmp/others && /tmp/others/bin/pip install openai-agents "pydantic-ai-slim[openai,dbos]"
    .venv/bin/python -m evals.bench --others /tmp/others/bin/python

Prints the names it can run, then for each name on standard input the milliseconds of one run. Imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Literal

Run = Callable[[], Awaitable[Any]]
GIVEN: dict[str, str] = json.loads(sys.argv[1])


async def list_charges(charge: str | None) -> str:  # noqa: ARG001  the schema is what counts
    """List the customer's newest card charges with ids, amounts and what was refunded or disputed."""
    return GIVEN["found"]


async def list_invoices(status: Literal["open", "paid", "all"], invoice: str | None, lines: bool) -> str:  # noqa: ARG001
    """List the customer's newest invoices with ids, numbers, status and what is still owed."""
    return GIVEN["found"]


async def refund_status(charge: str | None) -> str:  # noqa: ARG001
    """Find out where a refund is: its status in words and when it should arrive."""
    return GIVEN["found"]


TOOLS = (list_charges, list_invoices, refund_status)


def _client() -> Any:
    return import_module("openai").AsyncOpenAI(api_key="none", base_url=f"{GIVEN['url']}/v1", max_retries=0)


def raw_client() -> Run:
    """The openai SDK and a loop of ten lines: what the libraries are compared with."""
    client = _client()
    described = [{"type": "function", "function": {"name": tool.__name__, "parameters": {}}} for tool in TOOLS]

    async def run() -> None:
        messages: list[Any] = [{"role": "system", "content": GIVEN["system"]}]
        messages.append({"role": "user", "content": GIVEN["question"]})
        while True:
            made = await client.chat.completions.create(model=GIVEN["model"], messages=messages, tools=described)
            message = made.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return
            for call in message.tool_calls:
                messages.append({"role": "tool", "tool_call_id": call.id, "content": GIVEN["found"]})

    return run


def openai_agents() -> Run:
    agents = import_module("agents")
    agents.set_tracing_disabled(True)
    agent = agents.Agent(
        name="billing",
        instructions=GIVEN["system"],
        model=agents.OpenAIChatCompletionsModel(model=GIVEN["model"], openai_client=_client()),
        tools=[agents.function_tool(tool) for tool in TOOLS],
    )
    return lambda: agents.Runner.run(agent, GIVEN["question"])


def _pydantic_agent() -> Any:
    provider = import_module("pydantic_ai.providers.openai").OpenAIProvider(openai_client=_client())
    model = import_module("pydantic_ai.models.openai").OpenAIChatModel(GIVEN["model"], provider=provider)
    made = import_module("pydantic_ai").Agent
    return made(model, name="billing", instructions=GIVEN["system"], tools=list(TOOLS))


def pydantic_ai() -> Run:
    agent = _pydantic_agent()
    return lambda: agent.run(GIVEN["question"])


def pydantic_ai_dbos() -> Run:
    dbos = import_module("dbos").DBOS
    database = os.path.join(GIVEN["folder"], "others.sqlite")
    dbos(config={"name": "others", "system_database_url": f"sqlite:///{database}", "log_level": "ERROR"})
    agent = import_module("pydantic_ai.durable_exec.dbos").DBOSAgent(_pydantic_agent())
    dbos.launch()
    return lambda: agent.run(GIVEN["question"])


KNOWN = {
    "raw openai client": ("openai", raw_client),
    "openai-agents": ("agents", openai_agents),
    "pydantic-ai": ("pydantic_ai", pydantic_ai),
    "pydantic-ai on DBOS": ("pydantic_ai.durable_exec.dbos", pydantic_ai_dbos),
}


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


async def main() -> None:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # theirs, about each other
    runs = {name: make() for name, (module, make) in KNOWN.items() if _installed(module)}
    print(json.dumps(list(runs)), flush=True)
    loop = asyncio.get_running_loop()
    while name := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        started = time.perf_counter()
        await runs[name]()
        print((time.perf_counter() - started) * 1000, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
    # Libraries leave threads behind that would keep the process.
    sys.stdout.flush()
    os._exit(0)
