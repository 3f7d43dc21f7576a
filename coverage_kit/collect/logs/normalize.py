"""The form that all spellings of a query share."""

import re
import unicodedata

# The "#" or "++" at the end of a word, as in "C#" and "C++".
_WORD_END_SIGNS = re.compile(r"(?<=[^\W_])[#+]+")
# The same in ASCII (group 1, which stays), or any other punctuation (which becomes a space).
_ASCII_SIGNS = re.compile(r"((?<=[a-z0-9])[#+]+)|[!\"#%&'()*,\-./:;?@\[\\\]_{}`^|~<>=+]")
# Symbols that Unicode does not count as punctuation, but people write as such.
_SPACING_SYMBOLS = frozenset("`^|~<>=+")


def normal_form(query: str) -> str:
    """Return the form that spellings differing only in case, spacing or punctuation share.

    The text is brought to NFKC and case-folded, punctuation becomes spaces, and spaces are
    collapsed. `#` and `+` stay at the end of a word, because C, C# and C++ are three things. A
    query of nothing but punctuation keeps its spelling.

    >>> normal_form("  What's the best CRM?? ")
    'what s the best crm'
    >>> normal_form("C++ vs. C#")
    'c++ vs c#'
    """
    if query.isascii():
        # Most queries are ASCII, and this is the faster way to the same form.
        spaced = _ASCII_SIGNS.sub(lambda match: match[1] or " ", query.casefold())
        return " ".join(spaced.split()) or " ".join(query.split())
    # Characters of category Cf, such as soft hyphens, are invisible.
    visible = "".join(c for c in query if unicodedata.category(c) != "Cf")
    # Case folding may leave text that is not in NFKC.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    word_ends = {i for match in _WORD_END_SIGNS.finditer(folded) for i in range(*match.span())}
    spaced = "".join(
        " " if i not in word_ends and _is_spacing(c) else c for i, c in enumerate(folded)
    )
    return " ".join(spaced.split()) or " ".join(query.split())


def _is_spacing(character: str) -> bool:
    return character in _SPACING_SYMBOLS or unicodedata.category(character).startswith("P")
