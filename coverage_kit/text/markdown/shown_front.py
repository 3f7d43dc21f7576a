"""Words of front matter that generators show on the page: a lead below the title, a home page."""

import re
from collections.abc import Iterator, Mapping

# Paths of keys, in the order in which they are shown; "[]" is each item of a list.
_LEAD = ("description", "lead")
_HERO = ("hero.name", "hero.text", "hero.title", "hero.tagline", "hero.actions[].text")
_FEATURES = ("features[].title", "features[].details")
_HOME = ("herotext", "tagline", "actions[].text", "actiontext")
_BANNER = ("banner.content",)
_SHOWN = {
    "Mintlify": _LEAD,
    "Fumadocs": _LEAD,
    "GitBook": _LEAD,
    "VitePress": (*_HERO, *_FEATURES),
    "VuePress": (*_HOME, *_FEATURES),
    "Starlight": (*_BANNER, *_HERO),
}
_TAG = re.compile(r"<[^<>]{1,200}>")
# A longer value is no lead (assumed).
_MAX_CHARACTERS = 2_000


GENERATORS = frozenset(_SHOWN)


def shown_paragraphs(front: Mapping[str, object], generator: str) -> list[str]:
    """Return the words of front matter that a generator shows above the text of a page.

    Args:
        front: the values of the front matter, with keys in lower case at the top.
        generator: the name of the generator; no words are shown where it is not known.

    >>> shown_paragraphs({"description": "How to begin."}, "Mintlify")
    ['How to begin.']
    """
    found = (
        words
        for path in _SHOWN.get(generator, ())
        for words in _read(front, path.replace("[]", ".[]").split("."))
    )
    return list(dict.fromkeys(found))


def _read(value: object, steps: list[str]) -> Iterator[str]:
    if not steps:
        if isinstance(value, str) and len(value) <= _MAX_CHARACTERS:
            words = " ".join(_TAG.sub(" ", value).split())
            if words:
                yield words
        return
    step, *rest = steps
    if step == "[]":
        for item in value if isinstance(value, list) else []:
            yield from _read(item, rest)
    elif isinstance(value, Mapping):
        yield from _read(value.get(step), rest)
