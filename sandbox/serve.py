"""Running the sandbox as a process of its own under uvicorn, on 127.0.0.1 only."""

from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.errors import ConnectionLost
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
            try:
                await app(scope, receive, send)
            except ConnectionLost:
                self.transport.abort()
                # uvicorn would answer 500 for an application that returns before it knows the client is gone.
                while (await receive())["type"] != "http.disconnect":
                    continue

        return run


def server(path: Path | None, *, host: str = LOOPBACK, port: int = PORT, **options: Any) -> uvicorn.Server:
    """A uvicorn server, not started. Refuses to listen anywhere but on 127.0.0.1: the sandbox has no real keys."""
    if host != LOOPBACK:
        raise ValueError(f"the sandbox listens on {LOOPBACK} only, not on {host}")
    config = uvicorn.Config(
        create_app(path, **options),
        host=host,
        port=port,
        http=DroppingProtocol,
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
    )
    return uvicorn.Server(config)


def serve(host: str = LOOPBACK, port: int = PORT, path: Path | None = None) -> None:
    """Serve until interrupted. path: the durable file (None: in memory)."""
    server(path, host=host, port=port).run()
