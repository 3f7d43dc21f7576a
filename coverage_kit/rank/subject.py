"""Whether a question names your brand, your products, or what your site is about.

Such a question is on your subject, however far your pages are from it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.tables import Pages, Passages
from coverage_kit.text.atoms import is_counter, is_measure, normalize
from coverage_kit.text.identifiers import find_proper_names

Flags = npt.NDArray[np.bool_]

# What the site is about is in the titles of several pages: a word of a single title ("refunds") is
# the subject of that page. At least two, and this share of the pages. Assumed.
_MIN_TITLES = 2
_TITLE_SHARE = 0.02
# A product's name is written on at least two pages, and always with its capital. Assumed.
_MIN_NAME_PAGES = 2
# Shorter words are no nouns of a subject ("uk", "does"). Assumed.
_MIN_LETTERS = 3
_WORD = re.compile(r"[^\W\d_]+")
# Words of titles that say what kind of page it is, or begin a question (assumed).
_NO_SUBJECT_WORDS = (
    "about add answer answers article ask best blog buy buying choose compare compared contact "
    "cost costs does faq find get guide guides help home how info learn long make money much need "
    "new news out overview page pages price prices question questions read real review reviews "
    "right service services should start story support take time times tip tips top use used using "
    "way what when where which who why work works world worth year years your"
)
_NO_SUBJECT = frozenset(_NO_SUBJECT_WORDS.split())


def subject_words(pages: Pages, passages: Passages, brand_names: Iterable[str]) -> frozenset[str]:
    """Return the words by which a question is known to be on the site's subject, folded.

    These are the words of the brand's names, of the products (names in titles and headings that the
    site always writes with a capital), and the nouns that the titles of several pages share.

    Args:
        pages: pages of your site.
        passages: their passages.
        brand_names: names of your brand.
    """
    titles = pages.loc[pages["status"] == "ok", "title"].fillna("").astype(str)
    brand = {word for name in brand_names for word in _words(name)}
    counts = Counter(word for title in titles for word in _words(title))
    limit = max(_MIN_TITLES, _TITLE_SHARE * len(titles))
    shared = {word for word, n in counts.items() if n >= limit}
    return frozenset(word for word in brand | shared | _products(titles, passages) if word)


def names_subject(questions: Sequence[str], words: frozenset[str]) -> Flags:
    """Return which questions name a word of the subject, in either number, (n questions,)."""
    return np.array([bool(_words(question) & words) for question in questions], dtype=bool)


def _products(titles: "pd.Series[str]", passages: Passages) -> set[str]:
    """Return the names in titles and headings that the site never writes in lower case."""
    paths = passages["heading_path"].fillna("")
    headings = [*titles, *(part for path in paths.unique() for part in path.split(" > "))]
    named = {name.text for text in headings for name in find_proper_names(text)}
    pages_with = Counter(
        name
        for _, texts in (paths + ". " + passages["text"]).groupby(passages["page_id"])
        for name in {name.text for text in texts for name in find_proper_names(text)}
    )
    small = {
        match.group()
        for text in passages["text"]
        for match in _WORD.finditer(text)
        if match.group().islower()
    }
    return {
        name
        for name in named - small
        if pages_with[name] >= _MIN_NAME_PAGES and len(name) >= _MIN_LETTERS
    }


def _words(text: str) -> set[str]:
    """Return the words of a text that may name a subject, folded and in the singular.

    >>> sorted(_words("What do the Bikes cost in 2026?"))
    ['bike']
    """
    words = {normalize(word) for word in _WORD.findall(text)}
    return {
        word.removesuffix("s") if len(word) > _MIN_LETTERS else word
        for word in words
        if len(word) >= _MIN_LETTERS
        and word not in ENGLISH_STOP_WORDS
        and word not in _NO_SUBJECT
        and not is_counter(word)
        and not is_measure(word)
    }
