"""`make bench`: what a turn, a start and a ticket cost on this machine, and where a turn's time goes."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from agent.models.openai_chat import Endpoint, OpenAIChat
from app.logs import logging_to
from evals.bench import audit, law, profile, starts, throughput
from evals.bench.contenders import DOES, BareLoop, Contender, WholeTurn, instant_registry, others
from evals.bench.machine import machine
from evals.bench.model_server import MODEL, serving
from evals.bench.turn import HEAD, compare
from evals.harness import Bench, open_bench, open_copy
from evals.recorded import FOLDER, read_tickets


def main() -> None:
    options = _options()
    print(machine())
    print(f"\nA turn with three tool calls, milliseconds, N = {options.rounds} interleaved rounds\n")
    with open_bench() as bench, serving() as url:
        asyncio.run(_turns(bench, url, options.rounds, options.others))
        asyncio.run(_tickets(bench))
    print("\nThe law: a decision alone, and each part of a refund that is written down durably (fsync)\n")
    show(law.HEAD, law.rows(20_000, 1_000))
    if options.database is not None:
        show(law.HEAD, law.rows(20_000, 1_000, options.database))
    print("\nFrom the start of a command to its end\n")
    show(starts.HEAD, starts.starts(options.starts))
    print(f"\nSeeding the demo company: {starts.seeding(options.starts):.2f} s of the processor (N = {options.starts})")
    print(f"\nAn audit log of {options.entries:,} entries on SQLite\n")
    show(audit.HEAD, audit.rows(options.entries))
    print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}")


async def _turns(bench: Bench, url: str, rounds: int, python: Path | None) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lee-bench-")))
        stack.enter_context(logging_to(folder))
        model = OpenAIChat(Endpoint(MODEL, "none", f"{url}/v1"))
        stack.push_async_callback(model.close)
        copy = await stack.enter_async_context(open_copy(bench, folder, model=model))
        whole = WholeTurn("Lee: the whole durable turn", copy.house, instant_registry(), stack)
        contenders: list[Contender] = [BareLoop(model), whole]
        if python is not None:
            contenders += await stack.enter_async_context(others(python, url, folder))
        show(HEAD, [series.row for series in await compare(url, contenders, rounds)])
        print("\n" + "\n".join(f"  {one.name}: {DOES[one.name]}" for one in contenders))
        print(f"\nWhere the whole durable turn's time goes, N = {rounds} turns\n")
        with profile.sampling() as sampler:
            milliseconds = [await whole.once() for _ in range(rounds)]
        show(profile.HEAD, profile.table(sampler, rounds, sum(milliseconds) / 1000))


async def _tickets(bench: Bench) -> None:
    with tempfile.TemporaryDirectory(prefix="lee-bench-") as name, logging_to(Path(name)):
        found = await throughput.throughput(bench, Path(name), read_tickets(FOLDER))
    print("\nRecorded tickets with the offline planner, durable, Stripe's sandbox in the same process\n")
    show(throughput.HEAD, found.rows)
    print(f"\nWhere such a ticket's time goes, N = {found.profiled} tickets\n")
    show(profile.HEAD, found.rooms)


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: the first column to the left, figures to the right."""
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "   ".join(cells))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=120, help="how often each turn is run (default: 120)")
    parser.add_argument("--starts", type=int, default=6, help="how often each command is started (default: 6)")
    parser.add_argument("--database", help="an empty PostgreSQL (its URL) to measure the law on, beside SQLite")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the audit log (default: 1,000,000)")
    parser.add_argument("--others", type=Path, help="an interpreter with openai-agents and pydantic-ai, to compare")
    return parser.parse_args()


if __name__ == "__main__":
    main()
