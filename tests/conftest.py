"""How pytest runs this tree: `async def` tests through aio.run, slow folders marked as slow."""

import inspect
import signal

import pytest

from edge.system import aio

TEST_TIMEOUT_MS = 60_000
SLOW_TEST_TIMEOUT_MS = 600_000
SLOW_FOLDERS = ("bench", "interop")  # of tests/


def pytest_configure() -> None:
    """A shell's background ignores Ctrl-C, nohup ignores hangups; what a test starts must not.

    A program inherits that a signal is ignored, but not who handles it.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(item.config.rootpath).parts[1] in SLOW_FOLDERS:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test on a fresh loop, under a bound."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    slow = pyfuncitem.get_closest_marker("slow")
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    test = pyfuncitem.obj(**arguments)
    aio.run(aio.wait_for_ms(test, SLOW_TEST_TIMEOUT_MS if slow else TEST_TIMEOUT_MS))
    return True
