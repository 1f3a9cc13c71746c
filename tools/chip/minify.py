"""Shorter names for a chip: same source, fewer words to remember.

MicroPython keeps every name of a program in RAM, once per different name.  Names with a leading
underscore belong to their file and its kin, so the same few short ones serve everywhere; the same
goes for parameters that nobody passes by keyword.  Nothing else is touched.
"""

import ast
import itertools
import string
from collections import Counter
from collections.abc import Iterable, Iterator

from tools.chip.fold import fold
from tools.chip.link import link
from tools.chip.program import Trees, aliases
from tools.chip.shake import shake
from tools.chip.share import share

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_LETTERS = string.ascii_lowercase + string.ascii_uppercase


def minify(
    sources: dict[str, str], roots: set[str], main: str = "", opened: Iterable[str] = ()
) -> dict[str, str]:
    """The files of one program, by path, smaller; those in ``roots`` are where it starts.

    ``main``: what is loaded with this one, and with those in ``opened``, is linked into it; then
    public attributes get short names, too.
    """
    trees = {path: ast.parse(text, path) for path, text in sources.items()}
    fold(trees)
    shake(trees, roots)
    keywords = {node.arg or "" for node in _nodes(trees) if isinstance(node, ast.keyword)}
    short = _short_private_names(trees, keywords)
    for tree in trees.values():
        _rename(tree, short)
        _shorten_parameters(tree, keywords)
    if main:
        share(trees)
        trees = link(trees, main, opened)
    for tree in trees.values():
        ast.fix_missing_locations(tree)
    return {path: ast.unparse(tree) + "\n" for path, tree in trees.items()}


def _nodes(trees: Trees) -> Iterator[ast.AST]:
    return itertools.chain.from_iterable(ast.walk(tree) for tree in trees.values())


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
    """Long name -> short one; the names used most get the shortest."""
    used = {path: _private_names(tree) for path, tree in trees.items()}
    defined = {name for node in _nodes(trees) for name in _defined(node)}
    parameters = {node.arg for node in _nodes(trees) if isinstance(node, ast.arg)}
    texts = {str(node.value) for node in _nodes(trees) if isinstance(node, ast.Constant)}
    counted = sum(used.values(), Counter())
    foreign = counted.keys() - defined
    fixed = foreign | parameters | keywords | texts
    near = _conflicts(trees, used)
    short: dict[str, str] = {}
    for name, _ in counted.most_common():
        if name not in fixed:
            taken = {short.get(other) for other in near[name]} | near[name] | foreign
            short[name] = next(c for c in _candidates("_") if c == name or c not in taken)
    return short


def _private_names(tree: ast.Module) -> Counter[str]:
    return Counter(n for node in ast.walk(tree) for n in _named(node) if _is_private(n))


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


def _candidates(head: str) -> Iterator[str]:
    pairs = (head + a + b for a in _LETTERS for b in _LETTERS)
    return itertools.chain((head + letter for letter in _LETTERS), pairs)


def _rename(tree: ast.Module, short: dict[str, str]) -> None:
    """Give the names of one file their short form."""
    for node in ast.walk(tree):
        for field in ("attr", "id", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                setattr(node, field, short.get(name, name))
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [short.get(name, name) for name in node.names]


# -- parameters


def _shorten_parameters(tree: ast.Module, keywords: set[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, _Function) and not node.decorator_list:
            _shorten(node, keywords)


def _shorten(function: _Function, keywords: set[str]) -> None:
    """Shorten those parameters that are nothing but names within ``function``."""
    inner = _inside(function)
    names = [node for node in inner if isinstance(node, ast.Name)]
    arguments = Counter(node.arg for node in inner if isinstance(node, ast.arg))
    bound = {name for node in inner for name in _bound_otherwise(node)}
    taken = {node.id for node in names} | arguments.keys() | bound
    for argument in _own_arguments(function):
        old = argument.arg
        is_plain = arguments[old] == 1 and old not in keywords | bound | {"self", "cls"}
        if not is_plain or len(old) == 1:
            continue
        argument.arg = next(c for c in _candidates("") if c not in taken)
        taken.add(argument.arg)
        for name in names:
            if name.id == old:
                name.id = argument.arg


def _inside(function: _Function) -> list[ast.AST]:
    """What belongs to ``function``: its defaults are made where it stands."""
    arguments = function.args
    defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]
    outside = {id(node) for default in defaults for node in ast.walk(default)}
    return [node for node in ast.walk(function) if id(node) not in outside]


def _own_arguments(function: _Function) -> list[ast.arg]:
    own = function.args
    return own.args + own.kwonlyargs + [a for a in (own.vararg, own.kwarg) if a]


def _bound_otherwise(node: ast.AST) -> list[str]:
    """The names that a node gives a meaning to without being an ast.Name."""
    if isinstance(node, ast.Global | ast.Nonlocal):
        return node.names
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).split(".")[0]]
    if isinstance(node, ast.ExceptHandler | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name or ""]
    return []
