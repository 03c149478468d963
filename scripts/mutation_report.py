"""Tells what mutation testing found: a line for each file, and every survivor with the reason it may stay."""

from __future__ import annotations

import fnmatch
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from scripts.mutate import Outcome

REASONS: Final = "scripts/survivors.toml"
PAGE: Final = "docs/mutation.md"
FOUND: Final = ("killed", "timeout")
HEAD: Final = (
    "| file | planted | found | survived, with a reason | unexplained | found |\n| --- | --: | --: | --: | --: | --: |"
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a fault may survive: shell patterns over its file and its two texts, and a sentence."""

    file: str
    before: str
    after: str
    why: str

    def fits(self, outcome: Outcome) -> bool:
        told = (outcome.file, outcome.mutant.before, outcome.mutant.after)
        return all(fnmatch.fnmatchcase(each, form) for each, form in zip(told, self._forms(), strict=True))

    def _forms(self) -> tuple[str, str, str]:
        """Brackets stand for themselves: they are everywhere in code."""
        file, before, after = (form.replace("[", "[[]") for form in (self.file, self.before, self.after))
        return file, before, after


def read_reasons(path: Path) -> list[Reason]:
    """Raises TypeError for an unknown key."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Reason(**{"after": "*", **each}) for each in told["survivor"]]


def report(outcomes: Sequence[Outcome], untried: int, money: Sequence[str], root: Path, *, write: bool) -> int:
    """Print it, and write the page when asked. 1 when a survivor has no reason, or a reason no survivor."""
    reasons = read_reasons(root / REASONS)
    survivors = [each for each in outcomes if each.result not in FOUND]
    of = {id(each): next((reason for reason in reasons if reason.fits(each)), None) for each in survivors}
    unexplained = [each for each in survivors if of[id(each)] is None]
    used = {reason for reason in of.values() if reason is not None}
    idle = [reason for reason in reasons if reason not in used and any(each.file == reason.file for each in outcomes)]
    page = _page(outcomes, untried, survivors, of, money)
    print(page)
    for each in unexplained:
        print(f"no reason: {each.file}:{each.mutant.first} {each.mutant.before} → {each.mutant.after}")
    for reason in idle:
        print(f"no survivor: {reason.file} {reason.before} → {reason.after}")
    if write:
        (root / PAGE).write_text(page, encoding="utf-8")
    return int(bool(unexplained or idle))


def _page(
    outcomes: Sequence[Outcome],
    untried: int,
    survivors: Sequence[Outcome],
    of: dict[int, Reason | None],
    money: Sequence[str],
) -> str:
    found = sum(1 for each in outcomes if each.result in FOUND)
    lines = [
        "# Faults planted in the law",
        "",
        "`make mutants` plants every small fault of `scripts/mutants.py` (a comparison turned, a boundary one further, "
        "a condition or a term dropped, a constant one off, a rule taken out of a law, a statement or a raised error "
        "removed, arguments swapped, nothing returned) in `policy/` and in the ledger, one at a time, and runs "
        "the tests that pass over it (`tests/policy` on SQLite without its slowest, `tests/simulation`).",
        "",
        f"**{found:,} of {len(outcomes):,} found: {found / max(1, len(outcomes)):.1%}.** "
        f"In the rules about money: {_share([each for each in outcomes if each.file in money])}.",
        *([f"Not tried in this run: {untried:,} more, at module level."] if untried else []),
        "",
        HEAD,
    ]
    for name in dict.fromkeys(each.file for each in outcomes):
        mine = [each for each in outcomes if each.file == name]
        count = Counter("found" if each.result in FOUND else "why" if of[id(each)] else "open" for each in mine)
        cells = [f"{len(mine):,}", f"{count['found']:,}", str(count["why"]), str(count["open"])]
        marked = f"**{name}**" if name in money else name
        lines.append(f"| {marked} | {' | '.join(cells)} | {count['found'] / len(mine):.1%} |")
    lines += ["", "Rules about money are set in bold.", "", "## Survivors", ""]
    for each in survivors:
        reason = of[id(each)]
        why = reason.why if reason is not None else "**unexplained**"
        changed = f"`{each.mutant.before}` → `{each.mutant.after}`".replace("|", "\\|")
        lines.append(f"- {each.file}, `{each.mutant.within or 'module'}`: {changed}. {why}")
    return "\n".join(lines) + "\n"


def _share(outcomes: Sequence[Outcome]) -> str:
    found = sum(1 for each in outcomes if each.result in FOUND)
    return f"{found:,} of {len(outcomes):,}, {found / max(1, len(outcomes)):.1%}"
