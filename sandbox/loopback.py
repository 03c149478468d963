"""Who may speak to a served sandbox: programs on this machine, and pages the sandbox itself has served.

Listening on 127.0.0.1 keeps other machines out, but not a web page open in a browser here: it could post to the
sandbox's controls, or reach them under a name of its own that resolves to 127.0.0.1. Both show in the headers.
"""

from urllib.parse import urlsplit

from starlette.types import Scope

NAMES = frozenset({"127.0.0.1", "localhost"})


def refusal(scope: Scope) -> str | None:
    """Why a request is not answered, or None."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    if urlsplit(f"//{host}").hostname not in NAMES:
        return "The sandbox answers to 127.0.0.1 and localhost only."
    origin = headers.get(b"origin")
    if origin is not None and origin != f"http://{host}":
        return "The sandbox answers no pages of other origins."
    return None
