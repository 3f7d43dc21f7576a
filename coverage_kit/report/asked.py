"""What stands beside times asked: whether somebody measured them, and who asked."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.wording import DEMAND_KINDS, ORIGINS
from coverage_kit.tables.asked import first_origin
from coverage_kit.vocabulary import ESTIMATED, MEASURED


class AskedWords:
    """The words of a run's questions. A word is empty where it is the same for all of them."""

    def __init__(self, analysis: Analysis) -> None:
        kinds = set(analysis.queries["demand_kind"].fillna(MEASURED))
        origins = analysis.queries["origin"].fillna("")
        self.is_all_estimated = kinds == {ESTIMATED}
        self._has_kinds = len(kinds) > 1
        self._has_origins = origins.nunique() > 1
        self._origins = [origin for origin in ORIGINS if origin in set(origins)]

    def kind(self, row: Mapping[Any, Any]) -> str:
        """Return whether a row's times asked are measured or estimated, or nothing."""
        kind = ESTIMATED if row.get("demand_kind") == ESTIMATED else MEASURED
        return DEMAND_KINDS[kind] if self._has_kinds else ""

    def origin(self, row: Mapping[Any, Any]) -> str:
        """Return who asked, or nothing where that is the same for all, or not known."""
        origin = first_origin([row.get("origin")])
        return ORIGINS[origin].title if self._has_origins and origin else ""

    def beside(self, row: Mapping[Any, Any]) -> str:
        """Return what stands beside times asked, such as "estimated, by a program".

        What readers expect has no word: that it was measured, and that a person asked.
        """
        kind = self.kind(row) if row.get("demand_kind") == ESTIMATED else ""
        origin = self.origin(row) if row.get("origin") != "person" else ""
        return ", ".join(filter(None, (kind, origin)))

    @property
    def note(self) -> str:
        """Say what the words mean; empty where none is shown and all was measured."""
        if self.is_all_estimated:
            return "Times asked are estimates of the log."
        sentences = []
        if self._has_kinds:
            sentences.append(
                "Times asked are measured, except those marked “estimated”; measured ones come "
                "first."
            )
        if self._has_origins:
            meanings = [ORIGINS[name] for name in self._origins if name != "person"]
            sentences += [f"“{word.title}” means that {word.what_to_do}." for word in meanings]
        return " ".join(sentences)

    def with_words(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table with columns `asked_kind` and `asked_by`, empty where nothing is shown."""
        rows = frame.to_dict("records")
        return frame.assign(
            asked_kind=pd.Series([self.kind(row) or None for row in rows], frame.index, object),
            asked_by=pd.Series([self.origin(row) or None for row in rows], frame.index, object),
        )
