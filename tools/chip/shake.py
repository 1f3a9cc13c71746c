"""What nobody uses stays off the chip: unused constants, functions, classes, methods, imports.

A definition counts as used when its name is spelled, as a name, an attribute, a keyword or a text,
by the main file, by what modules do as they load, or by a definition that is used itself.  Names
with two underscores are used by the language.
"""

import ast
from typing import NamedTuple, TypeGuard

from tools.chip.program import Trees

_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class _Unit(NamedTuple):
    """A statement that does nothing but give a meaning to one name."""

    name: str
    statement: ast.stmt
    spelled: set[str]
    methods: "list[_Unit]"  # that can be used once the class is


def shake(trees: Trees, roots: set[str]) -> None:
    """Drop in place what is unused; files in ``roots`` stay whole."""
    used: set[str] = set()
    units: list[_Unit] = []
    for path, tree in trees.items():
        _drop_notes(tree)
        for statement in tree.body:
            found = [] if path in roots else _units(statement)
            units += found
            if not found and (path in roots or not _is_import(statement)):
                used |= _spelled(statement)
    kept = _reached(units, used)
    for path, tree in trees.items():
        if path not in roots:
            _drop(tree, kept)


def _units(statement: ast.stmt) -> list[_Unit]:
    """What a statement of a module or class defines; nothing if it does anything else."""
    if isinstance(statement, ast.ClassDef):
        methods = [unit for inner in statement.body for unit in _units(inner)
                   if isinstance(inner, _Defined)]  # fmt: skip
        rest = [inner for inner in statement.body if not isinstance(inner, _Defined)]
        spelled = _spelled(*statement.bases, *statement.decorator_list, *rest)
        return [_Unit(statement.name, statement, spelled, methods)]
    if isinstance(statement, _Defined):
        return [_Unit(statement.name, statement, _spelled(statement), [])]
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            return [_Unit(target.id, statement, _spelled(statement.value), [])]
    if _is_import(statement):  # kept as long as one of its names is read
        renamed = [alias for alias in statement.names if alias.asname]
        return [_Unit(alias.asname or "", statement, {alias.name}, []) for alias in renamed]
    return []


def _spelled(*nodes: ast.AST) -> set[str]:
    used: set[str] = set()
    for node in [inner for root in nodes for inner in ast.walk(root)]:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            used.add(node.id)
        elif isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            used.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            used.update(node.value.replace(".", " ").split())
        elif isinstance(node, ast.Global):
            used.update(node.names)
        elif isinstance(node, ast.alias):
            used.update(node.name.split("."))
    return used


def _reached(units: list[_Unit], used: set[str]) -> set[ast.stmt]:
    """The statements of those units that ``used`` names, and that these name in turn."""
    kept: set[ast.stmt] = set()
    before = -1
    while len(kept) > before:
        before = len(kept)
        waiting: list[_Unit] = []
        for unit in units:
            if unit.name in used or unit.name.startswith("__"):
                kept.add(unit.statement)
                used |= unit.spelled
                waiting += unit.methods
            else:
                waiting.append(unit)
        units = waiting
    return kept


def _drop_notes(tree: ast.Module) -> None:
    """Leave out what says nothing to a chip: docstrings, annotations, __slots__."""
    for node in ast.walk(tree):
        if isinstance(node, _Defined | ast.Module):
            kept = [_without_note(s) for s in node.body if not _is_note(s)]
            node.body = kept if isinstance(node, ast.Module) else kept or [ast.Pass()]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            node.returns = None  # of viper functions it means something


def _without_note(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.AnnAssign) and statement.value:
        return ast.Assign([statement.target], statement.value)
    return statement


def _is_note(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0]) == "__slots__"
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _drop(tree: ast.Module, kept: set[ast.stmt]) -> None:
    """Leave only ``kept`` of what the file defines, and the imports that this needs."""
    tree.body = [s for s in tree.body if s in kept or not _units(s) or _is_import(s)]
    for definition in [s for s in tree.body if isinstance(s, ast.ClassDef)]:
        body = [s for s in definition.body if s in kept or not isinstance(s, _Defined)]
        definition.body = body or [ast.Pass()]
    local = _names_read(tree)
    for statement in tree.body:
        if _is_import(statement):
            statement.names = [a for a in statement.names if (a.asname or a.name) in local]
    tree.body = [s for s in tree.body if not _is_import(s) or s.names]


def _is_import(statement: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(statement, ast.ImportFrom)


def _names_read(tree: ast.Module) -> set[str]:
    """The names a file reads, and those it offers to others by listing them in __all__."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return names | {text for text in texts if isinstance(text, str)}
