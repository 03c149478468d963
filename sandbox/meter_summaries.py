"""What a customer used between two moments (docs.stripe.com/api/billing/meter-event-summary/list).

Stripe's summaries follow the events with a delay; these do not.
"""

import hashlib

from sandbox import paging
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.meter_events import aggregated, counted
from sandbox.meters import TYPE
from sandbox.parameters import Choice, Text, Timestamp
from sandbox.periods import SECONDS_PER_DAY, SECONDS_PER_HOUR, Period
from sandbox.routing import Route
from sandbox.world import Json

_WINDOWS = {"hour": SECONDS_PER_HOUR, "day": SECONDS_PER_DAY}


def list_(call: Call) -> Json:
    """One summary, or one for each hour or day in which there was any use, newest first."""
    given = call.params
    meter = call.need(TYPE, call.path["id"])
    customer = call.need("customer", given["customer"], "customer")["id"]
    span = Period(given["start_time"], given["end_time"])
    if span.seconds <= 0:
        raise invalid_request("end_time must be after start_time.", param="end_time")
    window = given.get("value_grouping_window")
    _check_aligned(span, _WINDOWS[window] if window else 60, window or "minute")
    events = [event for event in counted(call, meter, customer) if span.start <= event["timestamp"] < span.end]
    step = _WINDOWS[window] if window else span.seconds
    starts = sorted({event["timestamp"] - (event["timestamp"] - span.start) % step for event in events}, reverse=True)
    summaries = [_summary(meter, customer, events, Period(start, start + step)) for start in starts]
    return paging.page(call, f"/v1/billing/meters/{meter['id']}/event_summaries", summaries)


def _check_aligned(span: Period, seconds: int, unit: str) -> None:
    for name, moment in (("start_time", span.start), ("end_time", span.end)):
        if moment % seconds:
            raise invalid_request(f"{name} must be aligned with {unit} boundaries.", param=name)


def _summary(meter: Json, customer: str, events: list[Json], period: Period) -> Json:
    """Computed, not stored: the id follows from what it sums up."""
    name = f"{meter['id']}/{customer}/{period.start}/{period.end}"
    return {
        "id": f"mtrusg_test_{hashlib.sha256(name.encode()).hexdigest()[:24]}",
        "object": "billing.meter_event_summary",
        "aggregated_value": aggregated(meter, events, period),
        "end_time": period.end,
        "livemode": False,
        "meter": meter["id"],
        "start_time": period.start,
    }


ROUTES = [
    Route(
        "GET",
        "/v1/billing/meters/{id}/event_summaries",
        list_,
        {
            **paging.PARAMETERS,
            "customer": Text(required=True),
            "end_time": Timestamp(required=True),
            "start_time": Timestamp(required=True),
            "value_grouping_window": Choice(("day", "hour")),
        },
        "billing_meter_read",
    )
]
