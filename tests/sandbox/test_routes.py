"""The endpoints as declared, against the SDK's own: no path, parameter or word that Stripe does not have."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import pytest
from typing_extensions import is_typeddict

from sandbox import endpoints
from sandbox.parameters import Choice, Fields, Kind, Many, Metadata, OneOf, Text
from sandbox.routing import Route
from tests.sandbox.sdk_routes import route_of
from tests.sandbox.sdk_types import class_named, options_of


def sample(route: Route) -> str:
    return route.path.replace("{", "").replace("}", "")


def differences(spec: Mapping[str, Kind], params_class: Any, path: str = "") -> list[str]:
    """Declared parameters and words that the TypedDict does not have."""
    found: list[str] = []
    annotations: dict[str, Any] = dict(params_class.__annotations__)
    for name, kind in spec.items():
        full = f"{path}{name}"
        if name not in annotations:
            found.append(f"{full}: not a parameter of {params_class.__name__}")
            continue
        found += _kind_differences(kind, options_of(annotations[name], params_class.__module__), params_class, full)
    return found


def _kind_differences(kind: Kind, options: list[Any], owner: Any, path: str) -> list[str]:
    if isinstance(kind, OneOf):
        return [v for each in kind.kinds for v in _kind_differences(each, options, owner, path)]
    if isinstance(kind, Many):
        lists = [option for option in options if get_origin(option) is list]
        if not lists:
            return [f"{path}: no array in the SDK"]
        return _kind_differences(kind.of, options_of(get_args(lists[0])[0], owner.__module__), owner, f"{path}[]")
    if isinstance(kind, Fields):
        nested = [option for option in options if is_typeddict(option)]
        if not nested:
            return [f"{path}: no object in the SDK"]
        return differences(kind.spec, nested[0], f"{path}.")
    if not isinstance(kind, Metadata) and all(is_typeddict(o) or get_origin(o) in (list, dict) for o in options):
        return [f"{path}: the SDK sends an object or an array"]
    if isinstance(kind, Choice):
        words = {word for option in options if get_origin(option) is Literal for word in get_args(option)} - {""}
        return [f"{path}: {word!r} is no documented word" for word in kind.words if words and word not in words]
    return []


@pytest.mark.parametrize("route", endpoints.ALL, ids=lambda route: f"{route.method} {route.path}")
def test_each_endpoint_is_one_of_the_sdks_with_its_parameters(route: Route) -> None:
    found = route_of(route.method, sample(route))
    assert found is not None
    if found.params is not None:
        assert differences(route.spec, class_named(found.params, found.module)) == []


def test_the_comparison_sees_a_wrong_parameter_and_a_wrong_word() -> None:
    params = class_named("SubscriptionUpdateParams", "stripe._subscription_service")
    wrong = {
        "colour": Choice(("red",)),
        "proration_behavior": Choice(("none", "some")),
        "proration_date": Text(),
        "invoice_settings": Text(),
        "items": Many(Fields({"x": Kind()})),
    }
    assert [line.split(":")[0] for line in differences(wrong, params)] == [
        "colour",
        "proration_behavior",
        "invoice_settings",
        "items[].x",
    ]
