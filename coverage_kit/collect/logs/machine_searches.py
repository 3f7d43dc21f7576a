"""Which searches of a search console a program made, rather than a person."""

import re

# An operator that takes a site away, as chains of searches have it that engines and tools run.
_WITHOUT_SITE = re.compile(r"(?<!\S)-site:\S", re.IGNORECASE)
# A term in quotation marks, straight or typographic.
_QUOTED = re.compile(r'"[^"]{2,}"|“[^”]{2,}”|„[^“”]{2,}[“”]|«[^»]{2,}»')
# People rarely type more words, or signs where a script parts no words (assumed).
_MANY_WORDS = 20
_MANY_SIGNS = 150


def is_machine_made(query: str, n_clicks: float | None) -> bool:
    """Return whether a search looks as if a program made it.

    That is a search that takes sites away (`-site:`), and a search without a click that has a
    quoted term or is very long. Where the clicks are not known, only `-site:` shows it.

    >>> is_machine_made("cargo bike -site:reddit.com -site:quora.com", 3)
    True
    >>> is_machine_made('"cargo bike" insurance', 0), is_machine_made('"cargo bike" insurance', 2)
    (True, False)
    """
    if _WITHOUT_SITE.search(query):
        return True
    is_long = len(query.split()) > _MANY_WORDS or len(query) > _MANY_SIGNS
    return n_clicks == 0 and (is_long or _QUOTED.search(query) is not None)
