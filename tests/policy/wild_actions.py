"""Whatever a model may propose: any action, on anybody's objects, with likely and unlikely arguments."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.policy.stripe_twin import noon

PEOPLE = ("cus_me", "cus_other", "cus_third")
OWNED = {"cus_me": "one", "cus_other": "two", "cus_third": "three"}
AMOUNTS = {"aaa": 2000, "bbb": 9000, "ccc": 10_000, "ddd": 10_001, "eee": 700_000, "fff": 4000}
CHARGES = [f"ch_{name}_{kind}" for name in OWNED.values() for kind in (*AMOUNTS, "eur", "chf", "bad", "tw1", "tw2")]

PARTS = ("name", "email", "line1", "line2", "city", "state", "postal_code", "country")

charges = st.sampled_from([*CHARGES, "ch_nobody"])
names = st.sampled_from([*OWNED.values(), "nobody"])
ACTION: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda kind, amount: {
            "tool": "refund",
            "charge": f"ch_one_{kind}",
            "amount": amount,
            "grounds": "requested_by_customer",
            "duplicate_of": None,
        },
        st.sampled_from([*AMOUNTS, "eur", "tw1"]),
        st.sampled_from([None, 1, 1000, 5000]),
    ),
    st.fixed_dictionaries(
        {
            "tool": st.just("refund"),
            "charge": charges,
            "amount": st.one_of(st.none(), st.sampled_from([1, 1999, 2000, 2001, 5000, 10_000, 10_001, 99_999_999])),
            "grounds": st.sampled_from(["duplicate", "requested_by_customer"]),
            "duplicate_of": st.one_of(st.none(), charges),
        }
    ),
    st.builds(lambda who: {"tool": "retry_payment", "invoice": f"in_{who}", "payment_method": None}, names),
    st.builds(
        lambda who, card: {"tool": "retry_payment", "invoice": f"in_{who}", "payment_method": f"pm_{card}"},
        names,
        names,
    ),
    st.builds(
        lambda who, to, due, late: {
            "tool": "change_plan",
            "subscription": f"sub_{who}",
            "price": f"price_{to[0]}",
            "proration_date": int(noon().timestamp()) - late,
            "amount_due": due if due is not None else to[1],
        },
        names,
        st.sampled_from([("team", 4000), ("business", 60_000), ("free", -1500), ("nowhere", 1)]),
        st.sampled_from([None, None, None, 0, 1, -99_999_999]),
        st.sampled_from([0, 0, 3600, 90_000]),
    ),
    st.builds(
        lambda who, when: {"tool": "cancel_subscription", "subscription": f"sub_{who}", "when": when},
        names,
        st.sampled_from(["period_end", "now"]),
    ),
    st.builds(
        lambda who: {"tool": "resume_subscription", "subscription": f"sub_{who}"},
        st.one_of(names, names.map(lambda who: f"{who}_ending"), names.map(lambda who: f"{who}_paused")),
    ),
    st.builds(
        lambda who: {"tool": "undo_scheduled_change", "subscription": f"sub_{who}"},
        st.one_of(names, names.map(lambda who: f"{who}_planned")),
    ),
    st.builds(
        lambda amount, grounds: {"tool": "account_credit", "amount": amount, "grounds": grounds},
        st.sampled_from([1, 500, 1000, 1001, 9_000, 99_999_999]),
        st.sampled_from(["service_outage", "billing_error", "goodwill"]),
    ),
    st.builds(
        lambda who, code: {"tool": "apply_promotion_code", "subscription": f"sub_{who}", "code": code},
        names,
        st.sampled_from(["WELCOME20", "YEARFREE", "NOWHERE", *(f"MINE-{name}" for name in OWNED.values())]),
    ),
    st.builds(
        lambda parts: {"tool": "update_billing_details", **dict.fromkeys(PARTS), **parts},
        st.dictionaries(st.sampled_from(PARTS), st.sampled_from(["DE", "FR", "x@y.org", "10115"]), min_size=1),
    ),
    st.builds(
        lambda value: {"tool": "set_tax_id", "type": "eu_vat", "value": value},
        st.sampled_from(["DE123456789", "de 123.456.789", "DE999999999", "FR12345678901", "DE12", "GB123456789"]),
    ),
    st.builds(
        lambda who: {"tool": "new_checkout_link", "checkout_session": f"cs_{who}"},
        st.one_of(names, names.map(lambda who: f"{who}_0")),
    ),
    st.just({"tool": "card_update_link"}),
)
