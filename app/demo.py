"""What the product itself knows of the demo company's customers: entitlements and usage, beside the sandbox."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from billing.ids import CustomerId
from tools.usage import FolderUsage
from tools.usage_schema import Allowance, HourlyUsage, Meter


def load(data: Path, now: datetime, usage: FolderUsage) -> None:
    """Write both sources unless they are there already; a killed first start is simply done again."""
    done = data / "demo.json"
    if done.exists():
        return
    from sandbox.demo.access import entitlements
    from sandbox.demo.usage import usage as demo_usage

    (data / "entitlements.json").write_text(json.dumps(entitlements(now), indent=1), encoding="utf-8")
    told = demo_usage(now)
    usage.insert(
        [
            *(Meter(row["meter"], row["unit"], row["title"]) for row in told["meters"]),
            *(
                Allowance(
                    CustomerId(row["customer"]), row["meter"], row["included"], datetime.fromisoformat(row["since"])
                )
                for row in told["allowances"]
            ),
            *(
                HourlyUsage(
                    CustomerId(row["customer"]), row["meter"], datetime.fromisoformat(row["hour"]), row["units"]
                )
                for row in told["hourly"]
            ),
        ]
    )
    done.write_text(json.dumps({"loaded": now.isoformat()}), encoding="utf-8")
