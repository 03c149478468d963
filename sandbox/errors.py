"""Stripe's error envelope (docs.stripe.com/api/errors, docs.stripe.com/error-codes)."""

from typing import Any


class StripeError(Exception):
    """An error to be answered in Stripe's envelope.

    `commit`: keep what the handler wrote before it raised. A declined card leaves a failed charge and a changed
    PaymentIntent behind, while a refused parameter leaves nothing.
    """

    def __init__(
        self,
        status: int,
        type_: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        commit: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type_
        self.message = message
        self.code = code
        self.param = param
        self.commit = commit
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON body: `{"error": {type, message, code?, param?, doc_url?, …}}`."""
        error: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error.update(self.extra)
        return {"error": error}


class ConnectionLost(ConnectionError):
    """Raised out of the ASGI application when the client must see its connection end without an answer.

    In process the caller's HTTP client turns it into a connection error; under uvicorn `sandbox.serve` closes the
    transport. `timed_out` says the server fell silent instead of hanging up. Whether the request was executed is not
    told, as on a real network.
    """

    def __init__(self, *, timed_out: bool = False) -> None:
        super().__init__("the sandbox fell silent" if timed_out else "the sandbox dropped the connection")
        self.timed_out = timed_out


def invalid_request(
    message: str, *, param: str | None = None, code: str | None = None, status: int = 400, **extra: Any
) -> StripeError:
    """An `invalid_request_error`; nothing the handler wrote is kept."""
    return StripeError(status, "invalid_request_error", message, code=code, param=param, extra=extra)


def missing_object(type_: str, id_: str, param: str = "id") -> StripeError:
    """404 `resource_missing`, worded as Stripe does (`No such charge: 'ch_x'`)."""
    name = "PaymentMethod" if type_ == "payment_method" else type_.replace("_", " ").replace(".", " ")
    if type_ == "payment_intent":
        name = "payment_intent"
    return invalid_request(f"No such {name}: '{id_}'", param=param, code="resource_missing", status=404)


def idempotency_error(message: str, *, status: int = 400, code: str | None = None) -> StripeError:
    """The errors of docs.stripe.com/api/idempotent_requests."""
    return StripeError(status, "idempotency_error", message, code=code)


def api_error(message: str = "An unknown error occurred", status: int = 500) -> StripeError:
    """Something went wrong on the server's side."""
    return StripeError(status, "api_error", message)
