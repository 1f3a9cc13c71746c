"""One long text instead of many: what a chip says of errors is cut out of it when it is said.

A text that lies in flash takes 20 bytes of heap all the same, for the object that stands for it.
"""

import ast

_WORD_MAX = 10  # characters: what is no longer is a word to MicroPython, and no object
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def gather(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    """A module with the sentences of its functions in one text called ``name``.

    What has no space in it is no sentence, and may be looked up often.
    """
    cutter = _Cutter(name)
    for function in [n for statement in body for n in ast.walk(statement)]:
        if isinstance(function, _Function):
            function.body = [cutter.visit(statement) for statement in function.body]
    whole = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(cutter.whole))
    return [whole, *body] if cutter.whole else body


class _Cutter(ast.NodeTransformer):
    """Puts a piece of ``whole`` in place of each sentence."""

    def __init__(self, name: str) -> None:
        self.whole = ""
        self._name = name

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        text = node.value
        if not isinstance(text, str) or len(text) <= _WORD_MAX or " " not in text:
            return node
        start = self.whole.find(text)
        if start < 0:
            start = len(self.whole)
            self.whole += text
        piece = ast.Slice(ast.Constant(start), ast.Constant(start + len(text)))
        return ast.Subscript(ast.Name(self._name, ast.Load()), piece, ast.Load())

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return node  # its parts are no expressions of their own

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node  # what is in its functions is found there
