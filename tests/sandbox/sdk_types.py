"""Checks JSON objects and form parameters against the types generated into the installed `stripe` package.

Three things are stricter than the SDK itself, on purpose:
- enums are closed: the SDK types them `Literal[...] | str`; a value outside the Literal is a violation here;
- a field the SDK does not know is a violation (a misspelt field would otherwise never be noticed);
- a field that is not `Optional` must be present and not null.
Every function returns violations as `path: problem` strings; an empty list means the value conforms.
"""

import ast
import importlib
import inspect
import re
import sys
import threading
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, ClassVar, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

from stripe import ListObject, RequestOptions, SearchResultObject, StripeObject
from stripe._object_classes import get_object_class
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

Violations = list[str]
PARSING = threading.Lock()
"""Python 3.11 counts the depth of a syntax tree for all threads at once: two that parse fail with a SystemError."""

_REQUEST_OPTIONS = frozenset(RequestOptions.__annotations__)


class _Names(dict[str, Any]):
    """A module's globals plus what it imports only `if TYPE_CHECKING`, imported on demand."""

    def __init__(self, module_name: str) -> None:
        module = importlib.import_module(module_name)
        super().__init__(vars(module))
        self.deferred: dict[str, tuple[str, str]] = {}
        with PARSING:
            tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                for alias in node.names:
                    self.deferred[alias.asname or alias.name] = (node.module, alias.name)

    def __missing__(self, name: str) -> Any:
        if name not in self.deferred:
            raise KeyError(name)
        source, original = self.deferred[name]
        self[name] = getattr(importlib.import_module(source), original)
        return self[name]


@cache
def names_of(module_name: str) -> _Names:
    return _Names(module_name)


def evaluate(annotation: Any, module_name: str) -> Any:
    """Turns a string or ForwardRef found in `module_name` into the type it names."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        # The text comes from the installed package, never from a request.
        return eval(annotation, {}, names_of(module_name))
    return annotation


@cache
def fields_of(cls: type) -> dict[str, tuple[Any, str]]:
    """The declared fields of a resource class, each with its annotation and the module that wrote it."""
    found: dict[str, tuple[Any, str]] = {}
    for owner in reversed(cls.__mro__):
        if owner is StripeObject or not issubclass(owner, StripeObject):
            continue
        for name, annotation in vars(owner).get("__annotations__", {}).items():
            if name.startswith("_") or get_origin(annotation) is ClassVar or annotation is ClassVar:
                continue
            found[name] = (annotation, owner.__module__)
    return found


def options_of(annotation: Any, module: str) -> list[Any]:
    """The members of a union, flattened; a plain annotation is its own only member."""
    annotation = evaluate(annotation, module)
    if get_origin(annotation) in (Union, types.UnionType):
        return [option for member in get_args(annotation) for option in options_of(member, module)]
    if get_origin(annotation) in (NotRequired, Required):
        return options_of(get_args(annotation)[0], module)
    return [annotation]


def _closed(options: list[Any]) -> list[Any]:
    """Drops the bare `str` that keeps an enum open. `Literal[''] | str` is no enum: it means "a string, or unset"."""
    literals = {value for option in options if get_origin(option) is Literal for value in get_args(option)}
    return [option for option in options if option is not str] if literals - {""} else options


def _is_decimal(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


# ---------------------------------------------------------------- responses


def check_json(value: Any, annotation: Any, module: str, path: str = "$") -> Violations:
    """Checks a decoded JSON value against an annotation written in `module`."""
    options = _closed(options_of(annotation, module))
    if value is None:
        return [] if type(None) in options or Any in options else [f"{path}: null is not allowed"]
    attempts = [_check_one(value, option, module, path) for option in options if option is not type(None)]
    return min(attempts, key=len) if attempts else [f"{path}: must be null"]


def check_object(value: Any, cls: type, path: str = "$") -> Violations:
    """Checks a JSON object against a generated resource class (or a class nested in one)."""
    if not isinstance(value, dict):
        return [f"{path}: expected an object ({cls.__name__}), got {value!r}"]
    expected_name = getattr(cls, "OBJECT_NAME", None)
    if expected_name and value.get("object") != expected_name:
        # Counts double, so that a union prefers the class that names itself.
        return [f"{path}.object: expected {expected_name!r}, got {value.get('object')!r}"] * 2
    fields = fields_of(cls)
    violations = [f"{path}.{name}: unknown field of {cls.__qualname__}" for name in value if name not in fields]
    deleted = value.get("deleted") is True
    encodings: Mapping[str, Any] = getattr(cls, "_field_encodings", {}) or {}
    for name, (annotation, module) in fields.items():
        if name not in value:
            if not deleted and type(None) not in options_of(annotation, module):
                violations.append(f"{path}.{name}: required by {cls.__qualname__} but missing")
        elif encodings.get(name) == "int64_string":
            if not isinstance(value[name], str) or not value[name].lstrip("-").isdigit():
                violations.append(f"{path}.{name}: expected an integer in a string, got {value[name]!r}")
        elif cls.__qualname__ == "Event.Data" and name == "object":
            violations += check_named(value[name], f"{path}.{name}")
        else:
            violations += check_json(value[name], annotation, module, f"{path}.{name}")
    return violations


def check_named(value: Any, path: str = "$") -> Violations:
    """Checks an object against the class that its own `object` field names."""
    cls = get_object_class("V1", value.get("object", ""))
    if cls is StripeObject:
        return [f"{path}: no generated class for object {value.get('object')!r}"]
    return check_object(value, cls, path)


def _check_list_object(value: Any, element: Any, module: str, path: str) -> Violations:
    if not isinstance(value, dict) or value.get("object") not in ("list", "search_result"):
        return [f"{path}: expected a list object, got {value!r:.80}"]
    violations = [
        f"{path}.{name}: unknown field of a list"
        for name in value
        if name not in {"object", "data", "has_more", "url", "total_count", "next_page"}
    ]
    if not isinstance(value.get("has_more"), bool) or not isinstance(value.get("url"), str):
        violations.append(f"{path}: a list needs has_more and url")
    for index, item in enumerate(value.get("data", [])):
        violations += check_json(item, element, module, f"{path}.data[{index}]")
    return violations


def _check_one(value: Any, option: Any, module: str, path: str) -> Violations:
    origin = get_origin(option)
    if option is Any:
        return []
    if origin is Literal:
        return [] if value in get_args(option) else [f"{path}: {value!r} is not one of {get_args(option)!r:.200}"]
    if origin in (ListObject, SearchResultObject):
        return _check_list_object(value, get_args(option)[0], module, path)
    if origin is UntypedStripeObject or option is UntypedStripeObject:
        if not isinstance(value, dict):
            return [f"{path}: expected an object, got {value!r}"]
        element = get_args(option)[0] if origin else Any
        return [v for key, item in value.items() for v in check_json(item, element, module, f"{path}.{key}")]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: expected an array, got {value!r:.80}"]
        element = get_args(option)[0]
        return [v for index, item in enumerate(value) for v in check_json(item, element, module, f"{path}[{index}]")]
    if origin is dict:
        element = get_args(option)[1]
        if not isinstance(value, dict):
            return [f"{path}: expected an object, got {value!r}"]
        return [v for key, item in value.items() for v in check_json(item, element, module, f"{path}.{key}")]
    if inspect.isclass(option) and issubclass(option, StripeObject):
        return check_object(value, option, path)
    if option is Decimal:
        fits = isinstance(value, str) and _is_decimal(value)
    elif option is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif option is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif option in (str, bool):
        fits = isinstance(value, option)
    else:
        return [f"{path}: the checker does not know {option!r}"]
    return [] if fits else [f"{path}: expected {option.__name__}, got {value!r:.80}"]


# ---------------------------------------------------------------- parameters (all leaves are strings on the wire)

_INTEGER = re.compile(r"-?\d+")


def check_params(tree: Any, params_class: Any, path: str = "params") -> Violations:
    """Checks a decoded form (nested dicts, strings at the leaves; an array has digits for keys) against a TypedDict."""
    if not isinstance(tree, dict):
        return [f"{path}: expected an object, got {tree!r}"]
    known = {name: hint for name, hint in _typed_dict_fields(params_class).items() if name not in _REQUEST_OPTIONS}
    violations = [f"{path}.{name}: unknown parameter" for name in tree if name not in known]
    for name, (annotation, module, required) in known.items():
        if name in tree:
            violations += _check_param(tree[name], annotation, module, f"{path}.{name}")
        elif required:
            violations.append(f"{path}.{name}: required parameter is missing")
    return violations


@cache
def _typed_dict_fields(params_class: Any) -> dict[str, tuple[Any, str, bool]]:
    module = params_class.__module__
    annotations: dict[str, Any] = dict(params_class.__annotations__)
    return {
        name: (annotation, module, get_origin(annotation) is not NotRequired and name in params_class.__required_keys__)
        for name, annotation in annotations.items()
    }


def _check_param(value: Any, annotation: Any, module: str, path: str) -> Violations:
    options = _closed(options_of(annotation, module))
    attempts = [_check_param_one(value, option, module, path) for option in options]
    return min(attempts, key=len)


def _check_param_one(value: Any, option: Any, module: str, path: str) -> Violations:
    origin = get_origin(option)
    if option is Any:
        return []
    if origin is Literal:
        return [] if value in get_args(option) else [f"{path}: {value!r} is not one of {get_args(option)!r:.200}"]
    if is_typeddict(option):
        return check_params(value, option, path)
    if origin is list:
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            return [f"{path}: expected an array, got {value!r}"]
        element = get_args(option)[0]
        return [v for key, item in value.items() for v in _check_param(item, element, module, f"{path}[{key}]")]
    if origin is dict or origin is UntypedStripeObject:
        if not isinstance(value, dict):
            return [f"{path}: expected an object, got {value!r}"]
        element = get_args(option)[-1]
        return [v for key, item in value.items() for v in _check_param(item, element, module, f"{path}.{key}")]
    if not isinstance(value, str):
        return [f"{path}: expected a scalar, got {value!r:.80}"]
    if option is str:
        return []
    if option is bool:
        fits = value in ("true", "false")
    elif option is int:
        fits = _INTEGER.fullmatch(value) is not None
    elif option in (float, Decimal):
        fits = _is_decimal(value)
    else:
        return [f"{path}: the checker does not know {option!r}"]
    return [] if fits else [f"{path}: expected {option.__name__}, got {value!r}"]


def class_named(name: str, module: str) -> Any:
    """The type a service method names in an annotation, e.g. `InvoicePayParams`."""
    if module not in sys.modules:
        importlib.import_module(module)
    return evaluate(name, module)
