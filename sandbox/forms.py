"""Decoding of `application/x-www-form-urlencoded` bodies and query strings with Stripe's nested brackets.

`card[number]=4242&expand[]=charge&items[0][price]=price_1` becomes a tree of dicts whose leaves are strings; lists are
dicts with digit keys until a declared parameter (sandbox/parameters.py) says they are lists.
"""

from typing import Any
from urllib.parse import parse_qsl

from sandbox.errors import invalid_request

Tree = dict[str, Any]

MOST_FIELDS = 5000


def decode(text: str) -> Tree:
    """The tree of a form. Raises StripeError 400 on brackets that do not match, a name used as leaf and as branch, or
    more fields than any request needs."""
    tree: Tree = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise invalid_request(f"Too many parameters: at most {MOST_FIELDS} are read.") from error
    for name, value in pairs:
        _insert(tree, _split(name), value, name)
    return tree


def _split(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [head]
    if not head or not rest.endswith("]"):
        raise invalid_request(f"Invalid parameter name: {name}", param=name)
    parts = rest[:-1].split("][")
    if any("[" in part or "]" in part for part in parts):
        raise invalid_request(f"Invalid parameter name: {name}", param=name)
    return [head, *parts]


def _insert(tree: Tree, path: list[str], value: str, name: str) -> None:
    node = tree
    for position, key in enumerate(path):
        step = str(len(node)) if key == "" else key
        if position == len(path) - 1:
            if isinstance(node.get(step), dict):
                raise invalid_request(f"Invalid parameter: {name} is both a value and an object", param=name)
            node[step] = value
            return
        child = node.setdefault(step, {})
        if not isinstance(child, dict):
            raise invalid_request(f"Invalid parameter: {name} is both a value and an object", param=name)
        node = child
