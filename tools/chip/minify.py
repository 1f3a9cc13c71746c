"""Shorter names for a chip: same source, fewer words to remember.

MicroPython keeps every name of a program in RAM, once per different name.  Names with a leading
underscore belong to their file and its kin, so the same few short ones serve everywhere; the same
goes for parameters that nobody passes by keyword.  Nothing else is touched.
"""

import ast
import itertools
import string
from collections import Counter

from tools.chip.fold import fold
from tools.chip.program import Trees, aliases
from tools.chip.shake import shake

_LETTERS = string.ascii_lowercase + string.ascii_uppercase


def minify(sources: dict[str, str], roots: set[str]) -> dict[str, str]:
    """The files of one program, by path, smaller; those in ``roots`` are where it starts."""
    trees = {path: ast.parse(text, path) for path, text in sources.items()}
    fold(trees)
    shake(trees, roots)
    keywords = {
        node.arg for tree in trees.values() for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg
    }  # fmt: skip
    private = _Private(_short_private_names(trees, keywords))
    for tree in trees.values():
        private.visit(tree)
        _shorten_parameters(tree, keywords)
        ast.fix_missing_locations(tree)
    return {path: ast.unparse(tree) + "\n" for path, tree in trees.items()}


# -- private names


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def _named(node: ast.AST) -> list[str]:
    """The names a node spells."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Global | ast.Nonlocal):
        return node.names
    if isinstance(node, ast.alias):
        return [node.name, node.asname or node.name]
    return []


def _defined(node: ast.AST) -> list[str]:
    """Those of them that it gives a meaning; a system's own private names never get one here."""
    context = getattr(node, "ctx", None)
    return [] if isinstance(context, ast.Load) or isinstance(node, ast.alias) else _named(node)


def _short_private_names(trees: Trees, keywords: set[str]) -> dict[str, str]:
    used = {path: Counter(n for node in ast.walk(tree) for n in _named(node) if _is_private(n))
            for path, tree in trees.items()}  # fmt: skip
    defined = {n for tree in trees.values() for node in ast.walk(tree) for n in _defined(node)}
    parameters = {node.arg for tree in trees.values() for node in ast.walk(tree)
                  if isinstance(node, ast.arg)}  # fmt: skip
    foreign = set().union(*used.values()) - defined
    fixed = foreign | parameters | keywords
    near = _conflicts(trees, used)
    short: dict[str, str] = {}
    for name, _ in sum(used.values(), Counter()).most_common():
        if name not in fixed:
            taken = {short.get(other) for other in near[name]} | foreign
            short[name] = next(c for c in _candidates("_") if c not in taken)
    return short


def _conflicts(trees: Trees, used: dict[str, Counter[str]]) -> dict[str, set[str]]:
    """For each private name those that may stand beside it in one class or module."""
    near: dict[str, set[str]] = {}
    for path in trees:
        names = set().union(*[used[file] for file in _kin(path, trees)])
        for name in names:
            near.setdefault(name, set()).update(names - {name})
    return near


def _kin(path: str, trees: Trees) -> set[str]:
    """The file, and all that its classes inherit from may come from."""
    kin = {path}
    names, modules = aliases(trees[path], trees)
    origins = {name: file for name, (file, _) in names.items()} | modules
    for node in ast.walk(trees[path]):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            head = ast.unparse(base).split(".")[0]
            if head in origins and origins[head] not in kin:
                kin |= _kin(origins[head], trees)
    return kin


def _candidates(head: str) -> "itertools.chain[str]":
    pairs = (head + a + b for a in _LETTERS for b in _LETTERS)
    return itertools.chain((head + letter for letter in _LETTERS), pairs)


class _Private(ast.NodeTransformer):
    """Gives private names their short form; drops __slots__, which chips do not have."""

    def __init__(self, short: dict[str, str]) -> None:
        self._short = short

    def generic_visit(self, node: ast.AST) -> ast.AST:
        short = self._short
        for field in ("attr", "id", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                setattr(node, field, short.get(name, name))
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [short.get(name, name) for name in node.names]
        if isinstance(node, ast.ClassDef):
            node.body = [s for s in node.body if not _is_slots(s)] or [ast.Pass()]
        return super().generic_visit(node)


def _is_slots(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__slots__"


# -- parameters


def _shorten_parameters(tree: ast.Module, keywords: set[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            _shorten(node, keywords)


def _shorten(function: ast.FunctionDef | ast.AsyncFunctionDef, keywords: set[str]) -> None:
    inner = [node for node in ast.walk(function) if node is not function]
    names = [node for node in inner if isinstance(node, ast.Name)]
    arguments = [node for node in inner if isinstance(node, ast.arg)]
    scoped = {n for node in inner if isinstance(node, ast.Global | ast.Nonlocal) for n in node.names}
    taken = {node.id for node in names} | {node.arg for node in arguments} | scoped
    own = function.args
    for argument in own.args + own.kwonlyargs + [a for a in (own.vararg, own.kwarg) if a]:
        old = argument.arg
        repeated = [a for a in arguments if a.arg == old and a is not argument]
        if old in ("self", "cls") or old in keywords or repeated or old in scoped or len(old) < 2:
            continue
        new = next(c for c in _candidates("") if c not in taken)
        taken.add(new)
        argument.arg = new
        for name in names:
            if name.id == old:
                name.id = new
