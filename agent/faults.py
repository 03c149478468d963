"""Where something broke, for the log: type and place, never values. What a customer wrote must reach no log."""

from __future__ import annotations

import traceback
from pathlib import Path


def place(error: BaseException) -> str:
    """`ValueError at lee.py:101`: the innermost frame of the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
