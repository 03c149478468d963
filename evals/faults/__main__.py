"""`python -m evals.faults`: every tool, every fault, every death; writes docs/faults.md. Exit 1 when one is wrong."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.progress import Progress

from app.logs import logging_to
from app.output import console
from evals.faults.killed import prepare
from evals.faults.matrix import Row, Wanted, play, rows
from evals.faults.page import PAGE, page, read
from evals.harness import Bench, open_bench

KEPT: Final = "play these; the page keeps its other rows"


def main() -> None:
    tools, faults = zip(*rows(), strict=True)
    parser = argparse.ArgumentParser(prog="python -m evals.faults", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="TOOL", choices={tool.name for tool in tools}, help=KEPT)
    parser.add_argument("--faults", nargs="+", metavar="FAULT", choices=set(faults), help=KEPT)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page says something else")
    options = parser.parse_args()
    wanted = [
        (tool, fault)
        for tool, fault in rows()
        if tool.name in (options.only or tool.name) and fault in (options.faults or fault)
    ]
    prepare()
    with open_bench() as bench, tempfile.TemporaryDirectory(prefix="lee-faults-") as name, logging_to(Path(name)):
        played = asyncio.run(_all(bench, Path(name), wanted))
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    cells = read(before) if len(wanted) < len(rows()) else {}
    for row in played:
        cells.setdefault(row.tool, {})[row.fault] = {when: str(cell) for when, cell in row.cells.items()}
    if not options.check:
        PAGE.write_text(page(cells), encoding="utf-8")
    elif before != page(cells):
        sys.exit("docs/faults.md says something else: run make faults and look at the difference")
    sys.exit(1 if any(cell.wrong for row in played for cell in row.cells.values()) else 0)


async def _all(bench: Bench, folder: Path, wanted: list[Wanted]) -> list[Row]:
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("rows", total=len(wanted))

        def done(row: Row) -> None:
            progress.advance(bar)
            for when, cell in row.cells.items():
                for why in cell.wrong:
                    progress.console.print(f"{row.tool}, {row.fault}, {when}: {why}", style="red", markup=False)

        return await play(bench, wanted, folder, done)


if __name__ == "__main__":
    main()
