"""How many rounds a reliability test makes: few in `make test`, many in `make test-full`."""

import os


def rounds(short: int, full: int) -> int:
    """Return the number of rounds: `full` where COVERAGE_KIT_LONG is set."""
    return full if os.environ.get("COVERAGE_KIT_LONG") else short
