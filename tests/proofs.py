"""How much is proved. `make test` plays a sample of each suite; `make prove` the same suite with its larger count.

`PROVE=1` asks for the proof, `PROVE=10` for ten times its counts. A suite asks `times(sample, proof)` how much to play,
and says what it saw with the fixture `proved`; the end of the run prints one line for each:
"0 of 1,000,000  refunds over a cap (seed 7)".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import pytest

PROVE: Final = int(os.environ.get("PROVE") or 0)
NAME: Final = "proved"
Proved = Callable[..., None]


def times(sample: int, proof: int) -> int:
    return proof * PROVE if PROVE else sample


@pytest.fixture
def proved(request: pytest.FixtureRequest) -> Proved:
    """`proved(what, of, violations=0, seed=None)`: counted in the run's summary; fails when there was a violation."""

    def say(what: str, of: int, violations: int = 0, seed: int | None = None) -> None:
        begun = "" if seed is None else f" (seed {seed})"
        request.node.user_properties.append((NAME, f"{violations:,} of {of:,}  {what}{begun}"))
        assert of > 0, f"{what}: nothing was tried"
        assert violations == 0, f"{what}: {violations:,} of {of:,}{begun}"

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    lines = [line for report in reports for name, line in report.user_properties if name == NAME]
    if lines:
        terminalreporter.section("proved: violations of tries")
        for line in sorted(lines):
            terminalreporter.write_line(line)
