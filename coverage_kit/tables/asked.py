"""How often and by whom questions are asked: one order, and one rule for what is put together."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from coverage_kit.vocabulary import ESTIMATED, MEASURED, ORIGINS, DemandKind, Origin

# Half of what is asked must be measured for a sum to be measured (assumed).
_HALF = 0.5


def most_asked_first(frame: pd.DataFrame, *ties: str) -> pd.DataFrame:
    """Return the rows of a table in the order of every list of questions, ties by these columns.

    What was measured comes before what was estimated, and then what is asked most. Without a
    column `demand_kind` all of it was measured.
    """
    kinds = frame.get("demand_kind", pd.Series(MEASURED, index=frame.index))
    order = frame.assign(_is_estimated=kinds == ESTIMATED).sort_values(
        ["_is_estimated", "demand", *ties],
        ascending=[True, False, *(True for _ in ties)],
        kind="stable",
    )
    return order.drop(columns="_is_estimated")


def first_origin(origins: Iterable[Any]) -> Origin | None:
    """Return the origin that counts where one question has several: the first of `ORIGINS`.

    What a person asked is a person's question, whoever else asked it too.

    >>> first_origin(("machine", None, "person"))
    'person'
    """
    known = set(origins)
    return next((origin for origin in ORIGINS if origin in known), None)


def kind_of_sum(questions: pd.DataFrame) -> DemandKind:
    """Return the kind of the sum of some questions' demand: measured where half of it or more is.

    `questions` has columns demand and demand_kind, which may be missing.
    """
    is_estimated = questions["demand_kind"] == ESTIMATED
    total = float(questions["demand"].sum())
    estimated = float(questions.loc[is_estimated, "demand"].sum())
    return ESTIMATED if is_estimated.all() or estimated > _HALF * total else MEASURED


def origin_of_sum(questions: pd.DataFrame) -> Origin | None:
    """Return who asks most of some questions, by demand; None where most are of unknown origin.

    `questions` has columns demand and origin. Of equals the first of `ORIGINS` counts.
    """
    sums = questions.groupby(questions["origin"].fillna(""))["demand"].sum()
    most = sums[sums == sums.max()].index
    return first_origin(most) if len(questions) else None
