"""Questions as indirect clauses: "does it fit?" is "whether it fits". English alone."""

import re
from collections.abc import Sequence

from coverage_kit.text.english import English, Token
from coverage_kit.text.english_words import BE, QUESTION_WORDS, VERBS, words_of

_AUXILIARIES = words_of("do does did don't doesn't didn't")
_CAN = words_of("can could should would will may might must has have had can't won't")
_BASES = words_of("do have be get go")
_PRONOUNS = words_of("it they you i we he she")
_ASKERS = words_of("i we")
_IRREGULAR = {"do": "does", "have": "has", "go": "goes", "be": "is"}
_FIRST_PERSON = re.compile(
    r"\b(?:I|I['\u2019]\w+|i|me|my|mine|we|we['\u2019]\w+|our|ours|us|myself)\b"
)
_WH = re.compile(
    r"\A(?P<wh>(?:at |in |for |on |by |to |from )?(?:what|which|how|where|when|why|who|whose)"
    r"(?:['\u2019]s)?)\b\s*",
    re.IGNORECASE,
)
# A second question behind "or", and things of the asker's.
_SECOND_CLAUSE = re.compile(
    r"(?:,|,? (?:or|and|&)) (?:do|does|is|are|can|will|would|what|how|when|should)\b.*"
)
_OWNED = re.compile(r"\b(?:my|our) .+?(?= (?:my|our|your|his|her|their|its) |\Z)", re.I)
_KIN = re.compile(
    r"\bthe (mum|mother|dad|father|son|daughter|grandson|granddaughter|child|partner)\b"
)
_AGE = re.compile(r"\b(\d+)[- ](?:years?|yrs?)[- ]old(?= [a-z])", re.I)
_IMPERSONAL = re.compile(
    r"\A(?:is|was) it (?:\w+ )?(?P<rest>\w+(?: idea)? (?:to|for|that) .+)\Z", re.I
)


def third_person(verb: str) -> str:
    """Return the form of a verb behind "it".

    >>> [third_person(verb) for verb in ("fit", "carry", "do", "wash")]
    ['fits', 'carries', 'does', 'washes']
    """
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if re.search(r"[^aeiou]y\Z", verb):
        return verb[:-1] + "ies"
    return verb + ("es" if re.search(r"(?:s|x|z|ch|sh|o)\Z", verb) else "s")


def indirect(question: str, english: English, asker: str = "people") -> str:
    """Return a clean question as an indirect clause; '' where no rule turns it into one.

    Args:
        question: one sentence that asks.
        english: which words are verbs.
        asker: who "I" and "we" are, in the plural.

    >>> indirect("Does the box fit in a lift?", English())
    'whether the box fits in a lift'
    >>> indirect("How much does a charge cost?", English())
    'how much a charge costs'
    >>> indirect("Where can I sell my bike?", English(["Sell a bike"]))
    'where people can sell a bike'
    """
    text = _AGE.sub(r"\1-year-old", " ".join(question.split()).rstrip("?!. "))
    clause = _clause(_SECOND_CLAUSE.sub("", text), english, asker)
    if not clause:
        return ""
    clause = _OWNED.sub(lambda match: english.without_owner(match[0]), clause)
    clause = _KIN.sub(r"a \1", clause)
    return "" if _FIRST_PERSON.search(clause) else clause


def split_subject(text: str, english: English) -> tuple[str, str]:
    """Return the subject and the rest of "a bike go in a lift", where the rest begins with a verb.

    Both are '' where no verb is found.
    """
    tokens = english.tokens(text)
    candidates = [
        position
        for position, token in enumerate(tokens)
        if position and _may_be_verb(token, tokens[position - 1], english)
    ]
    for position in candidates:
        is_sure = tokens[position].word in VERBS | _BASES
        later = [place for place in candidates if position < place <= position + 2]
        if not is_sure and any(tokens[place].word in VERBS for place in later):
            continue
        return text[: tokens[position].start].strip(), text[tokens[position].start :]
    return "", ""


def split_predicate(text: str, english: English) -> tuple[str, str]:
    """Return the subject and the rest of "the box strong enough for a child" behind "is".

    Both are '' where the subject may go on: "fumes from a kiln dangerous", "clay you sell safe".
    """
    tokens = english.tokens(text)
    last = -1
    for position, token in enumerate(tokens):
        if token.word in ("there", "it", "they", "you", "this", "that") and position == 0:
            last = 0
            break
        if token.kind == "N" or (token.kind == "G" and last >= 0):
            last = position
            is_plural = token.word.endswith("s") and not token.word.endswith("ss")
            if is_plural and "'" not in token.word:
                break
            continue
        if token.kind in "DJ" and last < 0:
            continue
        behind = tokens[position + 1].kind if position + 1 < len(tokens) else "M"
        if last >= 0 and behind in "NJ" and (token.kind == "J" or token.word in ("or", "and")):
            continue
        if last >= 0:
            break
        if token.kind != "G":
            return "", ""
        last = position
    if last < 0 or last + 1 >= len(tokens):
        return "", ""
    if not _is_predicate(tokens[last + 1 :]):
        return "", ""
    return text[: tokens[last].end], text[tokens[last].end :].strip()


def _is_predicate(tokens: Sequence[Token]) -> bool:
    """Return whether what stands behind a subject cannot belong to it.

    A preposition with one word is all that is said: "under warranty", "in the box". With more
    words, it may describe the subject.
    """
    first = tokens[0]
    if first.kind == "P":
        kinds = "".join(token.kind for token in tokens)
        return kinds in ("PN", "PDN", "PG")
    return first.word not in _PRONOUNS | QUESTION_WORDS | {"that"}


def _may_be_verb(token: Token, before: Token, english: English) -> bool:
    if token.word in _BASES or before.word in _PRONOUNS:
        return True
    # "the poles bend": what stands behind a plural
    is_plural = before.kind == "N" and before.word.endswith("s") and before.text.islower()
    if is_plural and token.kind == "N" and not token.word.endswith("s"):
        return True
    if not token.word.isalpha() or not english.is_base(token.word):
        return False
    return before.kind not in "DPJ" or before.word in ("one", "any", "all", "this", "that")


def _clause(text: str, english: English, asker: str) -> str:
    match = _WH.match(text)
    if match is None:
        return _whether(text, english, asker)
    wh = match["wh"].lower().replace("’", "'")  # noqa: RUF001 (quotes)
    rest = text[match.end() :]
    if wh.endswith("'s"):
        wh, rest = wh[:-2], "is " + rest
    return _wh_clause(wh, rest, english, asker)


def _whether(text: str, english: English, asker: str) -> str:
    first, _, rest = text.partition(" ")
    if impersonal := _IMPERSONAL.match(text):
        return f"whether it is {impersonal['rest']}"
    moved = _moved(first.lower(), rest, english, asker)
    return f"whether {moved}" if moved else ""


def _moved(  # noqa: PLR0911 (a return for each form)
    word: str, rest: str, english: English, asker: str
) -> str:
    """Return a statement of a verb and what stands behind it in a question; '' for none."""
    if word in BE:
        if rest.lower().startswith("there "):
            return f"there {word} {rest[6:]}"
        subject, predicate = split_predicate(rest, english)
        return (
            f"{_subject(subject, asker, english)} {word} {predicate}"
            if subject and predicate
            else ""
        )
    if word not in _AUXILIARIES | _CAN:
        return ""
    subject, predicate = split_subject(rest, english)
    if not subject or len(subject.split()) > 6:
        return ""
    name = _subject(subject, asker, english)
    if word in _CAN:
        return f"{name} {word} {predicate}"
    verb, _, behind = predicate.partition(" ")
    if word in ("don't", "doesn't", "didn't", "did"):
        return f"{name} {word} {predicate}" if word != "did" else ""
    is_one = word == "does" and name.lower() not in ("you", "we", "they", "i")
    return f"{name} {third_person(verb) if is_one else verb} {behind}".strip()


def _subject(words: str, asker: str, english: English) -> str:
    if words.lower() in _ASKERS:
        return asker
    return english.without_owner(words) if re.match(r"(?:my|our) ", words, re.I) else words


def _wh_clause(  # noqa: PLR0911 (a return for each form)
    wh: str, rest: str, english: English, asker: str
) -> str:
    """Return the clause of a question word and what stands behind it."""
    tokens = english.tokens(rest)
    if not tokens:
        return ""
    if wh == "how" and tokens[0].word == "to":
        return f"how {rest}"
    # "how do you clean", "what should I check": what anyone does
    match = re.match(
        r"(?:do|can|could|should|would) (?:i|we|you|people|one) (?P<rest>.+)", rest, re.I
    )
    first = match["rest"].split()[0].lower() if match else ""
    if match and wh in ("how", "what") and (first in _BASES or english.is_base(first)):
        return f"{wh} to {match['rest']}"
    for position, token in enumerate(tokens[:6]):
        if token.word in BE | _AUXILIARIES | _CAN:
            return _from_verb(wh, rest, tokens, position, english, asker)
        if token.word in QUESTION_WORDS:
            return ""
    # "which hitch fits …", "who rescues …": the question word is the subject
    if wh in ("which", "what", "who") and any(_is_finite(token, english) for token in tokens):
        return f"{wh} {rest}"
    return ""


def _is_finite(token: Token, english: English) -> bool:
    return token.kind == "V" or (token.word.endswith("s") and english.is_verb(token.word))


def _from_verb(  # noqa: PLR0913 (the parts of one question)
    wh: str, rest: str, tokens: list[Token], position: int, english: English, asker: str
) -> str:
    """Return the clause of "how heavy | is | it to tip", split at its verb."""
    head = rest[: tokens[position].start].strip()
    verb = tokens[position].word
    behind = rest[tokens[position].end :].strip()
    lead = f"{wh} {head}".strip()
    if not behind:
        return ""
    if verb in BE:
        return _from_be(lead, verb, behind, english)
    # "which bike would take them": the question word is the subject
    if verb in _CAN and wh in ("which", "who", "what"):
        first = behind.split()[0].lower()
        if english.is_base(first) and first not in ("i", "we", "you") and (head or wh == "who"):
            return f"{lead} {verb} {behind}"
    moved = _moved(verb, behind, english, asker)
    return f"{lead} {moved}" if moved else ""


def _from_be(  # noqa: PLR0911 (a return for each form)
    lead: str, verb: str, behind: str, english: English
) -> str:
    if behind.lower().startswith("it "):
        return f"{lead} it {verb} {behind[3:]}"
    if lead == "what" and behind.lower().startswith(("the ", "your ")):
        return behind.partition(" ")[2] if behind.lower().startswith("the ") else behind
    if worth := re.fullmatch(r"(.+) worth\b(.*)", behind):
        return f"what {worth[1]} {verb} worth{worth[2]}"
    first = english.tokens(behind)[0].kind
    if lead.split(maxsplit=1)[0] in ("which", "who") and first in "JPGA":
        return f"{lead} {verb} {behind}"
    subject, predicate = split_predicate(behind, english)
    if lead == "what" and not re.match(r"\w+ed\b|there\b", predicate):
        return f"what {behind} {verb}"
    if subject and predicate:
        return f"{lead} {subject} {verb} {predicate}"
    return f"{lead} {behind} {verb}"
