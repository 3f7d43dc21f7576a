"""TextChange and Effect: an edit as the coverage model sees it, and its effect on queries. Ranking and matching share them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from coverage_kit.passage import PassageText


class TextChange(NamedTuple):
    """Passages to add and passages (their ids) to remove; changes of one group are variants of one another.

    `part` is the share of its fullest variant's words that it says: the answer is in a part of a text about as often.
    `is_assumed` says that nobody knows yet what the text will say, so that the words of those who ask stand for it.
    """

    added: tuple[PassageText, ...]
    removed: tuple[str, ...] = ()
    group: str = ""
    part: float = 1.0
    is_assumed: bool = False


class Effect(NamedTuple):
    """What a change does to the queries that it touches.

    `rows` (k,) are their places; `before` and `after` (1 + bootstraps, k) their coverage, the estimate first; `fit` (k,) is the
    probability that the changed text is what each of them asks for.
    """

    rows: npt.NDArray[np.int64]
    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]
    fit: npt.NDArray[np.float64]
