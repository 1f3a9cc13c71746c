"""The rules of edge/README.md, held by tests.  Reads source only; needs nothing but pytest."""

import ast
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Lowest first.  A file may import its own room and those above it in this list.
ROOMS = (
    "edge.errors",
    "edge.system",
    "edge.wire",
    "edge.identity",
    "edge.mdns",
    "edge.swarm",
    "edge.routing",
    "edge.records",
    "edge.config",
    "edge.node",
    "transports",
    "edge.cli",
    "edge.__main__",
)
# transports/ sees edge through four windows only.
WINDOWS = ("edge.errors", "edge.system", "edge.wire", "edge.swarm.transport")
# The only places that know which Python this is, or touch the machine.
GROUND = ("edge.system", "transports", "edge.cli", "edge.__main__")
MACHINE = set(
    "asyncio bluetooth concurrent esp ctypes fcntl ifaddr machine multiprocessing network os "
    "pathlib select selectors serial shutil signal socket ssl subprocess sys termios threading "
    "time uctypes vfs".split()
)
BITS = {"unpack", "unpack_from", "pack", "pack_into"}
# A file named for a protocol noun holds a pure core.
NOUNS = set("agent arq cobs crc hop log message multistream noise query table yamux".split())
EMPTY_NAMES = set("base common helper helpers manager misc util utils".split())

FUNCTION_LINES = 60
FUNCTION_LINES_MEDIAN = 10
FILE_LINES = 500
FOLDER_ENTRIES = 13  # besides the door
NESTING = 3
PARAMETERS = 5


@dataclass
class Module:
    name: str
    path: Path
    tree: ast.Module

    @property
    def is_door(self) -> bool:
        return self.path.name == "__init__.py"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def load(*folders: str) -> list[Module]:
    modules = []
    for path in sorted(path for folder in folders for path in ROOT.glob(f"{folder}/**/*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        modules.append(Module(name, path, ast.parse(path.read_text("utf-8"), str(path))))
    return modules


PRODUCT = load("edge", "transports")
NAMES = {module.name for module in PRODUCT}
EVERYTHING = PRODUCT + load("tools", "firmware", "tests")


def inside(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def room_of(name: str) -> int:
    return next((i for i, room in enumerate(ROOMS) if inside(name, (room,))), -1)


def imported(node: ast.AST) -> Iterator[str]:
    """The modules one import statement names: `from edge.wire import cid` is edge.wire.cid."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or "."
        for alias in node.names:
            inner = f"{module}.{alias.name}"
            yield inner if inner in NAMES else module


def imports(module: Module) -> set[str]:
    """All a file imports: at its top, inside functions, and for type checkers only."""
    return {target for node in ast.walk(module.tree) for target in imported(node)}


def imports_when_loaded(module: Module) -> set[str]:
    """What a file imports as it is loaded."""
    return set(_at_load(module.tree.body))


def imports_at_run_time(module: Module) -> set[str]:
    """What a file imports as it is loaded or, hidden in a function, later."""
    found = set(_at_load(module.tree.body))
    for function in module.functions():
        found.update(target for node in ast.walk(function) for target in imported(node))
    return found


def _at_load(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        yield from imported(node)
        if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from _at_load([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from _at_load([*node.body, *node.orelse, *node.finalbody])


def pairs(modules: list[Module], find=imports) -> Iterator[tuple[str, str]]:
    for module in modules:
        for target in sorted(find(module)):
            yield module.name, target


def listed(pairs_wrong: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"{name} imports {target}" for name, target in pairs_wrong)


# 1. imports go down


def test_every_module_is_in_a_room():
    assert [m.name for m in PRODUCT if m.name != "edge" and room_of(m.name) < 0] == []


def test_imports_go_down():
    wrong = ((a, b) for a, b in pairs(PRODUCT) if room_of(b) > room_of(a))
    assert listed(wrong) == ""


def test_imports_are_absolute():
    wrong = [
        module.name
        for module in EVERYTHING
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert wrong == []


# 2. transports see edge through windows, and nothing but cli sees transports


def test_transports_see_edge_through_windows():
    wrong = (
        (a, b)
        for a, b in pairs(PRODUCT)
        if inside(a, ("transports",)) and inside(b, ("edge",)) and not inside(b, WINDOWS)
    )
    assert listed(wrong) == ""


def test_only_the_command_line_sees_transports():
    wrong = (
        (a, b)
        for a, b in pairs(PRODUCT)
        if inside(b, ("transports",)) and not inside(a, ("transports", "edge.cli"))
    )
    assert listed(wrong) == ""


# 3. doors


def test_every_folder_has_a_door():
    folders = {module.path.parent for module in EVERYTHING if module.path.parent != ROOT}
    product = {folder for folder in folders if folder.relative_to(ROOT).parts[0] != "tests"}
    missing = [folder for folder in product if not (folder / "__init__.py").exists()]
    assert [str(folder.relative_to(ROOT)) for folder in missing if folder.name != "firmware"] == []


def test_doors_do_not_import_their_inhabitants():
    doors = [module for module in PRODUCT if module.is_door]
    found = pairs(doors, imports_when_loaded)
    assert listed((a, b) for a, b in found if b.startswith(a + ".")) == ""


# 4. the ground


def test_only_the_ground_touches_the_machine():
    wrong = (
        (a, b) for a, b in pairs(PRODUCT) if b.split(".")[0] in MACHINE and not inside(a, GROUND)
    )
    assert listed(wrong) == ""


# 5. await or read bits


def awaits(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))


def reads_bits(tree: ast.Module) -> bool:
    """Shifts, struct, and integers out of or into bytes (not a value's own to_bytes())."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift | ast.RShift):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in BITS:
                return True
            if node.func.attr in ("from_bytes", "to_bytes") and len(node.args) == 2:
                return True
    return False


@pytest.mark.parametrize("module", PRODUCT, ids=lambda module: module.name)
def test_a_file_awaits_or_reads_bits_never_both(module: Module):
    assert not (awaits(module.tree) and reads_bits(module.tree))


def test_nouns_are_pure():
    wrong = [m.name for m in PRODUCT if m.path.stem in NOUNS and awaits(m.tree)]
    assert wrong == []


# 6. no cycles, no empty names


def test_no_import_cycle():
    """At load or hidden in functions.  A door that opens an inhabitant by need is no cycle."""
    graph = {
        module.name: {
            target
            for target in imports_at_run_time(module) & NAMES
            if not (module.is_door and target.startswith(module.name + "."))
        }
        for module in PRODUCT
    }
    assert circles(graph) == {}


def circles(graph: dict[str, set[str]]) -> dict[str, list[str]]:
    """What is left of ``graph`` once all without imports, or importers, are taken away."""
    while True:
        targets = {target for found in graph.values() for target in found}
        kept = {
            name: found & graph.keys()
            for name, found in graph.items()
            if found & graph.keys() and name in targets
        }
        if kept == graph:
            return {name: sorted(found) for name, found in graph.items()}
        graph = kept


def test_every_name_says_something():
    names = [*ROOT.glob("**/*.py"), *ROOT.glob("edge/**/"), *ROOT.glob("transports/**/")]
    names = [path for path in names if not {".venv", "build"} & set(path.parts)]
    assert [str(path.relative_to(ROOT)) for path in names if path.stem in EMPTY_NAMES] == []


# numbers


def test_functions_fit_a_screen():
    wrong = [
        f"{module.name}.{function.name}: {lines(function)} lines"
        for module in EVERYTHING
        for function in module.functions()
        if lines(function) > FUNCTION_LINES
    ]
    assert wrong == []


def test_functions_are_short_in_the_median():
    counted = [lines(function) for module in PRODUCT for function in module.functions()]
    assert statistics.median(counted) <= FUNCTION_LINES_MEDIAN


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def test_files_are_short():
    counted = {m.name: len(m.path.read_text("utf-8").splitlines()) for m in EVERYTHING}
    assert {name: count for name, count in counted.items() if count > FILE_LINES} == {}


def test_folders_are_small():
    counted = {
        folder.relative_to(ROOT).as_posix(): len([p for p in folder.iterdir() if visible(p)])
        for top in ("edge", "transports", "tools", "firmware", "boards")
        for folder in [ROOT / top, *ROOT.glob(top + "/**/")]
        if folder.is_dir() and visible(folder)
    }
    assert {name: count for name, count in counted.items() if count > FOLDER_ENTRIES} == {}


def visible(path: Path) -> bool:
    return path.name not in ("__pycache__", "__init__.py")


def test_functions_take_few_parameters():
    wrong = [
        f"{module.name}.{function.name}: {parameters(function)}"
        for module in EVERYTHING
        for function in module.functions()
        if parameters(function) > PARAMETERS
    ]
    assert wrong == []


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = function.args
    named = [a.arg for a in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
    return len([name for name in named if name not in ("self", "cls")])


def test_nesting_is_shallow():
    wrong = [
        f"{module.name}.{function.name}: {deepest(function.body)} deep"
        for module in EVERYTHING
        for function in module.functions()
        if deepest(function.body) > NESTING
    ]
    assert wrong == []


def deepest(body: list[ast.stmt]) -> int:
    """How many loops, branches and with-blocks stand inside each other; elif is no step deeper."""
    return max((_depth(node) for node in body), default=0)


def _depth(node: ast.stmt) -> int:
    if isinstance(node, ast.If):
        chained = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
        below = deepest(node.orelse)
        return max(1 + deepest(node.body), below if chained else 1 + below if below else 1)
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return 1 + max(deepest(node.body), deepest(node.orelse))
    if isinstance(node, ast.With | ast.AsyncWith):
        return 1 + deepest(node.body)
    if isinstance(node, ast.Try):  # the frame of an attempt, not a step of the thought
        handlers = [part for handler in node.handlers for part in handler.body]
        return deepest([*node.body, *handlers, *node.orelse, *node.finalbody])
    return 0


def test_every_file_says_what_it_is_for():
    code = [module for module in EVERYTHING if module.tree.body]
    assert [m.name for m in code if not ast.get_docstring(m.tree)] == []


def test_no_spec_of_the_week():
    """Marks of work in progress belong in an issue, not in the tree."""
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    assert [m.name for m in EVERYTHING if mark.search(m.path.read_text("utf-8"))] == []
