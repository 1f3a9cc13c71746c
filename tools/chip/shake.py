"""What nobody uses stays off the chip: unused constants, functions, classes, methods, imports.

A name counts as used when any file of the program, its main included, spells it as a name, an
attribute, a keyword or a text.  Names with two underscores are used by the language itself.
"""

import ast

from tools.chip.program import Trees

_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def shake(trees: Trees, roots: set[str]) -> None:
    """Drop in place what is unused, until everything left is; files in ``roots`` stay whole."""
    for tree in trees.values():
        _drop_notes(tree)
    while True:
        used = _used(trees)
        dropped = 0
        for path, tree in trees.items():
            if path not in roots:
                dropped += _drop(tree, used)
        if not dropped:
            return


def _used(trees: Trees) -> set[str]:
    used: set[str] = set()
    for tree in trees.values():
        for node in ast.walk(tree):
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


def _drop_notes(tree: ast.Module) -> None:
    """Leave out what says nothing to a chip: docstrings, annotations alone, __slots__."""
    for node in ast.walk(tree):
        if isinstance(node, _Defined | ast.Module):
            kept = [s for s in node.body if not _is_note(s)]
            node.body = kept if isinstance(node, ast.Module) else kept or [ast.Pass()]


def _is_note(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0]) == "__slots__"
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _drop(tree: ast.Module, used: set[str]) -> int:
    """Drop the unused of one file; how many."""
    local = _names_read(tree)
    kept, dropped = [], 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            names = [a for a in statement.names if (a.asname or a.name) in local]
            dropped += len(statement.names) - len(names)
            statement.names = names
            if not names:
                continue
        elif _is_unused(statement, used):
            dropped += 1
            continue
        elif isinstance(statement, ast.ClassDef):
            dropped += _drop_methods(statement, used)
        kept.append(statement)
    tree.body = kept
    return dropped


def _drop_methods(definition: ast.ClassDef, used: set[str]) -> int:
    body = definition.body
    kept = [s for s in body if not (isinstance(s, _Defined) and _is_unused(s, used))]
    definition.body = kept or [ast.Pass()]
    return len(body) - len(kept)


def _names_read(tree: ast.Module) -> set[str]:
    """The names a file reads, and those it offers to others by listing them in __all__."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return names | {text for text in texts if isinstance(text, str)}


def _is_unused(statement: ast.stmt, used: set[str]) -> bool:
    """Whether ``statement`` does nothing but give a meaning to one name that nobody uses."""
    if isinstance(statement, _Defined):
        name = statement.name
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id if len(statement.targets) == 1 else "__several__"
    else:
        return False
    return name not in used and not name.startswith("__")
