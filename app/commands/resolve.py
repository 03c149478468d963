"""Resolve one ticket, or a file of tickets (JSON lines of id, text, customer, and optionally role, user, confirm)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from app.cli import run
from app.failures import Plainly
from app.output import console, print_json, show_result, table
from app.principals import principal
from app.resolving import Result, Ticket, resolve
from app.wiring import House, open_house
from policy.proposals import Role

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Line(BaseModel):
    """One line of a ticket file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str
    customer: str
    user: str | None = None
    role: Role = Role.OWNER
    confirm: bool = False


@app.command(help=__doc__)
def command(
    text: Annotated[str | None, typer.Argument(help="The ticket; `-` reads it from standard input.")] = None,
    customer: Annotated[str | None, typer.Option(help="The authenticated customer (cus_…).")] = None,
    file: Annotated[Path | None, typer.Option(help="Many tickets, a JSON object a line.")] = None,
    role: Annotated[Role, typer.Option(help="The user's role.")] = Role.OWNER,
    user: Annotated[str | None, typer.Option(help="The user's name.")] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="The customer says yes to what is shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object a ticket.")] = False,
) -> None:
    if (text is None) == (file is None):
        raise typer.BadParameter("give either a ticket or --file")
    if file is not None:
        run(_many(read_lines(file), as_json=as_json))
        return
    if customer is None:
        raise typer.BadParameter("whose ticket is it? --customer ID (see `lee customers`)")
    body = typer.get_text_stream("stdin", errors="replace").read() if text == "-" else text or ""
    run(_one(Line(id="1", text=body, customer=customer, user=user, role=role, confirm=confirm), as_json=as_json))


async def _one(line: Line, *, as_json: bool) -> None:
    async with open_house() as house:
        result = await resolve(house, await _ticket(house, line))
    if as_json:
        print_json(result)
    else:
        show_result(result)


async def _many(lines: list[Line], *, as_json: bool) -> None:
    from rich.progress import Progress

    results: list[Result] = []
    async with open_house() as house:
        gate = asyncio.Semaphore(house.settings.concurrency)
        with Progress(console=console, disable=as_json, transient=True) as progress:
            bar = progress.add_task("tickets", total=len(lines))

            async def work(line: Line) -> None:
                async with gate:
                    result = await _safely(house, line)
                results.append(result)
                progress.advance(bar)
                if as_json:
                    print_json(result)

            await asyncio.gather(*(work(line) for line in lines))
    if not as_json:
        shown = table("ticket", "topic", "outcome", "effects")
        for result in results:
            effects = ", ".join(f"{effect['kind']} {effect['stripe_id']}" for effect in result.get("effects", []))
            shown.add_row(result["id"], result.get("topic"), result.get("outcome") or result.get("error"), effects)
        console.print(shown)
    if any("error" in result for result in results):
        raise Plainly(f"{sum('error' in result for result in results)} of {len(results)} tickets could not be taken")


async def _safely(house: House, line: Line) -> Result:
    """One ticket of many: an unknown customer must not stop the others."""
    try:
        return {"id": line.id, **await resolve(house, await _ticket(house, line))}
    except Plainly as error:
        return {"id": line.id, "error": str(error)}


async def _ticket(house: House, line: Line) -> Ticket:
    who = await principal(house, line.customer, line.user, line.role)
    return Ticket(line.text, who, confirmed=line.confirm)


def read_lines(file: Path) -> list[Line]:
    """Raises `Plainly` naming the line that cannot be read."""
    try:
        raw = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Plainly(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    lines: list[Line] = []
    wrong: list[str] = []
    for n, text in enumerate(raw, 1):
        if not text.strip():
            continue
        try:
            told: Any = json.loads(text)
            lines.append(Line.model_validate({"id": str(n), **told}))
        except (ValueError, TypeError, ValidationError) as error:
            wrong.append(f"line {n}: {_why(error)}")
    if not lines and not wrong:
        raise Plainly(f"{file.name} holds no ticket")
    if wrong:
        raise Plainly(f"{file.name} was not taken, {len(wrong)} lines are no tickets; {'; '.join(wrong[:5])}")
    return lines


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
