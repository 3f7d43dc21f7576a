"""Evidence that reads names: whether the site writes those of a query, and its version or year."""

import numpy as np

from coverage_kit.match.added_passages import AddedPassages
from coverage_kit.match.names import NameIndex, VersionIndex
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.tables import Queries
from coverage_kit.text.identifiers import find_identifiers, find_proper_names
from coverage_kit.text.versions import name_years

NAME_FEATURES = ("names", "proper_names")
# The best own passages whose versions and years are compared with the query's. Assumed.
_VERSION_PASSAGES = 3


class NameEvidence:
    """The names, versions and years of a log, and what a site has of them under any change.

    Args:
        texts: the site's passages, with their headings.
        queries: the queries; all results have their order.
    """

    def __init__(self, texts: list[str], queries: Queries) -> None:
        self._n_passages = len(texts)
        self._names = [
            NameIndex(texts, list(queries["text"]), find_names)
            for find_names in (find_identifiers, find_proper_names)
        ]
        self.versions = VersionIndex(texts, _with_years(queries))

    def shares(self, hidden: Flags, added: AddedPassages | None) -> Floats:
        """Return NAME_FEATURES of all queries, shape (n queries, 2); -1 where it has no names.

        Args:
            hidden: which own passages to leave out.
            added: passages that the site has in addition.
        """
        texts = added.texts if added is not None else ()
        shares = [names.presence(hidden[: self._n_passages], texts) for names in self._names]
        return np.nan_to_num(np.column_stack(shares), nan=-1.0)

    def version_agreement(self, best: Rows, hidden: Flags) -> Floats:
        """Return whether the best passages are about each query's version or year, (n queries,).

        Nothing to compare counts as missing evidence: nan.

        Args:
            best: rows of the best own passages, best first, shape (n queries, k).
            hidden: which own passages to leave out.
        """
        order = np.argsort(hidden[best], axis=1, kind="stable")[:, :_VERSION_PASSAGES]
        best = np.take_along_axis(best, order, 1)
        agreement = self.versions.agreement(np.where(hidden[best], -1, best))
        return np.where(agreement == 0, np.nan, agreement)


def _with_years(queries: Queries) -> list[str]:
    """Return the queries' texts, with "this year" as the year in which each was last asked."""
    years = queries["last_asked_at"].dt.year
    return [
        text if np.isnan(year) else name_years(text, int(year))
        for text, year in zip(queries["text"], years, strict=True)
    ]
