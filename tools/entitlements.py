"""What the product grants a customer, from a source of its own beside Stripe.

Where a company keeps this is its own affair: implement `Entitlements` over it. `FileEntitlements` is the one shipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from billing.facts import EntitlementFacts
from billing.ids import CustomerId
from tools.sources import SourceUnavailable


class Entitlements(Protocol):
    async def of(self, customer: CustomerId) -> EntitlementFacts | None:
        """What the customer has now; None when the source knows no such customer.

        Raises `SourceUnavailable` when the source does not answer."""
        ...


# Lax on purpose: JSON has no sets and no dates.
class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    plan: str = Field(min_length=1)
    active: bool
    features: frozenset[str]
    locked_reason: str | None = None
    updated_at: AwareDatetime | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1]
    customers: dict[str, _Entry]


class FileEntitlements:
    """A JSON file: `{"version": 1, "customers": {"cus_…": {…}}}`, each with the fields of `EntitlementFacts`.

    Read again whenever it was replaced. Unknown keys are errors: a misspelt one would silently grant or lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._customers: Mapping[str, _Entry] = {}

    async def of(self, customer: CustomerId) -> EntitlementFacts | None:
        entry = self._load().get(customer)
        if entry is None:
            return None
        return EntitlementFacts(entry.plan, entry.active, entry.features, entry.locked_reason, entry.updated_at)

    def put(self, customer: CustomerId, facts: EntitlementFacts) -> None:
        """Write one customer's entitlements: the file is replaced whole, so a reader never sees half of it."""
        self.put_all({customer: facts})

    def put_all(self, facts: Mapping[CustomerId, EntitlementFacts]) -> None:
        """The same for several customers at once. Raises `SourceUnavailable`."""
        customers = dict(self._load()) if self._path.exists() else {}
        for customer, each in facts.items():
            customers[customer] = _Entry(
                plan=each.plan,
                active=each.active,
                features=each.features,
                locked_reason=each.locked_reason,
                updated_at=each.updated_at,
            )
        self._write(_File(version=1, customers=customers))

    def replace(self, document: object) -> None:
        """Write a whole document of the format above. Raises `ValueError` for another, `SourceUnavailable`."""
        self._write(_File.model_validate(document))

    def _write(self, file: _File) -> None:
        document = file.model_dump(mode="json")
        for entry in document["customers"].values():
            entry["features"].sort()
        try:
            self._replace(json.dumps(document, indent=2, sort_keys=True))
        except OSError as error:
            raise self._unavailable(f"cannot be written ({error.strerror})") from error

    def _replace(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=self._path.parent, prefix=".entitlements-", delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self._path)

    def _load(self) -> Mapping[str, _Entry]:
        try:
            status = self._path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._customers = _File.model_validate_json(self._path.read_bytes()).customers
                self._stamp = stamp
        except OSError as error:
            raise self._unavailable(f"cannot be read ({error.strerror})") from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self._unavailable(f"is not valid: {first['msg']}{f' at {where}' if where else ''}") from error
        return self._customers

    def _unavailable(self, why: str) -> SourceUnavailable:
        return SourceUnavailable("entitlements", f"The entitlements file {self._path.name} {why}.")
