"""What `lee doctor` says about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is what to do about it; empty when nothing needs doing."""

    what: str
    state: State
    says: str
    mend: str = ""
