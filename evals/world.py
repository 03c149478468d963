"""The difference between two states of the whole sandbox world: what was created, changed and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

World = dict[str, dict[str, dict[str, Any]]]  # type -> id -> object, as /_sandbox/world gives it
Kind = Literal["created", "updated", "deleted"]


@dataclass(frozen=True, slots=True)
class Change:
    """`after` is the object as it is now (before, when deleted); `fields` are the top-level fields that differ."""

    type: str
    id: str
    change: Kind
    after: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def customer(self) -> str | None:
        """Whose object it is; None when the object itself does not say (a refund, a balance transaction)."""
        if self.type == "customer":
            return self.id
        found = self.after.get("customer")
        return found if isinstance(found, str) else None

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value!r}"[:80] for name, value in sorted(self.fields.items()))
        return f"{self.type} {self.id} {self.change}{f' ({said})' if self.change == 'updated' else ''}"


def difference(before: World, after: World) -> list[Change]:
    """Every change, by type and id. Events are not listed: they are checked by `stray_events`."""
    return [
        change
        for kind in sorted(before.keys() | after.keys())
        if kind != "event"
        for change in _of_type(kind, before.get(kind, {}), after.get(kind, {}))
    ]


def _of_type(kind: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for id_ in sorted(before.keys() | after.keys()):
        if id_ not in before:
            yield Change(kind, id_, "created", after[id_])
        elif id_ not in after:
            yield Change(kind, id_, "deleted", before[id_])
        elif before[id_] != after[id_]:
            old, new = before[id_], after[id_]
            names = old.keys() | new.keys()
            yield Change(
                kind, id_, "updated", new, {name: new.get(name) for name in names if old.get(name) != new.get(name)}
            )


def stray_events(before: World, after: World, changes: list[Change]) -> list[str]:
    """New events about objects that did not change: a sign of something that happened and was undone, or elsewhere."""
    touched = {change.id for change in changes}
    new = [event for id_, event in after.get("event", {}).items() if id_ not in before.get("event", {})]
    return [f"event {event['type']} on {_about(event)}" for event in new if _about(event) not in touched]


def _about(event: dict[str, Any]) -> str | None:
    subject = event.get("data", {}).get("object", {})
    return subject.get("id") if isinstance(subject, dict) else None
