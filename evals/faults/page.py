"""docs/faults.md: written from cells, and read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.house import ROOT
from evals.faults.cells import DEATHS, FACTS, LASTING, NO_FAULT, ONCE, READ_WHEN, WHEN
from evals.faults.introduction import INTRODUCTION, READING, TOLD
from evals.faults.killed import SIGKILL
from evals.faults.script import AFTER, BEFORE
from evals.faults.situations import SITUATIONS, actions, reads
from evals.faults.verdicts import (
    ANSWERED,
    DONE,
    NOT_ANSWERED,
    NOT_DONE,
    NOT_KNOWN,
    NOT_SAID,
    WRONG,
    not_done,
    not_known,
)
from sandbox.faults import KINDS
from tools.registry import Tool

Cells = dict[str, dict[str, dict[str, str]]]  # tool → fault → when → what is shown

PAGE: Final = ROOT / "docs" / "faults.md"
HEADS: Final = {
    FACTS: "while facts are read",
    ONCE: "once",
    LASTING: "from the effect on",
    **{death: f"once, death at `{death}`" for death in DEATHS},
}
READ_HEADS: Final = {
    ONCE: "once",
    LASTING: "lasting",
    BEFORE: "once, death before the read",
    AFTER: "once, death after the read",
}
ROWS: Final = (NO_FAULT, SIGKILL, *KINDS)
CONSENT: Final = {"nobody": "nobody", "customer": "the customer", "human": "a human"}


def page(cells: Cells) -> str:
    """The whole page, tools in the registry's order, actions first."""
    parts = [INTRODUCTION, f"{_sum(cells)}\n", _actions(cells), "", _reads(cells), "", _told(), ""]
    for tool in actions():
        parts.append(f"## `{tool.name}`\n\n{_table(cells.get(tool.name, {}), WHEN, HEADS)}\n")
    parts.append(READING)
    for tool in reads():
        parts.append(f"### `{tool.name}`\n\n{_table(cells.get(tool.name, {}), READ_WHEN, READ_HEADS)}\n")
    return "\n".join(parts).rstrip() + "\n"


def read(text: str) -> Cells:
    """The inverse of `page`, for any tools it has."""
    found: Cells = {}
    heads = {head: at for at, head in [*HEADS.items(), *READ_HEADS.items()]}
    tool, columns = "", []
    for line in text.splitlines():
        shown = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith(("## `", "### `")):
            tool = line.strip("#` ")
            found[tool] = {}
        elif line.startswith("| fault |"):
            columns = [heads[head] for head in shown[1:]]
        elif tool and line.startswith("| `"):
            row = {at: cell for at, cell in zip(columns, shown[1:], strict=True) if cell}
            for fault in shown[0].split(", "):
                found[tool][fault.strip("`")] = row
    return found


def _every(cells: Cells, tools: Iterable[Tool]) -> list[str]:
    rows = [row for tool in tools for row in cells.get(tool.name, {}).values()]
    return [cell for row in rows for cell in row.values()]


def _sum(cells: Cells) -> str:
    every = _every(cells, [*actions(), *reads()])
    made = Counter(cell.split()[0] for cell in _every(cells, actions()))
    return (
        f"**{len(every)} cells: {len(actions())} tools that act and {len(reads())} that read. Two or more effects: "
        f"{made['?']}. Wrong: {sum(WRONG in cell for cell in every)}.**"
    )


def _actions(cells: Cells) -> str:
    heads = ["tool", "ticket", "who says yes", "cells", "1 effect", "0 effects", "more", DONE, NOT_DONE, NOT_KNOWN]
    lines = [_row([*heads, NOT_SAID, "a human has it"]), _row(["---"] * 12)]
    for tool in actions():
        every, situation = _every(cells, [tool]), SITUATIONS[tool.name]
        made = Counter(cell.split()[0] for cell in every)
        figures = [len(every), made["1"], made["0"], made["?"], *_said(every, (DONE, NOT_DONE, NOT_KNOWN, NOT_SAID))]
        lines.append(_row([f"`{tool.name}`", situation.says, CONSENT[situation.consent], *figures, _human(every)]))
    return "\n".join(lines)


def _reads(cells: Cells) -> str:
    lines = [_row(["tool", "ticket", "cells", ANSWERED, NOT_ANSWERED, "a human has it"]), _row(["---"] * 6)]
    for tool in reads():
        every = _every(cells, [tool])
        said = _said(every, (ANSWERED, NOT_ANSWERED))
        lines.append(_row([f"`{tool.name}`", SITUATIONS[tool.name].says, len(every), *said, _human(every)]))
    return "\n".join(lines)


def _told() -> str:
    """What is the same in every sentence of not knowing is said once, before the table."""
    lines, rest = [_row(["tool", NOT_DONE, NOT_KNOWN]), _row(["---"] * 3)], ""
    for tool in actions():
        whether, _, rest = not_known(tool.name).partition(", ")
        lines.append(_row([f"`{tool.name}`", f"… {not_done(tool.name)}", f"{whether}, …"]))
    return "\n".join([TOLD.format(rest=rest), *lines])


def _said(every: Sequence[str], words: Sequence[str]) -> list[int]:
    shown = Counter(cell.split(maxsplit=1)[1].removesuffix(WRONG).removesuffix(" +") for cell in every)
    return [shown[word] for word in words]


def _human(every: Sequence[str]) -> int:
    return sum(" +" in cell for cell in every)


def _table(rows: Mapping[str, Mapping[str, str]], columns: Sequence[str], heads: Mapping[str, str]) -> str:
    """Faults with the same cells share a row."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for fault in (fault for fault in ROWS if fault in rows):
        row = rows[fault]
        shared.setdefault(tuple(row.get(at, "") for at in columns), []).append(f"`{fault}`")
    lines = [_row(["fault", *(heads[at] for at in columns)]), _row(["---"] * (len(columns) + 1))]
    return "\n".join([*lines, *(_row([", ".join(faults), *cells]) for cells, faults in shared.items())])


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
