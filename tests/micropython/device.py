"""Runs the tests of one module on MicroPython: `micropython -m device tests.edge.wire.test_x`."""

import gc
import sys

from edge.system import aio

TEST_TIMEOUT_MS = 60000
COLLECT_BYTES = 4096  # as firmware/main.py has it: collect early, and few holes are left


def run_test(function) -> bool:
    try:
        result = function()
        if hasattr(result, "send"):  # a coroutine
            aio.run(aio.wait_for_ms(result, TEST_TIMEOUT_MS))
    except (Exception, aio.CancelledError) as error:
        sys.print_exception(error)
        return False
    return True


def main(name: str) -> int:
    """Run every ``test_`` function of module ``name``; returns how many failed."""
    gc.threshold(COLLECT_BYTES)
    try:
        module = __import__(name, None, None, ("*",))
    except Exception as error:
        sys.print_exception(error)
        print("FAILED", name, "cannot be imported")
        return 1
    failed = passed = heap_bytes_max = 0
    for test in sorted([name for name in dir(module) if name.startswith("test_")]):
        gc.collect()
        heap_bytes_max = max(heap_bytes_max, gc.mem_alloc())
        if run_test(getattr(module, test)):
            passed += 1
        else:
            failed += 1
            print("FAILED", test)
    print(passed, "passed,", failed, "failed;", heap_bytes_max, "bytes of heap between tests")
    return failed or not passed
