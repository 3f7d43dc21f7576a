"""What stages share besides tables: a passage's text, a change of texts, its effect on queries."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

TokenCounter = Callable[[Sequence[str]], list[int]]
"""Returns how many tokens an encoder reads of each text, without those that open and close it."""

# Share of those who ask a question without an answer who get one once a text that answers it is on
# the site: measured on two public sets by putting removed sections back (docs/method.md, What
# counts as a gain).
ANSWERED_SHARE = 0.70
# A passage without a heading is named by its first words. Ten words fit in a list: assumed.
_WORDS_OF_A_HEADING = 10
# The fence of a block of code: three or more backticks.
_FENCE = re.compile(r"`{3,}")


class PassageText(NamedTuple):
    """The headings above a passage, joined by ' > ', and its words."""

    heading_path: str
    text: str

    @property
    def prose(self) -> str:
        r"""The words without blocks of code; the code itself where there is nothing else to read.

        >>> PassageText("Bikes", "Run this:\n\n```\nbike stop\n```").prose
        'Run this:'
        """
        prose = without_code(self.text)
        return prose if prose or self.heading_path else self.text

    @property
    def full(self) -> str:
        """All of it: headings, then words with code. Words and names are searched in this.

        >>> PassageText("Bikes > Brakes", "They stop.").full
        'Bikes > Brakes. They stop.'
        """
        return f"{self.heading_path}. {self.text}" if self.heading_path else self.text

    @property
    def embedded(self) -> str:
        """The text that is embedded: headings, then words without blocks of code.

        >>> PassageText("Bikes > Brakes", "They stop.").embedded
        'Bikes > Brakes. They stop.'
        """
        return ". ".join(part for part in (self.heading_path, self.prose) if part)

    @property
    def heading(self) -> str:
        """The passage's own heading: the last of its path, or its first words where it has none.

        >>> PassageText("Bikes > Brakes", "They stop.").heading
        'Brakes'
        """
        last_heading = self.heading_path.split(" > ")[-1].strip()
        return last_heading or " ".join(self.prose.split()[:_WORDS_OF_A_HEADING])


class Home(NamedTuple):
    """A page of your site as the home of a topic: of all that your site may say about it.

    `probability` is that this page is the right home. The probabilities of all pages, and that no
    page is, add up to 1. `passage_id` is the passage of the page nearest to the topic.
    """

    page_id: str
    probability: float
    passage_id: str


class NewPage(NamedTuple):
    """Where a page of its own would be: the start of its id, its suffix, and who links to it.

    `folder` ends in "/" or is empty, `suffix` is ".html", "/" or empty.
    """

    folder: str
    suffix: str = ""
    links_from: tuple[str, ...] = ()


class TextChange(NamedTuple):
    """Passages to add, and the ids of passages to remove. Changes of one group are variants.

    `part` is the number of its words as a share of the words of its fullest variant: the answer is
    assumed to be in such a part of a text in that share of the cases. `holds_answer` says that the
    passages to remove are known to hold the answer.
    """

    added: tuple[PassageText, ...]
    removed: tuple[str, ...] = ()
    group: str = ""
    part: float = 1.0
    holds_answer: bool = False


class Effect(NamedTuple):
    """What a change does to the queries that it touches.

    `rows` (k,) are the row numbers of these k queries; `before` and `after` (1 + bootstraps, k) are
    their coverage, the estimate first; `answer_probability` (k,) is the probability that the
    changed text is what each query asks for.
    """

    rows: npt.NDArray[np.int64]
    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]
    answer_probability: npt.NDArray[np.float64]


def fence_code(code: str) -> str:
    r"""Return code between fences that are longer than any run of backticks in it.

    >>> fence_code("kit run")
    '```\nkit run\n```'
    """
    longest = max((len(run) for run in _FENCE.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{code}\n{fence}"


def without_code(text: str) -> str:
    r"""Return the text without its blocks of code; a fence that is not closed is words.

    >>> without_code("Start it:\n\n```\nkit run\n```\n\nThen wait.")
    'Start it:\n\nThen wait.'
    """
    if "```" not in text:
        return text
    parts = [text[start:end].strip() for start, end in _prose_spans(text)]
    return "\n\n".join(part for part in parts if part)


def has_code(text: str) -> bool:
    """Return whether a text holds a block of code."""
    return "```" in text and _prose_spans(text) != [(0, len(text))]


def _prose_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of what is between the blocks of code, of a text in order."""
    spans: list[tuple[int, int]] = []
    start = 0
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif len(fence[0]) >= len(opening[0]):
            spans.append((start, opening.start()))
            start, opening = fence.end(), None
    return [*spans, (start, len(text))]
