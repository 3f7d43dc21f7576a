"""Which texts of a site are copies of one another, and which of the copies counts."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

# A word of any script that says what a text is about: words of fewer letters, such as "and" or
# "your", are in every text (assumed).
_TELLING_WORD = re.compile(r"\w{5,}")


def text_key(text: str) -> str:
    r"""Return what copies of a text share: its words and signs, without case and spacing.

    Signs count: "£5" and "€5" are two texts.

    >>> text_key("Free  Delivery\n\nwithin 2 days.")
    'free delivery within 2 days.'
    """
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def url_rank(url: str) -> tuple[bool, int, str]:
    """Return a key by which the best of several URLs of one text sorts first.

    A URL without parameters comes first, then the shortest: copies for sessions, for print and for
    campaigns have longer ones.
    """
    return "?" in url, len(url), url


def best_copy(copies: Sequence[Mapping[str, Any]], page_words: Mapping[str, int]) -> int:
    """Return the index of the passage that fits its page best, of passages of one text.

    It is on the page of whose title most words are in the text, then on the page of which it is the
    largest share, then on the page of the best id: a text about delivery counts on the page
    "Delivery", and a note of all pages on the shortest of them. The order of the copies decides
    only between passages of the same page.

    Args:
        copies: the passages, with page_id, heading_path, text and n_words.
        page_words: by page id, the number of words on the page.
    """
    words = set(_TELLING_WORD.findall(copies[0]["text"].casefold()))

    def rank(index: int) -> tuple[float, float, tuple[bool, int, str]]:
        row = copies[index]
        title = set(_TELLING_WORD.findall(row["heading_path"].split(" > ")[0].casefold()))
        shared = len(title & words) / max(len(title), 1)
        return -shared, -row["n_words"] / page_words[row["page_id"]], url_rank(row["page_id"])

    return min(range(len(copies)), key=rank)
