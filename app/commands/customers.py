"""The demo company, one line on each story."""

from __future__ import annotations

from typing import Annotated

import typer

from app.output import console, print_json, table

app = typer.Typer(rich_markup_mode=None)


@app.command(help=__doc__)
def command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    from sandbox.demo.roster import STORIES

    if as_json:
        for story in STORIES:
            print_json({"customer": story.customer, "plan": story.plan, "story": story.line})
        return
    shown = table("customer", "plan", "story")
    for story in STORIES:
        shown.add_row(story.customer, story.plan, story.line)
    console.print(shown)
