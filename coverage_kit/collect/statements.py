"""What the structured data and words of your site, and answers, state about your brand."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml.html import HtmlElement

from coverage_kit.collect.decode import clean_row
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.structured import (
    json_blocks,
    json_nodes,
    listed,
    plain_value,
    read_tree,
    visible_text,
)
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.tables import STATEMENTS, Answers, Pages, Statements, checked
from coverage_kit.text.sentences import split_sentences

logger = logging.getLogger(__name__)

# Legal forms of companies, as they end a name.
SUFFIXES = (
    r"ltd|limited|plc|llp|inc|incorporated|corp|corporation|co|company|llc|gmbh|ag|kg|ug|mbh|e ?k"
    r"|sarl|sas|sa|srl|spa|sl|bv|nv|ab|as|aps|oy|pty|pte|sp z o ?o|kft|sro"
)
# Legal forms at the end of a name in lower case: the " gmbh" of "larkmoor gmbh".
_SUFFIX = re.compile(rf"(?: (?:{SUFFIXES}))+$")
# Types of schema.org that can be the brand itself.
_ORGANISATIONS = re.compile(
    r"Organization$|Corporation$|^NGO$|^Brand$|^WebSite$|^OnlineStore$|^OnlineBusiness$"
)
# Types of schema.org that can be a branch of the brand.
_BRANCHES = re.compile(
    r"Business$|Store$|Shop$|Restaurant$|Hotel$|Agency$|Dealer$|Repair$|Office$|Service$|Clinic$"
    r"|Dentist$"
)
# Properties of schema.org that are read, each with its name in the table.
_PROPERTIES = {
    "name": "name",
    "alternateName": "alternateName",
    "legalName": "legalName",
    "url": "url",
    "sameAs": "sameAs",
    "telephone": "telephone",
    "email": "email",
    "address": "address",
    "foundingDate": "founded",
    "founder": "founder",
    "numberOfEmployees": "numberOfEmployees",
}
# Short forms of words in addresses, as they are compared.
_SHORTER = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "suite": "ste",
    "floor": "fl",
    "saint": "st",
}
# A phone number: "+44 1632 960417", "0044 1632 960417", "(01632) 960 417" or "212-555-0123".
# Prices, dates and decimal numbers are excluded by the signs around them.
_PHONE = re.compile(
    r"(?<![\w.,/+£$€-])(?:\+\d{1,3}[ .-]?|00\d{1,3} ?|\(?0(?=\d))[\d() .-]{6,16}\d"
    r"(?![\w/]|[.,-]\d)"
    r"|(?<![\w.,/+£$€-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w/]|[.,-]\d)"
)
# An e-mail address.
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b",
    re.IGNORECASE,
)
# A URL, host or e-mail address, in which a name of the brand is no spelling of it.
_LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|(?<![\w.+-])(?:[\w.+-]{1,64}@)?(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b(?:/\S*)?",
    re.IGNORECASE,
)
# A year from 1800 to 2099.
_YEAR = r"(1[89]\d\d|20\d\d)"
# A founding with its year: "founded in York in 1987", "1987: established", "in business since
# 1987".
_FOUNDED = re.compile(
    rf"\b(?:founded|established|incorporated|set up shop|started (?:out|trading|in business))\b"
    rf"[^.;]{{0,60}}?\b{_YEAR}\b|\b{_YEAR}:?\s*(?:founded|established|incorporated)\b"
    rf"|\b(?:in business|trading|operating) since {_YEAR}\b"
    rf"|\bsince its (?:foundation|founding) in {_YEAR}\b",
    re.IGNORECASE,
)
# The brand is the subject of a founding within so many characters before it, or a third of them
# after it (assumed).
_SUBJECT_CHARACTERS = 60
# In a name of at least so many letters, a space or hyphen within makes a variant of the name. In a
# shorter name it would make other words (assumed).
_MIN_SPLIT_LETTERS = 6


@checked
def collect_statements(pages: Pages, answers: Answers, names: Sequence[str]) -> Statements:
    """Return what the settings, your site's pages and the answers state about the brand.

    Each page or answer counts once for each way in which it states a property.

    Of structured data, JSON-LD is read (`@graph`, lists and nested nodes too): names, URL,
    profiles, phone, e-mail, address, founding and employees of nodes that have the brand's name or
    whose URL is the site's home. A branch with a town has properties of its own, such as 'telephone
    (Leeds)'. Blocks that are broken are counted in a warning. Of words (all that a stored page
    shows, its footer too, or else the page's text), spellings of the brand, phone numbers, e-mails
    and founding years are read. Of answers, the same is read in sentences that name the brand, and
    phone numbers and e-mails also in the sentence after it.

    The further column `names_brand` is False for what a page's words state in a sentence that does
    not name the brand. Such a statement can support other statements, and contradicts none.

    Args:
        pages: the pages of your site.
        answers: the answers of the log.
        names: the brand's names, the first of which stands for it. Without names there are no
            statements.
    """
    brand = Brand(tuple(name.strip() for name in names if name.strip()))
    if not brand.names:
        return STATEMENTS.empty()
    rows = [_row("settings", "settings", "name", name) for name in brand.names]
    n_broken = 0
    for page in pages[pages["status"] == "ok"].to_dict("records"):
        page_rows, broken = _try_statements(page, brand)
        n_broken += broken
        rows += page_rows
    for answer_id, text in zip(answers["answer_id"], answers["text"], strict=True):
        rows += [
            _row("answer", answer_id, prop, value, names_brand)
            for prop, value, names_brand in _stated(text, brand, is_own=False)
        ]
    if n_broken:
        logger.warning(
            "%d blocks of structured data are broken JSON and were not read",
            n_broken,
        )
    return STATEMENTS.table(_distinct([clean_row(row) for row in rows]))


def _distinct(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a key, in order; of several rows, the last that names the brand, if any."""
    # False sorts before True, so a row that names the brand replaces a row that does not.
    by_key = {_key(row): row for row in sorted(rows, key=lambda row: bool(row["names_brand"]))}
    return [by_key[key] for key in dict.fromkeys(map(_key, rows))]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in STATEMENTS.key)


def compared_form(prop: str, value: str) -> str:
    """Return the form in which two values of a property are compared.

    Names are compared without case, punctuation and legal form. Phones are compared by their last
    nine digits, so that country codes do not matter. URLs are compared by their site, profiles by
    their page without scheme, founding by its year, e-mails in lower case, and addresses without
    punctuation and with short words for street and road.

    >>> compared_form("telephone", "+44 (0)1632 960417")
    '632960417'
    >>> compared_form("telephone", "01632 960 417")
    '632960417'
    >>> compared_form("name", "LARKMOOR, Ltd."), compared_form("address", "1 Mill Street, Kendal")
    ('larkmoor', '1 mill st kendal')
    """
    compare = _COMPARE.get(prop.partition(" (")[0], _words)
    return compare(value) or value.strip().casefold() or value


def _words(value: str) -> str:
    without_apostrophes = re.sub("['’]", "", value)  # noqa: RUF001 (typed apostrophes)
    return " ".join(re.findall(r"\w+", without_apostrophes.casefold()))


def _compare_name(value: str) -> str:
    return _SUFFIX.sub("", _words(value))


def _compare_phone(value: str) -> str:
    return re.sub(r"\D", "", value)[-9:].lstrip("0")


def _compare_profile(value: str) -> str:
    return re.sub(r"^(mobile\.|m\.)?twitter\.com", "x.com", page_id(value)).casefold().rstrip("/")


def _compare_year(value: str) -> str:
    match = re.search(_YEAR, value)
    return match[0] if match else ""


def _compare_address(value: str) -> str:
    return " ".join(_SHORTER.get(word, word) for word in _words(value).split())


# What brings a property's values to the form in which they are compared; others become words.
_COMPARE: dict[str, Callable[[str], str]] = {
    "name": _compare_name,
    "alternateName": _compare_name,
    "legalName": _compare_name,
    "telephone": _compare_phone,
    "email": str.casefold,
    "address": _compare_address,
    "url": site_name,
    "sameAs": _compare_profile,
    "founded": _compare_year,
}


@dataclass(frozen=True)
class Brand:
    """A brand by its names, with the patterns that find them in words."""

    names: tuple[str, ...]

    @cached_property
    def spelled(self) -> re.Pattern[str]:
        """Find names as words in any case, with spaces or hyphens between or within their words."""
        return re.compile(
            rf"(?<![\w@.-])(?:{'|'.join(map(_spellings, self.names))})(?![\w@]|\.\w)",
            re.IGNORECASE,
        )

    @cached_property
    def legal(self) -> re.Pattern[str]:
        """Find names that end in a legal form, with up to three words before it."""
        names = "|".join(map(re.escape, self.names))
        # Within sentences "co", "company" and "as" are mostly ordinary words, not legal forms.
        forms = SUFFIXES.replace("|co|company", "").replace("|as|", "|")
        return re.compile(
            rf"(?<!\w)(?i:{names})(?: [A-Z][\w&-]*){{0,3}},? (?i:{forms})\b",
            re.ASCII,
        )

    def is_meant(self, name: str) -> bool:
        """Return whether a name is the brand's, begins with it, or is another spelling of it."""
        squeezed = _squeezed(name)
        return any(squeezed.startswith(_squeezed(brand_name)) for brand_name in self.names)


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _spellings(name: str) -> str:
    """Return a pattern for a name and its spellings with other gaps."""
    letters = re.findall(r"\w", name)
    if len(letters) < _MIN_SPLIT_LETTERS:
        return r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", name)))
    return r"[\s-]?".join(map(re.escape, letters))


def _try_statements(page: Mapping[Any, Any], brand: Brand) -> tuple[list[dict[str, Any]], int]:
    """Return what a page states, and its number of broken blocks.

    Of a source that cannot be read, the text of the page is read.
    """
    return try_page(
        str(page["page_id"]),
        lambda: _page_statements(page, read_tree(page.get("html_path")), brand),
        lambda _: _page_statements(page, None, brand),
    )


def _page_statements(
    page: Mapping[Any, Any], tree: HtmlElement | None, brand: Brand
) -> tuple[list[dict[str, Any]], int]:
    blocks, n_broken = json_blocks(tree) if tree is not None else ([], 0)
    words = visible_text(tree) if tree is not None else str(page.get("text") or "")
    rows = [
        _row("structured data", page["page_id"], prop, value)
        for prop, value in _declared(blocks, brand, page["site"])
    ]
    rows += [
        _row("page", page["page_id"], prop, value, names_brand)
        for prop, value, names_brand in _stated(words, brand, is_own=True)
    ]
    return rows, n_broken


def _row(
    source: str, source_id: str, prop: str, value: str, names_brand: bool = True
) -> dict[str, Any]:
    return {
        "source": source,
        "place": source_id,
        "property": prop,
        "value": value,
        "compared_as": compared_form(prop, value),
        "names_brand": names_brand,
    }


def _stated(text: str, brand: Brand, is_own: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield property, value and whether the sentence names the brand, from the words of a text.

    On a page of your site (is_own), a sentence counts without naming the brand too.
    """
    follows_brand = False
    for sentence in split_sentences(text):
        plain = " ".join(sentence.split())
        spellings = [match[0] for match in brand.spelled.finditer(_LINK.sub(" | ", plain))]
        yield from (("name", spelling, True) for spelling in spellings)
        yield from (("legalName", match[0], True) for match in brand.legal.finditer(plain))
        names_brand = bool(spellings)
        if is_own or names_brand or follows_brand:
            phones = (match[0] for match in _PHONE.finditer(plain))
            yield from (("telephone", phone, names_brand) for phone in phones if _is_phone(phone))
            yield from (("email", match[0], names_brand) for match in _EMAIL.finditer(plain))
        if is_own or names_brand:
            for match in _FOUNDED.finditer(plain):
                is_subject = _is_subject(brand, plain, match)
                if is_own or is_subject:
                    yield "founded", next(filter(None, match.groups())), is_subject
        follows_brand = names_brand


def _is_subject(brand: Brand, sentence: str, founding: re.Match[str]) -> bool:
    """Return whether the brand is named close enough to a founding to be its subject."""
    start = max(0, founding.start() - _SUBJECT_CHARACTERS)
    end = founding.end() + _SUBJECT_CHARACTERS // 3
    return brand.spelled.search(sentence[start:end]) is not None


def _is_phone(text: str) -> bool:
    # Phone numbers have 9 to 15 digits (ITU E.164 allows 15); "0012345.6789" is a decimal number.
    return 9 <= len(re.sub(r"\D", "", text)) <= 15 and not re.fullmatch(r"\d+\.\d+", text)


def _declared(blocks: Sequence[Any], brand: Brand, site: str) -> Iterator[tuple[str, str]]:
    """Yield property and value of what the structured data of a page declare of the brand."""
    for node in (node for block in blocks for node in json_nodes(block)):
        kinds = [str(kind).rsplit("/", 1)[-1] for kind in listed(node.get("@type"))]
        is_organisation = any(map(_ORGANISATIONS.search, kinds))
        is_branch = any(map(_BRANCHES.search, kinds))
        if (is_organisation or is_branch) and _is_brand(node, brand, site):
            yield from _properties(node, "" if is_organisation else _town(node))


def _properties(node: Mapping[str, Any], town: str) -> Iterator[tuple[str, str]]:
    """Yield property and value of a node; a branch with a town leaves out names and URL."""
    for key, prop in _PROPERTIES.items():
        if town and prop in ("name", "legalName", "alternateName", "url"):
            continue
        is_local = town and prop in ("telephone", "email", "address")
        label = f"{prop} ({town})" if is_local else prop
        yield from ((label, value) for value in _values(node, key))


def _is_brand(node: Mapping[str, Any], brand: Brand, site: str) -> bool:
    names = [name for key in ("name", "legalName", "alternateName") for name in _values(node, key)]
    is_home = any(page_id(url).rstrip("/") == site for url in _values(node, "url"))
    return is_home or any(map(brand.is_meant, names))


def _values(node: Mapping[str, Any], key: str) -> list[str]:
    values = [plain_value(value) for value in listed(node.get(key))]
    if key in ("telephone", "email"):
        values += [
            plain_value(value)
            for contact in listed(node.get("contactPoint"))
            for value in listed(_get(contact, key))
        ]
        values = [re.sub(r"^(?:mailto|tel):", "", value, flags=re.IGNORECASE) for value in values]
    return [value for value in values if value]


def _town(node: Mapping[str, Any]) -> str:
    addresses = listed(node.get("address"))
    towns = (plain_value(_get(address, "addressLocality")) for address in addresses)
    return next(filter(None, towns), "")


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
