"""Names in the site's headings: its products, models and places, and which passage is about which.

A passage under "Heron" says nothing of the Kestrel, however well its words fit. A name is a word
that the site writes with a capital wherever it stands within a sentence, and that a heading has.
The owner of the site is no such name, as most of its pages have it. Where capitals say nothing, as
in German, there is none.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.match.neighborhood import Flags, Rows
from coverage_kit.text.atoms import CASED, atoms, is_counter, normalize

# A word within a sentence: a letter, a comma or the like and a space stand before it.
_WITHIN = re.compile(rf"(?<=[{CASED},;\d] )[{CASED}]{{3,}}(?![{CASED}\d_])")
# More capitals within sentences than this, and every noun has one, as in German. Assumed.
_MOST_CAPITALS = 0.3
# A name on more than this share of the pages is the owner's, and tells no page from another.
# Assumed.
_MOST_PAGES = 0.5


class HeadingNames:
    """The names in a site's headings.

    Args:
        headings: the heading path of each passage.
        texts: the passages' texts.
        page_rows: the number of each passage's page, shape (n passages,).
    """

    def __init__(self, headings: Sequence[str], texts: Sequence[str], page_rows: Rows) -> None:
        in_headings = {word for heading in set(headings) for word in atoms(heading)}
        names = _capitalised(texts) & in_headings
        on_page = {
            (page, name)
            for page, pair in zip(page_rows, zip(headings, texts, strict=True), strict=True)
            for name in names & set(atoms(" ".join(pair)))
        }
        n_pages = Counter(name for _, name in on_page)
        most = _MOST_PAGES * len(np.unique(page_rows))
        self.names = {name for name in names if n_pages[name] <= most}

    def names_in(self, text: str) -> set[str]:
        """Return the names that a text has, folded; in the text they need no capital."""
        return set(atoms(text)) & self.names

    def conflicts(
        self, asked: Iterable[set[str]], headings: Sequence[str], texts: Sequence[str]
    ) -> Flags:
        """Return which passages have another name in their headings, and none of a question's.

        The shape is (questions, passages); a question without names has no conflict.

        Args:
            asked: the names of each question.
            headings: the heading path of each passage.
            texts: the passages' texts.
        """
        in_heading = [self.names_in(heading) for heading in headings]
        has_names = np.array([bool(names) for names in in_heading], dtype=bool)
        holders: dict[str, list[int]] = {}
        for row, (names, text) in enumerate(zip(in_heading, texts, strict=True)):
            for name in names | self.names_in(text):
                holders.setdefault(name, []).append(row)
        conflicts = []
        for names in asked:
            is_other = has_names.copy() if names else np.zeros(len(texts), dtype=bool)
            for name in names:
                is_other[holders.get(name, [])] = False
            conflicts.append(is_other)
        return np.array(conflicts, dtype=bool).reshape(len(conflicts), len(texts))


def _capitalised(texts: Sequence[str]) -> set[str]:
    """Return the words that always have a capital within sentences; none where most nouns do."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in texts:
        for word in _WITHIN.findall(text):
            (capital if word[0].isupper() else small)[normalize(word)] += 1
    if capital.total() > _MOST_CAPITALS * (capital.total() + small.total()):
        return set()
    return {
        word
        for word in capital.keys() - small.keys() - ENGLISH_STOP_WORDS
        if not is_counter(word)
    }
