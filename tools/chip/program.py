"""A chip's program as syntax trees, and which name of a file means which name of another."""

import ast

Trees = dict[str, ast.Module]  # path such as edge/wire/varint.py -> its syntax tree


def file_of(module: str, trees: Trees) -> str:
    """The path of ``module``, or "" if it is not of the program."""
    path = module.replace(".", "/")
    return next((p for p in (path + ".py", path + "/__init__.py") if p in trees), "")


def aliases(tree: ast.Module, trees: Trees) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """(local name -> (file, name there), local name -> file of the module it stands for)."""
    names: dict[str, tuple[str, str]] = {}
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                local = alias.asname or alias.name
                submodule = file_of(f"{node.module}.{alias.name}", trees)
                if submodule:
                    modules[local] = submodule
                elif file_of(node.module, trees):
                    names[local] = (file_of(node.module, trees), alias.name)
    return names, modules
