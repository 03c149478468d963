"""A model server on 127.0.0.1 in a process of its own: OpenAI's chat completions with one fixed answer for each step.

Three tool calls, one after the other, then plain words. Which step a request is at is read from the request itself, so
every client gets the same answers. `GET /bodies` gives the bodies received since it was last asked.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.house import ROOT

MODEL: Final = "bench"
CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("list_charges", {"charge": None}),
    ("list_invoices", {"status": "all", "invoice": None, "lines": False}),
    ("refund_status", {"charge": None}),
)
WORDS: Final = "You find {} under Billing, then Invoices, as a PDF file."
_NUMBER: Final = re.compile(r"invoice A-\d+")


def _answer(step: int, asked: str) -> bytes:
    """An invoice that the question numbers is named in the words, so that no two customers are told the same."""
    named = _NUMBER.search(asked)
    words = WORDS.format(named.group() if named else "each invoice")
    message: dict[str, Any] = {"role": "assistant", "content": words}
    if step < len(CALLS):
        name, arguments = CALLS[step]
        function = {"name": name, "arguments": json.dumps(arguments)}
        made = [{"id": f"call_{step}", "type": "function", "function": function}]
        message = {"role": "assistant", "content": None, "tool_calls": made}
    body = {
        "id": f"chatcmpl-{step}",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "tool_calls" if step < len(CALLS) else "stop", "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }
    return json.dumps(body).encode()


def application() -> Starlette:
    bodies: list[str] = []

    async def complete(request: Request) -> Response:
        body = await request.body()
        bodies.append(body.decode())
        said = json.loads(body)["messages"]
        asked = max(n for n, message in enumerate(said) if message["role"] == "user")
        step = sum(message["role"] == "tool" for message in said[asked:])
        return Response(_answer(step, str(said[asked]["content"])), media_type="application/json")

    async def received(_: Request) -> Response:
        told = JSONResponse(bodies)
        bodies.clear()
        return told

    return Starlette(
        routes=[
            Route("/v1/chat/completions", complete, methods=["POST"]),
            Route("/bodies", received, methods=["GET"]),
        ]
    )


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of a server of one's own, `http://127.0.0.1:port`; it ends with the block."""
    command = [sys.executable, "-m", "evals.bench.model_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own
        try:
            if process.stdout is None or not (port := process.stdout.readline().strip()):
                raise RuntimeError("the model server did not start")
            url = f"http://127.0.0.1:{port}"
            _await_answer(url)
            yield url
        finally:
            process.terminate()


def _await_answer(url: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            httpx.get(f"{url}/bodies", timeout=1)
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for an acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(application(), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
