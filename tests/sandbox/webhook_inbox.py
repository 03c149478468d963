"""A webhook endpoint of our own on 127.0.0.1: it keeps what it was sent and answers as it is told."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe


class Inbox:
    """`statuses` are used up one by one, then 200; `meanwhile` runs while the sender waits for the answer."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.statuses: list[int] = []
        self.meanwhile: Callable[[], Any] | None = None
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.received.append((body, self.headers["Stripe-Signature"]))
                if inbox.meanwhile:
                    inbox.meanwhile()
                status = inbox.statuses.pop(0) if inbox.statuses else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{inbox.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing on standard error."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def events(self, secret: str) -> list[stripe.Event]:
        """What came, verified by the SDK itself."""
        return [stripe.Webhook.construct_event(body, signed, secret) for body, signed in self.received]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
