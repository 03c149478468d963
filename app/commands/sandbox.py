"""The Stripe sandbox: a process of its own on 127.0.0.1 with a durable file. It moves no money."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import typer

from app import sandbox_process
from app.failures import Plainly
from app.output import console, print_json
from app.owner import OwnerLock
from app.settings import load_settings

app = typer.Typer(add_completion=False, rich_markup_mode=None, help=__doc__, no_args_is_help=True)


def _url() -> str:
    running = sandbox_process.find(load_settings().data)
    if running is None:
        raise Plainly("the sandbox is not running; `lee sandbox start` starts it")
    return running.url


def _control(path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
    answer = httpx.request(method or ("GET" if body is None else "POST"), f"{_url()}/_sandbox/{path}", json=body)
    told = answer.json()
    if answer.is_error:
        raise Plainly(str(told.get("error", {}).get("message", told)))
    return told


@app.command()
def start() -> None:
    """Start it, filled with the demo company the first time."""
    running = sandbox_process.start(load_settings().data)
    console.print(f"The sandbox listens on {running.url} (process {running.pid}).")


@app.command()
def stop() -> None:
    """Stop it; its world stays on disk."""
    stopped = sandbox_process.stop(load_settings().data)
    console.print("Stopped." if stopped else "It was not running.")


@app.command()
def status() -> None:
    """Whether it runs, where, and its clock."""
    running = sandbox_process.find(load_settings().data)
    if running is None:
        console.print("The sandbox is not running.")
        return
    clock = _control("clock")
    print_json({"url": running.url, "pid": running.pid, "now": clock["now"], "frozen": clock["frozen"]})


@app.command()
def reset() -> None:
    """Begin again with a fresh demo company; the old world, and what Lee knows of it, are put aside."""
    settings = load_settings()
    elsewhere = [
        f"LEE_{name.upper()}"
        for name in ("database_url", "keys", "keys_url", "checkpoint_copy")
        if getattr(settings, name) is not None
    ]
    if elsewhere:
        raise Plainly(
            f"{', '.join(elsewhere)} keeps what Lee knows of the present world outside {settings.data}, where it would"
            " not be put aside: begin anew with another LEE_DATA and others of these"
        )
    with OwnerLock(settings.data):
        running = sandbox_process.reset(settings.data)
    console.print(f"A fresh demo company, on {running.url}.")


@app.command()
def clock(advance: Annotated[int, typer.Option(help="Seconds to move forward.")]) -> None:
    """Move its clock: renewals, retries and expiries on the way happen."""
    print_json(_control("clock", {"advance": advance}))


@app.command()
def fault(
    kind: Annotated[str, typer.Argument(help="See sandbox/faults.py; `clear` removes all.")],
    path: Annotated[str | None, typer.Option(help="Regular expression over the request path.")] = None,
    method: Annotated[str | None, typer.Option()] = None,
    count: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Queue a fault: the next matching requests fail that way."""
    if kind == "clear":
        print_json(_control("faults", method="DELETE"))
        return
    body = {"kind": kind, "count": count, "path": path, "method": method}
    print_json(_control("faults", {name: value for name, value in body.items() if value is not None}))
