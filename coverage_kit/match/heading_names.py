"""Names in the site's headings: its products, models and places, and which passage is about which.

A passage under "Heron" says nothing of the Kestrel, however well its words fit. A name is a word
that the site writes with a capital wherever it stands within a sentence, and that a heading has.
The owner of the site is no such name, as most of its pages have it. Where capitals say nothing, as
in German, there is none.
"""

import re
from collections import Counter
from collections.abc import Iterable

from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.match.names import columns_of, incidence
from coverage_kit.tables import Passages
from coverage_kit.text.atoms import CASED, atoms, is_counter, normalize

# A word within a sentence: a letter, a comma or the like and a space stand before it.
_WITHIN = re.compile(rf"(?<=[{CASED},;\d] )[{CASED}]{{3,}}(?![{CASED}\d_])")
# More capitals within sentences than this, and every noun has one, as in German. Assumed.
_MOST_CAPITALS = 0.3
# A name on more than this share of the pages is the owner's, and tells no page from another.
# Assumed.
_MOST_PAGES = 0.5


class HeadingNames:
    """The names in the headings of a site, folded; in other texts they need no capital.

    Args:
        passages: the site's passages.
    """

    def __init__(self, passages: Passages) -> None:
        headings = {word for path in set(passages["heading_path"]) for word in atoms(path)}
        names = _capitalised(passages["text"]) & headings
        on_page = {
            (page, name)
            for page, path, text in zip(
                passages["page_id"], passages["heading_path"], passages["text"], strict=True
            )
            for name in names & set(atoms(f"{path} {text}"))
        }
        n_pages = Counter(name for _, name in on_page)
        most = _MOST_PAGES * passages["page_id"].nunique()
        self.names = frozenset(name for name in names if n_pages[name] <= most)
        self._column_of = columns_of(sorted(self.names))

    def incidence(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Return which names each text has, 0 or 1, shape (texts, names)."""
        return incidence(map(atoms, texts), self._column_of)


def _capitalised(texts: Iterable[str]) -> set[str]:
    """Return the words that always have a capital within sentences; none where most nouns do."""
    n_uses = Counter(word for text in texts for word in _WITHIN.findall(text))
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for word, n in n_uses.items():
        (capital if word[0].isupper() else small)[normalize(word)] += n
    if capital.total() > _MOST_CAPITALS * (capital.total() + small.total()):
        return set()
    return {
        word for word in capital.keys() - small.keys() - ENGLISH_STOP_WORDS if not is_counter(word)
    }
