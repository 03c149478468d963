"""A Stripe HTTP client that carries requests straight into an ASGI application in this process: no socket, no server.

It is what the sandbox is called through in evals and tests; a sandbox of its own process is called over HTTP. An
application that raises `ConnectionError` or `TimeoutError` is seen as a broken network; any other exception is a bug in
the application and passes through.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import stripe

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Coroutine[Any, Any, None]
]
Answer = tuple[str, int, Mapping[str, str]]


class Headers(dict[str, str]):
    """Response headers found in any case, as the SDK expects."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class AsgiHTTPClient(stripe.HTTPClient):
    """`StripeClient(key, http_client=AsgiHTTPClient(app))`, for `client.v1.…` and its `_async` twins.

    timeout: seconds after which the client gives up. When the application announces that it will wait longer than that
    (`scope["extensions"]["sandbox.wait"]`), the time-out is raised at once instead of being sat through.
    """

    name = "asgi"

    def __init__(self, app: App, *, timeout: float = 80.0) -> None:
        super().__init__()
        self._app = app
        self._timeout = timeout

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> Answer:
        async def wait(seconds: float) -> None:
            self._check(seconds)
            time.sleep(seconds)

        exchange = _Exchange(method, url, headers or {}, post_data, wait)
        with _network():
            step = self._app(exchange.scope, exchange.receive, exchange.send)
            try:
                step.send(None)
            except StopIteration:
                return exchange.answer()
            step.close()
        raise RuntimeError("the application waits for an event loop: use the _async methods")

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        async def wait(seconds: float) -> None:
            self._check(seconds)
            await asyncio.sleep(seconds)

        exchange = _Exchange(method, url, headers, post_data, wait)
        with _network():
            await self._app(exchange.scope, exchange.receive, exchange.send)
        text, status, answered = exchange.answer()
        return text.encode(), status, answered

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    def close(self) -> None:
        """Nothing is held open."""

    async def close_async(self) -> None:
        """Nothing is held open."""

    def _check(self, seconds: float) -> None:
        if seconds >= self._timeout:
            raise TimeoutError(f"no answer within {self._timeout} s")


class _network:
    """Turns a broken network into the SDK's own error, which it may retry."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ConnectionError | TimeoutError):
            raise stripe.APIConnectionError(
                f"Unexpected error communicating with Stripe: {error}", should_retry=True
            ) from error


class _Exchange:
    """One request and its response in ASGI's terms."""

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any,
        wait: Callable[[float], Awaitable[None]],
    ) -> None:
        parts = urlsplit(url)
        self._body = post_data.encode() if isinstance(post_data, str) else (post_data or b"")
        self.scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method.upper(),
            "scheme": parts.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), str(value).encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
            "server": (parts.hostname, parts.port),
            "extensions": {"sandbox.wait": wait},
        }
        self._status = 0
        self._headers = Headers()
        self._chunks: list[bytes] = []

    async def receive(self) -> Message:
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = Headers({name.decode().lower(): value.decode() for name, value in message["headers"]})
        else:
            self._chunks.append(message.get("body", b""))

    def answer(self) -> Answer:
        return b"".join(self._chunks).decode(), self._status, self._headers
