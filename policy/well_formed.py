"""Are values what their types say? Facts and receipts come from outside, where a missing or odd field is not an error.

A rule compares; a comparison with NaN, a bool in an integer's place or a naive time does not fail, it answers wrongly.
So the gate looks at every field before it asks the law.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, NewType, Union, cast, get_args, get_origin, get_type_hints

from billing.money import Money, MoneyError
from policy.actions import ACTIONS
from policy.facts import ActionFacts
from policy.proposals import Principal, Proposal, Role

Check = Callable[[Any], "str | None"]

_WIDEST: Final = 2**63 - 1  # what a database keeps


def flaw(value: object, type_: Any) -> str | None:
    """Where `value` is not a `type_` (`charge.amount: …`), or None when it is, through every field."""
    return _check(type_)(value)


def facts_flaw(value: object) -> str | None:
    """The same for the facts of any action."""
    return flaw(value, type(value)) if type(value) in get_args(ActionFacts) else f"{type(value).__name__}: no facts"


def plain(said: object) -> str:
    """What an error says, as a text that can be written down: lone surrogates replaced, at most 500 characters."""
    return str(said)[:500].encode("utf-8", "replace").decode()


def proposal_flaw(proposal: Proposal) -> str | None:
    """What is wrong with a proposal that got past its types, or None."""
    for name, value in (("id", proposal.id), ("case", proposal.case), ("actor", proposal.actor)):
        if _text(value) or not value:
            return f"{name}: not a text"
    if proposal.turn is not None and _text(proposal.turn):
        return "turn: not a text"
    who = proposal.principal
    if type(who) is not Principal or type(who.role) is not Role:
        return "principal: not an authenticated user"
    if _text(who.customer) or not who.customer:
        return "customer: not a text"
    if proposal.owner not in ("lee", "human") or type(proposal.epoch) is not int:
        return "epoch: not an owner and a number"
    if ACTIONS.get(getattr(proposal.action, "tool", "")) is not type(proposal.action):
        return "action: not one there is"
    try:
        type(proposal.action).model_validate(dict(proposal.action.__dict__))
    except ValueError:
        return "action: its arguments are not valid"
    return None


@cache
def _check(type_: Any) -> Check:
    if isinstance(type_, NewType):
        return _check(type_.__supertype__)
    if type_ is Money:
        return _money
    if type_ is datetime:
        return _moment
    if type_ is int:
        return _integer
    if type_ is str:
        return _text
    if type_ is bool or type_ is types.NoneType:
        return lambda value: None if type(value) is type_ else f"not {type_.__name__}"
    if isinstance(type_, type) and dataclasses.is_dataclass(type_):
        return _fields(type_)
    origin, inner = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        return _any_of([_check(each) for each in inner])
    if origin is tuple and inner[1:] == (Ellipsis,):
        return _each(_check(inner[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _entries(_check(inner[0]), _check(inner[1]))
    raise TypeError(f"no check for {type_!r}")


def _money(value: Any) -> str | None:
    if type(value) is not Money:
        return "not money"
    try:
        Money(value.amount, value.currency)
    except MoneyError as error:
        return str(error)
    return None


def _moment(value: Any) -> str | None:
    return None if type(value) is datetime and value.tzinfo is not None else "not a time with its zone"


def _integer(value: Any) -> str | None:
    return None if type(value) is int and abs(value) <= _WIDEST else "not an integer"


def _text(value: Any) -> str | None:
    if type(value) is not str:
        return "not a text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "not a text that can be written down"
    return None


def _fields(type_: type) -> Check:
    hints = get_type_hints(type_)
    checks = [(field.name, _check(hints[field.name])) for field in dataclasses.fields(type_)]

    def check(value: Any) -> str | None:
        if type(value) is not type_:
            return f"not {type_.__name__}"
        for name, each in checks:
            if (wrong := each(getattr(value, name))) is not None:
                return f"{name}: {wrong}" if ": " not in wrong else f"{name}.{wrong}"
        return None

    return check


def _any_of(checks: list[Check]) -> Check:
    def check(value: Any) -> str | None:
        wrong = [each(value) for each in checks]
        return None if None in wrong else wrong[0]

    return check


def _each(check_one: Check) -> Check:
    def check(value: Any) -> str | None:
        if type(value) is not tuple:
            return "not a tuple"
        held = cast("tuple[Any, ...]", value)
        return next((wrong for each in held if (wrong := check_one(each)) is not None), None)

    return check


def _entries(check_key: Check, check_value: Check) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return "not a mapping"
        for name, held in cast("Mapping[Any, Any]", value).items():
            if (wrong := check_key(name) or check_value(held)) is not None:
                return wrong
        return None

    return check
