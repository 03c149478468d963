"""Small faults in a module, one at a time: what `scripts.mutate` plants to see whether a test objects.

A fault is a site in the syntax tree and what stands there instead. Texts, annotations, imports and docstrings are left
alone: no rule hangs on them that a type checker or a reader would not see.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import CodeType
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutant:
    """`within` is the dotted name of the function it stands in, empty at module level; `first` and `last` are lines.
    `anew`: the module has to be imported again for it to count (a constant, a class body, a lambda, a cached function).
    """

    n: int
    first: int
    last: int
    within: str
    kind: str
    before: str
    after: str
    anew: bool
    nth: int = 0  # of those in the file that read the same


@dataclass(frozen=True, slots=True)
class _Site:
    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    within: str
    anew: bool


_COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COUNTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LISTS: Final = frozenset({"denials", "approvals"})
_SKIPPED: Final = ("annotation", "returns", "decorator_list", "bases", "type_params", "type_comment")


def mutants(source: str) -> list[Mutant]:
    """Every fault there is to plant, in the order of the text."""
    tree = ast.parse(source)
    found = [
        Mutant(
            n,
            _line(site.node),
            getattr(site.node, "end_lineno", _line(site.node)),
            site.within,
            kind,
            _text(site.node),
            _text(new),
            site.anew,
        )
        for n, (site, kind, new) in enumerate(_faults(tree))
    ]
    seen: Counter[tuple[str, ...]] = Counter()
    told: list[Mutant] = []
    for each in found:
        words = (each.within, each.kind, each.before, each.after)
        told.append(replace(each, nth=seen[words]))
        seen[words] += 1
    return told


def planted(source: str, n: int, filename: str) -> CodeType:
    """The module's code with fault `n` in it; lines and names stay as they are."""
    tree = ast.parse(source)
    for number, (site, _, new) in enumerate(_faults(tree)):
        if number == n:
            _put(site, new)
            break
    return compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)


def _put(site: _Site, new: ast.AST) -> None:
    ast.copy_location(new, site.node)
    if site.index is None:
        setattr(site.parent, site.field, new)
    else:
        getattr(site.parent, site.field)[site.index] = new


def _faults(tree: ast.Module) -> Iterator[tuple[_Site, str, ast.AST]]:
    for site in _sites(tree, (), anew=True):
        for kind, new in _instead(site.node):
            yield site, kind, new


def _sites(parent: ast.AST, path: tuple[str, ...], *, anew: bool) -> Iterator[_Site]:
    for field, value in ast.iter_fields(parent):
        if field in _SKIPPED:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_left_alone(node):
                continue
            inner, again = path, anew
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = (*path, node.name)
                again = any("cache" in ast.unparse(each) for each in node.decorator_list) or (anew and len(path) > 1)
            elif isinstance(node, ast.ClassDef):
                inner, again = (*path, node.name), True
            elif isinstance(node, ast.Lambda):
                again = True
            yield _Site(parent, field, index, node, ".".join(inner), again)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _sites(_listed(node.body), inner, anew=again)
                yield from _sites(_listed(node.args.defaults), inner, anew=True)
                yield from _sites(_listed(node.args.kw_defaults), inner, anew=True)
            else:
                yield from _sites(node, inner, anew=again)


class _Listed(ast.AST):
    """One list of a function's nodes, seen without the rest of it: the list is the function's own."""

    _fields = ("nodes",)
    nodes: Sequence[ast.AST | None]


def _listed(nodes: Sequence[ast.AST | None]) -> _Listed:
    made = _Listed()
    made.nodes = nodes
    return made


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _instead(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and/or", _with(node, op=other)
            for n in range(len(node.values)):
                rest = [each for m, each in enumerate(node.values) if m != n]
                yield "term dropped", rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub()) if not isinstance(node.operand, ast.Constant):
            yield "sign dropped", node.operand
        case ast.BinOp() if type(node.op) in _COUNTED and not _of_types(node):
            yield "arithmetic", _with(node, op=_COUNTED[type(node.op)]())
        case ast.Constant(value=bool()):
            yield "constant", _with(node, value=not node.value)
        case ast.Constant(value=int() | float()) if isinstance(node.value, int | float):
            yield "constant", _with(node, value=node.value + 1)
            yield "constant", _with(node, value=node.value - 1)
        case ast.IfExp():
            yield "branches swapped", _with(node, body=node.orelse, orelse=node.body)
        case ast.If() | ast.While() if not isinstance(node.test, ast.Compare | ast.UnaryOp):
            yield "condition negated", _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        case ast.Call():
            yield from _called(node)
        case ast.keyword(arg=str() as name) if name in _LISTS and isinstance(node.value, ast.Tuple):
            for n in range(len(node.value.elts)):
                rest = [each for m, each in enumerate(node.value.elts) if m != n]
                yield "rule dropped", _with(node, value=_with(node.value, elts=rest))
        case ast.For() if isinstance(node.iter, ast.Tuple):
            for n in range(len(node.iter.elts)):
                rest = [each for m, each in enumerate(node.iter.elts) if m != n]
                yield "rule dropped", _with(node, iter=_with(node.iter, elts=rest))
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "returns None", _with(node, value=ast.Constant(None))
            if isinstance(value, ast.Compare | ast.BoolOp):
                yield "returns True", _with(node, value=ast.Constant(True))
        case ast.ExceptHandler():
            yield "handler dropped", _with(node, body=[ast.Raise()])
        case ast.With() if all(item.optional_vars is None for item in node.items):
            yield "without `with`", ast.If(ast.Constant(True), node.body, [])
        case _:
            yield from _dropped(node)


def _compared(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    for n, op in enumerate(node.ops):
        for other in _COMPARED[type(op)]:
            yield "comparison", _with(node, ops=[*node.ops[:n], other(), *node.ops[n + 1 :]])


def _called(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLED:
        yield "other function", _with(node, func=ast.Name(_CALLED[node.func.id], ast.Load()))
    if isinstance(node.func, ast.Name) and node.func.id == "abs":
        yield "call dropped", node.args[0]
    two = node.args[:2]
    any_order = isinstance(node.func, ast.Name) and node.func.id in ("max", "min")
    if len(two) == 2 and not (any_order or any(isinstance(each, ast.Starred) for each in two) or _both_texts(two)):
        yield "arguments swapped", _with(node, args=[two[1], two[0], *node.args[2:]])


def _dropped(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    written = isinstance(node, ast.Assign) and any(
        isinstance(each, ast.Attribute | ast.Subscript) for each in node.targets
    )
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
    if written or called or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break):
        yield "statement dropped", ast.Pass()


def _with(node: ast.AST, **changes: object) -> ast.AST:
    made = copy.copy(node)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _both_texts(args: list[ast.expr]) -> bool:
    """`Deny(rule, reason)`: two texts change places, and only a reader would see."""
    return all(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in args
    )


def _of_types(node: ast.BinOp) -> bool:
    """`A | B` of types, in a value position."""
    sides = [*ast.walk(node.left), *ast.walk(node.right)]
    names = [each.id for each in sides if isinstance(each, ast.Name)]
    return isinstance(node.op, ast.BitOr) and any(
        name[:1].isupper() or name in ("str", "int", "bool") for name in names
    )


def _line(node: ast.AST) -> int:
    if isinstance(node, ast.keyword):
        return node.value.lineno
    return int(getattr(node, "lineno", 1))


def _text(node: ast.AST) -> str:
    """One line of source, cut at 160 characters."""
    if isinstance(node, ast.ExceptHandler):
        caught = f"except {ast.unparse(node.type)}" if node.type else "except"
        return f"{caught}: {'raise' if isinstance(node.body[0], ast.Raise) else '…'}"
    said = ast.unparse(node)
    lines = said.splitlines()
    shown = (
        lines[0] if len(lines) > 1 and isinstance(node, ast.If | ast.For | ast.With | ast.While) else " ".join(lines)
    )
    return shown if len(shown) <= 160 else shown[:159] + "…"
