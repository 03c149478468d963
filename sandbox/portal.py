"""The customer portal (docs.stripe.com/customer-management): sessions made on demand, with a short-lived URL.

docs.stripe.com/api/customer_portal/sessions/object: the URL must be visited soon; after that the session lives on while
it is used. The sandbox takes five minutes for the first and an hour for the second.
"""

from sandbox import links, paging
from sandbox.calls import Call
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.parameters import Boolean, Choice, Fields, Text
from sandbox.routing import Route, fetch
from sandbox.world import Json

VISIT_WITHIN = 5 * 60
LIVES_ON = 3600

_AFTER_COMPLETION = Fields(
    {
        "type": Choice(("hosted_confirmation", "portal_homepage", "redirect"), required=True),
        "hosted_confirmation": Fields({"custom_message": Text(max_length=500)}),
        "redirect": Fields({"return_url": Text(required=True)}),
    }
)
_FLOW = Fields({"type": Choice(("payment_method_update",), required=True), "after_completion": _AFTER_COMPLETION})


def create(call: Call) -> Json:
    given = call.params
    customer = living(call, given["customer"], "customer")
    configuration = _configuration(call, given.get("configuration"))
    flow = _flow(given["flow_data"]) if "flow_data" in given else None
    links.ensure_secret(call.world)
    session = call.create(
        "billing_portal.session",
        {
            "configuration": configuration["id"],
            "customer": customer["id"],
            "customer_account": None,
            "flow": flow,
            "locale": None,
            "on_behalf_of": None,
            "return_url": given.get("return_url") or configuration["default_return_url"],
            "url": "",
            "_expires": call.now + VISIT_WITHIN,
        },
    )
    # The token never expires by itself: the session does.
    session["url"] = links.portal_url(call.world, session["id"])
    call.save(session)
    call.emit("billing_portal.session.created", session)
    return session


def _flow(given: Json) -> Json:
    after = given.get("after_completion", {"type": "portal_homepage"})
    if after["type"] == "redirect" and "redirect" not in after:
        raise invalid_request(
            "Missing required param: flow_data[after_completion][redirect].",
            param="flow_data[after_completion][redirect]",
            code="parameter_missing",
        )
    return {
        "after_completion": {
            "hosted_confirmation": after.get("hosted_confirmation"),
            "redirect": after.get("redirect"),
            "type": after["type"],
        },
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": given["type"],
    }


def visit(call: Call, session: Json) -> bool:
    """Whether the session is still open; visiting it keeps it so for another hour."""
    if session["_expires"] <= call.now:
        return False
    session["_expires"] = call.now + LIVES_ON
    call.save(session)
    return True


def _configuration(call: Call, id_: str | None) -> Json:
    """The named configuration, or the account's default one, which is made when first needed."""
    if id_:
        return call.need("billing_portal.configuration", id_, "configuration")
    found = call.world.select("billing_portal.configuration", {"is_default": True})
    return found[0] if found else _new_default(call)


def list_configurations(call: Call) -> Json:
    where = {name: call.params[name] for name in ("active", "is_default") if name in call.params}
    found = call.world.select("billing_portal.configuration", where)
    return paging.page(call, "/v1/billing_portal/configurations", found)


def _new_default(call: Call) -> Json:
    return call.create(
        "billing_portal.configuration",
        {
            "active": True,
            "application": None,
            "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
            "default_return_url": None,
            "features": {
                "customer_update": {"allowed_updates": [], "enabled": False},
                "invoice_history": {"enabled": True},
                "payment_method_update": {"enabled": True, "payment_method_configuration": None},
                "subscription_cancel": {
                    "cancellation_reason": {"enabled": False, "options": []},
                    "enabled": False,
                    "mode": "at_period_end",
                    "proration_behavior": "none",
                },
                "subscription_pause": {
                    "duration": {"interval_options": [], "type": "indefinite"},
                    "enabled": False,
                },
                "subscription_update": {
                    "default_allowed_updates": [],
                    "enabled": False,
                    "products": None,
                    "proration_behavior": "none",
                    "schedule_at_period_end": {"conditions": []},
                    "trial_update_behavior": "end_trial",
                },
            },
            "is_default": True,
            "login_page": {"enabled": False, "url": None},
            "metadata": {},
            "name": None,
            "updated": call.now,
        },
        "billing_portal.configuration.created",
    )


ROUTES = [
    Route(
        "POST",
        "/v1/billing_portal/sessions",
        create,
        {
            "configuration": Text(),
            "customer": Text(required=True),
            "flow_data": _FLOW,
            "return_url": Text(),
        },
        "customer_portal_write",
    ),
    Route(
        "GET",
        "/v1/billing_portal/configurations/{id}",
        fetch("billing_portal.configuration"),
        {},
        "customer_portal_read",
    ),
    Route(
        "GET",
        "/v1/billing_portal/configurations",
        list_configurations,
        {**paging.PARAMETERS, "active": Boolean(), "is_default": Boolean()},
        "customer_portal_read",
    ),
]
