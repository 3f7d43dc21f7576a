"""What stages share that is no table: the text of a passage, a change of texts, and its effect on queries."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_WORDS_OF_A_HEADING = 10


class PassageText(NamedTuple):
    """The headings above a passage, joined by ' > ', and its words."""

    heading_path: str
    text: str

    @property
    def embedded(self) -> str:
        """The text that is embedded: headings, then words.

        >>> PassageText("Bikes > Brakes", "They stop.").embedded
        'Bikes > Brakes. They stop.'
        """
        return f"{self.heading_path}. {self.text}" if self.heading_path else self.text

    @property
    def heading(self) -> str:
        """The passage's own heading: the last of its path, or its first words where it has none.

        >>> PassageText("Bikes > Brakes", "They stop.").heading
        'Brakes'
        """
        own = self.heading_path.split(" > ")[-1].strip()
        return own or " ".join(self.text.split()[:_WORDS_OF_A_HEADING])


class TextChange(NamedTuple):
    """Passages to add and passages (their ids) to remove; changes of one group are variants of one another.

    `part` is the share of its fullest variant's words that it says: the answer is in a part of a
    text about as often. `is_assumed` says that nobody knows yet what the text will say, so that the
    words of those who ask stand for it.
    """

    added: tuple[PassageText, ...]
    removed: tuple[str, ...] = ()
    group: str = ""
    part: float = 1.0
    is_assumed: bool = False


class Effect(NamedTuple):
    """What a change does to the queries that it touches.

    `rows` (k,) are their places; `before` and `after` (1 + bootstraps, k) their coverage, the
    estimate first; `answer_probability` (k,) is the probability that the changed text is what each
    of them asks for.
    """

    rows: npt.NDArray[np.int64]
    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]
    answer_probability: npt.NDArray[np.float64]
