"""Whether a column of demand holds measured or estimated figures, by its name."""

from coverage_kit.collect.logs.columns import plain_name
from coverage_kit.vocabulary import ESTIMATED, DemandKind

# Words in the names of columns whose figures a tool estimates: search volumes of keyword tools.
_ESTIMATES = ("volume", "monthlysearches", "estimate", "msv")


def kind_of_demand(column: str | None) -> DemandKind | None:
    """Return the kind of the figures in a column; None where its name does not say so.

    >>> kind_of_demand("Avg. monthly searches"), kind_of_demand("times asked")
    ('estimated', None)
    """
    name = plain_name(column or "")
    return ESTIMATED if any(word in name for word in _ESTIMATES) else None
