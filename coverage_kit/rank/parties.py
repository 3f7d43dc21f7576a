"""Whose fact a sentence states: yours, another company's, or nobody's."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.tables import Passages
from coverage_kit.text.english_words import words_of
from coverage_kit.text.figures import measures_of
from coverage_kit.text.language import split_words
from coverage_kit.text.phrases import stem
from coverage_kit.text.quantities import CURRENCIES
from coverage_kit.text.sentences import split_sentences
from coverage_kit.text.words import MONTH_NAMES

# A product is known if this many texts have it behind the name of its maker. Assumed.
_MIN_PRODUCT_TEXTS = 2
# Its name is written small in no more than this share of its places. Assumed.
_MAX_SMALL = 0.2
# Behind "in" or "near" in no more than this share: else it is a place. Assumed.
_MAX_PLACES = 0.15
# Words that a sentence shares with one of another company's that has its figures. Assumed.
_MIN_WORDS_SHARED = 3
_WITH_ARTICLE = re.compile(r"\b(?:[Tt]he|[Aa]n?|[Oo]ur|[Yy]our) ([A-Z][\w-]+)")
_NAME = re.compile(r"[^\W\d_][\w-]*")
_PLACE = re.compile(r"\b(?:in|near|at|around) ([A-Z][\w-]*)")
_DIGITS = re.compile(r"(?<![\w.])\d{2,}(?:\.\d+)?")
# Companies that a text does not name: "one maker", "that Sheffield shop".
_UNNAMED = re.compile(
    r"\b(?:one|another|that) (?:\w+ ){0,2}"
    r"(?:maker|manufacturer|brand|company|firm|supplier|retailer|vendor|provider)(?:['\u2019]s)?\b"
    r"(?! (?:or|and) )",
    re.I,
)
# "Ask the maker", "the maker's rating", "check with the bike's maker": whoever made the thing.
_ANY_MAKER = re.compile(
    r"\b(?:ask|asking|email|phone|tell|by|from|with|if|to|let|contact|check|see) (?:with )?"
    r"(?:the|a|an|your|any) (?:\w+['\u2019]?s? ){0,2}"
    r"(?:maker|manufacturer|brand|company|firm|supplier|retailer|vendor|provider|dealer)",
    re.I,
)
_TESTED = re.compile(
    r"\b(?:tests?|tested|testing|trials?|measured|dumm(?:y|ies)|recorded|reached|lifted)\b",
    re.I,
)
# Words that make a price one of the market: "expect £3 to £5".
_OF_MARKET = re.compile(
    r"\b(?:expect|typical(?:ly)?|usual(?:ly)?|average|mostly|normally|budget|around|about|roughly|"
    r"between|range|prices? (?:run|start)|most|many|some|several|few|schemes?|plans|marketplaces?|"
    r"the law|legal|council|tax|vat|allowance|licen[cs]e)\b",
    re.I,
)
# A price as a share: "costs 7%".
_FEE = re.compile(
    r"\b(?:costs?|charg(?:es?|ing)|fees?|commission|takes)\b[^.%]{0,20}\d ?(?:%|per ?cent)", re.I
)
_NO_PRODUCT = frozenset(MONTH_NAMES) | words_of(
    "the a an and or in on at for with from says said offers sells lists is has also i we you uk "
    "eu us gb www http https com english british"
)


@dataclass(frozen=True)
class Parties:
    """Names by which you and other companies are known, and what other companies' pages say.

    Attributes:
        brand: your brand; '' where none is known.
        own: pattern of your brand's and products' names; None without a name.
        own_brand: pattern of your brand alone.
        others: pattern of the others' brands and products.
        other_brands: pattern of the others' brands alone.
        sentences: sentences of the others' pages, each with its figures by unit.
        passages: passages of the others' pages.
        products: names of all products, as they are written.
    """

    brand: str
    own: re.Pattern[str] | None
    own_brand: re.Pattern[str] | None
    others: re.Pattern[str] | None
    other_brands: re.Pattern[str] | None
    sentences: tuple[tuple[str, dict[str, frozenset[str]]], ...]
    passages: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    def names_own(self, text: str) -> bool:
        """Return whether a text names your brand or a product of yours."""
        return self.own is not None and self.own.search(text) is not None

    def names_other(self, text: str) -> bool:
        """Return whether a text names another company or a product of one."""
        return self.others is not None and self.others.search(text) is not None

    def find_names(self, text: str) -> frozenset[str]:
        """Return the names of companies and products in a text, in lower case."""
        patterns = (self.own, self.others)
        return frozenset(
            name.casefold()
            for pattern in patterns
            if pattern is not None
            for name in pattern.findall(text)
        )

    def find_own_names(self, text: str) -> frozenset[str]:
        """Return the names of your company and its products in a text, in lower case."""
        found = self.own.findall(text) if self.own is not None else []
        return frozenset(name.casefold() for name in found)

    def is_of_other(self, text: str) -> bool:
        """Return whether a sentence states another company's fact, price or test."""
        if self.names_other(text):
            return True
        if _UNNAMED.search(_ANY_MAKER.sub("", text)):
            return True
        figures = measures_of(text)
        money = {unit: values for unit, values in figures.items() if unit in CURRENCIES}
        if money and not _OF_MARKET.search(text):
            return self._is_said(text, money)
        if _FEE.search(text) and self._is_said(text, {"%": figures.get("%", frozenset())}):
            return True
        if _TESTED.search(text) is None:
            return False
        others = {unit: values for unit, values in figures.items() if unit not in CURRENCIES}
        return (bool(others) and self._is_said(text, others)) or self._is_reported(text)

    def _is_reported(self, text: str) -> bool:
        """Return whether a passage of another company has all the figures of a test, and words."""
        numbers = set(_DIGITS.findall(text))
        words = content_words(text)
        return len(numbers) > 1 and any(
            numbers <= set(_DIGITS.findall(passage))
            and len(words & content_words(passage)) >= _MIN_WORDS_SHARED
            for passage in self.passages
        )

    def _is_said(self, text: str, figures: dict[str, frozenset[str]]) -> bool:
        """Return whether a sentence of another company's pages has these figures and words."""
        words = content_words(text)
        return any(
            all(values <= known.get(unit, frozenset()) for unit, values in figures.items())
            and len(words & content_words(sentence)) >= _MIN_WORDS_SHARED
            for sentence, known in self.sentences
        )


def read_parties(
    brand_names: Sequence[Sequence[str]],
    texts: Iterable[str],
    own_passages: Passages,
    other_passages: Passages,
) -> Parties:
    """Return who is who.

    A product is a word with a capital behind the name of its maker, "Haulwright's Drover", or one
    in its maker's headings that has an article in the text: "the Drover".

    Args:
        brand_names: names of each brand, your own brand first.
        texts: logged answers.
        own_passages: passages of your site.
        other_passages: passages of the other brands' sites.
    """
    own_brands = [name for name in (brand_names[0] if brand_names else ()) if name.strip()]
    other_brands = [name for names in brand_names[1:] for name in names if name.strip()]
    brand_of = {name.casefold(): name in own_brands for name in [*own_brands, *other_brands]}
    site_texts = {True: list(own_passages["text"]), False: list(other_passages["text"])}
    headings = {True: set(own_passages["heading_path"]), False: set(other_passages["heading_path"])}
    texts = [*texts, *site_texts[True], *site_texts[False], *headings[True], *headings[False]]
    products = _find_products(brand_of, texts, site_texts, headings)
    own_products = sorted(word for word, is_own in products.items() if is_own)
    other_products = sorted(word for word, is_own in products.items() if not is_own)
    sentences = tuple(
        (sentence, figures)
        for text in site_texts[False]
        for sentence in split_sentences(text)
        if (figures := measures_of(sentence))
    )
    return Parties(
        brand=own_brands[0] if own_brands else "",
        own=_pattern([*own_brands, *own_products]),
        own_brand=_pattern(own_brands),
        others=_pattern([*other_brands, *other_products]),
        other_brands=_pattern(other_brands),
        sentences=sentences,
        passages=tuple(site_texts[False]),
        products=tuple(sorted(products)),
    )


def _find_products(
    brand_of: dict[str, bool],
    texts: Sequence[str],
    site_texts: dict[bool, list[str]],
    headings: dict[bool, set[str]],
) -> dict[str, bool]:
    """Return by product whether it is yours."""
    counts: Counter[tuple[str, bool]] = Counter()
    either = "|".join(re.escape(name) for name in brand_of)
    if not either:
        return {}
    behind = re.compile(rf"\b({either})(?:['\u2019]s)? (?-i:([A-Z][\w-]+))", re.I)
    for text in texts:
        counts.update(
            {(match[2], brand_of[match[1].casefold()]) for match in behind.finditer(text)}
        )
    beside = {word for word, _ in counts}
    for is_own, of_site in site_texts.items():
        # a heading on a product begins with its name
        titled = {
            heading.split(" ", 1)[0].strip(",:")
            for path in headings[is_own]
            for heading in path.split(" > ")
        }
        for text in of_site:
            counts.update(
                (word, is_own)
                for word in set(_WITH_ARTICLE.findall(text))
                if word in titled or word in beside
            )
    found = {word for (word, _), n in counts.items() if n >= _MIN_PRODUCT_TEXTS}
    n_words: Counter[str] = Counter()
    n_places: Counter[str] = Counter()
    for text in texts:
        n_words.update(_NAME.findall(text))
        n_places.update(_PLACE.findall(text))
    return {
        word: counts[word, True] >= counts[word, False]
        for word in found
        if not word.isupper()
        and word.lower() not in _NO_PRODUCT | set(brand_of)
        # a name has its capital, and what is often behind "in" is a place
        and n_words[word.lower()] <= _MAX_SMALL * (n_words[word.lower()] + n_words[word])
        and n_places[word] <= _MAX_PLACES * n_words[word]
    }


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    either = "|".join(
        re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name))
    )
    return re.compile(rf"\b(?:{either})s?\b(?:['\u2019]s?(?!\w))?", re.I) if either else None


def content_words(text: str) -> set[str]:
    """Return the stems of a text's words without the commonest ones."""
    return {
        stem(word) for word in split_words(text) if len(word) > 2 and word not in ENGLISH_STOP_WORDS
    }
