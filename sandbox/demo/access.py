"""What the product itself grants the demo customers: a source of its own beside Stripe, as plain data."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.demo.catalogue import PLANS
from sandbox.demo.roster import STORIES


def entitlements(now: datetime) -> dict[str, Any]:
    """`{"version": 1, "customers": {"cus_…": {plan, active, features, locked_reason, updated_at}}}`, ready for JSON."""
    return {
        "version": 1,
        "customers": {
            story.customer: {
                "plan": story.plan,
                "active": story.locked is None,
                "features": sorted(PLANS[story.plan].features),
                "locked_reason": story.locked,
                "updated_at": (now - timedelta(days=1)).isoformat(),
            }
            for story in STORIES
        },
    }
