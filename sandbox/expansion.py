"""Showing objects: private fields removed, computed ones added, `expand` followed.

See docs.stripe.com/api/expanding_objects.

Expansion replaces an id by its object wherever the id's prefix names a stored type. Two registries add to that::

    @includable("charge", "refunds")      # absent unless expanded; here: a list object
    def refunds(world, charge): ...

    @shown("invoice")                     # runs each time an object of the type is shown, nested ones too
    def fresh_url(world, invoice): ...    # returns the object to show

Both get copies; what they change is not stored.
"""

from collections.abc import Callable
from typing import Any

from sandbox import ids
from sandbox.errors import invalid_request
from sandbox.world import Json, World, public

MAXIMUM_DEPTH = 4

Include = Callable[[World, Json], Any]
Show = Callable[[World, Json], Json]

INCLUDABLE: dict[tuple[str, str], Include] = {}
# Ids that may be any word: their type follows from the field that holds them.
FREELY_NAMED = {"coupon": "coupon"}
SHOWN: dict[str, Show] = {}


def includable(type_: str, field: str) -> Callable[[Include], Include]:
    """Register a field that an object has only when it is expanded."""

    def register(include: Include) -> Include:
        INCLUDABLE[type_, field] = include
        return include

    return register


def shown(type_: str) -> Callable[[Show], Show]:
    """Register a function that completes an object of a type when it is shown."""

    def register(show: Show) -> Show:
        SHOWN[type_] = show
        return show

    return register


def render(world: World, obj: Json, paths: list[str] | None = None) -> Json:
    """The object as a client sees it, with `paths` expanded. Raises StripeError 400 for a path that cannot be."""
    whole = _show(world, obj)
    for path in paths or []:
        steps = path.split(".")
        if whole.get("object") in ("list", "search_result") and steps[0] != "data":
            raise _refused(path)
        if len(steps) - (steps[0] == "data") > MAXIMUM_DEPTH:
            raise invalid_request(
                f"You cannot expand more than {MAXIMUM_DEPTH} levels of a property (expanding: {path}).",
                param="expand",
            )
        _expand(world, whole, steps, path)
    return whole


def _show(world: World, value: Any) -> Any:
    """Nested objects are shown by their own rules too (a list's data), but an event's data stays as it was."""
    if isinstance(value, list):
        return [_show(world, item) for item in value]
    if not isinstance(value, dict):
        return value
    show = SHOWN.get(value.get("object", ""))
    if show:
        value = show(world, dict(value))
    if value.get("object") == "event":
        return public(value)
    return {key: _show(world, item) for key, item in value.items() if not key.startswith("_")}


def _expand(world: World, node: Any, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(world, item, steps, path)
        return
    if not isinstance(node, dict):
        raise _refused(path)
    step, rest = steps[0], steps[1:]
    include = INCLUDABLE.get((node.get("object", ""), step))
    if include and not isinstance(node.get(step), dict):
        node[step] = _show(world, include(world, _stored(world, node)))
    elif step not in node:
        if "deleted" in node:
            return
        raise _refused(path)
    value = node[step]
    if isinstance(value, str):
        node[step] = _load(world, value, path, FREELY_NAMED.get(step))
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        node[step] = [_load(world, item, path) for item in value]
    elif not rest and value is not None and not isinstance(value, dict | list):
        raise _refused(path)
    if rest and node[step] is not None:
        _expand(world, node[step], rest, path)


def _stored(world: World, node: Json) -> Json:
    return world.find(node["object"], node["id"]) or node


def _load(world: World, id_: str, path: str, type_: str | None = None) -> Json:
    type_ = type_ or ids.type_of(id_)
    found = world.find(type_, id_) if type_ else None
    if found is None:
        raise _refused(path)
    return _show(world, found)


def _refused(path: str) -> Exception:
    return invalid_request(f"This property cannot be expanded ({path}).", param="expand")
