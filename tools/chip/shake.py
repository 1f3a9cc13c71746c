"""What nobody uses stays off the chip: unused constants, functions, classes, methods, imports.

A name counts as used when any file of the program, its main included, spells it as a name, an
attribute, a keyword or a text.  Names with two underscores are used by the language itself.
"""

import ast

from tools.chip.program import Trees

_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def shake(trees: Trees, roots: set[str]) -> None:
    """Drop in place what is unused, until everything left is; files in ``roots`` stay whole."""
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
        _drop_docstrings(tree)
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


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, _Defined | ast.Module) and isinstance(body, list) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = body[1:] or [ast.Pass()]


def _drop(tree: ast.Module, used: set[str]) -> int:
    local = _names_read(tree)
    kept, dropped = [], 0
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and statement.name in used:
            methods = [s for s in statement.body if not _is_unused(s, used, methods_only=True)]
            dropped += len(statement.body) - len(methods)
            statement.body = methods or [ast.Pass()]
        elif isinstance(statement, ast.ImportFrom):
            names = [a for a in statement.names if (a.asname or a.name) in local]
            dropped += len(statement.names) - len(names)
            if not names:
                continue
            statement.names = names
        elif _is_unused(statement, used, methods_only=False):
            dropped += 1
            continue
        kept.append(statement)
    tree.body = kept
    return dropped


def _names_read(tree: ast.Module) -> set[str]:
    """The names a file reads, and those it offers to others by listing them in __all__."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return names | {text for text in texts if isinstance(text, str)}


def _is_unused(statement: ast.stmt, used: set[str], methods_only: bool) -> bool:
    if isinstance(statement, _Defined):
        name = statement.name
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
        if methods_only and not (len(statement.targets) == 1 and name.startswith("__slots")):
            return False
        if name == "__slots__":
            return True
    elif isinstance(statement, ast.AnnAssign) and statement.value is None:
        return True
    else:
        return False
    return name not in used and not name.startswith("__")
