"""One module a law. `LAWS` is the index: an action that is not here is denied."""

from __future__ import annotations

from typing import Any, Final

from policy.actions import Action
from policy.law import Law
from policy.rules.cancellation import CANCELLATION
from policy.rules.card_link import CARD_LINK
from policy.rules.checkout_link import CHECKOUT_LINK
from policy.rules.credit import CREDIT
from policy.rules.details import DETAILS
from policy.rules.plan_change import PLAN_CHANGE
from policy.rules.promotion import PROMOTION
from policy.rules.refund import REFUND
from policy.rules.resumption import RESUMPTION
from policy.rules.retry import RETRY
from policy.rules.scheduled_change import SCHEDULED_CHANGE
from policy.rules.tax_id import TAX_ID

LAWS: Final[dict[type[Action], Law[Any, Any]]] = {
    law.action: law
    for law in (
        REFUND,
        CREDIT,
        RETRY,
        PLAN_CHANGE,
        CANCELLATION,
        RESUMPTION,
        SCHEDULED_CHANGE,
        PROMOTION,
        DETAILS,
        TAX_ID,
        CHECKOUT_LINK,
        CARD_LINK,
    )
}
