"""`make record`: record both wire formats anew.

With STRIPE_API_KEY (a test key) and OPENAI_API_KEY + LEE_MODEL set, the real services answer; without, our own sandbox
and a scripted endpoint do. The origin is written beside the recording and shown in the README.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agent.models.openai_chat import Endpoint, OpenAIChat
from sandbox.serve import server
from tests.recordings.bridge import vcr_client
from tests.recordings.scenarios import openai_walk, stripe_walk
from tests.recordings.tape import FOLDER, note_origin, recorder
from tools.stripe_client import SANDBOX_KEY, KeyKind, key_kind, make_client

STRIPE, OPENAI = "stripe.yaml", "openai.yaml"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(_record_stripe())
    asyncio.run(_record_openai())


async def _record_stripe() -> None:
    key = os.environ.get("STRIPE_API_KEY")
    if key is not None:
        if key_kind(key) is not KeyKind.SECRET_TEST:
            sys.exit("recording makes test objects: STRIPE_API_KEY must be a secret test key (sk_test_…)")
        await _stripe(key, None, "Stripe, test mode")
        return
    with _sandbox() as url:
        await _stripe(SANDBOX_KEY, url, "this project's sandbox")


async def _stripe(key: str, url: str | None, origin: str) -> None:
    (FOLDER / STRIPE).unlink(missing_ok=True)
    with recorder().use_cassette(STRIPE):
        print(STRIPE, await stripe_walk(make_client(key, base_url=url)))
    note_origin(STRIPE, origin)


@contextmanager
def _sandbox() -> Iterator[str]:
    running = server(None, port=0, seed="recordings")
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join()


async def _record_openai() -> None:
    key, model = os.environ.get("OPENAI_API_KEY"), os.environ.get("LEE_MODEL")
    if key is not None:
        if model is None:
            sys.exit("set LEE_MODEL too: which model is to be recorded?")
        await _openai(Endpoint(model, key, os.environ.get("OPENAI_BASE_URL")), f"{model} at its own endpoint")
        return
    with _scripted_endpoint() as url:
        await _openai(Endpoint("scripted-1", "none", url), "a scripted endpoint of this project")


async def _openai(endpoint: Endpoint, origin: str) -> None:
    (FOLDER / OPENAI).unlink(missing_ok=True)
    with recorder().use_cassette(OPENAI):
        model = OpenAIChat(endpoint, http_client=vcr_client())
        print(OPENAI, [answer.finish_reason for answer in await openai_walk(model)])
        await model.close()
    note_origin(OPENAI, origin)


@contextmanager
def _scripted_endpoint() -> Iterator[str]:
    """Answers as chat completions do: first a tool call, then, once a tool result is there, a reply call."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps(completion(asked)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/v1"
    http.shutdown()
    http.server_close()


def completion(asked: dict[str, Any]) -> dict[str, Any]:
    """platform.openai.com/docs/api-reference/chat/object"""
    answered = any(message["role"] == "tool" for message in asked["messages"])
    said = {"text": "Your last payment was $20.00.", "citations": [], "kind": "answer"}
    call = ("reply", said) if answered else ("list_charges", {"limit": 5})
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": None,
                    "refusal": None,
                    "tool_calls": [
                        {
                            "id": f"call_{int(answered)}",
                            "type": "function",
                            "function": {"name": call[0], "arguments": json.dumps(call[1])},
                        }
                    ],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


if __name__ == "__main__":
    main()
