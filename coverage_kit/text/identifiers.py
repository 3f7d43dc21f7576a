"""Names in a text: identifiers (models, versions, error codes, functions, files), proper names.

An identifier means one thing only, so a site that nowhere writes it hardly answers a question about
it. Quantities, dates, ordinals and times are no identifiers. What a text means is read from how it
is written: "RTX 4090", "rtx-4090" and "RTX4090" are one identifier.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from coverage_kit.text.words import MONTH_NAMES

# The letters of scripts that tell upper from lower case: Latin, Greek, Cyrillic. Elsewhere letters
# beside a figure are words around it ("2016" in a Chinese sentence), and no part of a name.
CASED = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u052f"
_DIGITS = {
    code: str(unicodedata.digit(chr(code)))
    for code in range(128, sys.maxunicode + 1)
    if unicodedata.category(chr(code)) == "Nd"
}
# Words of cased scripts, words of other scripts, figures with their dots, and an option's dashes.
_ATOM = re.compile(rf"[{CASED}]+|[^\W\d_{CASED}]+|\d+(?:\.\d+)*|--(?=\w)")
_DASHES = re.compile("[\u2013\u2014]")
_HYPHENS = re.compile("[\u2010\u2011\u2212]")
# What may be an identifier as it is: letters, figures, and the signs between them.
_TOKEN = re.compile(
    rf"(?<![{CASED}\d_@])(?:--(?=[a-z]))?[{CASED}\d_.](?:[{CASED}\d_]|(?:::|[-.])(?=[{CASED}\d_]))*"
    r"(?:\(\))?"
)
_CODE_SPAN = re.compile(r"`([^`\s]{2,})`")
_HEX = re.compile(r"0x[\da-f]{2,}", re.IGNORECASE)
_SNAKE = re.compile(rf"_*[{CASED}\d]+(?:_+[{CASED}\d]+)+_*|__\w+__")
# Endings of the files and domains that people name. Assumed: a list, because a full stop without a
# space after it is a common slip ("the visa.He").
_FILE = re.compile(
    rf"[{CASED}\d_.-]*[{CASED}\d_-]\.(?:bat|bashrc|bin|cfg|conf|cpp|cs|css|csv|dll|dmg|doc|docx|env|"
    r"exe|gif|gitattributes|gitignore|go|h|html?|ini|iso|jar|java|jpe?g|js|json|jsx|kt|lock|log|"
    r"md|mdx|mp3|mp4|msi|pdf|php|plist|png|ppt|pptx|ps1|psd|py|rb|rs|rst|scss|sh|sln|sql|svg|tar|"
    r"toml|ts|tsx|txt|vue|wav|webp|xls|xlsx|xml|ya?ml|yml|zip|com|org|net|io|dev|ai|app)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"[^\W\d_]*[a-z][A-Z][^\W_]*")
# Personal names and academic degrees that have a capital within.
_NO_CAMEL = re.compile(r"(?:Mc|Mac|De|Di|Da|Du|La|Le|Van|Von|O|St|Fitz)[A-Z].*|PhDs?|[BM](?:Sc|Ed)s?")
_VERSION = re.compile(r"v?\d+(?:\.(?:\d+|x))+(?:-?(?:alpha|beta|rc|dev)\d*)?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}|(?:19|20)\d\d\.\d{1,2}\.\d{1,2}")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_UNITS = frozenset(
    "mm cm dm m km mi ft in inch inches yd mg g kg lb lbs oz st t ml cl l w kw mw gw kwh mwh mah v "
    "kv a ma hz khz mhz ghz b kb mb gb tb kib mib gib k mn bn tn d h hr hrs min mins s sec secs ms "
    "px pt dpi fps rpm mph kph kmh am pm ad bc bce ce nd rd th er eme x p c f u pc pcs pp yo yr yrs "
    "y wk wks mo usd eur gbp chf jpy aud cad inr cny rs cc bhp hp nm um bps kbps mbps gbps db m2 m3 "
    "km2 cm2 cm3 ft2 percent per cent years year months month weeks week days day hours hour minutes "
    "minute seconds second people persons times miles kilometers kilometres metres meters pounds "
    "dollars euros children kids million billion thousand hundred jahre tage wochen monate stunden "
    "minuten jahren tagen prozent uhr anos dias semanas meses horas minutos por ans jours mois".split()
)
# Words before a figure that make it no name: dates, places in a text, and what people count.
_COUNTED = frozenset(MONTH_NAMES) | frozenset(
    "jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday "
    "saturday sunday q no nr nos number page pages pp p vol volume step steps question figure fig "
    "table mid pre post under over sub non top age aged ages plus up to a an the i in at on of for "
    "from and or by is was be with my we you he she it they about only all every first last next "
    "januar februar marz mai juni juli oktober dezember enero febrero marzo abril mayo junio julio "
    "agosto septiembre octubre noviembre diciembre janvier fevrier mars avril juin juillet aout "
    "septembre octobre novembre decembre usd eur gbp chf us uk am pm ad bc".split()
)
_CUE = (
    r"errors?|code|errno|status|exception|fault|bug|issue|ticket|http|fehler|fehlercode|erreur|"
    r"error|codigo|errore|codice|ошибка|код"
)
_CODE = re.compile(
    rf"(?<![{CASED}\d])(?:{_CUE})\s*(?:code|no\.?|number|#|:)?\s*[#:]?\s*(\d{{3,}})(?![\d.,%]\d|%)|"
    rf"(?<![{CASED}\d.,])(\d{{3,}})\s+(?:{_CUE})(?![{CASED}])",
    re.IGNORECASE,
)
_VERSION_WORD = re.compile(r"v|ver|version|versions?|release|build", re.IGNORECASE)
_FIGURE = re.compile(r"\d{1,5}(?:\.\d+)*")
_NUMBER_AFTER = re.compile(r"[ -]?(\d{1,5}(?:\.\d+)*)(?![\d%°]|[.,:/]\d|-\d)[ -]?([^\W\d_]*)")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;\n\u2026])[\s\"'*(\[\u00ab\u201c\u201e\u2018\u00bf\u00a1#>-]*$")
_WORD = re.compile(rf"(?<![{CASED}\d_.'\u2019-])[{CASED}]+(?![{CASED}\d_]|[-.]\w)")
_ROMAN = re.compile(r"[IVXLCDM]+")
# Above this share of capitalised longer words, capitals are the style of the whole question.
# Assumed: a question of several names has fewer, a title more.
_MOST_CAPITALS = 0.6


@dataclass(frozen=True)
class Name:
    """An identifier: its usual form, and the keys of which a site that knows it has any."""

    text: str
    keys: frozenset[str]


def atoms(text: str) -> list[str]:
    """Return the words and figures of a text, without case, accents and signs between them.

    A figure keeps its dots, and "--" before a word is an atom of its own.

    >>> atoms("The RTX-4090, v2.1 (--onto)")
    ['the', 'rtx', '4090', 'v', '2.1', '--', 'onto']
    """
    folded = _clean(text).casefold()
    if not folded.isascii():
        decomposed = unicodedata.normalize("NFKD", folded)
        folded = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
        folded = _DASHES.sub("--", folded)
    return _ATOM.findall(folded.replace("[no-]", ""))


def normalize(name: str) -> str:
    """Return a name without case and without the signs by which its spellings differ.

    >>> normalize("RTX-4090") == normalize("rtx 4090") == normalize("RTX4090")
    True
    """
    return "".join(atoms(name))


def identifiers(text: str) -> tuple[str, ...]:
    """Return the identifiers of a question in their usual form, each once, in order.

    >>> identifiers("Does RTX-4090 run foo_bar() of v2.1 with `git rebase --onto`, 5 km away?")
    ('rtx4090', 'foo_bar', '2.1', '--onto')
    """
    return tuple(name.text for name in find_identifiers(text))


def find_identifiers(text: str) -> list[Name]:
    """Return the identifiers of a question with their keys, each once, in order."""
    cleaned = _clean(text)
    names = sorted([*_marked(cleaned), *_shaped(cleaned)], key=lambda item: item[0])
    return list({name.text: name for _, name in names if name.text}.values())


def proper_names(text: str) -> tuple[str, ...]:
    """Return the capitalised words within the sentences of a question, folded, each once.

    They are a weaker sign than identifiers: a place or a person need not be on the page that
    answers. There are none where capitals say nothing: a whole question in capitals or title case.

    >>> proper_names("Is Tallmere cheaper than Haulwright? Delivery takes long.")
    ('tallmere', 'haulwright')
    """
    cleaned = _clean(text)
    if not _has_case(cleaned):
        return ()
    found = {}
    for match in _WORD.finditer(cleaned):
        word = match.group()
        if not word[:1].isupper() or len(word) < 3 or _starts_sentence(cleaned, match.start()):
            continue
        folded = normalize(word)
        if folded not in _COUNTED and not _ROMAN.fullmatch(word):
            found[folded] = None
    return tuple(found)


def _clean(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).translate(_DIGITS)
    return _HYPHENS.sub("-", text)


def _has_case(text: str) -> bool:
    """Return whether capitals set a word apart: most longer words are written without."""
    words = [word for word in _WORD.findall(text) if len(word) > 3]
    return sum(word[0].isupper() for word in words) <= _MOST_CAPITALS * len(words)


def _starts_sentence(text: str, start: int) -> bool:
    return bool(_SENTENCE_START.search(text[max(0, start - 12) : start])) if start else True


def _marked(text: str) -> Iterator[tuple[int, Name]]:
    """Yield what stands between backticks, and figures that the text calls a code."""
    for match in _CODE_SPAN.finditer(text):
        if not _TOKEN.fullmatch(match[1]) and re.search(r"[^\W\d_]", match[1]):
            yield match.start(), _name(match[1].lower())
        elif re.fullmatch(rf"[{CASED}.-]+", match[1]):
            yield match.start(), _name(match[1].lower())
    for match in _CODE.finditer(text):
        figure = match[1] or match[2]
        yield match.start(), _name(figure)


def _shaped(text: str) -> Iterator[tuple[int, Name]]:
    """Yield the identifiers that are known by their shape, with their positions."""
    has_case = _has_case(text)
    for match in _TOKEN.finditer(text):
        token = match.group()
        name = _whole(token)
        if name is None and _VERSION.fullmatch(token):
            name = _version(text, match)
        if name is not None:
            yield match.start(), name
            continue
        for part in token.split("."):
            if _is_model(part, has_case):
                yield match.start(), _name(part.lower().replace("-", ""))
                break
        else:
            name = _numbered(text, match, has_case)
            if name is None and has_case and _is_camel(token):
                name = _name(token.lower())
            if name is not None:
                yield match.start(), name


def _whole(token: str) -> Name | None:
    """Return a token that is an identifier whatever stands around it."""
    lowered = token.lower()
    if token.startswith("--"):
        words = lowered[2:].removeprefix("no-")
        keys = {normalize(lowered), "--" + normalize(words)}
        if "-" in words:
            keys.add(normalize(words))
        return Name(lowered, _with_plurals(keys))
    if token.endswith("()"):
        lowered = re.split(r"::|\.", lowered.removesuffix("()"))[-1]
        return _name(lowered)
    is_shape = any(shape.fullmatch(token) for shape in (_HEX, _SNAKE, _FILE)) or "::" in token
    return _name(lowered) if is_shape and re.search(rf"[{CASED}]", token) else None


def _version(text: str, match: re.Match[str]) -> Name | None:
    """Return a figure with dots if the words around it make it a version."""
    version = match.group().lower().removeprefix("v")
    before = text[: match.start()].rstrip()
    after = re.match(r"[^\S\n]?([^\W\d_]+|[%°€$£])", text[match.end() :])
    if _DATE.fullmatch(version) or re.search(r"[€$£¥,/:-]$", before):
        return None
    if after and (normalize(after[1]) in _UNITS or not after[1].isalpha()):
        return None
    word = re.search(r"[^\W\d_]*$", before)
    previous = word.group() if word else ""
    is_named = (
        (previous[:1].isupper() or _is_camel(previous))
        and len(previous) > 1
        and normalize(previous) not in _COUNTED
    )
    is_version = match.group()[0] in "vV" or version.count(".") > 1
    if is_version or is_named or _VERSION_WORD.fullmatch(previous):
        return Name(version, _version_keys(version, previous if is_named else ""))
    return None


def _numbered(text: str, match: re.Match[str], has_case: bool) -> Name | None:
    """Return a name and the figure behind it: "iPhone 15", "ISO 27001"."""
    token = match.group()
    after = _NUMBER_AFTER.match(text, match.end())
    folded = normalize(token)
    if after is None or "." in after[1] or _YEAR.fullmatch(after[1]):
        return None
    if normalize(after[2]) in _UNITS or folded in _COUNTED or folded in _UNITS:
        return None
    if not re.fullmatch(rf"[{CASED}]{{2,}}", token) or not has_case or not token[0].isupper():
        if not (has_case and _is_camel(token)):
            return None
    is_capitals = token.isupper()
    if not is_capitals and not _is_camel(token) and _starts_sentence(text, match.start()):
        return None
    return _name(token.lower() + after[1], (after[1],) if len(after[1]) > 2 else ())


def _is_model(part: str, has_case: bool) -> bool:
    """Return whether letters and figures together are a model or a code: "s24", "COVID-19"."""
    pieces = re.findall(rf"[{CASED}]+|\d+", part)
    folded = [normalize(piece) for piece in pieces]
    if len(pieces) < 2 or not any(piece.isdigit() for piece in folded):
        return False
    if not any(piece.isalpha() for piece in pieces):
        return False
    first = folded[0]
    if first.isdigit():
        if "-" in part:
            return False
        return len(pieces) > 3 or (len(pieces) == 2 and pieces[1].isupper() and len(first) < 5 and len(pieces[1]) > 1 and folded[1] not in _UNITS)
    if first in _COUNTED or (first + folded[1]) in _UNITS or _YEAR.fullmatch(folded[1]):
        return False
    if "-" in part and len(pieces) == 2 and part.islower() and len(first) > 6:
        return False
    return not re.search(r"\d-[^\W\d]{3}", part) or len(pieces) > 3


def _is_camel(word: str) -> bool:
    return bool(_CAMEL.fullmatch(word)) and not _NO_CAMEL.fullmatch(word) and normalize(word) not in _UNITS


def _name(text: str, others: tuple[str, ...] = ()) -> Name:
    return Name(text, _with_plurals({normalize(text), *others}))


def _with_plurals(keys: set[str]) -> frozenset[str]:
    plurals = {key + "s" for key in keys if key[-1:].isalpha()}
    singulars = {key[:-1] for key in keys if len(key) > 4 and key.endswith("s")}
    return frozenset(key for key in keys | plurals | singulars if key)


def _version_keys(version: str, subject: str) -> frozenset[str]:
    """Return the version, any finer one, and those coarser ones that a site may mean."""
    parts = version.split(".")
    coarser = {".".join(parts[:n]) for n in range(2, len(parts))}
    keys = {version, version + ".*"} | coarser
    if subject:
        keys.add(normalize(subject) + parts[0])
    return frozenset(normalize(key) if not key.endswith("*") else key for key in keys)
