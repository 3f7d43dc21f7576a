"""Split text into sentences by rules, without a model and without losing a word."""

import re

from coverage_kit.text.length import count_words

# Abbreviations whose full stop does not end a sentence.
_NEVER_ENDS = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "mt",
        "rev",
        "gen",
        "sen",
        "rep",
        "gov",
        "capt",
        "lt",
        "vs",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "cf",
        "approx",
        "ca",
        "eds",
        "al",
        "incl",
        "excl",
        "resp",
        "dept",
        "est",
        "ext",
        "jan",
        "feb",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    }
)
# Abbreviations whose full stop does not end a sentence when a number follows: "No. 5".
_BEFORE_NUMBER = frozenset(
    {
        "no",
        "nos",
        "fig",
        "figs",
        "eq",
        "vol",
        "p",
        "pp",
        "ch",
        "sec",
        "art",
        "tel",
        "min",
        "max",
    }
)
# A citation marker after a sentence: "[1]", "[^2]", "【3†source】" or "([name](https://…))".
_MARK = r"(?:\[\^?\w{1,4}\](?!\()|【[^】\n]{1,80}】|\(?\[[^\]\n]{1,200}\]\([^)\s]{1,2000}\)\)?)"
# Marks that end a sentence wherever they are. Chinese and Japanese: full stop, exclamation and
# question mark, and their narrow forms. Arabic and Urdu question mark and full stop. Devanagari,
# Armenian, Ethiopic, Burmese, Khmer and Tibetan full stops.
_STOPS = (
    "\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965\u0589\u1362\u1367\u104b\u17d4\u17d5\u0f0d"
)
_WIDE_STOPS = frozenset(_STOPS + "\uff0e")
# Quotes and brackets that close after such a mark.
_STOP_CLOSERS = "\u300d\u300f\u201d\u2019\uff09\u3011\u300b\u3009"
# The end of a sentence: its mark, closing quotes or brackets, and citation markers; or a mark of
# another script. The wide full stop is one only before no digit, since it is a decimal point, too.
_END = re.compile(
    rf"(?<![.!?…])[.!?…]++[\"'”’»)\]*_]*+(?:[ \t]*{_MARK})*(?=\s)"  # noqa: RUF001 (quotes)
    rf"|(?:[{_STOPS}]|\uff0e(?!\d))+[{_STOP_CLOSERS}]*"
)
# A line break that ends a sentence: before a blank line, a list item, a heading, a quote, a table
# row or a fence.
_LINE_START = re.compile(r"\n(?=[ \t]*\n|[ \t]*(?:[-*•+]|\d{1,3}[.)]|#{1,6}|>)\s|[ \t]*(?:\||```))")
# The beginning of the next sentence: a capital, digit or dash after opening quotes or brackets.
_BEGINS = re.compile(
    r"\s+[\"'“‘«(\[*_¿¡]*[^\W_a-zß-öø-ÿ]"  # noqa: RUF001 (opening quotes)
    r"|\s*\Z|\s+[-•]"
)
# Words of a sentence at most, and the mark at its end. Assumed.
_MAX_WORDS = 60
_ENDED = re.compile(
    rf"[.!?\uff0e{_STOPS}](?:[\"'”’»)\]*_{_STOP_CLOSERS}]|\[\d+\]|\s)*\Z"  # noqa: RUF001 (quotes)
)
# The number of a list item, such as "3.", at the start of a line.
_LIST_NUMBER = re.compile(r"(?:\A|\n)\s*\d{1,3}\.\Z")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text in order.

    They are stripped substrings of the text that together hold all its words. A blank line or a
    list item ends a sentence. Abbreviations, numbers and URLs do not. A citation marker such as [1]
    stays with the sentence before it.

    >>> split_sentences("Dr. Ames wrote v2.0. [1] It runs.")
    ['Dr. Ames wrote v2.0. [1]', 'It runs.']
    """
    ends = sorted(
        {
            *_sentence_ends(text),
            *(match.start() for match in _LINE_START.finditer(text)),
            len(text),
        }
    )
    starts = [0, *ends]
    pieces = (text[start:end].strip() for start, end in zip(starts, ends, strict=False))
    return [piece for piece in pieces if piece]


def is_whole_sentence(text: str) -> bool:
    """Return whether a sentence can be quoted: it has an end, and is no run of offers or a menu.

    >>> is_whole_sentence("It runs."), is_whole_sentence("Home Shop Basket Sign in")
    (True, False)
    """
    return count_words(text) <= _MAX_WORDS and _ENDED.search(text) is not None


def _sentence_ends(text: str) -> list[int]:
    return [match.end() for match in _END.finditer(text) if _is_end(text, match)]


def _is_end(text: str, match: re.Match[str]) -> bool:
    if match[0][0] in _WIDE_STOPS:
        return True
    if not _BEGINS.match(text, match.end()):
        return False
    if match[0][0] != ".":
        return True
    preceding = text[max(0, match.start() - 40) : match.start() + 1]
    word = re.split(r"[\s(\[\"“/]", preceding[:-1])[-1].lower()
    if word in _BEFORE_NUMBER:
        return not re.match(r"\s+\d", text[match.end() : match.end() + 9])
    is_initial = re.fullmatch(r"[a-z]|(?:[a-z]\.)+[a-z]", word) is not None and word != "i"
    return not (word in _NEVER_ENDS or is_initial or _LIST_NUMBER.search(preceding))
