"""What a person wrote in a proposal or an intent (a name, an address): sealed, beside the row's ids and amounts.

Ids and amounts stay in the clear, since commercial books and caps outlive an erasure; these words do not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from store.keys import Erased

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


def seal(uow: UnitOfWork, customer: str, row_id: str, arguments: dict[str, object], shown: str | None = None) -> bytes:
    """Under `customer`'s key, tied to the row. Raises `LogUnavailable` when a new key cannot be kept."""
    plain = json.dumps({"arguments": arguments, "shown": shown}, sort_keys=True).encode("ascii")
    return uow.keys.seal(customer, plain, _aad(row_id))[1]


def unseal(uow: UnitOfWork, row_id: str, sealed: bytes) -> tuple[dict[str, object], str | None] | None:
    """Arguments and shown sentence; None once the customer was erased. Raises `Forged`, `KeyMissing`."""
    plain = uow.keys.open(sealed, _aad(row_id))
    if isinstance(plain, Erased):
        return None
    kept = json.loads(plain)
    return kept["arguments"], kept["shown"]


def _aad(row_id: str) -> bytes:
    return f"personal:{row_id}".encode()
