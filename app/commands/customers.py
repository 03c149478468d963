"""The demo company, one line on each story. With words: only the customers whose line has them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.output import console, print_json

if TYPE_CHECKING:
    from sandbox.demo.story import Story

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=__doc__)
def command(
    words: Annotated[list[str] | None, typer.Argument(help="For instance: cards, team, refund.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    from sandbox.demo.roster import STORIES

    found = [story for story in STORIES if _has(story, words or [])]
    if as_json:
        for story in found:
            print_json({"customer": story.customer, "plan": story.plan, "theme": story.theme, "story": story.line})
        return
    for theme in dict.fromkeys(story.theme for story in found):
        console.print(Text(theme.capitalize(), style="bold"))
        shown = Table.grid(padding=(0, 2, 0, 0))
        shown.add_column(min_width=max(len(story.customer) for story in STORIES), no_wrap=True)
        shown.add_column(min_width=max(len(story.plan) for story in STORIES), no_wrap=True)
        shown.add_column(overflow="fold")
        for story in found:
            if story.theme == theme:
                shown.add_row(story.customer, story.plan, story.line)
        console.print(shown)
    console.print(f"{len(found)} of {len(STORIES)} customers" if words else f"{len(found)} customers", style="dim")


def _has(story: Story, words: list[str]) -> bool:
    line = f"{story.customer} {story.name} {story.plan} {story.theme} {story.line}".casefold()
    return all(word.casefold() in line for word in words)
