"""The kinds of parameters a route may declare, and their validation in Stripe's words (docs.stripe.com/error-codes).

A kind turns the decoded form (strings, and dicts for brackets) into a typed value or raises a StripeError. A parameter
that was not sent is absent from the result; one sent empty (`""`) is `None` when the kind is `clearable` (Stripe's way
to unset), else an error.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import StripeError, invalid_request


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One declared parameter. `required`: its absence is an error. `clearable`: an empty string unsets it."""

    required: bool = False
    clearable: bool = False

    def read(self, raw: Any, name: str) -> Any:
        if raw == "":
            if self.clearable:
                return None
            raise invalid_request(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
                f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty "
                "value.",
                param=name,
                code="parameter_invalid_empty",
            )
        return self.parse(raw, name)

    def parse(self, raw: Any, name: str) -> Any:
        """The typed value of what was sent, never called with an empty string."""
        raise TypeError(f"{type(self).__name__} cannot read {name}: {type(raw).__name__}")


def _text(raw: Any, name: str) -> str:
    if not isinstance(raw, str):
        raise invalid_request("Invalid string: expected a string, got an object or array", param=name)
    return raw


@dataclass(frozen=True, kw_only=True)
class Text(Kind):
    max_length: int = 5000

    def parse(self, raw: Any, name: str) -> str:
        text = _text(raw, name)
        if len(text) > self.max_length:
            raise invalid_request(
                f"Invalid string: {text[:20]}…; must be at most {self.max_length} characters",
                param=name,
            )
        return text


@dataclass(frozen=True, kw_only=True)
class Integer(Kind):
    minimum: int | None = None
    maximum: int | None = 2**53

    def parse(self, raw: Any, name: str) -> int:
        text = _text(raw, name)
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise invalid_request(f"Invalid integer: {text[:40]}", param=name, code="parameter_invalid_integer")
        number = int(text)
        if self.minimum is not None and number < self.minimum:
            rule = "greater than or equal to"
            if self.minimum in (0, 1):
                raise invalid_request(
                    f"This value must be {rule} {self.minimum}.", param=name, code="parameter_invalid_integer"
                )
            raise invalid_request(f"This value must be {rule} {self.minimum}.", param=name)
        if self.maximum is not None and number > self.maximum:
            raise invalid_request(f"This value must be less than or equal to {self.maximum}.", param=name)
        return number


@dataclass(frozen=True, kw_only=True)
class DecimalText(Kind):
    """A decimal number kept as the string it was sent as (`unit_amount_decimal`): at most 12 decimal places."""

    def parse(self, raw: Any, name: str) -> str:
        text = _text(raw, name)
        if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", text):
            raise invalid_request(f"Invalid decimal: {text[:40]}", param=name)
        return text


@dataclass(frozen=True, kw_only=True)
class Boolean(Kind):
    def parse(self, raw: Any, name: str) -> bool:
        text = _text(raw, name)
        if text not in ("true", "false"):
            raise invalid_request(f"Invalid boolean: {text[:40]}", param=name)
        return text == "true"


@dataclass(frozen=True)
class Choice(Kind):
    """One of the given words: `Choice(("month", "year"))`."""

    words: tuple[str, ...] = ()

    def parse(self, raw: Any, name: str) -> str:
        text = _text(raw, name)
        if text not in self.words:
            listed = ", ".join(self.words[:-1]) + (", or " if len(self.words) > 1 else "") + "".join(self.words[-1:])
            raise invalid_request(f"Invalid {name}: must be one of {listed}", param=name)
        return text


@dataclass(frozen=True, kw_only=True)
class Currency(Kind):
    """A three-letter ISO code, returned in lower case."""

    def parse(self, raw: Any, name: str) -> str:
        text = _text(raw, name).lower()
        if not re.fullmatch(r"[a-z]{3}", text):
            raise invalid_request(
                f"Invalid currency: {text[:20]}. Stripe currently supports three-letter ISO codes.", param=name
            )
        return text


@dataclass(frozen=True, kw_only=True)
class Timestamp(Kind):
    """Seconds since the Unix epoch."""

    def parse(self, raw: Any, name: str) -> int:
        text = _text(raw, name)
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise invalid_request("Invalid timestamp: must be an integer Unix timestamp", param=name)
        return int(text)


@dataclass(frozen=True, kw_only=True)
class Metadata(Kind):
    """Up to 50 pairs, keys to 40 characters, values to 500 (docs.stripe.com/api/metadata).

    A pair sent with an empty value removes the key, an empty `metadata` removes all: see `calls.merge_metadata`.
    """

    clearable: bool = True

    def parse(self, raw: Any, name: str) -> dict[str, str]:
        if not isinstance(raw, dict):
            raise invalid_request("Invalid object", param=name)
        if len(raw) > 50:
            raise invalid_request("Metadata can have up to 50 keys", param=name)
        pairs: dict[str, str] = {}
        for key, value in raw.items():
            if not isinstance(value, str):
                raise invalid_request("Metadata values must be strings", param=f"{name}[{key}]")
            if len(key) > 40 or not key:
                raise invalid_request("Metadata keys must be 1 to 40 characters", param=name)
            if len(value) > 500:
                raise invalid_request("Metadata values can have up to 500 characters", param=f"{name}[{key}]")
            pairs[key] = value
        return pairs


@dataclass(frozen=True)
class Fields(Kind):
    """A nested object with declared parameters of its own: `Fields({"number": Text(required=True)})`."""

    spec: Mapping[str, Kind] = field(default_factory=dict)

    def parse(self, raw: Any, name: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise invalid_request("Invalid object", param=name)
        return read_all(self.spec, raw, prefix=name)


@dataclass(frozen=True)
class Many(Kind):
    """A list of one kind: `Many(Text())`."""

    of: Kind = field(default_factory=Text)
    max_items: int = 100

    def parse(self, raw: Any, name: str) -> list[Any]:
        if not isinstance(raw, dict) or not all(re.fullmatch(r"[0-9]{1,4}", key) for key in raw):
            raise invalid_request("Invalid array", param=name)
        if len(raw) > self.max_items:
            raise invalid_request(f"Array too long: at most {self.max_items} items", param=name)
        return [self.of.read(raw[key], f"{name}[{key}]") for key in sorted(raw, key=int)]


@dataclass(frozen=True)
class OneOf(Kind):
    """The first of several kinds that accepts the value: `OneOf((Choice(("now",)), Timestamp()))`."""

    kinds: tuple[Kind, ...] = ()

    def parse(self, raw: Any, name: str) -> Any:
        last: StripeError | None = None
        for kind in self.kinds:
            try:
                return kind.read(raw, name)
            except StripeError as refused:
                last = refused
        raise last or invalid_request(f"Invalid {name}", param=name)


RANGE = OneOf((Timestamp(), Fields({bound: Timestamp() for bound in ("gt", "gte", "lt", "lte")})))
"""A time filter of lists: `created=…` or `created[gte]=…`."""


def read_all(spec: Mapping[str, Kind], raw: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Every sent parameter by its declared kind. Raises on unknown ones first, then on missing, then on wrong ones."""

    def full(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    unknown = [full(name) for name in raw if name not in spec]
    if unknown:
        noun = "parameter" if len(unknown) == 1 else "parameters"
        raise invalid_request(
            f"Received unknown {noun}: {', '.join(unknown)}", param=unknown[0], code="parameter_unknown"
        )
    for name, kind in spec.items():
        if kind.required and name not in raw:
            raise invalid_request(f"Missing required param: {full(name)}.", param=full(name), code="parameter_missing")
    return {name: spec[name].read(value, full(name)) for name, value in raw.items()}
