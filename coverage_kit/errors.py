"""The error tree: every error that the toolkit raises on purpose has four parts.

They say where the trouble is, what was expected, what was found, and how to cure it.
"""

from coverage_kit.escaping import for_line
from coverage_kit.usage import Spent


class CoverageKitError(Exception):
    """Base of all errors raised on purpose.

    Args:
        where: file, line, table, setting or function where the trouble is.
        what: what was expected there.
        found: what was found instead.
        cure: what the reader can do about it.
    """

    def __init__(self, where: str, what: str, found: str, cure: str) -> None:
        # Servers, files and pages may have written any part, and a terminal may show it.
        self.where = for_line(where)
        self.what = for_line(what)
        self.found = for_line(found)
        self.cure = for_line(cure)
        super().__init__(f"{self.where}: {self.what}; found {self.found}. {self.cure}")

    # Python pickles an exception by its message alone, which this constructor would refuse.
    def __reduce__(
        self,
    ) -> tuple[type["CoverageKitError"], tuple[str, str, str, str]]:
        return type(self), (self.where, self.what, self.found, self.cure)


class SettingsError(CoverageKitError):
    """A settings file or value cannot be used."""


class SchemaError(CoverageKitError):
    """A table does not meet its schema (see coverage_kit/tables/)."""


class SiteError(CoverageKitError):
    """A site cannot be read, or has no readable page."""


class LogError(CoverageKitError):
    """A log of queries and answers cannot be read."""


class EncoderError(CoverageKitError):
    """An encoder cannot be loaded, or vectors of different encoders are mixed."""


class RunError(CoverageKitError):
    """A run's folder cannot be read or written."""


class PictureError(CoverageKitError):
    """A figure cannot be drawn as a picture."""


class ModelError(CoverageKitError):
    """A language model or an answer engine gives no usable answer.

    `status` is the HTTP status that came instead, 0 for none; `retry_after` is the header of that
    name; `may_cost` says that the request may have been answered, and so may have to be paid for,
    although no answer arrived. `spent` is what earlier attempts at the same answer cost, if the
    raising code counts it.
    """

    status: int = 0
    retry_after: str = ""
    may_cost: bool = False
    spent: Spent | None = None


class DraftError(ModelError):
    """A language model returns no draft."""


class AskError(ModelError):
    """An answer engine returns no answer to a query of the panel."""


class JudgeError(ModelError):
    """A language model returns no grade."""


class BudgetError(CoverageKitError):
    """A task would cost more than its budget. `spent` has the same meaning as in ModelError."""

    spent: Spent | None = None
