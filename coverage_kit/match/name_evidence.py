"""Evidence that reads names: whether the site writes those of a query, and its version or year."""

import numpy as np

from coverage_kit.match.added_passages import AddedPassages
from coverage_kit.match.names import NameIndex, VersionIndex
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.tables import Passages, Queries
from coverage_kit.text.identifiers import find_identifiers, find_proper_names
from coverage_kit.text.versions import name_years

NAME_FEATURES = ("names", "proper_names")
# The best own passages whose versions and years are compared with the query's. Assumed.
_VERSION_PASSAGES = 3


class NameEvidence:
    """The names, versions and years of a log, and what a site has of them under any change.

    Args:
        passages: the site's passages.
        queries: the queries; all results have their order.
    """

    def __init__(self, passages: Passages, queries: Queries) -> None:
        self._n_passages = len(passages)
        texts = list(passages["heading_path"] + " " + passages["text"])
        self._names = [
            NameIndex(texts, list(queries["text"]), find_names)
            for find_names in (find_identifiers, find_proper_names)
        ]
        dated = _with_years(queries)
        self._versions = VersionIndex(texts, dated)
        self._heading_versions = VersionIndex(list(passages["heading_path"]), dated)

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
        agreement = self._versions.agreement(np.where(hidden[best], -1, best))
        return np.where(agreement == 0, np.nan, agreement)

    @property
    def is_dated(self) -> Flags:
        """Which queries have a version or a year, shape (n queries,)."""
        return self._versions.is_dated

    def version_conflicts(self, rows: Rows) -> Flags:
        """Return which passages stand under another version or year, and do not have the query's.

        Args:
            rows: rows of k passages for each query, shape (n queries, k); so is the result.
        """
        return self._heading_versions.compares(rows) & ~self._versions.agrees(rows)


def _with_years(queries: Queries) -> list[str]:
    """Return the queries' texts, with "this year" as the year in which each was last asked."""
    years = queries["last_asked_at"].dt.year
    return [
        text if np.isnan(year) else name_years(text, int(year))
        for text, year in zip(queries["text"], years, strict=True)
    ]
