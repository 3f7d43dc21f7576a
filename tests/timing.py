"""CPU time on machines where other work runs beside the tests."""

import gc
import time
from collections.abc import Callable


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU seconds of a call, without those of a collection of the tests' garbage."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        call()
        return time.process_time() - start
    finally:
        gc.enable()


def is_in_proportion(call: Callable[[int], object], small: int, large: int) -> bool:
    """Return whether the CPU time of a call grows with the size, and not with its square.

    A large size may take twice its share and 0.2 s more. Neighbours on the machine can slow one
    try down, so the best of three counts; a time that grows with the square fails in each.
    """
    factor = 2 * large / small
    return any(
        cpu_seconds(lambda: call(large)) < factor * cpu_seconds(lambda: call(small)) + 0.2
        for _ in range(3)
    )
