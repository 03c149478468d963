"""What the sandbox refuses before it executes anything, in Stripe's words."""

from typing import Any

import pytest
import stripe

from sandbox.errors import StripeError
from sandbox.forms import decode
from sandbox.parameters import Choice, Fields, Integer, Many, OneOf, Text, Timestamp, read_all


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"emial": "a@b.c"}, "parameter_unknown", "emial"),
        ({"address": {"town": "Ulm"}}, "parameter_unknown", "address[town]"),
        ({"shipping": {"phone": "1"}}, "parameter_missing", "shipping[name]"),
        ({"balance": "1.5"}, "parameter_invalid_integer", "balance"),
        ({"balance": ""}, "parameter_invalid_empty", "balance"),
        ({"tax_exempt": "maybe"}, None, "tax_exempt"),
        ({"preferred_locales": "de"}, None, "preferred_locales"),
        ({"address": "Ulm"}, None, "address"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"expand": ["sources.data.x.y.z.w"]}, None, "expand"),
    ],
)
def test_a_wrong_parameter_is_refused(client: stripe.StripeClient, params: Any, code: str | None, param: str) -> None:
    """docs.stripe.com/error-codes, docs.stripe.com/api/metadata"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.create(params)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert client.v1.customers.list().data == []


def test_missing_parameters_are_named(client: stripe.StripeClient) -> None:
    """docs.stripe.com/error-codes#parameter-missing"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create({"currency": "usd"})  # pyright: ignore[reportArgumentType] - the point
    assert (refused.value.code, refused.value.param) == ("parameter_missing", "amount")


def test_an_unknown_url_is_404(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/errors"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.raw_request("get", "/v1/cats")
    assert refused.value.http_status == 404


def test_metadata_merges_and_unsets(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/metadata: keys are merged, an empty value removes one, an empty metadata removes all"""
    made = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(made.id, {"metadata": {"b": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "c": "3"}
    cleared = client.v1.customers.update(made.id, {"metadata": ""})
    assert cleared.metadata is not None
    assert cleared.metadata.to_dict() == {}


def test_an_empty_string_unsets_a_field(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/customers/update"""
    made = client.v1.customers.create({"name": "Ada", "description": "first"})
    changed = client.v1.customers.update(made.id, {"description": ""})
    assert (changed.name, changed.description) == ("Ada", None)


def test_forms_nest_and_number() -> None:
    assert decode("a[b][0]=1&a[b][1]=2&c[]=x&c[]=y&d=%26") == {
        "a": {"b": {"0": "1", "1": "2"}},
        "c": {"0": "x", "1": "y"},
        "d": "&",
    }


@pytest.mark.parametrize("form", ["a=1&a[b]=2", "a[b]=1&a=2", "a[b=1", "[a]=1", "a]b[=1", "a[b]c=1", "a[[b]]=1"])
def test_a_malformed_form_is_an_error_not_a_guess(form: str) -> None:
    with pytest.raises(StripeError):
        read_all({"a": Fields({"b": Text()})}, decode(form))


def test_lists_keep_their_order_past_ten() -> None:
    form = "&".join(f"n[{index}]={index}" for index in range(12))
    assert read_all({"n": Many(Integer())}, decode(form)) == {"n": list(range(12))}


@pytest.mark.parametrize(("raw", "value"), [("now", "now"), ("17", 17)])
def test_alternatives_are_tried_in_turn(raw: str, value: Any) -> None:
    assert OneOf((Choice(("now",)), Timestamp())).read(raw, "at") == value


@pytest.mark.parametrize("raw", ["9" * 30, "1e3", "٣", " 1", "0x1", "NaN", "--1"])
def test_no_strange_number_is_an_integer(raw: str) -> None:
    with pytest.raises(StripeError):
        Integer().read(raw, "amount")
