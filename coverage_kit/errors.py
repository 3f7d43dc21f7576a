"""The error tree: every error the toolkit raises on purpose says where, what, found and cure."""

from coverage_kit.usage import Spent


class CoverageKitError(Exception):
    """Base of all errors raised on purpose.

    Args:
        where: file, line, table, setting or function in which the trouble lies.
        what: what was expected there.
        found: what was found instead.
        cure: what the reader can do about it.
    """

    def __init__(self, where: str, what: str, found: str, cure: str) -> None:
        self.where = where
        self.what = what
        self.found = found
        self.cure = cure
        super().__init__(f"{where}: {what}; found {found}. {cure}")

    def __reduce__(
        self,
    ) -> tuple[type["CoverageKitError"], tuple[str, str, str, str]]:
        return type(self), (self.where, self.what, self.found, self.cure)


class SettingsError(CoverageKitError):
    """A settings file or value cannot be used."""


class SchemaError(CoverageKitError):
    """A table does not meet its schema (see tables.py)."""


class SiteError(CoverageKitError):
    """A site cannot be read, or holds no readable page."""


class LogError(CoverageKitError):
    """A log of queries and answers cannot be read."""


class EncoderError(CoverageKitError):
    """An encoder cannot be loaded, or vectors of different encoders meet."""


class RunError(CoverageKitError):
    """A run's folder cannot be read or written."""


class PictureError(CoverageKitError):
    """A figure cannot be drawn as a picture."""


class ModelError(CoverageKitError):
    """A language model or an answer engine gives no answer that can be used.

    `status` is the HTTP status that came instead, 0 for none; `retry_after` the header of that
    name; `may_cost` tells that the request may have been answered, and so has to be paid for,
    although no answer arrived. `spent` is what was spent before in vain on what was wanted, where
    whoever raises it keeps count.
    """

    status: int = 0
    retry_after: str = ""
    may_cost: bool = False
    spent: Spent | None = None


class DraftError(ModelError):
    """A language model gives no draft."""


class AskError(ModelError):
    """An answer engine gives no answer to a query of the panel."""


class JudgeError(ModelError):
    """A language model gives no grade."""


class BudgetError(CoverageKitError):
    """A task would cost more than its budget; `spent` is as in ModelError."""

    spent: Spent | None = None
