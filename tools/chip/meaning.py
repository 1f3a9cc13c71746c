"""What every name of a chip's program means: of which file, or of the system, or only here."""

import ast
from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

from tools.chip.program import Trees, file_of


class Module(NamedTuple):
    """A name stands for a file of the program."""

    path: str


class Global(NamedTuple):
    """.. for what a file calls so at its top."""

    path: str
    name: str


class Foreign(NamedTuple):
    """.. for something of a module beyond the program; without a name, for the module."""

    module: str
    name: str


Target = Module | Global | Foreign
Import = ast.Import | ast.ImportFrom
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Scope = _Function | ast.Lambda | ast.ClassDef | _Comprehension


class Program:
    """The files of a program and the names at the top of each."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self._tops = {path: bound(tree) for path, tree in trees.items()}
        self.imported = {path: dict(self.imports(tree.body)) for path, tree in trees.items()}
        self.defined = {path: top - self.imported[path].keys() for path, top in self._tops.items()}

    def imports(self, statements: Iterable[ast.AST]) -> Iterator[tuple[str, Target]]:
        """(name, what it stands for) for each import among some statements."""
        for statement in statements:
            for alias in statement.names if isinstance(statement, Import) else ():
                if isinstance(statement, ast.ImportFrom):
                    target = self._named(statement.module or "", alias.name)
                else:
                    target = Foreign(alias.name, "")
                yield alias.asname or alias.name, target

    def _named(self, module: str, name: str) -> Target:
        submodule = file_of(f"{module}.{name}", self.trees)
        if submodule:
            return Module(submodule)
        path = file_of(module, self.trees)
        is_there = name in self._tops.get(path, ())
        return Global(path, name) if is_there else Foreign(module, name)

    def has(self, path: str, name: str) -> bool:
        """Whether a file gives ``name`` a meaning at its top."""
        return name in self._tops[path]

    def origin(self, target: Target) -> Target:
        """Where something comes from that a file may have imported itself."""
        while isinstance(target, Global) and target.name in self.imported[target.path]:
            target = self.imported[target.path][target.name]
        return target


class Names(ast.NodeVisitor):
    """What the names in one file mean.

    ``targets``: node -> what it stands for, of each name or dotted name that is not local;
    ``locals``: names that a scope in it gives a meaning to; ``builtins``: names of the language.
    """

    def __init__(self, program: Program, path: str, here: Container[str]) -> None:
        """``here``: paths whose names are not local though they are imported in a function."""
        self.targets: dict[ast.AST, Target] = {}
        self.locals: set[str] = set()
        self.builtins: set[str] = set()
        self._program = program
        self._path = path
        self._here = here
        self._scopes: list[tuple[ast.AST, set[str], dict[str, Target]]] = []
        for statement in program.trees[path].body:
            self.visit(statement)

    def _meaning(self, name: str) -> Target | None:
        """None: it is local."""
        for scope, names, imported in reversed(self._scopes):
            is_seen = not isinstance(scope, ast.ClassDef) or scope is self._scopes[-1][0]
            if is_seen and name in imported:
                return imported[name]
            if is_seen and name in names:
                return None
        if self._program.has(self._path, name):
            return self._program.origin(Global(self._path, name))
        self.builtins.add(name)
        return None

    def _of(self, node: ast.AST) -> Target | None:
        """What a name, or a dotted name, stands for."""
        if isinstance(node, ast.Name):
            return self._meaning(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._of(node.value)
            if isinstance(owner, Module) and self._program.has(owner.path, node.attr):
                return self._program.origin(Global(owner.path, node.attr))
        return None

    def visit_Name(self, node: ast.Name) -> None:
        target = self._of(node)
        if target:
            self.targets[node] = target

    def visit_Attribute(self, node: ast.Attribute) -> None:
        target = self._of(node)
        if target:
            self.targets[node] = target
        else:
            self.visit(node.value)

    def visit_Global(self, node: ast.Global) -> None:
        self.targets[node] = Module(self._path)  # its names are those of the file

    # -- scopes

    def _enter(self, scope: ast.AST, inside: Iterable[ast.AST]) -> None:
        imported: dict[str, Target] = {}
        for name, target in self._program.imports(_within(scope)):
            origin = self._program.origin(target)
            if not isinstance(origin, Foreign) and origin.path in self._here:
                imported[name] = origin
        self._scopes.append((scope, bound(scope), imported))
        self.locals |= bound(scope)
        for node in inside:
            self.visit(node)
        self._scopes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._define(node, node.name)
        for outside in [*node.decorator_list, *_defaults(node.args)]:
            self.visit(outside)
        self._enter(node, node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for outside in _defaults(node.args):
            self.visit(outside)
        self._enter(node, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._define(node, node.name)
        for outside in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(outside)
        self._enter(node, node.body)

    def _define(self, node: ast.AST, name: str) -> None:
        if not self._scopes:
            self.targets[node] = Global(self._path, name)

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, _Comprehension):
            return super().visit(node)
        first = node.generators[0]
        self.visit(first.iter)
        rest = [child for child in ast.iter_child_nodes(node) if child is not first]
        return self._enter(node, [*rest, first.target, *first.ifs])


def bound(scope: ast.AST) -> set[str]:
    """The names that a module, class, function or comprehension itself gives a meaning to."""
    names: set[str] = set()
    elsewhere: set[str] = set()
    for node in _within(scope):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, _Function | ast.ClassDef | ast.ExceptHandler):
            names.add(node.name or "")
        elif isinstance(node, Import):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere |= set(node.names)
    return names - elsewhere


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope; of the scopes in it only their heads."""
    if isinstance(scope, ast.Lambda):
        own: list[ast.AST] = [*_arguments(scope.args), scope.body]
    elif isinstance(scope, _Function):
        own = [*_arguments(scope.args), *scope.body]
    elif isinstance(scope, ast.ClassDef):
        own = list(scope.body)
    elif isinstance(scope, _Comprehension):
        own = [generator.target for generator in scope.generators]
    else:
        own = list(ast.iter_child_nodes(scope))
    while own:
        node = own.pop()
        yield node
        if not isinstance(node, _Scope):
            own += ast.iter_child_nodes(node)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    several = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *several]


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return arguments.defaults + [default for default in arguments.kw_defaults if default]
