"""One try for each page: whatever is wrong with a page is that page's fault and ends no run."""

import logging
from collections.abc import Callable
from typing import TypeVar

Read = TypeVar("Read")
# What is wrong with a page, in a reader's words; any other error is named by its class.
_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (RecursionError, "nested too deeply"),
    (UnicodeError, "not in the encoding that it names"),
)

logger = logging.getLogger(__name__)


class PageError(Exception):
    """A page that cannot be read; its text says why."""


def try_page(page: str, read: Callable[[], Read], otherwise: Callable[[str], Read]) -> Read:
    """Return what `read` returns, or, where the page has a fault, what `otherwise` returns.

    Every reader of pages goes through here. MemoryError is no fault of a page, because pages are
    bounded in size: it ends the run.

    Args:
        page: the page's id or address, for the log.
        read: reads the page.
        otherwise: returns the result of a page with this status, such as 'unreadable: nested too
            deeply'.
    """
    try:
        return read()
    except MemoryError:
        raise
    # Hostile pages raise errors of every kind.
    except Exception as error:
        status = f"unreadable: {_describe(error)}"
        logger.warning("%r: %s", page, status)
        logger.debug("%r", page, exc_info=True)
        return otherwise(status)


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, PageError):
        return str(error)
    faults = (fault for kind, fault in _FAULTS if isinstance(error, kind))
    return next(faults, type(error).__name__)
