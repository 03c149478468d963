"""Subscription schedules: changes of a subscription planned ahead (docs.stripe.com/api/subscription_schedules).

What their phases do when their time comes is in schedule_transitions.
"""

from sandbox import paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.parameters import RANGE, Boolean, Choice, Kind, Metadata, OneOf, Text, Timestamp
from sandbox.routing import Route, fetch
from sandbox.schedule_phases import BEHAVIORS, CHANGED, NEW, laid_out, present_phase
from sandbox.schedule_status import OPEN, TYPE, close
from sandbox.schedule_transitions import enter, plan, release, set_end, start
from sandbox.subscription_endings import cancel_at_once
from sandbox.subscription_status import ENDED
from sandbox.world import Json

URL = "/v1/subscription_schedules"
ENDS: Kind = Choice(("cancel", "release"))


def create(call: Call) -> Json:
    if "from_subscription" in call.params:
        return _from_subscription(call)
    given = call.params
    if "customer" not in given or "phases" not in given:
        missing = "customer" if "customer" not in given else "phases"
        raise invalid_request(f"Missing required param: {missing}.", param=missing, code="parameter_missing")
    customer = living(call, given["customer"], "customer")
    asked = given.get("start_date", "now")
    begin = call.now if asked == "now" else asked
    if begin < call.now:
        raise invalid_request("The sandbox starts no schedule in the past.", param="start_date")
    phases = laid_out(call, given["phases"], begin, customer["id"])
    schedule = _store(call, customer["id"], phases, end_behavior=given.get("end_behavior", "release"))
    schedule["metadata"] = new_metadata(given.get("metadata"))
    call.save(schedule)
    call.emit(f"{TYPE}.created", schedule)
    if begin == call.now:
        return start(call, schedule)
    plan(call, schedule)
    return schedule


def _from_subscription(call: Call) -> Json:
    for other in call.params:
        if other not in ("from_subscription", "expand"):
            raise invalid_request(f"You cannot set `{other}` if `from_subscription` is set.", param=other)
    subscription = call.need("subscription", call.params["from_subscription"], "from_subscription")
    if subscription["schedule"]:
        raise invalid_request(
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['id']}`.",
            param="from_subscription",
        )
    if subscription["status"] in ENDED:
        raise invalid_request(
            f"You cannot migrate a subscription that is in the `{subscription['status']}` status.",
            param="from_subscription",
        )
    phase = present_phase(subscription)
    ends = subscription["cancel_at"] is not None
    if ends:
        phase["end_date"] = subscription["cancel_at"]
    schedule = _store(call, subscription["customer"], [phase], end_behavior="cancel" if ends else "release")
    schedule |= {"status": "active", "subscription": subscription["id"]}
    schedule["current_phase"] = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    schedule["default_settings"] |= {
        name: subscription[name] for name in ("collection_method", "default_payment_method", "description")
    }
    schedule["default_settings"]["invoice_settings"]["days_until_due"] = subscription["days_until_due"]
    call.save(schedule)
    call.emit(f"{TYPE}.created", schedule)
    set_end(call, schedule)
    plan(call, schedule)
    return schedule


def _store(call: Call, customer: str, phases: list[Json], *, end_behavior: str) -> Json:
    no_tax = {"disabled_reason": None, "enabled": False, "liability": None}
    return call.create(
        TYPE,
        {
            "application": None,
            "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": None},
            "canceled_at": None,
            "completed_at": None,
            "current_phase": None,
            "customer": customer,
            "customer_account": None,
            "default_settings": {
                "application_fee_percent": None,
                "automatic_tax": no_tax,
                "billing_cycle_anchor": "automatic",
                "billing_thresholds": None,
                "collection_method": "charge_automatically",
                "default_payment_method": None,
                "description": None,
                "invoice_settings": {"account_tax_ids": None, "days_until_due": None, "issuer": {"type": "self"}},
                "on_behalf_of": None,
                "transfer_data": None,
            },
            "end_behavior": end_behavior,
            "metadata": {},
            "pause_schedules": [],
            "phases": phases,
            "released_at": None,
            "released_subscription": None,
            "status": "not_started",
            "subscription": None,
            "test_clock": call.test_clock,
        },
    )


def update(call: Call) -> Json:
    given = call.params
    schedule = _open(call, "update", "updated")
    before = schedule["phases"]
    if "metadata" in given:
        schedule["metadata"] = merge_metadata(schedule["metadata"], given["metadata"])
    schedule["end_behavior"] = given.get("end_behavior", schedule["end_behavior"])
    if "phases" in given:
        schedule["phases"] = _changed(call, schedule, given["phases"])
    present = _present(schedule)
    if present:
        schedule["current_phase"] = {"end_date": present["end_date"], "start_date": present["start_date"]}
    call.save(schedule, f"{TYPE}.updated")
    if present and "phases" in given and present not in before:
        enter(call, schedule, present, given.get("proration_behavior", "create_prorations"))
    if "phases" in given or "end_behavior" in given:
        set_end(call, schedule)
        plan(call, schedule)
    return schedule


def _changed(call: Call, schedule: Json, asked: list[Json]) -> list[Json]:
    """The new phases. Those that are over stay, whether they are sent again or not."""
    present = schedule["current_phase"]
    past = [phase for phase in schedule["phases"] if present and phase["end_date"] <= present["start_date"]]
    again = {phase["start_date"] for phase in past}
    asked = [wish for wish in asked if wish.get("start_date") not in again]
    begin = asked[0].get("start_date") if asked else None
    if begin is None:
        raise invalid_request(
            "The subscription schedule update is missing at least one phase with a `start_date` to anchor end dates "
            "to.",
            param="phases",
        )
    if present and begin != present["start_date"]:
        raise invalid_request("You can not modify the start date of the current phase.", param="phases[0][start_date]")
    if not present and begin <= call.now:
        raise invalid_request("The sandbox starts no schedule in the past.", param="phases[0][start_date]")
    phases = laid_out(call, asked, begin, schedule["customer"])
    if present and phases[0]["end_date"] <= call.now:
        raise invalid_request("The current phase has to end in the future.", param="phases[0][end_date]")
    if present and phases[0]["currency"] != schedule["phases"][0]["currency"]:
        raise invalid_request("The currency of a subscription cannot be changed.", param="phases")
    return [*past, *phases]


def _present(schedule: Json) -> Json | None:
    active = schedule["current_phase"]
    return next((p for p in schedule["phases"] if active and p["start_date"] == active["start_date"]), None)


def cancel(call: Call) -> Json:
    """The schedule and the subscription it manages, both at once."""
    schedule = _open(call, "cancel", "canceled")
    close(call, schedule, "canceled")
    subscription = call.find("subscription", schedule["subscription"])
    if subscription:
        prorate, invoice_now = (call.params.get(name, True) for name in ("prorate", "invoice_now"))
        cancel_at_once(call, subscription, prorate=prorate, invoice_now=invoice_now)
    call.emit(f"{TYPE}.canceled", schedule)
    return schedule


def let_go(call: Call) -> Json:
    schedule = _open(call, "release", "released")
    return release(call, schedule, keep_end=call.params.get("preserve_cancel_date", False))


def _open(call: Call, verb: str, done: str) -> Json:
    schedule = call.need(TYPE, call.path["id"], "schedule")
    if schedule["status"] not in OPEN:
        raise invalid_request(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status. It "
            f"must be in `not_started, active` status to be {done}."
        )
    return schedule


def list_(call: Call) -> Json:
    where = {"customer": call.params["customer"]} if "customer" in call.params else {}
    found = call.world.select(TYPE, where)
    if "scheduled" in call.params:
        found = [each for each in found if (each["status"] == "not_started") is call.params["scheduled"]]
    return paging.page(call, URL, found)


ROUTES = [
    Route(
        "POST",
        URL,
        create,
        {
            "customer": Text(),
            "end_behavior": ENDS,
            "from_subscription": Text(),
            "metadata": Metadata(),
            "phases": NEW,
            "start_date": OneOf((Choice(("now",)), Timestamp())),
        },
        "subscription_write",
    ),
    Route(
        "GET",
        URL,
        list_,
        {**paging.PARAMETERS, "created": RANGE, "customer": Text(), "scheduled": Boolean()},
        "subscription_read",
    ),
    Route("GET", f"{URL}/{{id}}", fetch(TYPE, "schedule"), {}, "subscription_read"),
    Route(
        "POST",
        f"{URL}/{{id}}",
        update,
        {
            "end_behavior": ENDS,
            "metadata": Metadata(),
            "phases": CHANGED,
            "proration_behavior": Choice(BEHAVIORS),
        },
        "subscription_write",
    ),
    Route(
        "POST",
        f"{URL}/{{id}}/cancel",
        cancel,
        {"invoice_now": Boolean(), "prorate": Boolean()},
        "subscription_write",
    ),
    Route("POST", f"{URL}/{{id}}/release", let_go, {"preserve_cancel_date": Boolean()}, "subscription_write"),
]
