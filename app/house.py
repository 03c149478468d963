"""The start-up check that our common top-level names resolve inside this checkout, and where the checkout is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = ("agent", "app", "audit", "billing", "evals", "knowledge", "policy", "sandbox", "store", "tools")


class WrongHouse(RuntimeError):
    """Another installed package shadows one of ours."""


def check_rooms(root: Path = ROOT, rooms: tuple[str, ...] = ROOMS) -> None:
    """Raises `WrongHouse` when `import agent` (or another room) would import somebody else's package."""
    for room in rooms:
        spec = importlib.util.find_spec(room)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or not origin.is_relative_to(root):
            raise WrongHouse(
                f"the package {room!r} resolves to {origin}, outside {root}: run lee from its own environment"
            )
