"""Mutation testing of the law: is there a test that objects to each small fault in it?

`python -m scripts.mutate [FILE …]` plants every fault of `scripts.mutants`, each in a forked process that runs only the
tests which pass over the faulty lines, quickest first, until one fails: with the fault twice, and not without it, so
that a moody test finds nothing. Faults in functions are put into the loaded code, those in a law by making the laws
once more; for the rest the module is imported anew. Ends with 1 when a survivor has no reason in
`scripts/survivors.toml`, or a reason no survivor. `--write` makes docs/mutation.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from scripts.faulty_import import Faulty
from scripts.mutants import Mutant, mutants, planted
from scripts.planting import ROOT, RULES, exchange, rules_anew

# The rules about money come first; in them every fault has to be found.
MONEY: Final = (
    "policy/law.py",
    "policy/limits.py",
    "policy/reservation.py",
    "policy/operations.py",
    "policy/facts.py",
    "store/ledger.py",
    "policy/rules/refund.py",
    "policy/rules/credit.py",
    "policy/rules/retry.py",
    "policy/rules/plan_change.py",
    "policy/rules/promotion.py",
    "policy/rules/resumption.py",
    "policy/rules/paused.py",
)
# What these work out when they are imported, or keep for good, exchanged code does not change.
AT_IMPORT: Final = ("policy/limits.py", "policy/well_formed.py", "policy/actions.py", "policy/effects.py")
SUITES: Final = ("tests/policy", "tests/simulation")
SLOW: Final = 3.0  # seconds; a test that takes longer is left out
MOODY: Final = 5  # tests that may fail while every line is watched, which makes them late
KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"
_PRELOADED: Final = (
    "pydantic",
    "sqlalchemy",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "alembic.command",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    file: str
    mutant: Mutant
    result: str
    tests: int  # that pass over it


def files() -> list[str]:
    every = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "policy").rglob("*.py"))
    return [*MONEY, *(name for name in every if name not in MONEY)]


class Trial:
    """One collected pytest session in which faults are planted, fork by fork. A pytest plugin."""

    def __init__(self, targets: Sequence[str], into: Path, known: set[str]) -> None:
        self.targets, self.into, self.known = targets, into, known
        self.seconds: dict[str, float] = {}
        self.failed = False
        self.broken: set[str] = set()
        self.passing: dict[tuple[str, int], set[str]] = {}
        self.killers: list[str] = []  # tests that found faults, the latest last: they are likely to find the next
        self.killer = into.with_suffix(".killer")

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed = True
            self.broken.add(report.nodeid)

    def pytest_runtestloop(self, session: Any) -> bool:
        items: list[Any] = session.items
        self._watch(items)
        if len(self.broken) > MOODY:
            raise SystemExit(f"these fail without any fault in the code: {sorted(self.broken)}")
        for name in sorted(self.broken):
            print(f"left out, since it fails without any fault: {name}", flush=True)
        self.failed = False
        quick = [item for item in items if self.seconds[item.nodeid] < SLOW and item.nodeid not in self.broken]
        quick.sort(key=lambda item: self.seconds[item.nodeid])
        for name in self.targets:
            self._file(name, quick, items)
        return True

    def _watch(self, items: list[Any]) -> None:
        """Run everything once, noting which test passes over which line."""
        import coverage

        watch = coverage.Coverage(data_file=None, include=[str(ROOT / name) for name in self.targets], messages=False)
        watch.start()
        for n, item in enumerate(items):
            watch.switch_context(item.nodeid)
            follower = items[n + 1] if n + 1 < len(items) else items[0]
            item.ihook.pytest_runtest_protocol(item=item, nextitem=follower)
        watch.stop()
        data = watch.get_data()
        for name in self.targets:
            for line, tests in data.contexts_by_lineno(str(ROOT / name)).items():
                self.passing[(name, line)] = {test for test in tests if test}

    def _file(self, name: str, quick: list[Any], items: list[Any]) -> None:
        path = ROOT / name
        source = path.read_text(encoding="utf-8")
        anywhere = set[str]().union(*(tests for (where, _), tests in self.passing.items() if where == name))
        for mutant in mutants(source):
            if _key(name, mutant) in self.known:
                continue
            lines = range(mutant.first, mutant.last + 1)
            over = set[str]().union(*(self.passing.get((name, line), set()) for line in lines))
            if mutant.anew:
                over = anywhere
            chosen = sorted((item for item in quick if item.nodeid in over), key=self._experience)
            alive = mutant.anew and not name.startswith(RULES)
            result = SURVIVED if alive else self._planted(name, mutant, source, chosen, items[0])
            if result == SURVIVED and name.startswith(RULES) and not mutant.anew:
                # What a rule's maker returned when the laws were made: only laws made once more show it.
                chosen = sorted((item for item in quick if item.nodeid in anywhere), key=self._experience)
                result = self._planted(name, replace(mutant, anew=True), source, chosen, items[0])
            if name in AT_IMPORT:  # what one test has worked out and kept, any later test uses
                chosen = [item for item in quick if item.nodeid in anywhere]
            told = {"file": name, "mutant": asdict(mutant), "result": result, "tests": [each.nodeid for each in chosen]}
            with self.into.open("a", encoding="utf-8") as out:
                out.write(json.dumps(told) + "\n")

    def _experience(self, item: Any) -> int:
        return -1 - self.killers.index(item.nodeid) if item.nodeid in self.killers else 0

    def _planted(self, name: str, mutant: Mutant, source: str, chosen: list[Any], anchor: Any) -> str:
        if not chosen:
            return SURVIVED
        patience = 30 + 5 * sum(self.seconds[item.nodeid] for item in chosen)

        def faulty() -> bool:
            code = planted(source, mutant.n, str(ROOT / name))
            if name.startswith(RULES) and (mutant.anew or not exchange(str(ROOT / name), code)):
                rules_anew(name, code)
                return True
            return name.startswith(RULES) or exchange(str(ROOT / name), code)

        def attempt(items: list[Any]) -> str:
            return _forked(lambda: self._run(items, anchor) if faulty() else 0, patience)

        while True:
            result = attempt(chosen)
            if not self.killer.exists():
                return result
            found = self.killer.read_text(encoding="utf-8")
            self.killer.unlink()
            [alone] = [[item] for item in chosen if item.nodeid == found]
            without = _forked(partial(self._run, alone, anchor), patience)
            steady = without == SURVIVED and attempt(alone) == KILLED
            self.killer.unlink(missing_ok=True)
            if steady:
                self.killers = [*(each for each in self.killers if each != found), found]
                return result
            print(f"moody, passed over: {found}", flush=True)
            chosen = [item for item in chosen if item.nodeid != found]

    def _run(self, items: list[Any], anchor: Any) -> int:
        """In a child: 1 as soon as one fails, whose name is left in `killer`."""
        for item, following in zip(items, [*items[1:], anchor], strict=True):
            # A loop without an end uses up its processor time, and the signal ends this process.
            signal.setitimer(signal.ITIMER_PROF, 5 + 10 * self.seconds[item.nodeid])
            # Told of another one as the next, pytest keeps that one's module open, and the next test fails for it.
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                self.killer.write_text(item.nodeid, encoding="utf-8")
                return 1
        return 0


def _key(name: str, mutant: Mutant) -> str:
    """What is the same fault in a file whose lines have moved."""
    return json.dumps([name, mutant.within, mutant.kind, mutant.before, mutant.after, mutant.nth])


def _forked(work: Callable[[], int], patience: float) -> str:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _quietly(work)
    began = time.monotonic()
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return SURVIVED if status == 0 else TIMEOUT if os.WIFSIGNALED(status) else KILLED
        if time.monotonic() - began > patience:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return TIMEOUT
        time.sleep(0.003)


def _quietly(work: Callable[[], int]) -> None:
    """In a child: without a word, and without any of the parent's clean-up."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    code = 1
    try:
        code = work()
    except BaseException:  # noqa: BLE001  whatever it raised, the fault was noticed
        code = 1
    finally:
        os._exit(code)


def anew(name: str, mutant: Mutant, tests: Sequence[str], scratch: Path) -> str:
    """Import the module with the fault, before anything that uses it, and run whole test files."""
    path = ROOT / name
    code = planted(path.read_text(encoding="utf-8"), mutant.n, str(path))
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def child() -> int:
        import pytest

        sys.meta_path.insert(0, Faulty(module, path, code))
        chosen = _Chosen(tests)
        return int(pytest.main([*_options(scratch / "anew"), "-x", *chosen.files], plugins=[chosen]))

    result = _forked(child, 240)
    shutil.rmtree(scratch / "anew", ignore_errors=True)
    return result


class _Chosen:
    """A pytest plugin: these tests alone, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {name: n for n, name in enumerate(tests)}
        self.files = sorted({name.split("::")[0] for name in tests})

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (each for each in items if each.nodeid in self._order), key=lambda each: self._order[each.nodeid]
        )


def _options(folder: Path) -> list[str]:
    told = "-s -qq -p no:cacheprovider -p no:xdist -o timeout=0 -o tmp_path_retention_policy=none"
    return [*told.split(), f"--basetemp={folder}", f"--deselect={ANY_OUTPUT}", "-k", "not postgresql"]


ANY_OUTPUT: Final = "tests/policy/test_any_output.py::test_no_sequence_moves_a_cent_outside_policy"


def examine(targets: Sequence[str], kept: Path) -> list[Outcome]:
    """All outcomes for some files. What was found is kept in `kept`, line by line; a next run does not try it again."""
    scratch = Path(tempfile.mkdtemp(prefix="lee-mutants-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    suites = [name for name in SUITES if (ROOT / name).is_dir()]
    for each in _PRELOADED:
        importlib.import_module(each)
    found = {_key(each.file, each.mutant) for each, _ in _read(kept) if each.result != SURVIVED}
    first = scratch / "first.jsonl"
    try:

        def session() -> int:
            import pytest

            return int(pytest.main([*_options(scratch / "quick"), *suites], plugins=[Trial(targets, first, found)]))

        _loudly(session)
        for outcome, tests in _read(first):
            final = _again(outcome, tests, scratch)
            with kept.open("a", encoding="utf-8") as out:
                out.write(json.dumps({**asdict(final), "tests": tests if final.result == SURVIVED else []}) + "\n")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return outcomes_of(targets, kept)


def outcomes_of(targets: Sequence[str], kept: Path) -> list[Outcome]:
    """Of every fault there is to plant now, what was found of it last; without those that were never tried."""
    last = {_key(each.file, each.mutant): each for each, _ in _read(kept)}
    told: list[Outcome] = []
    for name in targets:
        for mutant in mutants((ROOT / name).read_text(encoding="utf-8")):
            if (outcome := last.get(_key(name, mutant))) is not None:
                told.append(Outcome(name, mutant, outcome.result, outcome.tests))
    return told


def _read(kept: Path) -> list[tuple[Outcome, list[str]]]:
    return [_outcome(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []


def _loudly(work: Callable[[], int]) -> None:
    """In a child of its own, so that nothing of the house is loaded here."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = work()
        except BaseException:  # noqa: BLE001  said here, since nothing of this process is left afterwards
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit("the trial did not come to its end")


def _outcome(line: str) -> tuple[Outcome, list[str]]:
    told = json.loads(line)
    return Outcome(told["file"], Mutant(**told["mutant"]), told["result"], len(told["tests"])), told["tests"]


def _again(outcome: Outcome, tests: list[str], scratch: Path) -> Outcome:
    """What exchanged code cannot show is tried with the module imported anew."""
    whole = outcome.file.startswith(RULES) or not (outcome.mutant.anew or outcome.file in AT_IMPORT)
    if outcome.result != SURVIVED or whole:
        return outcome
    result = anew(outcome.file, outcome.mutant, tests, scratch) if tests else SURVIVED
    if result == SURVIVED:
        print(
            f"survived: {outcome.file}:{outcome.mutant.first} {outcome.mutant.before} → {outcome.mutant.after}",
            flush=True,
        )
    return Outcome(outcome.file, outcome.mutant, result, outcome.tests)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.mutate", description=__doc__)
    parser.add_argument("files", nargs="*", help="default: all of policy/ and the ledger, money first")
    parser.add_argument("--write", action="store_true", help="make docs/mutation.md from what was found")
    parser.add_argument("--kept", type=Path, help="go on from what an earlier run has kept here")
    parser.add_argument("--report", action="store_true", help="plant nothing: tell what is kept")
    options = parser.parse_args()
    from scripts import mutation_report

    targets = options.files or files()
    kept = options.kept or Path(tempfile.mkdtemp(prefix="lee-mutants-")) / "kept.jsonl"
    outcomes = outcomes_of(targets, kept) if options.report else examine(targets, kept)
    there_are = sum(len(mutants((ROOT / name).read_text(encoding="utf-8"))) for name in targets)
    return mutation_report.report(outcomes, there_are - len(outcomes), MONEY, ROOT, write=options.write)


if __name__ == "__main__":
    raise SystemExit(main())
