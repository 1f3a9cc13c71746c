"""Finds what MicroPython 1.25 lacks, or silently does otherwise, in a file both Pythons run.

mpy-cross refuses wrong syntax and the tests find wrong values; this names the rest early: imports,
attributes and forms of calls.  A branch only CPython takes (`if MICROPYTHON: ... else: HERE`,
`if TYPE_CHECKING:`) and annotations are not looked at.
"""

import ast
from collections.abc import Iterable
from pathlib import Path

OWN = ("edge", "transports", "tests")

# The modules there are, with the attributes the unix port has; None: not looked into.
MODULES: dict[str, str | None] = {
    "array": "array",
    "asyncio": "CancelledError Event IOQueue Lock Loop StreamReader StreamWriter Task "
    "ThreadSafeFlag TimeoutError core create_task current_task gather get_event_loop "
    "new_event_loop open_connection run sleep sleep_ms start_server stream wait_for wait_for_ms",
    "binascii": "a2b_base64 b2a_base64 crc32 hexlify unhexlify",
    "bluetooth": None,
    "collections": "OrderedDict deque namedtuple",
    "errno": None,
    "ffi": None,  # of the unix port alone, as termios
    "gc": "collect disable enable isenabled mem_alloc mem_free threshold",
    "hashlib": "md5 sha1 sha256",
    "heapq": "heapify heappop heappush",
    "io": "BytesIO IOBase StringIO open",
    "json": "dump dumps load loads",
    "machine": None,
    "micropython": None,
    "network": None,
    "os": "VfsLfs2 chdir errno getcwd getenv ilistdir listdir mkdir mount remove rename rmdir sep "
    "stat statvfs sync umount uname unlink urandom",
    "re": "compile match search sub",
    "select": "POLLERR POLLHUP POLLIN POLLOUT poll",
    "socket": None,  # constants differ by port; the file that asks must ask with getattr
    "struct": "calcsize pack pack_into unpack unpack_from",
    "sys": "argv byteorder exit implementation maxsize modules path platform print_exception "
    "stderr stdin stdout version version_info",
    "termios": "tcgetattr tcsetattr",
    "time": "gmtime localtime mktime sleep sleep_ms sleep_us ticks_add ticks_diff ticks_ms "
    "ticks_us time time_ns",
    "uctypes": None,
    "vfs": None,
}

METHODS = {
    **dict.fromkeys(
        "capitalize casefold expandtabs format_map isalnum isascii isdecimal isidentifier "
        "isnumeric isprintable istitle ljust maketrans removeprefix removesuffix rjust swapcase "
        "title translate zfill".split(),
        "str and bytes have no such method",
    ),
    **dict.fromkeys(
        "cast nbytes tobytes tolist toreadonly".split(), "memoryview has none: bytes(view)"
    ),
    "bit_count": "int has none",
    "bit_length": "int has none",
    "hexdigest": "write digest().hex()",
    "move_to_end": "OrderedDict has none",
    "with_traceback": "exceptions have none",
    "add_note": "exceptions have none",
    "add_done_callback": "asyncio has none",
    "truncate": "files have none",
}

NAMES = {
    **dict.fromkeys(
        "BlockingIOError BrokenPipeError BufferError ChildProcessError ConnectionAbortedError "
        "ConnectionError ConnectionRefusedError ConnectionResetError EnvironmentError "
        "FileExistsError FileNotFoundError IOError InterruptedError IsADirectoryError "
        "NotADirectoryError PermissionError ProcessLookupError".split(),
        "catch OSError and look at its errno",
    ),
    **dict.fromkeys(
        "BaseExceptionGroup ExceptionGroup ModuleNotFoundError RecursionError ReferenceError "
        "UnboundLocalError UnicodeDecodeError UnicodeEncodeError Warning aiter anext ascii "
        "breakpoint format quit vars".split(),
        "no such name on MicroPython",
    ),
    "TimeoutError": "import it from edge.system.aio",
    "print": "speak through edge.system.log",
}

NEVER_CALLED = (
    "__init_subclass__ __set_name__ __del__ __bytes__ __index__ __getattribute__ "
    "__class_getitem__ __new__ __prepare__"
).split()

TASK_MAKER = "edge/system/aio_chip.py"  # every task belongs to a Group, and Group lives there
ERRORS = ("strict", "ignore", "replace", "backslashreplace", "surrogateescape")
SLEEPS = ("sleep", "sleep_ms")


def findings(path: Path, name: str) -> list[str]:
    """What is wrong in the file ``path``, one `name:line: text` each."""
    reader = _Reader(name)
    reader.visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return reader.found


class _Reader(ast.NodeVisitor):
    """Walks one file; every visit_ method knows one group of rules."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[str] = []
        self._imported: dict[str, str] = {}  # local name -> module
        self._functions: list[ast.AST] = []

    def say(self, node: ast.AST, text: str) -> None:
        self.found.append(f"{self.name}:{getattr(node, 'lineno', 0)}: {text}")

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    # what is imported, and what of it is there

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._check_module(node, alias.name)
            self._imported[alias.asname or alias.name] = alias.name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self.say(node, "relative import: the line should say which room it calls")
            return
        self._check_module(node, module)
        for alias in node.names:
            self._check_attribute(node, module, alias.name)

    def _check_module(self, node: ast.AST, module: str) -> None:
        first = module.partition(".")[0]
        if first not in OWN and first not in MODULES:
            self.say(node, f"import {module}: not among the modules both Pythons have")

    def _check_attribute(self, node: ast.AST, module: str, attribute: str) -> None:
        known = MODULES.get(module)
        if known is not None and attribute not in known.split():
            self.say(node, f"{module}.{attribute}: MicroPython has none")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = self._imported.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
        if owner:
            self._check_attribute(node, owner, node.attr)
        elif node.attr in METHODS:
            self.say(node, f".{node.attr}: {METHODS[node.attr]}")
        if _is_mangled(node.attr):
            self.say(node, f"{node.attr}: MicroPython does not mangle private names")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in NAMES and node.id not in self._imported:
            self.say(node, f"{node.id}: {NAMES[node.id]}")

    # branches and annotations that MicroPython never runs

    def visit_If(self, node: ast.If) -> None:
        taken = _taken(node.test)
        self.visit_all([node.test])
        self.visit_all(node.body if taken != "else" else [])
        self.visit_all(node.orelse if taken != "body" else [])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit_all([node.target, node.value])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.args.posonlyargs:
            self.say(node, "positional-only parameters")
        if _is_mangled(node.name):
            self.say(node, f"{node.name}: MicroPython does not mangle private names")
        self._functions.append(node)
        self.visit_all([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
        self.visit_all(node.body)
        self._functions.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    # syntax that parses and then differs

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.keywords:
            self.say(node, "class keywords (metaclass)")
        if len(node.bases) > 1:
            self.say(node, "several bases: the order of methods differs")
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and part.name in NEVER_CALLED:
                self.say(part, f"{part.name} is never called")
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        self.say(node, "match statement")

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self.say(node, "except*")

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                self.say(node, 'del x[a:b] fails on a bytearray: x[a:b] = b""')
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        if node.step is not None:
            self.say(node, "a slice with a step fails on bytes, str, bytearray")
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        if None in node.keys:
            self.say(node, "{**mapping}")
        self.generic_visit(node)

    def visit_List(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        loads = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if loads and any(isinstance(element, ast.Starred) for element in node.elts):
            self.say(node, "[*iterable] and its like")
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self.visit_List(node)

    def visit_Set(self, node: ast.Set) -> None:
        self.visit_List(node)

    def visit_Yield(self, node: ast.Yield) -> None:
        if self._functions and isinstance(self._functions[-1], ast.AsyncFunctionDef):
            self.say(node, "async generator")
        self.generic_visit(node)

    def visit_ListComp(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        waits = any(isinstance(part, ast.Await) for part in ast.walk(node))
        if waits or any(part.is_async for part in node.generators):
            self.say(node, "await inside a comprehension")
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self.visit_ListComp(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.visit_ListComp(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.visit_ListComp(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        cause = node.cause
        if cause is not None and not (isinstance(cause, ast.Constant) and cause.value is None):
            self.say(node, "raise ... from: the cause is not kept, put it in the text")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        bare = node.type is None or (
            isinstance(node.type, ast.Name) and node.type.id == "BaseException"
        )
        if bare and not any(isinstance(part, ast.Raise) for part in ast.walk(node)):
            self.say(node, "swallows CancelledError: except Exception, or raise again")
        self.generic_visit(node)

    # calls

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "create_task" and self.name != TASK_MAKER:
                self.say(node, "every task belongs to an aio.Group")
            text = _wrong_method_call(node, node.func)
        elif isinstance(node.func, ast.Name):
            text = _wrong_call(node, node.func.id)
        else:
            text = ""
        if text:
            self.say(node, text)
        self.generic_visit(node)


def _wrong_method_call(node: ast.Call, function: ast.Attribute) -> str:
    name, owner = function.attr, function.value
    on_int = isinstance(owner, ast.Name) and owner.id == "int"
    if name == "from_bytes" and on_int and (node.keywords or len(node.args) != 2):
        return 'int.from_bytes(data, "big"): two plain arguments'
    if name == "to_bytes" and (node.keywords or len(node.args) == 1):
        return 'to_bytes(size, "big"): two plain arguments'
    if name in ("decode", "encode") and _names_errors(node):
        return f"{name}() of str and bytes knows neither errors= nor keywords"
    return _wrong_wait(node, name)


def _names_errors(node: ast.Call) -> bool:
    """Whether a call of decode or encode is the one of str and bytes with more than an encoding."""
    named = any(keyword.arg in ("errors", "encoding") for keyword in node.keywords)
    second = node.args[1] if len(node.args) > 1 else None
    return named or (isinstance(second, ast.Constant) and second.value in ERRORS)


def _wrong_call(node: ast.Call, name: str) -> str:
    keywords = [keyword.arg for keyword in node.keywords]
    if name == "pow" and len(node.args) == 3 and isinstance(node.args[1], ast.UnaryOp):
        return "pow(x, -n, m) is 0 on MicroPython: pow(x, p - 2, p)"
    if name == "OSError" and len(node.args) == 1:
        return "OSError(number) has no errno on CPython: OSError(number, text)"
    if name == "zip" and keywords:
        return "zip(strict=)"
    if name == "int" and "base" in keywords:
        return "int(text, 16): base as a plain argument"
    return _wrong_wait(node, name)


def _wrong_wait(node: ast.Call, name: str) -> str:
    """sleep() is one object for all on MicroPython: only `await` may take it."""
    if name not in ("wait_for", "wait_for_ms", "spawn") or not node.args:
        return ""
    waited = node.args[0]
    if not isinstance(waited, ast.Call):
        return ""
    called = getattr(waited.func, "attr", getattr(waited.func, "id", ""))
    return f"{name}(sleep()): wrap it in a coroutine function" if called in SLEEPS else ""


def _taken(test: ast.expr) -> str:
    """Which branch of an `if` MicroPython takes: "body", "else", or "" for either."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return {"body": "else", "else": "body"}.get(_taken(test.operand), "")
    name = test.id if isinstance(test, ast.Name) else getattr(test, "attr", "")
    return {"MICROPYTHON": "body", "TYPE_CHECKING": "else"}.get(name, "")


def _is_mangled(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")
