"""What is configured, reachable or missing, and how to mend it. Exit 1 when something is missing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from app.failures import Plainly
from app.output import console, counted, print_json
from app.settings import load_settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)
MARKS = {"ok": ("ok     ", "green"), "note": ("note   ", "yellow"), "missing": ("missing", "red")}


@app.command(help=__doc__)
def command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    from app.doctor import examine

    missing = 0
    for finding in examine(load_settings()):
        missing += finding.state == "missing"
        if as_json:
            print_json(asdict(finding))
            continue
        mark, colour = MARKS[finding.state]
        console.print(Text.assemble((mark, colour), f" {finding.what}: {finding.says}"))
        if finding.mend:
            console.print(Text(f"         {finding.mend}"), style="dim")
    if missing:
        raise Plainly(f"{counted(missing, 'thing is', 'things are')} missing")
