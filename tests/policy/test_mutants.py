"""The faults that `make mutants` plants are faults: each compiles, and none leaves the code as it was."""

from __future__ import annotations

import importlib.util
import marshal
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def _scripts_mutants() -> Any:
    """`scripts/` is no installed package."""
    spec = importlib.util.spec_from_file_location("scripts_mutants", ROOT / "scripts" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MUTANTS = _scripts_mutants()
mutants, planted = MUTANTS.mutants, MUTANTS.planted


@pytest.mark.parametrize("name", ["policy/law.py", "policy/rules/refund.py"])
def test_every_fault_changes_the_code(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    before = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
    found = mutants(source)
    assert len(found) > 50
    assert all(marshal.dumps(planted(source, each.n, name)) != before for each in found[::6])


def test_the_kinds_of_faults() -> None:
    source = """
def rule(a, b, *, c=1):
    if not a and b < 3:
        raise ValueError(a)
    for each in (a, b):
        each.done()
    return min(a, pow(a, b)) if c else None
LAW = Law(denials=(one, two))
"""
    told = {(each.kind, each.after) for each in mutants(source)}
    assert {
        ("and/or", "not a or b < 3"),
        ("term dropped", "b < 3"),
        ("sign dropped", "a"),
        ("comparison", "b <= 3"),
        ("comparison", "b >= 3"),
        ("constant", "4"),
        ("constant", "2"),
        ("statement dropped", "pass"),
        ("arguments swapped", "pow(b, a)"),
        ("other function", "max(a, pow(a, b))"),
        ("branches swapped", "None if c else min(a, pow(a, b))"),
        ("returns None", "return None"),
        ("rule dropped", "denials=(two,)"),
        ("rule dropped", "denials=(one,)"),
    } <= told
    [default] = [
        each for each in mutants(source) if each.kind == "constant" and each.before == "1" and each.after == "2"
    ]
    assert default.anew
