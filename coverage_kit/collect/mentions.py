"""Which brands answers name in their words; a mention is not a citation."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coverage_kit.errors import SettingsError
from coverage_kit.tables import MENTIONS, Answers, Mentions, Queries, checked
from coverage_kit.text.sentences import split_sentences

# Names of at most three letters are found in their own case only, because "IT" is no "it".
_MAX_SHORT_LETTERS = 3
# A URL, a www address or an e-mail address.
_ADDRESS = r"https?://[^\s<>\])]+|(?<!\w)www\.[^\s<>\])]+|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
# A host without a scheme, and its path: "example.com/tea".
_BARE_HOST = r"(?<![\w.-])(?:[\w-]+\.)+[a-z]{2,}(?![\w-])(?:/[^\s<>\])]*)?"
# Typographic apostrophes, which are compared as plain ones.
_APOSTROPHES = str.maketrans("\u2019\u02bc", "''")


@checked
def find_mentions(answers: Answers, brands: Sequence[Sequence[str]]) -> Mentions:
    """Return each brand that each answer names.

    A row holds the order in which the brand is first named, and the number of words of the
    sentences that name it. A brand is the sequence of its names; the first name stands for the
    brand. Names are found as whole words in any case (names of at most three letters: in their own
    case), but not in URLs, hosts or e-mail addresses. A longer name of one brand hides a shorter
    name of another brand within it. Raises SettingsError for a name that two brands share.
    """
    labels = _labels(brands)
    if not labels:
        return MENTIONS.empty()
    pattern = _pattern(list(labels))
    rows: list[dict[str, Any]] = []
    for answer_id, text in zip(answers["answer_id"], answers["text"], strict=True):
        rows += [
            {"answer_id": answer_id, **row} for row in _mentions_in(_plain(text), pattern, labels)
        ]
    return MENTIONS.table(rows)


@checked
def find_branded(queries: Queries, names: Sequence[str]) -> list[str]:
    """Return the ids of the queries that name the brand, by the rules of `find_mentions`.

    Args:
        queries: the queries of a log.
        names: the names of the brand.
    """
    find_brands = brand_finder([names])
    return [
        query_id
        for query_id, text in zip(queries["query_id"], queries["text"], strict=True)
        if find_brands(text)
    ]


def brand_finder(brands: Sequence[Sequence[str]]) -> Callable[[str], list[str]]:
    """Return a function that returns the labels of the brands that a text names, in order.

    Names are found by the rules of `find_mentions`.
    """
    labels = _labels(brands)
    if not labels:
        return lambda text: []
    pattern = _pattern(list(labels))
    return lambda text: [row["brand"] for row in _mentions_in(_plain(text), pattern, labels)]


def _labels(brands: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the label of each brand by each of its names, in the form that is compared."""
    labels: dict[str, str] = {}
    for names in brands:
        filled = [name.strip() for name in names if name.strip()]
        for name in filled:
            label = labels.setdefault(_key(name), filled[0])
            if label != filled[0]:
                cure = "Give each brand names of its own."
                raise SettingsError(
                    "brands",
                    f"{name!r} as a name of one brand",
                    f"{label!r} and {filled[0]!r}",
                    cure,
                )
    return labels


def _mentions_in(
    text: str, pattern: re.Pattern[str], labels: dict[str, str]
) -> Iterator[dict[str, Any]]:
    starts, n_words = _sentences(text)
    sentences_of: dict[str, set[int]] = {}
    for match in pattern.finditer(text):
        if match["name"] is not None or match["host"] is not None:
            label = labels[_key(match["name"] or match["host"])]
            sentences_of.setdefault(label, set()).add(
                max(0, bisect_right(starts, match.start()) - 1)
            )
    for position, (label, sentences) in enumerate(sentences_of.items()):
        yield {
            "brand": label,
            "position": position,
            "n_words": sum(n_words[index] for index in sentences),
        }


def _sentences(text: str) -> tuple[list[int], list[int]]:
    """Return where each sentence starts and how many words it has."""
    starts = list[int]()
    n_words = list[int]()
    position = 0
    for sentence in split_sentences(text):
        position = text.index(sentence, position)
        starts.append(position)
        n_words.append(sum(any(map(str.isalnum, word)) for word in sentence.split()))
        position += len(sentence)
    return starts, n_words


def _pattern(names: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern that skips addresses and finds names, the longest first.

    A name that starts with a host, such as Booking.com, is tried before bare hosts are skipped.
    """
    # The first alternative that fits wins, so "Acme Tea" must be tried before "Acme".
    longest = sorted(names, key=lambda name: (-len(name), name))
    hosts = [
        _name_pattern(name) for name in longest if re.fullmatch(_BARE_HOST, name.lower().split()[0])
    ]
    words = [_name_pattern(name) for name in longest]
    host = (
        rf"(?<![\w.@/-])(?P<host>{'|'.join(hosts)})(?![\w/@-]|\.\w)|"
        if hosts
        else "(?P<host>(?!))|"
    )
    return re.compile(rf"{_ADDRESS}|{host}{_BARE_HOST}|(?<!\w)(?P<name>{'|'.join(words)})(?!\w)")


def _name_pattern(name: str) -> str:
    spelled = r"\s+".join(re.escape(word) for word in name.split())
    return spelled if _is_short(name) else f"(?i:{spelled})"


def _is_short(name: str) -> bool:
    return sum(character.isalnum() for character in name) <= _MAX_SHORT_LETTERS


def _key(name: str) -> str:
    plain = " ".join(_plain(name).split())
    return plain if _is_short(plain) else plain.casefold()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
