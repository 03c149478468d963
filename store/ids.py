"""Fresh random ids with the house's prefixes (`case_`, `turn_`, `msg_`, `esc_`, `log_`)."""

from __future__ import annotations

import secrets


def fresh(prefix: str) -> str:
    """`<prefix>_` and 20 hexadecimal digits (80 random bits)."""
    return f"{prefix}_{secrets.token_hex(10)}"
