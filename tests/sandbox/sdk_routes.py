"""Which types belong to which request: read from the service classes of the installed `stripe` package.

Each method of a service holds its verb, its path, the TypedDict of its parameters and the class it returns. So the
table of the whole API is in the package, and an exchange (request and response) can be checked without naming types.
"""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args
from urllib.parse import parse_qsl

import stripe
from stripe import ErrorObject

from tests.sandbox.sdk_types import (
    PARSING,
    Violations,
    check_json,
    check_object,
    check_params,
    class_named,
    fields_of,
    options_of,
)

_PACKAGE = Path(stripe.__file__).parent


class Route(NamedTuple):
    verb: str
    pattern: re.Pattern[str]
    params: str | None
    returns: str
    module: str


@cache
def routes_under(segment: str) -> list[Route]:
    """All SDK methods whose path starts with `/v1/<segment>`; fixed paths before templated ones."""
    found: list[tuple[int, Route]] = []
    for file in sorted(_PACKAGE.rglob("_*_service.py")):
        text = file.read_text("utf-8")
        if f'"/v1/{segment}' not in text:
            continue
        module = "stripe." + ".".join(file.relative_to(_PACKAGE).with_suffix("").parts)
        with PARSING:
            tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (route := _route(node, module)) is not None:
                found.append((route[0].count("{"), route[1]))
    return [route for _, route in sorted(found, key=lambda pair: pair[0])]


def _route(method: ast.FunctionDef, module: str) -> tuple[str, Route] | None:
    for call in ast.walk(method):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "_request"):
            continue
        verb, path = call.args[0], call.args[1]
        if isinstance(path, ast.Call) and isinstance(path.func, ast.Attribute):
            path = path.func.value
        if not (isinstance(verb, ast.Constant) and isinstance(path, ast.Constant)):
            return None
        params = next((a.annotation for a in method.args.args if a.arg == "params"), None)
        params_name = None
        if params is not None:
            inner = params.slice if isinstance(params, ast.Subscript) else params
            named = inner.value if isinstance(inner, ast.Constant) else None
            params_name = named if isinstance(named, str) else None
        returns = method.returns
        returned = returns.value if isinstance(returns, ast.Constant) else ast.unparse(returns) if returns else ""
        template = str(path.value)
        pattern = re.compile(
            "/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in template.split("/"))
        )
        return template, Route(str(verb.value), pattern, params_name, str(returned), module)
    return None


def route_of(verb: str, path: str) -> Route | None:
    segment = path.split("/")[2] if path.count("/") >= 2 else ""
    return next((r for r in routes_under(segment) if r.verb == verb.lower() and r.pattern.fullmatch(path)), None)


def decode_form(encoded: str) -> dict[str, Any]:
    """`a[b][0]=c` to `{"a": {"b": {"0": "c"}}}`; apart from the server's own decoder, so that each checks the other."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        parts = [key.split("[", 1)[0], *re.findall(r"\[([^\]]*)\]", key)]
        place = tree
        for part in parts[:-1]:
            place = place.setdefault(part or str(len(place)), {})
        place[parts[-1] or str(len(place))] = value
    return tree


def check_exchange(verb: str, path: str, query: str, body: str, status: int, content: bytes) -> Violations:
    """Violations in one exchange.

    A request that breaks its types is a violation only when it was accepted: refusing it is what the API does.
    """
    route = route_of(verb, path)
    label = f"{verb} {path}"
    if status >= 400:
        return _check_error(label, content)
    if route is None:
        return [f"{label}: the SDK has no such method, yet the answer was {status}"]
    violations: Violations = []
    encoded = body if verb.upper() == "POST" else query
    if route.params is not None:
        violations += check_params(decode_form(encoded), class_named(route.params, route.module))
    violations += check_json(json.loads(content), route.returns, route.module)
    return [f"{label} {violation}" for violation in violations]


def _check_error(label: str, content: bytes) -> Violations:
    try:
        error = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return [f"{label}: an error must be a JSON object with `error`, got {content!r:.120}"]
    fields = {name: value for name, value in error.items() if name != "message"}
    if not isinstance(error.get("message"), str) or not error["message"]:
        return [f"{label}: an error needs a message"]
    violations = [f"{label} error{v.removeprefix('$')}" for v in check_object(fields, ErrorObject)]
    if error.get("type") not in _ERROR_TYPES:
        violations.append(f"{label} error.type: {error.get('type')!r} is not documented")
    if error.get("code") is not None and error["code"] not in _error_codes():
        violations.append(f"{label} error.code: {error['code']!r} is not documented")
    return violations


_ERROR_TYPES = ("api_error", "card_error", "idempotency_error", "invalid_request_error")


@cache
def _error_codes() -> frozenset[str]:
    """Every documented code: the SDK writes the list out where an object keeps its last error."""
    annotation, module = fields_of(stripe.Invoice.LastFinalizationError)["code"]
    return frozenset(value for option in options_of(annotation, module) for value in get_args(option))


class CheckedApp:
    """Wraps an ASGI application: every API exchange that passes through is checked; `violations` gathers what is wrong.

    Anything outside `/v1/` (pages, the sandbox's own controls) passes unchecked, and so does a page under it: that is
    what a broken proxy answers in Stripe's place.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.violations: Violations = []
        self.exchanges = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        sent, answered = bytearray(), bytearray()
        status, page = 0, False

        async def tee_receive() -> Any:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def tee_send(message: Any) -> None:
            nonlocal status, page
            status = message.get("status", status)
            page = page or any(
                name == b"content-type" and b"html" in value for name, value in message.get("headers", [])
            )
            answered.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, tee_receive, tee_send)
        if page:
            return
        self.exchanges += 1
        query, body = scope.get("query_string", b"").decode(), sent.decode("utf-8", "replace")
        self.violations += check_exchange(scope["method"], scope["path"], query, body, status, bytes(answered))
