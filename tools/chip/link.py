"""One file out of many: what a program loads as it starts becomes a single module of its image.

A module costs a chip about 300 bytes of heap before it holds anything: itself, a list of the words
it spells, a place for each name it imports.  In one file a name of another is a name like any
other, and each word is listed once.

    linked      what the main file imports, and imports in turn, as it loads
    opened      linked files that doors open by name, `__import__(name, .., ("Room",)).Room`: what
                they ask for is found in a table
    the others  rare code, imported when it is needed; takes what it uses from the linked file

A file that asks for its own name or names is not linked, nor is machine code.
"""

import ast
import itertools
import keyword
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tools.chip.meaning import Foreign, Global, Import, Module, Names, Program, Target
from tools.chip.program import Trees
from tools.chip.texts import gather

_FAMILIAR = 90
_WORD_MAX = 10  # a longer text is no word to MicroPython
# Words that every MicroPython has anyway.
_WORDS = """
    abs all any bin bool callable center chr clear count delattr dict dir discard divmod endswith
    enumerate eval exec extend filter find float format from_bytes fromhex fromkeys frozenset hash
    hex id index input insert intersection isalpha isdigit isdisjoint islower isspace issubclass
    issubset issuperset isupper items iter join keys locals lower lstrip map next object oct
    partition pop popitem real remove replace reverse reversed rfind rindex round rpartition rsplit
    rstrip set setdefault slice sort split splitlines startswith strip to_bytes union update upper
    values zip
""".split()
_UNLINKED = {"globals", "__name__", "__getattr__", "viper", "native"}


def link(trees: Trees, main: str, opened: Iterable[str] = ()) -> Trees:
    """The files of the smaller program; ``opened``: paths of what doors open as it starts."""
    linker = _Linker(trees, main, opened)
    small: Trees = {}
    bodies = []
    for path in [*linker.linked, *(path for path in trees if path not in linker.linked)]:
        rewriter = _Rewriter(linker, path)
        body = [s for s in map(rewriter.visit, trees[path].body) if s]
        if path in linker.linked:
            bodies += body
        else:
            small[path] = ast.Module(linker.imports(rewriter.taken) + body, [])
    bodies = linker.foreign_imports() + gather(_placed(bodies), linker.texts)
    bodies += linker.doors()
    small[main] = ast.Module(_familiar(bodies) + bodies, [])
    return small


class _Linker:
    """``linked``: paths, each after what it imports, the main file last; ``names``: what everything
    is called in the linked file; ``texts``: what its sentences are."""

    def __init__(self, trees: Trees, main: str, opened: Iterable[str]) -> None:
        self.program = Program(trees)
        self.linked: list[str] = []
        for path in [*opened, main]:
            self._close(path, [])
        self.meanings = {path: Names(self.program, path, self.linked) for path in trees}
        self._main = main
        self._nodes = [node for tree in trees.values() for node in ast.walk(tree)]
        targets = [item for names in self.meanings.values() for item in names.targets.items()]
        self.read = {t for node, t in targets if isinstance(getattr(node, "ctx", None), ast.Load)}
        self.names = self._name_all()

    def _close(self, path: str, above: list[str]) -> None:
        """Link ``path``, after what is loaded with it."""
        trees = self.program.trees
        if path in above or path in self.linked or not _can_be_linked(trees[path]):
            return
        targets = self.program.imported[path].values()
        needed = [target.path for target in targets if not isinstance(target, Foreign)]
        for other in _doors(path, trees) + needed:
            self._close(other, [*above, path])
        self.linked.append(path)

    def settled(self, target: Target) -> Target:
        """As the linked file sees it: what is not linked is imported from where it is."""
        if isinstance(target, Foreign) or target.path in self.linked:
            return target
        module = _dotted(target.path)
        if isinstance(target, Module):
            return Foreign(*module.rpartition(".")[::2])
        return Foreign(module, target.name)

    def _name_all(self) -> dict[Target, str]:
        """A word that is there anyway, as an attribute or a text, costs no heap as the name of
        something else.  Names of the main file stay, and those of exceptions, which are shown."""
        words = {word for word in map(_word, self._nodes) if word[:2] != "__"}.union(_WORDS) - {""}
        heirs = {n.name for n in self._nodes if isinstance(n, ast.ClassDef) and n.bases}
        found = [m for path in self.linked for m in self.meanings[path].targets.values()]
        foreign = sorted({t for t in map(self.settled, found) if isinstance(t, Foreign)})
        own = [Global(p, name) for p in self.linked for name in sorted(self.program.defined[p])]
        names: dict[Target, str] = {t: t.name for t in own if t.path == self._main}
        taken = set(names.values())
        for path in self.linked:
            taken |= self.meanings[path].locals | self.meanings[path].builtins
        kept = [target for target in own if target.name in heirs]
        same = [target for target in own if target.name in words]
        for target, name in [*_by_name(kept), *_by_name(foreign), *_by_name(same)]:
            if target not in names and name not in taken:
                names[target] = name
                taken.add(name)
        spare = sorted(words - taken, key=lambda name: (len(name), name))
        new = (f"_{number}" for number in itertools.count())
        free = itertools.chain(spare, (name for name in new if name not in taken | words))
        for target, _ in [*_by_name(foreign), *_by_name(own)]:
            if target not in names:
                names[target] = next(free)
        self.texts, self.open, self._table = next(free), next(free), next(free)
        return names

    def doors(self) -> list[ast.stmt]:
        """What opens a file by its name, now that it is here."""
        asked = {_asked(node) for node in self._nodes} - {""}
        found = [
            f"{_dotted(target.path)!r}: {name}"
            for target, name in self.names.items()
            if isinstance(target, Global) and target.name in asked
        ]
        text = f"""
{self._table} = {{{", ".join(sorted(found))}}}
def {self.open}(a, b):
    return {self._table}.get(a) or getattr(__import__(a, None, None, b), b[0])
"""
        return ast.parse(text).body if asked else []

    def imports(self, taken: dict[str, str]) -> list[ast.stmt]:
        """The import of names of the linked file: {name there: name here}."""
        aliases = [ast.alias(name, local) for name, local in sorted(taken.items())]
        return [ast.ImportFrom(_dotted(self._main), aliases, 0)] if aliases else []

    def foreign_imports(self) -> list[ast.stmt]:
        imports: list[ast.stmt] = []
        foreign = [(t, name) for t, name in self.names.items() if isinstance(t, Foreign)]
        for target, name in sorted(foreign):
            if target.name:
                imports.append(ast.ImportFrom(target.module, [ast.alias(target.name, name)], 0))
            else:
                imports.append(ast.Import([ast.alias(target.module, name)]))
        return imports


def _asked(node: ast.AST) -> str:
    """What a door asks of the file it opens: `__import__(path, None, None, ("name",)).name`."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Call):
        return ""
    call = ast.unparse(node.value)
    is_door = call.startswith("__import__(") and call.endswith(f", None, None, ('{node.attr}',))")
    return node.attr if is_door else ""


def _word(node: ast.AST) -> str:
    """The word that a node spells and that could be a name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    text = node.value if isinstance(node, ast.Constant) else ""
    is_name = isinstance(text, str) and len(text) <= _WORD_MAX and text.isidentifier()
    return str(text) if is_name and not keyword.iskeyword(str(text)) else ""


def _by_name(targets: Iterable[Global | Foreign]) -> list[tuple[Target, str]]:
    return [(t, t.module if isinstance(t, Foreign) and not t.name else t.name) for t in targets]


def _placed(bodies: list[ast.stmt]) -> list[ast.stmt]:
    """With each tuple of constants that one function reads in its place there."""
    nodes = [node for statement in bodies for node in ast.walk(statement)]
    reads = Counter(node.id for node in nodes if isinstance(node, ast.Name))  # and one store
    tuples: dict[str, ast.Tuple] = {}
    for statement in bodies:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Tuple):
            name = ast.unparse(statement.targets[0])
            are_constant = all(isinstance(one, ast.Constant) for one in statement.value.elts)
            if are_constant and reads[name] == 2:
                tuples[name] = statement.value
    placer = _Placer(tuples)
    functions = [s for s in bodies if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [s for s in bodies if isinstance(s, ast.ClassDef)]
    for statement in functions + classes:
        placer.visit(statement)
    return [s for s in bodies if not _assigns(s, placer.placed)]


def _assigns(statement: ast.stmt, names: set[str]) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) in names


class _Placer(ast.NodeTransformer):
    """Puts values in place of names."""

    def __init__(self, values: dict[str, ast.Tuple]) -> None:
        self.placed: set[str] = set()
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._values:
            return node
        self.placed.add(node.id)
        return self._values[node.id]


def _familiar(bodies: list[ast.stmt]) -> list[ast.stmt]:
    """A line that spells the most frequent words and does nothing.

    Words are numbered as they come; what uses one of the first 128 is a byte shorter."""
    spelled: Counter[str] = Counter()
    for node in [inner for statement in bodies for inner in ast.walk(statement)]:
        if isinstance(node, ast.Attribute):
            spelled[node.attr] += 1
    line: ast.expr = ast.Constant(0)
    for name, _ in spelled.most_common(_FAMILIAR):
        line = ast.Attribute(line, name, ast.Load())
    return [ast.Expr(ast.BoolOp(ast.And(), [ast.List([], ast.Load()), line]))]


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _doors(path: str, trees: Trees) -> list[str]:
    """The packages that ``path`` lies in."""
    parts = path.split("/")[:-1]
    doors = ["/".join([*parts[:n], "__init__.py"]) for n in range(1, len(parts) + 1)]
    return [door for door in doors if door in trees and door != path]


def _can_be_linked(tree: ast.Module) -> bool:
    spelled = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        spelled.add(function.name)
        spelled |= {d.attr for d in function.decorator_list if isinstance(d, ast.Attribute)}
    return not spelled & _UNLINKED


class _Rewriter(ast.NodeTransformer):
    """Gives the names of one file their meaning in the linked file, or from it.

    ``taken``: {name there: name here} of what a file that is not linked needs.
    """

    def __init__(self, linker: _Linker, path: str) -> None:
        self.taken: dict[str, str] = {}
        self._linker = linker
        self._path = path
        self._is_linked = path in linker.linked
        self._meaning = linker.meanings[path]
        self._depth = 0

    def _name(self, node: ast.Name | ast.Attribute) -> ast.AST:
        target = self._meaning.targets[node]
        settled = self._linker.settled(target)
        if not self._is_linked and isinstance(settled, Foreign):
            return node
        name = self._linker.names.get(settled)
        if name is None:
            raise ValueError(f"{self._path}: a module as a value, {ast.unparse(node)}")
        if not self._is_linked:
            is_used = name in self._meaning.locals | self._meaning.builtins
            name = self.taken.setdefault(name, name + "_" if is_used else name)
        return ast.Name(name, node.ctx)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._name(node) if node in self._meaning.targets else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node in self._meaning.targets:
            return self._name(node)
        if self._is_linked and isinstance(node.value, ast.Call) and _asked(node):
            path, _, _, names = [self.visit(argument) for argument in node.value.args]
            return ast.Call(ast.Name(self._linker.open, ast.Load()), [path, names], [])
        return self.generic_visit(node)

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return super().visit(node)
        if self._is_linked and node in self._meaning.targets:
            node.name = self._linker.names[self._meaning.targets[node]]
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        if self._is_linked:
            node.names = [self._linker.names[Global(self._path, name)] for name in node.names]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        if self._is_linked and not self._depth and self._is_idle(node):
            return None
        return self.generic_visit(node)

    def _is_idle(self, node: ast.Assign) -> bool:
        """A constant that is folded into all who read it, or a list of names for others."""
        target = self._meaning.targets.get(node.targets[0])
        is_read = target in self._linker.read
        name = ast.unparse(node.targets[0])
        return name == "__all__" or isinstance(node.value, ast.Constant) and not is_read

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return self._import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return self._import(node)

    def _import(self, node: Import) -> ast.AST | None:
        """Only what is not linked is imported, in the linked file where it was done in a function:
        elsewhere it is done at its top."""
        program = self._linker.program
        kept = []
        for alias in node.names:
            [(_, target)] = program.imports([_alone(node, alias)])
            is_linked = not isinstance(self._linker.settled(program.origin(target)), Foreign)
            if not is_linked and (self._depth or not self._is_linked):
                kept.append(alias)
        node.names = kept
        if kept:
            return node
        return ast.Pass() if self._depth else None


def _alone(node: Import, alias: ast.alias) -> ast.stmt:
    """An import of one of its names alone."""
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)
