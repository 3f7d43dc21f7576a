"""Titles of the pages that answers cite: names of topics that people wrote."""

import re
from collections import defaultdict
from urllib.parse import unquote, urlsplit

from coverage_kit.tables import Answers, Citations, Pages

# An address names a topic by two words or more: /best-headphones, not /p/12345.
_MIN_SLUG_WORDS = 2
# Letters of a word of an address. Shorter ones are often codes.
_SLUG_WORD = re.compile(r"[^\W\d_]{3,}")
_SLUG_END = re.compile(r"\.\w{2,5}\Z")
# Numbers and digests at the end of an address: "best-laptops-1304361".
_SLUG_CODE = re.compile(r"\b(?=\w*\d)\w{5,}\b|\b\d{1,4}\Z")


def cited_titles(answers: Answers, citations: Citations, pages: Pages) -> dict[str, list[str]]:
    """Return the titles of the pages that answers cite, by query id, the most cited first.

    A title is that of the page where it was read, else that of the log, else the words of the
    page's address. Pages that were found but not cited count where a query's answers cite none.
    """
    title_of = dict(zip(pages["url"], pages["title"].fillna(""), strict=True))
    asked = citations["answer_id"].map(answers.set_index("answer_id")["query_id"])
    logged = citations["title"].fillna("") if "title" in citations else [""] * len(citations)
    by_kind: dict[bool, dict[str, list[str]]] = {True: defaultdict(list), False: defaultdict(list)}
    rows = zip(asked, citations["kind"], citations["url"], logged, strict=True)
    for query_id, kind, url, title in rows:
        name = title_of.get(url) or title or words_of_address(str(url))
        if name and isinstance(query_id, str):
            by_kind[kind == "cited"][query_id].append(name)
    titles = by_kind[False] | by_kind[True]
    return {
        query_id: sorted(dict.fromkeys(names), key=names.count, reverse=True)
        for query_id, names in titles.items()
    }


def words_of_address(url: str) -> str:
    """Return the words by which an address names its page; '' where it has too few.

    >>> words_of_address("https://a.example/guides/best-laptops-1304361.html?x=1")
    'best laptops'
    >>> words_of_address("https://a.example/p/12345")
    ''
    """
    try:
        path = unquote(urlsplit(url).path).rstrip("/")
    except ValueError:
        return ""
    name = _SLUG_END.sub("", path.rsplit("/", 1)[-1])
    words = " ".join(_SLUG_CODE.sub("", re.sub(r"[-_+]+", " ", name)).split())
    return words if len(_SLUG_WORD.findall(words)) >= _MIN_SLUG_WORDS else ""
