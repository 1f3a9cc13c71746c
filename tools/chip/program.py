"""A chip's program as syntax trees, and which name of a file means which name of another."""

import ast
from collections.abc import Iterator

Trees = dict[str, ast.Module]  # path such as edge/wire/varint.py -> its syntax tree


def file_of(module: str, trees: Trees) -> str:
    """The path of ``module``, or "" if it is not of the program."""
    path = module.replace(".", "/")
    return next((p for p in (path + ".py", path + "/__init__.py") if p in trees), "")


def aliases(tree: ast.Module, trees: Trees) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """(local name -> (file, name there), local name -> file of the module it stands for)."""
    names: dict[str, tuple[str, str]] = {}
    modules: dict[str, str] = {}
    for module, alias in _imports(tree):
        local = alias.asname or alias.name
        submodule = file_of(f"{module}.{alias.name}", trees)
        if submodule:
            modules[local] = submodule
        elif file_of(module, trees):
            names[local] = (file_of(module, trees), alias.name)
    return names, modules


def _imports(tree: ast.Module) -> Iterator[tuple[str, ast.alias]]:
    """(module, name) for each name of each `from module import name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias) for alias in node.names)
