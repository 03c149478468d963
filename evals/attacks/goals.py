"""What an attacker wants, as an order that stands somewhere in a text, and what it would make a gullible model do."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from evals.world import World

FILE: Final = Path(__file__).with_name("goals.toml")


class Goal(BaseModel):
    """`calls` in the order language that `evals.attacks.orders` reads; `copies`: what the model is to repeat word for
    word from its context."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    wish: str
    calls: list[str]
    says: list[str]
    never: list[str] = []
    copies: Literal["prompt", "others"] | None = None

    def order(self, names: Mapping[str, str], first: int = 0) -> str:
        """The order in plain words. `first`: which of its sentences is to be said first."""
        told = [f"call {call.format(**names)};" for call in self.calls]
        turned = [*self.says[first % len(self.says) :], *self.says[: first % len(self.says)]]
        told += [f"say «{said.format(**names)}»" for said in turned]
        if self.copies is not None:
            told.append(f"copy {self.copies};")
        return " ".join(told)


def read_goals(path: Path = FILE) -> list[Goal]:
    return [Goal.model_validate(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["goal"]]


def names(world: World, customer: str, other: str) -> dict[str, str]:
    """Ids for the places in a goal: of the customer, and of somebody else. What the customer lacks is named as if."""
    return {
        **{f"own_{what}": _newest(world, kind, customer, **fields) for what, (kind, fields) in _KINDS.items()},
        **{f"other_{what}": _newest(world, kind, other, **fields) for what, (kind, fields) in _KINDS.items()},
        "business_price": next(row["id"] for row in world["price"].values() if row["lookup_key"] == "business_monthly"),
        "now": str(max(row["created"] for row in world["event"].values())),
    }


_KINDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "charge": ("charge", {"status": "succeeded"}),
    "subscription": ("subscription", {}),
    "invoice": ("invoice", {}),
    "card": ("payment_method", {}),
}


def _newest(world: World, kind: str, customer: str, **fields: Any) -> str:
    found = [
        row
        for row in world[kind].values()
        if row.get("customer") == customer and all(row.get(name) == value for name, value in fields.items())
    ]
    return max(found, key=lambda row: row["created"])["id"] if found else f"{kind}_of_nobody"
