"""Names in a question: identifiers, and the weaker proper names.

An identifier (a model, version, error code, function, option or file) means one thing only, so a
site that nowhere writes it hardly answers a question about it. Quantities, dates, ranks and times
are no identifiers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from coverage_kit.text.atoms import CASED, clean, is_counter, is_measure, normalize
from coverage_kit.text.length import count_words
from coverage_kit.text.sentences import split_sentences

# What may be an identifier by its shape: letters, figures, and the signs between them.
_TOKEN = re.compile(
    rf"(?<![{CASED}\d_@])(?:--(?=[a-z]))?[{CASED}\d_.]"
    rf"(?:[{CASED}\d_]|(?:::|[-.])(?=[{CASED}\d_]))*(?:\(\))?"
)
_CODE_SPAN = re.compile(r"`([^`\s]{2,80})`")
# A command and its subcommand at the beginning of a code span: "git rebase".
_COMMAND = re.compile(r"`([a-z]{2,40} [a-z][a-z-]{1,40})(?=[ `])")
_HEX = re.compile(r"0x[\da-f]{2,}", re.IGNORECASE)
_SNAKE = re.compile(rf"_*[{CASED}\d]+(?:_+[{CASED}\d]+)+_*|__[{CASED}\d]+__")
# The endings of files and domains. A list, because people forget the space after a full stop:
# "my visa.He". Assumed.
_FILE = re.compile(
    rf"[{CASED}\d_.-]*\.(?:bat|bashrc|bin|cfg|conf|cpp|cs|css|csv|dll|dmg|docx?|env|exe|gif|"
    r"gitattributes|gitignore|go|html?|ini|iso|jar|java|jpe?g|js|json|jsx|kt|lock|log|mdx?|mp3|mp4|"
    r"msi|pdf|php|plist|png|pptx?|ps1|psd|py|rb|rs|rst|scss|sh|sln|sql|svg|tar|toml|tsx?|txt|vue|"
    r"wav|webp|xlsx?|xml|ya?ml|zip|com|org|net|io|dev)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"[^\W\d_]*[a-z][A-Z][^\W_]*")
# Personal names and degrees that have a capital within.
_NO_CAMEL = re.compile(r"(?:Mc|Mac|De|Di|Da|Du|La|Le|Van|Von|St|Fitz)[A-Z].*|PhDs?|[BM](?:Sc|Ed)s?")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*\.(?:\d+|x)(?:-?(?:alpha|beta|rc|dev)\d*)?", re.IGNORECASE)
_VERSION_WORD = re.compile(r"v|ver|versions?|release|build", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}|(?:1[5-9]|20)\d\d\.\d{1,2}\.\d{1,2}")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_ERROR_WORDS = (
    "errors?|code|errno|status|exception|bug|issue|ticket|fehler|fehlercode|erreur|codigo|"
    "errore|codice|ошибка|код"
)
# "error code 1603", "404 error"; two figures are too few to be told from a number of things.
_ERROR = re.compile(
    rf"(?<![{CASED}\d])(?:{_ERROR_WORDS})(?:\s*code|\s+no\.?|\s+number)?\s*[#:]?\s*"
    rf"(?P<after>\d{{3,20}})(?![\d%]|[.,]\d)|"
    rf"(?<![{CASED}\d.,])(?P<before>\d{{3,20}})\s+(?:{_ERROR_WORDS})(?![{CASED}])",
    re.IGNORECASE,
)
# A whole figure after a name, and the word behind it: "iPhone 15 Pro".
_FIGURE_AFTER = re.compile(r" (\d{1,5})(?![\d%°]|[.,:/]\w|-\d)[ -]?([^\W\d_]*)")
_WORD_BEFORE = re.compile(r"([^\W\d_]*)[^\S\n]?$")
_WORD_AFTER = re.compile(r"[^\S\n]?([^\W\d_]+|[%°€$£])")
_LETTERS_AND_FIGURES = re.compile(rf"[{CASED}]+|\d+")
_AREA = re.compile(r"(?:[cdkm]?m|ft)[23]")
# Words that a hyphen joins to an identifier: "CO2-neutral", "19-year-old".
_JOINED_WORDS = re.compile(rf"(?:-[{CASED}]{{3,}})+$")
_WORD = re.compile(rf"(?<![{CASED}\d_.'\u2019-])[{CASED}]+(?![{CASED}\d_]|[-.]\w)")
_CASELESS = re.compile(rf"[^\W\d_{CASED}]+")
_ROMAN = re.compile(r"[IVXLCDM]+")
_SENTENCE_START = re.compile(
    "(?:^|[.!?:;\n\u2026])[\\s\"'*(\\[\u00ab\u201c\u201e\u2018\u00bf\u00a1#>-]*$"
)
# Letters before a hyphen and a figure, from which on a word in lower case is an ordinary one, as in
# "windows-11"; "covid-19" has fewer. Assumed.
_LONG_PREFIX = 7
# Characters of the longest name; what is longer is data. Assumed.
_MAX_LENGTH = 80
# Words from which on a question is a story, of which only the sentences that ask are read. Measured
# on conditionalqa_govuk: names in the story of an answered question are mostly not on the site.
_STORY_WORDS = 25
# The question marks of Latin, Chinese, Japanese, Arabic and Greek text; a closing quote may follow.
_ASKS = re.compile("[?\uff1f\u061f\u037e]\\W*$")


@dataclass(frozen=True)
class Name:
    """A name: its usual form, and its keys. A site that knows the name has any of the keys."""

    text: str
    keys: frozenset[str]


def asked(text: str) -> str:
    """Return a question, or of a long one the sentences that ask, if it has any.

    >>> asked("I moved here from Tallmere with a K7 permit, which my aunt Rosa Lind got for me "
    ...       "when I was ill in the spring of that year. May I work?")
    'May I work?'
    """
    if count_words(text) < _STORY_WORDS:
        return text
    asking = [sentence for sentence in split_sentences(text) if _ASKS.search(sentence)]
    return " ".join(asking) or text


def identifiers(text: str) -> tuple[str, ...]:
    """Return the identifiers of a question in their usual form, each once, in order.

    >>> identifiers("Does an RTX-4090 run foo_bar() of v2.1 after `git rebase --onto`?")
    ('rtx4090', 'foo_bar', '2.1', 'git rebase', '--onto')
    >>> identifiers("Is it 5 km, 3rd on 12.03.2024, for 1,000 GBP?")
    ()
    """
    return tuple(name.text for name in find_identifiers(text))


def find_identifiers(text: str) -> list[Name]:
    """Return the identifiers of a question with their keys, each once, in order."""
    cleaned = asked(clean(text))
    names = sorted([*_marked(cleaned), *_shaped(cleaned)], key=lambda item: item[0])
    return list({name.text: name for _, name in names if name.keys}.values())


def proper_names(text: str) -> tuple[str, ...]:
    """Return the capitalised words within the sentences of a question, folded, each once.

    They are weaker evidence than identifiers: a person or a town of the question need not be on
    the page that answers it, and German writes every noun with a capital. There are none where
    capitals say nothing: in capitals, and in title case.

    >>> proper_names("Is Tallmere cheaper than Haulwright? Delivery takes long.")
    ('tallmere', 'haulwright')
    """
    return tuple(name.text for name in find_proper_names(text))


def find_proper_names(text: str) -> list[Name]:
    """Return the proper names of a question with their keys, each once, in order."""
    cleaned = asked(clean(text))
    if not _has_case(cleaned):
        return []
    words = [
        normalize(match.group())
        for match in _WORD.finditer(cleaned)
        if match.group()[0].isupper()
        and 2 < len(match.group()) <= _MAX_LENGTH
        and not _ROMAN.fullmatch(match.group())
        and not _starts_sentence(cleaned, match.start())
    ]
    return [_name(word) for word in dict.fromkeys(words) if not is_counter(word)]


def _has_case(text: str) -> bool:
    """Return whether capitals set a word apart: most words within sentences have none.

    Words of a script without capitals count as words without them.
    """
    n_small = len(_CASELESS.findall(text))
    n_capitals = 0
    for match in _WORD.finditer(text):
        if match.group()[0].islower():
            n_small += 1
        elif not _starts_sentence(text, match.start()):
            n_capitals += 1
    return n_small >= n_capitals


def _starts_sentence(text: str, start: int) -> bool:
    # Between a full stop and the next word are a few signs at most.
    return bool(_SENTENCE_START.search(text[max(0, start - 12) : start])) if start else True


def _marked(text: str) -> Iterator[tuple[int, Name]]:
    """Yield a single word between backticks, and a figure that is called an error or a code."""
    for match in _CODE_SPAN.finditer(text):
        if re.search(rf"[{CASED}]", match[1]):
            yield match.start(), _written_as_code(match[1]) or _name(match[1].lower())
    for match in _COMMAND.finditer(text):
        yield match.start(), _name(match[1])
    for match in _ERROR.finditer(text):
        yield match.start(), _name(match["after"] or match["before"])


def _shaped(text: str) -> Iterator[tuple[int, Name]]:
    """Yield the identifiers that are known by their shape, with their positions."""
    has_case = _has_case(text)
    for match in _TOKEN.finditer(text):
        token = match.group()
        if len(token) > _MAX_LENGTH or (token.isalpha() and token.islower()):
            continue
        name = _written_as_code(token) or _version(text, match) or _model(token)
        if name is None:
            name = _numbered(text, match, has_case)
        if name is None and _is_camel(token):
            name = _name(token.lower())
        if name is not None:
            yield match.start(), name


def _written_as_code(token: str) -> Name | None:
    """Return an option, function, file or constant, whatever the words around it."""
    lowered = token.lower()
    if lowered.startswith("--"):
        bare = lowered[2:].removeprefix("no-")
        # an option of several words is known without its dashes too
        return _name(lowered, f"--{bare}", bare if "-" in bare else "")
    if lowered.endswith("()"):
        return _name(re.split(r"::|\.", lowered.removesuffix("()"))[-1])
    is_shape = any(shape.fullmatch(token) for shape in (_HEX, _SNAKE, _FILE)) or "::" in token
    return _name(lowered) if is_shape and re.search(rf"[{CASED}]", token) else None


def _version(text: str, match: re.Match[str]) -> Name | None:
    """Return a figure with dots if it or the word before it makes it a version."""
    token = match.group()
    version = token.lower().removeprefix("v")
    if not _VERSION.fullmatch(token) or _DATE.fullmatch(version):
        return None
    after = _WORD_AFTER.match(text, match.end())
    if after and (not after[1].isalpha() or is_measure(after[1])):
        return None
    before = _WORD_BEFORE.search(text, max(0, match.start() - 40), match.start())
    word = before[1] if before else ""
    is_named = len(word) > 1 and (word[0].isupper() or _is_camel(word)) and not is_counter(word)
    is_marked = token[0] in "vV" or _VERSION_WORD.fullmatch(word)
    is_long = version.count(".") > 1 and not is_counter(word or "version")
    if not is_marked and not is_long and not is_named:
        return None
    return Name(version, _version_keys(version, word if is_named else ""))


def _version_keys(version: str, subject: str) -> frozenset[str]:
    """Return the keys of a version: itself, finer ones, and the coarser ones that include it."""
    parts = version.removesuffix(".x").split(".")
    keys = {".".join(parts[:end]) for end in range(2, len(parts) + 1)}
    if subject:
        keys.add(normalize(subject) + parts[0])
    finer = ".".join(parts) + ".*"
    return frozenset({*(normalize(key) for key in keys), normalize(version), finer})


def _model(token: str) -> Name | None:
    """Return letters and figures together if they are a model or a code: "s24", "COVID-19"."""
    for part in token.split("."):
        core = _JOINED_WORDS.sub("", part)
        pieces = _LETTERS_AND_FIGURES.findall(core)
        has_both = len({piece.isdigit() for piece in pieces}) == 2
        if has_both and _is_model(core, pieces):
            figure = pieces[-1]
            # four figures are rare enough to be known without the letters
            alone = figure if "-" in core and figure.isdigit() and len(figure) > 3 else ""
            version = f"version{pieces[1]}" if pieces[0].lower() == "v" else ""
            return _name(core.lower().replace("-", ""), alone, version)
    return None


def _is_model(core: str, pieces: list[str]) -> bool:
    """Return whether letters and figures are a model: no quantity, date, rank or typing slip."""
    first, second = pieces[:2]
    if first.isdigit():
        is_short = len(first) < 5 and len(second) > 1 and second.isupper()  # 2FA
        is_mixed = len(pieces) > 3  # 5f3a9c
        return "-" not in core and not is_measure(second) and (is_short or is_mixed)
    is_letter = len(first) == 1 and first.isupper()  # I-94
    if (
        _YEAR.fullmatch(second) or (is_counter(first) and not is_letter) or first in "qQ"
    ):  # a quarter: Q3
        return False
    if _AREA.fullmatch(core):
        return False
    return not ("-" in core and core.islower() and len(first) >= _LONG_PREFIX)


def _numbered(text: str, match: re.Match[str], has_case: bool) -> Name | None:
    """Return a name with the figure behind it: "iPhone 15", "ISO 27001"."""
    token = match.group()
    after = _FIGURE_AFTER.match(text, match.end())
    if after is None or _YEAR.fullmatch(after[1]) or is_measure(after[2]):
        return None
    is_error = re.fullmatch(_ERROR_WORDS, token, re.IGNORECASE)
    if (
        is_error
        or is_counter(token)
        or is_measure(token)
        or not re.fullmatch(rf"[{CASED}]{{2,}}", token)
    ):
        return None
    is_capital = token[0].isupper() and has_case
    if not _is_camel(token) and not (
        is_capital and (token.isupper() or not _starts_sentence(text, match.start()))
    ):
        return None
    # three figures are rare enough beside a name to be known without it
    return _name(token.lower() + after[1], after[1] if len(after[1]) > 2 else "")


def _is_camel(word: str) -> bool:
    """Return whether a word has a capital within, and is no person, degree or unit."""
    is_shape = _CAMEL.fullmatch(word) and not _NO_CAMEL.fullmatch(word)
    return bool(is_shape) and not is_measure(word)


def _name(text: str, *others: str) -> Name:
    """Return a name whose keys are its own and others, each also in the other number."""
    keys = {normalize(key) for key in (text, *others) if key}
    plurals = {f"{key}s" for key in keys if key[-1:].isalpha()}
    singulars = {key[:-1] for key in keys if len(key) > 3 and key.endswith("s")}
    return Name(text, frozenset(keys | plurals | singulars) - {""})
