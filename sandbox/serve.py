"""Running the sandbox as a process of its own under uvicorn, on 127.0.0.1 only."""

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox import links
from sandbox.delivering import Deliverer
from sandbox.errors import ConnectionLost
from sandbox.loopback import refusal
from sandbox.server import create_app

LOOPBACK = "127.0.0.1"
PORT = 12111


class DroppingProtocol(H11Protocol):
    """uvicorn's protocol, able to end a connection without an answer when the application asks for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app = self._dropping(self.app)

    def _dropping(self, app: Any) -> ASGIApp:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            reason = refusal(scope)
            if reason:
                await PlainTextResponse(reason, 403)(scope, receive, send)
                return
            try:
                await app(scope, receive, send)
            except ConnectionLost:
                self.transport.abort()
                # uvicorn would answer 500 for an application that returns before it knows the client is gone.
                while (await receive())["type"] != "http.disconnect":
                    continue

        return run


class IdleServer(uvicorn.Server):
    """A server that ends by itself when nobody has asked for anything for a while: nothing is left running.

    While it runs, webhooks are delivered."""

    def __init__(self, config: uvicorn.Config, deliverer: Deliverer, idle_seconds: float | None) -> None:
        super().__init__(config)
        self._deliverer = deliverer
        self._idle_seconds = idle_seconds
        self._seen = 0
        self._last = time.monotonic()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        delivering = asyncio.create_task(self._deliverer.run())
        try:
            await super().serve(sockets)
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    async def on_tick(self, counter: int) -> bool:
        if self.server_state.total_requests != self._seen:
            self._seen, self._last = self.server_state.total_requests, time.monotonic()
        idle = self._idle_seconds is not None and time.monotonic() - self._last > self._idle_seconds
        return await super().on_tick(counter) or idle


def server(
    path: Path | None,
    *,
    host: str = LOOPBACK,
    port: int = PORT,
    idle_seconds: float | None = None,
    **options: Any,
) -> uvicorn.Server:
    """A uvicorn server, not started; it ends after `idle_seconds` without a request.

    Refuses to listen anywhere but on 127.0.0.1: the sandbox has no real keys."""
    if host != LOOPBACK:
        raise ValueError(f"the sandbox listens on {LOOPBACK} only, not on {host}")
    app = create_app(path, **options)
    with app.world.transaction():
        links.set_origin(app.world, f"http://{host}:{port}")
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=DroppingProtocol,
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
    )
    return IdleServer(config, Deliverer(app.world), idle_seconds)


def serve(host: str = LOOPBACK, port: int = PORT, path: Path | None = None, idle_seconds: float | None = None) -> None:
    """Serve until interrupted or idle. path: the durable file (None: in memory)."""
    server(path, host=host, port=port, idle_seconds=idle_seconds).run()
