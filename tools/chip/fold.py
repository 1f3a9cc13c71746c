"""Constants where they are used: what is known when a chip's image is built is not looked up there.

A name in capitals (or a private one) that a module gives one number, text or truth, once, is
replaced by that value wherever the program reads it; what then cannot happen is left out.
"""

import ast
import operator
from collections import Counter
from typing import TypeGuard

from tools.chip.program import Trees, aliases

Known = dict[tuple[str, str], int | str | bytes]  # (file, name there) -> its value

_KNOWN: Known = {("edge/system/__init__.py", "MICROPYTHON"): True}
_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.BitOr: operator.or_,
    ast.LShift: operator.lshift, ast.BitXor: operator.xor, ast.FloorDiv: operator.floordiv,
}  # fmt: skip
_INT_MAX = 1 << 30  # beyond that a number is an object on a chip: better made once
_TEXT_MAX = 24  # likewise a text, or bytes


def fold(trees: Trees) -> None:
    """Fold in place, until nothing new is known."""
    known: Known = {}
    while True:
        before = len(known)
        for path, tree in trees.items():
            _Folder(path, tree, trees, known).visit(tree)
            _learn(path, tree, known)
        if len(known) == before:
            return


def _learn(path: str, tree: ast.Module, known: Known) -> None:
    """Note the constants the module at ``path`` defines."""
    stores = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_store(n))
    changed = {n for node in ast.walk(tree) if isinstance(node, ast.Global) for n in node.names}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target, value = statement.targets[0], _negated(_without_const(statement.value))
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Constant):
            continue
        is_constant = target.id.isupper() and stores[target.id] == 1 and target.id not in changed
        if is_constant and _is_small(value.value):
            known[path, target.id] = value.value
    known.update({place: value for place, value in _KNOWN.items() if place[0] == path})


def _is_store(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _without_const(value: ast.expr) -> ast.expr:
    """What stands inside of ``const(...)``."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
        return value.args[0]
    return value


def _negated(value: ast.expr) -> ast.expr:
    """A number below zero as one constant."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        number = _integer(value.operand)
        return value if number is None else ast.Constant(-number)
    return value


def _is_small(value: object) -> TypeGuard[int | str | bytes]:
    if isinstance(value, int):
        return -_INT_MAX < value < _INT_MAX
    return isinstance(value, str | bytes) and len(value) <= _TEXT_MAX


class _Folder(ast.NodeTransformer):
    """Puts values in place of the names of one file."""

    def __init__(self, path: str, tree: ast.Module, trees: Trees, known: Known) -> None:
        self._path = path
        self._known = known
        self._names, self._modules = aliases(tree, trees)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        origin = self._names.get(node.id, (self._path, node.id))
        if isinstance(node.ctx, ast.Load) and origin in self._known:
            return ast.Constant(self._known[origin])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            origin = (self._modules.get(node.value.id, ""), node.attr)
            if origin in self._known:
                return ast.Constant(self._known[origin])
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node

    def visit_If(self, node: ast.If) -> object:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return (node.body if node.test.value else node.orelse) or ast.Pass()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """What comes first and is known decides, or says nothing."""
        self.generic_visit(node)
        is_or = isinstance(node.op, ast.Or)
        while len(node.values) > 1 and isinstance(node.values[0], ast.Constant):
            decides = bool(node.values[0].value) is is_or
            node.values = node.values[:1] if decides else node.values[1:]
        return node.values[0] if len(node.values) == 1 else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        operation = _OPERATORS.get(type(node.op))
        left, right = _integer(node.left), _integer(node.right)
        if operation is None or left is None or right is None:
            return node
        return ast.Constant(operation(left, right))

    def _skip(self, node: ast.AST) -> ast.AST:
        return node  # an f-string's parts are not expressions of their own

    visit_FormattedValue = _skip

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        for argument in node.args + node.kwonlyargs:
            if not _is_viper(argument):
                argument.annotation = None
        return self.generic_visit(node)


def _integer(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def _is_viper(argument: ast.arg) -> bool:
    """Annotations mean something to viper: ptr8, ptr32, int, uint."""
    note = argument.annotation
    return isinstance(note, ast.Name) and note.id in ("ptr8", "ptr16", "ptr32", "int", "uint")
