"""What the product itself knows of the demo company's customers: entitlements and usage, beside the sandbox."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path

from tools.entitlements import FileEntitlements
from tools.usage import FolderUsage, ServerUsage
from tools.usage_schema import rows_of


async def load(data: Path, now: datetime, entitlements: FileEntitlements, usage: FolderUsage | ServerUsage) -> None:
    """Write both sources unless they are there already; a killed first start is simply done again."""
    done = data / "demo.json"
    if done.exists():
        return
    from sandbox.demo.access import entitlements as granted
    from sandbox.demo.usage import usage as used

    entitlements.replace(granted(now))
    rows = rows_of(used(now))
    if isinstance(usage, ServerUsage):
        await usage.insert(rows)
    else:
        await asyncio.to_thread(usage.insert, rows)
    done.write_text(json.dumps({"loaded": now.isoformat()}), encoding="utf-8")
