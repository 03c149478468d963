"""Putting a fault into code that is loaded already, for `scripts.mutate`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
RULES: Final = "policy/rules/"


def rules_anew(name: str, code: Any) -> None:
    """Run the modules of the rules once more, this one with its fault, and put their laws in force."""
    from policy.law import Law  # here: it has to be the one that the tests have loaded
    from policy.rules import LAWS

    modules = {path.stem: path for path in (ROOT / RULES).glob("*.py") if path.stem != "__init__"}
    for stem in ("subscriptions", "paused", *(each for each in modules if each not in ("subscriptions", "paused"))):
        path, module = modules[stem], sys.modules[f"policy.rules.{stem}"]
        own = str(path.relative_to(ROOT)) == name
        exec(code if own else compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        for value in list(vars(module).values()):
            if isinstance(value, Law):
                LAWS[value.action] = value


def exchange(path: str, code: Any) -> bool:
    """Put new code into every live function of a module; False when one of them cannot take it."""
    made: dict[tuple[str, int], CodeType] = {}

    def collect(each: CodeType) -> None:
        for inner in each.co_consts:
            if isinstance(inner, CodeType):
                made[(inner.co_qualname, inner.co_firstlineno)] = inner
                collect(inner)

    collect(code)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == path:
            new = made.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
            if new is not None and "<lambda>" not in new.co_qualname:
                if len(new.co_freevars) != len(thing.__code__.co_freevars):
                    return False
                thing.__code__ = new
    return True
