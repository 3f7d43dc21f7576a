"""One form for all spellings of a query."""

import re
import unicodedata

_KEPT_SIGNS = re.compile(r"(?<=[^\W_])[#+]+")
_ASCII = re.compile(r"((?<=[a-z0-9])[#+]+)|[!\"#%&'()*,\-./:;?@\[\\\]_{}`^|~<>=+]")
_SPACING_SYMBOLS = frozenset("`^|~<>=+")


def normal_form(query: str) -> str:
    """Return the form that spellings differing only in case, spacing or punctuation share.

    NFKC, case folded, punctuation to spaces, spaces collapsed; `#` and `+` stay where they end a
    word, for C, C# and C++ are three things. A query of nothing but punctuation keeps its raw
    spelling.

    >>> normal_form("  What's the best CRM?? ")
    'what s the best crm'
    >>> normal_form("C++ vs. C#")
    'c++ vs c#'
    """
    if query.isascii():
        return " ".join(
            _ASCII.sub(lambda found: found[1] or " ", query.casefold()).split()
        ) or " ".join(query.split())
    visible = "".join(c for c in query if unicodedata.category(c) != "Cf")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    kept = {i for found in _KEPT_SIGNS.finditer(folded) for i in range(*found.span())}
    spaced = "".join(" " if i not in kept and _is_spacing(c) else c for i, c in enumerate(folded))
    return " ".join(spaced.split()) or " ".join(query.split())


def _is_spacing(character: str) -> bool:
    return character in _SPACING_SYMBOLS or unicodedata.category(character).startswith("P")
