"""Bounds of what a page may hold, so that hostile pages end early and with a reason."""

# The levels of lists, quotations and components within one another. Real pages have a tenth of
# them (assumed); the parser calls itself for each level.
MAX_NESTING = 100
# The levels of files that include files (assumed).
MAX_INCLUDE_DEPTH = 5
# The files that a page may include, with those that they include (assumed).
MAX_INCLUDES = 300


class MarkupError(Exception):
    """A page that cannot be parsed; its text says why."""
