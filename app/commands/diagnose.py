"""What is wrong with a customer's billing, in one sentence, and what mends it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from app.cli import run
from app.output import console, print_json
from app.principals import principal
from app.wiring import open_house
from tools.diagnose import Diagnose, diagnose

app = typer.Typer(add_completion=False, rich_markup_mode=None)
COLOURS = {"green": "green", "amber": "yellow", "red": "red"}


@app.command(help=__doc__)
def command(
    customer: Annotated[str, typer.Argument(help="The customer (cus_…).")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    run(_diagnose(customer, as_json=as_json))


async def _diagnose(customer: str, *, as_json: bool) -> None:
    async with open_house() as house:
        desk = house.desk(await principal(house, customer))
        told = (await diagnose(Diagnose(), desk)).model_dump(mode="json")
    if as_json:
        print_json(told)
        return
    console.print(Text(f"{told['status']}: {told['root_cause']}"), style=COLOURS[told["status"]])
    console.print(Text(told["explanation"]))
    alone = "the customer can do it alone" if told["self_serve_eligible"] else "not by the customer alone"
    console.print(Text(f"next: {told['recommended_action']} ({alone})"), style="dim")
    if told["at_stake"]:
        console.print(Text(f"at stake: {told['at_stake']['display']}"), style="dim")
    found = ", ".join(f"{each['kind']} {each['value']}" for each in told["evidence"])
    console.print(Text(f"evidence: {found}"), style="dim", soft_wrap=True)
