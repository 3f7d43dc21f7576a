"""What is said of the brand: in the site's structured data (JSON-LD), in its words, and in answers."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

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

SUFFIXES = (
    r"ltd|limited|plc|llp|inc|incorporated|corp|corporation|co|company|llc|gmbh|ag|kg|ug|mbh|e ?k|sarl|sas|sa|srl|spa|sl|bv|nv"
    r"|ab|as|aps|oy|pty|pte|sp z o ?o|kft|sro"
)
_SUFFIX = re.compile(rf"(?: (?:{SUFFIXES}))+$")
_ORGANISATIONS = re.compile(
    r"Organization$|Corporation$|^NGO$|^Brand$|^WebSite$|^OnlineStore$|^OnlineBusiness$"
)
_BRANCHES = re.compile(
    r"Business$|Store$|Shop$|Restaurant$|Hotel$|Agency$|Dealer$|Repair$|Office$|Service$|Clinic$|Dentist$"
)
_PROPERTIES = {
    **{
        name: name
        for name in (
            "name",
            "alternateName",
            "legalName",
            "url",
            "sameAs",
            "telephone",
            "email",
            "address",
        )
    },
    **{
        "foundingDate": "founded",
        "founder": "founder",
        "numberOfEmployees": "numberOfEmployees",
    },
}
_SHORTER = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "suite": "ste",
    "floor": "fl",
    "saint": "st",
}
_PHONE = re.compile(
    r"(?<![\w.,/+£$€-])(?:\+\d{1,3}[ .-]?|00\d{1,3} ?|\(?0(?=\d))[\d() .-]{6,16}\d(?![\w/]|[.,-]\d)"
    r"|(?<![\w.,/+£$€-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w/]|[.,-]\d)"
)
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])(?:[\w.+-]{1,64}@)?(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b(?:/\S*)?",
    re.IGNORECASE,
)
_YEAR = r"(1[89]\d\d|20\d\d)"
_FOUNDED = re.compile(
    rf"\b(?:founded|established|incorporated|set up shop|started (?:out|trading|in business))\b[^.;]{{0,60}}?\b{_YEAR}\b"
    rf"|\b{_YEAR}:?\s*(?:founded|established|incorporated)\b|\b(?:in business|trading|operating) since {_YEAR}\b"
    rf"|\bsince its (?:foundation|founding) in {_YEAR}\b",
    re.IGNORECASE,
)
_NEAR = 60  # characters before a founding, or a third of them after it, within which the brand is its subject
_SHORTEST_SPLIT = (
    6  # letters of a name within which a space or hyphen makes a variant, and not other words
)


@checked
def collect_statements(pages: Pages, answers: Answers, names: Sequence[str]) -> Statements:
    """Return what the settings, the own pages and the answers say of the brand, each way of telling it once a place.

    Of structured data, JSON-LD is read (`@graph`, lists and nested nodes too): names, URL,
    profiles, phone, e-mail, address, founding and employees of nodes that go by the brand's name or
    whose URL is the site's home. A branch with a town has properties of its own, such as 'telephone
    (Leeds)'. Blocks that are broken are counted in a warning. Of words (all that a stored page
    shows, its footer too; else the page's text): spellings of the brand, phone numbers, e-mails and
    founding years. Of answers: the same in sentences that name the brand, and phone numbers and
    e-mails in the sentence after.

    The further column `names_brand` is False for what a page's words say in a sentence that does
    not name the brand: it can support what is said elsewhere, and contradicts nothing.

    Args:
        pages: the own site's pages.
        answers: the log's answers.
        names: the brand's names, the first of which stands for it. Without any there are no
            statements.
    """
    brand = Brand(tuple(name.strip() for name in names if name.strip()))
    if not brand.names:
        return STATEMENTS.empty()
    rows = [_row("settings", "settings", "name", name) for name in brand.names]
    n_broken = 0
    for page in pages[pages["status"] == "ok"].to_dict("records"):
        tree = read_tree(page.get("html_path"))
        blocks, broken = json_blocks(tree) if tree is not None else ([], 0)
        n_broken += broken
        rows += [
            _row("structured data", page["page_id"], *told)
            for told in _declared(blocks, brand, page["site"])
        ]
        words = visible_text(tree) if tree is not None else str(page.get("text") or "")
        rows += [_row("page", page["page_id"], *told) for told in _told(words, brand, is_own=True)]
    for answer_id, text in zip(answers["answer_id"], answers["text"], strict=True):
        rows += [_row("answer", answer_id, *told) for told in _told(text, brand, is_own=False)]
    if n_broken:
        logger.warning(
            "%d blocks of structured data are broken JSON and were not read",
            n_broken,
        )
    kept = {
        tuple(row[name] for name in STATEMENTS.key): row
        for row in sorted(rows, key=lambda row: bool(row["names_brand"]))
    }
    return STATEMENTS.table(
        [
            kept[key]
            for key in dict.fromkeys(tuple(row[name] for name in STATEMENTS.key) for row in rows)
        ]
    )


def compared_form(prop: str, value: str) -> str:
    """Return the form in which two values of a property are compared.

    Names without case, punctuation and legal form; phones by their last nine digits, so that
    country codes do not matter; URLs by their site, profiles by their page without scheme; founding
    by its year; e-mails in lower case; addresses without punctuation and with short words for
    street and road.

    >>> compared_form("telephone", "+44 (0)1632 960417") == compared_form("telephone", "01632 960 417")
    True
    >>> compared_form("name", "LARKMOOR, Ltd."), compared_form("address", "1 Mill Street, Kendal")
    ('larkmoor', '1 mill st kendal')
    """
    compare = _COMPARE.get(prop.partition(" (")[0], _words)
    return compare(value) or value.strip().casefold() or value


def _words(value: str) -> str:
    return " ".join(re.findall(r"\w+", re.sub("['’]", "", value).casefold()))


def _compare_name(value: str) -> str:
    return _SUFFIX.sub("", _words(value))


def _compare_phone(value: str) -> str:
    return re.sub(r"\D", "", value)[-9:].lstrip("0")


def _compare_profile(value: str) -> str:
    return re.sub(r"^(mobile\.|m\.)?twitter\.com", "x.com", page_id(value)).casefold().rstrip("/")


def _compare_year(value: str) -> str:
    found = re.search(_YEAR, value)
    return found[0] if found else ""


def _compare_address(value: str) -> str:
    return " ".join(_SHORTER.get(word, word) for word in _words(value).split())


_COMPARE: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("name", "alternateName", "legalName"), _compare_name),
    **{
        "telephone": _compare_phone,
        "email": str.casefold,
        "address": _compare_address,
    },
    **{"url": site_name, "sameAs": _compare_profile, "founded": _compare_year},
}


@dataclass(frozen=True)
class Brand:
    """A brand by its names, and how they are found in words."""

    names: tuple[str, ...]

    @cached_property
    def spelled(self) -> re.Pattern[str]:
        """Finds names as words in any case, with spaces or hyphens between or within their words."""
        return re.compile(
            rf"(?<![\w@.-])(?:{'|'.join(map(_spellings, self.names))})(?![\w@]|\.\w)",
            re.IGNORECASE,
        )

    @cached_property
    def legal(self) -> re.Pattern[str]:
        """Finds names that end in a legal form, with up to three words before it."""
        names = "|".join(map(re.escape, self.names))
        forms = SUFFIXES.replace("|co|company", "").replace("|as|", "|")
        return re.compile(
            rf"(?<!\w)(?i:{names})(?: [A-Z][\w&-]*){{0,3}},? (?i:{forms})\b",
            re.ASCII,
        )

    def is_meant(self, name: str) -> bool:
        """Return whether a name is the brand's, begins with it, or is another spelling of it."""
        squeezed = _squeezed(name)
        return any(squeezed.startswith(_squeezed(one)) for one in self.names)


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _spellings(name: str) -> str:
    """Return an expression for a name and its spellings with other gaps."""
    letters = re.findall(r"\w", name)
    if len(letters) < _SHORTEST_SPLIT:
        return r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", name)))
    return r"[\s-]?".join(map(re.escape, letters))


def _row(
    source: str, place: str, prop: str, value: str, names_brand: bool = True
) -> dict[str, Any]:
    told = {"source": source, "place": place, "property": prop, "value": value}
    return {
        **told,
        "compared_as": compared_form(prop, value),
        "names_brand": names_brand,
    }


def _told(text: str, brand: Brand, is_own: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield property, value and whether the sentence names the brand, of words."""
    was_named = False
    for sentence in split_sentences(text):
        plain = " ".join(sentence.split())
        found = [one[0] for one in brand.spelled.finditer(_LINK.sub(" | ", plain))]
        yield from (("name", one, True) for one in found)
        yield from (("legalName", one[0], True) for one in brand.legal.finditer(plain))
        is_named = bool(found)
        if is_own or is_named or was_named:
            yield from (
                ("telephone", one[0], is_named)
                for one in _PHONE.finditer(plain)
                if _is_phone(one[0])
            )
            yield from (("email", one[0], is_named) for one in _EMAIL.finditer(plain))
        if is_own or is_named:
            for one in _FOUNDED.finditer(plain):
                is_near = (
                    brand.spelled.search(
                        plain[max(0, one.start() - _NEAR) : one.end() + _NEAR // 3]
                    )
                    is not None
                )
                yield from (
                    [("founded", next(filter(None, one.groups())), is_near)]
                    if is_own or is_near
                    else []
                )
        was_named = is_named


def _is_phone(text: str) -> bool:
    return 9 <= len(re.sub(r"\D", "", text)) <= 15 and not re.fullmatch(r"\d+\.\d+", text)


def _declared(blocks: Sequence[Any], brand: Brand, site: str) -> Iterator[tuple[str, str]]:
    """Yield property and value of what a page's structured data declare of the brand."""
    for node in (node for block in blocks for node in json_nodes(block)):
        kinds = [str(kind).rsplit("/", 1)[-1] for kind in listed(node.get("@type"))]
        is_organisation = any(map(_ORGANISATIONS.search, kinds))
        town = _town(node) if not is_organisation else ""
        if (is_organisation or any(map(_BRANCHES.search, kinds))) and _is_brand(node, brand, site):
            for key, prop in _PROPERTIES.items():
                if not (town and prop in ("name", "legalName", "alternateName", "url")):
                    named = (
                        f"{prop} ({town})"
                        if town and prop in ("telephone", "email", "address")
                        else prop
                    )
                    yield from ((named, value) for value in _values(node, key))


def _is_brand(node: Mapping[str, Any], brand: Brand, site: str) -> bool:
    names = [name for key in ("name", "legalName", "alternateName") for name in _values(node, key)]
    is_home = any(page_id(url).rstrip("/") == site for url in _values(node, "url"))
    return is_home or any(map(brand.is_meant, names))


def _values(node: Mapping[str, Any], key: str) -> list[str]:
    values = [plain_value(one) for one in listed(node.get(key))]
    if key in ("telephone", "email"):
        values += [
            plain_value(one)
            for point in listed(node.get("contactPoint"))
            for one in listed(_get(point, key))
        ]
        values = [re.sub(r"^(?:mailto|tel):", "", value, flags=re.IGNORECASE) for value in values]
    return [value for value in values if value]


def _town(node: Mapping[str, Any]) -> str:
    return next(
        (
            town
            for one in listed(node.get("address"))
            if (town := plain_value(_get(one, "addressLocality")))
        ),
        "",
    )


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
