"""What people typed, in clean writing: one sentence that asks, with capitals and a question mark.

Nothing is reworded. Words are left out at the boundary of a clause, so that what remains is still
a question of the asker's, and names get the capitals that the log's own prose gives them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from coverage_kit.text.english import English, Token, base_form, gerund
from coverage_kit.text.english_words import (
    BE,
    DETERMINERS,
    MODALS,
    QUESTION_WORDS,
    SUBJECTS,
    words_of,
)

# Characters of a name: it has to fit the cell of a table and a point of the map.
MAX_LENGTH = 60
# Question marks of Latin, Chinese and Japanese, Arabic, and Greek.
QUESTION_MARKS = "?\uff1f\u061f\u037e"
# Fewer words are no question by themselves: "problem?", "any help?".
_MIN_WORDS = 3
_MARKUP = re.compile(
    r"<[^<>\n]{0,200}>|[`*_#~]+|https?://\S+|[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)
# Pictures and other symbols; letters, marks, numbers and punctuation stay.
_SYMBOLS = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff\ufe0f]+")
_QUOTES = "\"'“”‘’«»"  # noqa: RUF001 (quotes)
# Where a typed sentence ends, with or without a capital behind it.
_SENTENCE = re.compile(
    r"(?<=[?!\uff1f\uff01。])\s*|\.{2,}|…|(?<=[^\W\d_][^\W_])\.\s+|;\s+"
    r"|\s+[-\u2013\u2014]+\s+|\n+"
)
# Keywords that people put behind a question for a search engine: no part of what is asked.
_TRAILING = re.compile(
    r"(?:[\s,]+(?:uk|usa|us|eu|near me|reddit|forum|20[1-4]\d|please|pls|thanks|thank you|thx|asap|"
    r"lol|tia)|,\s*(?:advice|any ideas?|any help|help|any advice|anyone))\Z",
    re.I,
)
_LEADING = re.compile(
    r"\A(?:(?:hi|hello|hey|ok|okay|so|and|but|also|um|well|please|pls|quick question|question|"
    r"serious question|random question)\b[\s,:!.-]+)+(?=\S)",
    re.I,
)
_AFTER_PREPOSITION = re.compile(r"\b(?:in|for|of|the|from|to|at|since|by|until|with)\Z", re.I)
_SPELLINGS = {
    "i": "I", "im": "I'm", "i'm": "I'm", "ive": "I've", "i've": "I've", "i'd": "I'd",
    "i'll": "I'll", "dont": "don't", "doesnt": "doesn't", "cant": "can't", "isnt": "isn't",
    "wont": "won't", "whats": "what's", "arent": "aren't", "didnt": "didn't", "pls": "please",
    "uk": "UK", "usa": "USA", "gps": "GPS", "usb": "USB", "vat": "VAT", "led": "LED", "diy": "DIY",
    "tv": "TV", "pdf": "PDF", "url": "URL", "sql": "SQL", "html": "HTML", "api": "API",
    "ssh": "SSH", "nhs": "NHS", "vr": "VR", "3d": "3D", "4k": "4K", "wifi": "Wi-Fi",
    "wi-fi": "Wi-Fi", "bluetooth": "Bluetooth", "england": "England", "britain": "Britain",
    "scotland": "Scotland", "wales": "Wales", "london": "London", "europe": "Europe",
    "english": "English", "german": "German", "french": "French", "monday": "Monday",
    "saturday": "Saturday", "sunday": "Sunday", "christmas": "Christmas",
}  # fmt: skip
# A name needs its capitals in this share of its places inside sentences, and twice. Assumed.
_CAPITAL_SHARE = 0.6
_INSIDE = re.compile(r"(?<=[^\W_][ ,] )[^\W_]\S*|(?<=[^\W_] )[^\W_][\w'’-]*")  # noqa: RUF001
_WORD = re.compile(r"(?<![\w.@/-])[^\W_](?:[\w'’-]*[^\W_])?")  # noqa: RUF001 (quotes)
_EDGES = '.,;:!?()[]*"“”'
# A longer word in capitals is loud, and no abbreviation, unless the prose has it so. Assumed.
_SHOUTED = 3
# What an asker says before the question.
_BEFORE_VERB = (
    r"(?:how (?:do|can|should|would|could|does) (?:i|you|we|people|one|they)|how to|"
    r"what(?:'s| is) the (?:best|easiest|right|cheapest|safest) way to|(?:the )?best way to|"
    r"(?:can|may|should|could|must) (?:i|you|we|people|one)(?: still| actually| just)?|"
    r"is it (?:actually |still )?(?:ok|okay|safe|legal|possible|worth|allowed|illegal|dangerous|"
    r"a good idea|bad|better|normal|hard|easy) to)"
)
_TO_VERB = re.compile(rf"(?:{_BEFORE_VERB})\s+(?=[a-z])", re.I)
# Words before which a clause may end.
_CLAUSE = words_of("but if because so when while though although until unless like")
# Words that stand for something that was named before them.
_BACKWARD = words_of("it they them he she him her this that these those its their")


class Casing:
    """The capitals of words as a log's prose has them: "Larkmoor", "GPS", "e-bike".

    Args:
        texts: answers and titles, in which words are written as they should be.
        names: names of brands and sites.
    """

    def __init__(self, texts: Iterable[str], names: Iterable[str] = ()) -> None:
        pairs: Counter[tuple[str, str]] = Counter()
        forms: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            words = _INSIDE.findall(text)
            # a title in capitals shows nothing of its words, nor does a text without any
            n_capitals = sum(word[0].isupper() for word in words)
            if n_capitals > len(words) / 2 or text == text.lower():
                continue
            for first, second in pairwise(words):
                if first[0].isupper() and second[0].isupper() and f"{first} {second}" in text:
                    pairs[first.lower(), second.strip(_EDGES)] += 1
            for typed in words:
                word = typed.strip(_EDGES).removesuffix("'s").removesuffix("’s")  # noqa: RUF001
                forms[word.lower()][word] += 1
        self._form_of = {
            word.lower(): word for name in names for word in name.split() if word != word.lower()
        }
        for key, counts in forms.items():
            form, n = max(counts.items(), key=lambda item: (item[1], item[0]))
            if form != key and n > 1 and n >= _CAPITAL_SHARE * counts.total():
                self._form_of[key] = form
        # "Tower" is a name behind "Eiffel"
        self._form_behind = {
            (first, second.lower()): second
            for (first, second), n in pairs.items()
            if n > 1 and first in self._form_of
        }

    def is_name(self, word: str) -> bool:
        """Return whether a word in lower case is written with capitals."""
        return word in self._form_of

    def restore(self, text: str, is_english: bool = True) -> str:
        """Return a text whose words in lower case have the capitals that they should have.

        In English, apostrophes that are left out in typing are put in as well.
        """
        restored = _WORD.sub(
            lambda match: _SPELLINGS.get(match[0], "") * is_english or self._cased(match[0]), text
        )
        words = restored.split(" ")
        for position in range(1, len(words)):
            pair = words[position - 1].lower(), words[position].lower()
            words[position] = self._form_behind.get(pair, words[position])
        return " ".join(words)

    def lowered(self, title: str) -> str:
        """Return a title in sentence case: capitals are left to names."""
        words = title.split()
        long_words = [word for word in words[1:] if len(word) > 3 and word[0].isalpha()]
        if sum(word[0].isupper() for word in long_words) <= len(long_words) / 2:
            return title
        lowered = [word if word[1:] != word[1:].lower() else word.lower() for word in words]
        return capitalised(self.restore(" ".join(lowered)))

    def _cased(self, word: str) -> str:
        if word.isupper() and len(word) > _SHOUTED and word.lower() not in self._form_of:
            return word.lower()
        if word != word.lower():
            return word
        stem, _, _ = word.partition("'")
        form = self._form_of.get(stem)
        return word if form is None else form + word[len(stem) :]


def capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless its first word has one elsewhere.

    >>> capitalised("battery fires"), capitalised("eBay fees")
    ('Battery fires', 'eBay fees')
    """
    first = text.split(" ", 1)[0]
    start = next((place for place, sign in enumerate(text) if sign.isalnum()), 0)
    if first != first.lower():
        return text
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def plain_text(text: str) -> str:
    """Return a text without markup, addresses, pictures and control characters, on one line."""
    return " ".join(_SYMBOLS.sub(" ", _MARKUP.sub(" ", text)).split()).strip(_QUOTES + " ")


def clean_question(text: str, casing: Casing) -> str | None:
    """Return a question in any language as one clean sentence of at most `MAX_LENGTH` characters.

    The sentence that asks is taken, or else the first. None where it is longer: no rule of this
    function knows where it could end.
    """
    sentences = [part.strip() for part in _SENTENCE.split(plain_text(text)) if part.strip()]
    asking = [part for part in sentences if part[-1] in QUESTION_MARKS]
    sentence = max(asking, key=len, default=sentences[0] if sentences else "").strip()
    if not sentence or len(sentence) > MAX_LENGTH:
        return None
    return capitalised(casing.restore(sentence.rstrip(".。,"), is_english=False))


def english_questions(text: str, english: English, casing: Casing) -> list[str]:
    """Return what an English question asks, in clean writing: the whole, or each clause of it.

    A clause that refers to something before it ("is it safe?") comes last. The list may be empty.

    >>> english_questions("so can i carry my dog?? he is old. thanks", English(), Casing([]))
    ['Can I carry my dog?']
    """
    parts = [_LEADING.sub("", part.strip()) for part in _SENTENCE.split(plain_text(text))]
    parts = [part for part in map(_without_keywords, parts) if part]
    clauses = [clause for part in parts for clause in _clauses(part, english)]
    shortened = [_shortened(_without_keywords(clause), english) for clause in clauses]
    kept = [text for text in shortened if text and _n_content(text, english) > 0]
    tokens_of = {text: english.tokens(text) for text in kept}
    kept.sort(key=lambda text: (_refers_back(tokens_of[text]), not _asks(tokens_of[text])))
    return list(dict.fromkeys(_written(text, english, casing) for text in kept))


def whole_question(text: str, english: English, casing: Casing) -> str:
    """Return what an English question asks as one sentence, as long as it needs to be.

    Other sentences are left out, unless the question refers to them.

    >>> whole_question("We live uphill. can i carry a dog in it? he is old", English(), Casing([]))
    'Can I carry a dog in it?'
    >>> whole_question("i'm 6 ft, will a box bike fit me, she asks", English(), Casing([]))
    "I'm 6 ft, will a box bike fit me?"
    """
    parts = [_LEADING.sub("", part.strip()) for part in _SENTENCE.split(plain_text(text))]
    parts = [part for part in map(_without_keywords, parts) if part]
    found: list[tuple[bool, int, str]] = []
    for number, part in enumerate(parts):
        starts = [0, *(match.end() for match in re.finditer(r"[,:]\s+(?:or |and |so )?", part))]
        clauses = [part[start:] for start in starts]
        asking = [each for each in clauses if _opens(english.tokens(each))]
        if not asking and not part.endswith("?"):
            continue
        whole = [each for each in asking if not _stands_for(each, english)]
        # what stands before it in its sentence may be what it depends on: "I'm tall, will it fit"
        clause = _ASKER_BEHIND.sub("", part)
        if whole and len(clause) > 2 * MAX_LENGTH:
            clause = _ASKER_BEHIND.sub("", whole[0])
        if clause.lower().startswith(_ASIDES):
            clause = whole[0] if whole else clause
        if not whole and number and _stands_for(part, english):
            before = parts[number - 1].rstrip("?!.,;: ")
            clause = f"{before}, {part[0].lower()}{part[1:]}"
        found.append((not whole, -_n_content(clause, english), clause))
    chosen = min(found)[2] if found else (parts[0] if parts else plain_text(text))
    bare = _WANTED.sub("", chosen.rstrip("?!.,;: "))
    tokens = english.tokens(bare)
    asks = bool(found) or _opens(tokens)
    if not asks and tokens and tokens[0].kind == "V":
        bare = _as_gerunds(bare, tokens)
    return capitalised(casing.restore(bare)) + ("?" if asks else "")


# Asides that ask nothing themselves.
_ASIDES = ("is that mad", "is it mad", "is this normal")
# What an asker says of themselves behind a question, and before what they want to do.
_ASKER_BEHIND = re.compile(
    r",\s+(?:i|i'?m|i'?ve|we|we'?ve|we're|he|she|he's|she's|they|mine|mine's|my|our)\s[^,]*\Z", re.I
)
_WANTED = re.compile(
    r"\A(?:(?:i|we) )?(?:want|wanting|need|looking|trying|hoping|would like|would love) to ", re.I
)


def _stands_for(clause: str, english: English) -> bool:
    """Return whether a clause does not say what it asks about: "any good?", "which is better?"."""
    tokens = english.tokens(clause)
    words = [token.word for token in tokens]
    if _n_content(clause, english) < 2 or _refers_back(tokens):
        return True
    if words[0] in ("any", "worth") or (words[0] == "which" and words[1] in BE | MODALS):
        return True
    names = next((place for place, token in enumerate(tokens) if token.kind == "N"), len(tokens))
    early = {"it", "them", "they", "that"} & set(words[:names])
    return (
        bool(early and "to" not in words)
        or words[-2:][-1] in ("them", "that")
        or ("them" in words[-2:])
    )


def action_phrase(question: str, english: English, casing: Casing) -> str:
    """Return what a question is about to do, as a phrase; '' where it is of another form.

    >>> action_phrase("Can I carry my dog in a box?", English(["A dog barks"]), Casing([]))
    'Carrying a dog in a box'
    """
    match = _TO_VERB.match(question)
    if match is None:
        return ""
    rest = question[match.end() :].rstrip("?!. ")
    verb, _, behind = rest.partition(" ")
    if not behind or not english.is_verb(verb.lower()) or verb.lower() in ("be", "have", "do"):
        return ""
    tokens = english.tokens(behind)
    if any(token.word in ("it", "them", "this", "that") for token in tokens[:1]):
        return ""
    phrase = f"{gerund(verb.lower())} {behind}"
    phrase = _shortened(english.without_owner(phrase), english)
    return capitalised(casing.restore(phrase)) if phrase else ""


def _without_keywords(part: str) -> str:
    """Return a part without the keywords at its end that belong to no phrase of it."""
    mark = "?" if part.rstrip().endswith("?") else ""
    part = part.rstrip(" ?!.,:")
    while (match := _TRAILING.search(part)) and not _AFTER_PREPOSITION.search(
        part[: match.start()]
    ):
        part = part[: match.start()]
    return part + mark if part else ""


def _clauses(part: str, english: English) -> list[str]:
    """Return a sentence, or the pieces between its commas where it is long or does not ask."""
    mark = "?" if part.endswith("?") else ""
    whole = part.rstrip("?")
    if len(part) <= MAX_LENGTH and _asks(english.tokens(part)):
        return [part]
    pieces = [piece.strip() for piece in re.split(r",\s+|:\s+|\s\(|\)\s?", whole)]
    pieces = [piece for piece in pieces if len(piece.split()) >= _MIN_WORDS]
    return [*dict.fromkeys([part if len(part) <= MAX_LENGTH else "", *pieces, whole + mark])]


def _refers_back(tokens: list[Token]) -> bool:
    """Return whether a clause speaks of something that it does not name: "is it safe?"."""
    for position, token in enumerate(tokens):
        if token.word in _BACKWARD and position < 4:
            behind = tokens[position + 1 : position + 2]
            # "is it safe to carry …" names it behind
            names_it_behind = any(later.word == "to" for later in tokens[position:])
            if token.word == "it" and names_it_behind:
                return False
            return token.word not in DETERMINERS or not behind or behind[0].kind not in "NJ"
        if token.kind == "N":
            return False
    return False


def _opens(tokens: list[Token]) -> bool:
    """Return whether a clause begins as a question does."""
    words = [token.word for token in tokens]
    if not words:
        return False
    if words[0] in ("any", "anyone", "anybody"):
        return True
    if words[0] in ("when", "where", "why"):
        return len(words) > 1 and words[1] in MODALS | BE | {"has", "have", "had"}
    if words[0] in QUESTION_WORDS:
        return words[1:2] != ["to"]
    if words[0] in MODALS | BE | {"has", "have", "had"} and len(words) > 2:
        return words[0] not in ("been", "being", "be") and words[1] != "not"
    # "what kind of", "to which"
    return len(words) > 2 and words[1] in ("which", "what") and tokens[0].kind == "P"


def _asks(tokens: list[Token]) -> bool:
    return bool(tokens) and (tokens[-1].text == "?" or _opens(tokens))


def _n_content(part: str, english: English) -> int:
    return sum(token.kind in "NGV" for token in english.tokens(part))


def _shortened(text: str, english: English) -> str:
    """Return a text that ends at the boundary of a clause if it is too long; '' for none."""
    mark = "?" if text.endswith("?") else ""
    bare = text.rstrip("?!.,;: ")
    if len(bare) + 1 <= MAX_LENGTH:
        return bare + mark
    tokens = english.tokens(bare)
    for is_boundary in (_is_clause_boundary, _is_phrase_boundary):
        for position in range(len(tokens) - 1, _MIN_WORDS, -1):
            kept = tokens[:position]
            head = bare[: kept[-1].end]
            if (
                len(head) + 1 <= MAX_LENGTH
                and is_boundary(tokens[position : position + 2], kept)
                and _is_whole(kept)
            ):
                return head + mark
    return ""


def _is_clause_boundary(tokens: list[Token], kept: list[Token]) -> bool:
    first, following = tokens[0], tokens[-1].word
    if first.word in ("and", "or"):
        return following in MODALS | BE | QUESTION_WORDS | SUBJECTS or tokens[-1].kind == "V"
    if first.word in ("that", "which", "who"):
        return not _opens(kept)
    return first.word in _CLAUSE or first.text in ",;:("


def _is_phrase_boundary(tokens: list[Token], kept: list[Token]) -> bool:
    is_link = tokens[0].word in ("of", "than", "as", "up", "down", "out", "off", "per")
    return tokens[0].kind == "P" and not is_link and kept[-1].kind != "V"


def _is_whole(tokens: list[Token]) -> bool:
    """Return whether a cut text ends with a word, and a question among them has its verb."""
    last = tokens[-1]
    if last.kind not in "NJGAV" or last.word in DETERMINERS | MODALS | BE:
        return False
    needs_verb = any(token.word in MODALS for token in tokens[:4])
    return not needs_verb or any(token.kind == "V" for token in tokens[2:])


def _as_gerunds(text: str, tokens: list[Token]) -> str:
    """Return a command as a topic: "rent and return a bike" is "renting and returning a bike"."""
    pieces: list[str] = []
    end = 0
    for token, before in zip(tokens, ["", *(token.word for token in tokens)], strict=False):
        if token.kind == "V" and (before in ("", "and", "or") or not pieces):
            pieces += [text[end : token.start], gerund(base_form(token.word))]
            end = token.end
    return "".join(pieces) + text[end:]


def _written(text: str, english: English, casing: Casing) -> str:
    """Return a phrase or question with its capitals and its mark."""
    bare = text.rstrip("?!.,;: ")
    tokens = english.tokens(bare)
    asks = text.endswith("?") or _opens(tokens)
    is_choice = {token.word for token in tokens} & {"or"} and not any(
        token.kind == "V" for token in tokens
    )
    first = next((token.kind for token in tokens if token.kind != "A"), "")
    if not asks and first == "V":
        bare = _as_gerunds(bare, tokens)
    return capitalised(casing.restore(bare)) + ("?" if asks or is_choice else "")
