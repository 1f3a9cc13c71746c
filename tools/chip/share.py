"""Fewer words: attributes that no object has both of are called the same.

Each different word of a program takes heap; which word it is does not matter to a chip.  What an
object may have is what its class, and those it shares an ancestor with, define or use of
themselves.  An attribute keeps its name if something of the system may have it, if a text spells it
as for named tuples, or if it is given to an object from outside.
"""

import ast
import asyncio
import itertools
import string
from collections import Counter
from collections.abc import Iterator

from tools.chip.meaning import Foreign, Names, Program, bound
from tools.chip.program import Trees

_LETTERS = string.ascii_lowercase + string.ascii_uppercase
_OBJECTS = (  # of the system, that are handed around; also their methods keep their names
    asyncio.Event, asyncio.Lock, asyncio.Task, bool, bytearray, bytes, dict, float, int, list,
    memoryview, object, range, set, slice, str, tuple, Exception, OSError, (_ for _ in ()),
)  # fmt: skip
_HARMLESS = {"binascii", "collections", "errno", "gc", "heapq", "micropython", "struct"}


def share(trees: Trees) -> None:
    """Rename in place."""
    program = Program(trees)
    names = {path: Names(program, path, trees) for path in trees}
    families = _families(trees, names)
    fixed = _fixed(program, names)
    spelled = Counter(a.attr for path in trees for a in _attributes(trees[path], names[path]))
    new: dict[str, str] = {}
    for old, _ in sorted(spelled.items(), key=lambda item: (-item[1], item[0])):
        near = [family for family in families if old in family]
        if near and old not in fixed and not old.startswith("_"):
            new[old] = next(c for c in _candidates() if not any(c in family for family in near))
            for family in near:
                family.add(new[old])
    for path, tree in trees.items():
        _rename(tree, names[path], new)


def _families(trees: Trees, names: dict[str, Names]) -> list[set[str]]:
    """What the objects of each class and of its kin have."""
    nodes = [n for tree in trees.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    meant = {node: target for name in names.values() for node, target in name.targets.items()}
    classes = {meant[node]: node for node in nodes if node in meant}
    family = {node: _own(node) for node in nodes}
    for node in nodes:
        for parent in [classes[meant[b]] for b in node.bases if meant.get(b) in classes]:
            mine, theirs = family[node], family[parent]
            mine |= theirs
            family = {n: mine if had is theirs else had for n, had in family.items()}
    return list({id(one): one for one in family.values()}.values())


def _own(definition: ast.ClassDef) -> set[str]:
    """The names a class defines, those it uses of itself, and those read while it is made, which
    a method of that name would hide."""
    own = bound(definition)
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and _is_self(node):
            own.add(node.attr)
        elif isinstance(node, ast.Name) and node.id.startswith("_"):
            own.add(node.id)
    return own


def _is_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def _attributes(tree: ast.Module, names: Names) -> Iterator[ast.Attribute]:
    """Those of objects: what a module has is no attribute of anything once it is linked."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node not in names.targets:
            yield node


def _fixed(program: Program, names: dict[str, Names]) -> set[str]:
    """What must not be renamed."""
    fixed = {name for thing in _OBJECTS for name in dir(thing)}
    for path, tree in program.trees.items():
        fixed |= program.defined[path]  # of a module that a door hands out
        imported = program.imported[path].values()
        modules = {t.module.split(".")[0] for t in imported if isinstance(t, Foreign)}
        has_foreign = bool(modules - _HARMLESS)
        for node in ast.walk(tree):
            fixed |= _fixed_by(node, has_foreign)
    return fixed


def _fixed_by(node: ast.AST, has_foreign: bool) -> set[str]:
    """Names that ``node`` keeps; ``has_foreign``: its module uses objects that are not ours."""
    if isinstance(node, ast.keyword):
        return {node.arg or ""}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return set(node.value.replace(".", " ").split())
    if isinstance(node, ast.ClassDef):
        return {name for s in node.body if isinstance(s, ast.Assign) for name in bound(s)}
    if isinstance(node, ast.Attribute) and not _is_self(node):
        is_given = isinstance(node.ctx, ast.Store) or has_foreign
        return {node.attr} if is_given else set()
    return set()


def _candidates() -> Iterator[str]:
    pairs = ("_" + a + b for a in _LETTERS for b in _LETTERS)
    return itertools.chain(("_" + letter for letter in _LETTERS), pairs)


def _rename(tree: ast.Module, names: Names, new: dict[str, str]) -> None:
    for attribute in _attributes(tree, names):
        attribute.attr = new.get(attribute.attr, attribute.attr)
    for node in ast.walk(tree):
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                method.name = new.get(method.name, method.name)
