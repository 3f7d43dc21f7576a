"""What only the company knows, from the questions: "the weight limit for towing, in kg"."""

import re
from collections.abc import Sequence

from coverage_kit.rank.parties import Parties
from coverage_kit.rank.slot_words import quoted as quoted_question, tidy, usual_unit, written_unit
from coverage_kit.text.answer_kinds import AnswerKind, asked_kind
from coverage_kit.text.english import English, with_article
from coverage_kit.text.english_words import DETERMINERS, words_of
from coverage_kit.text.indirect import indirect
from coverage_kit.text.language import may_be_english

_TERMS = re.compile(
    r"\b(?:rent|hire|sell|lease|trade|subscri\w+|offer|deliver|ship|collect|exchange|buy back|"
    r"take back|refund|insur\w+|warranty|cover)\b",
    re.I,
)
_BEHIND_ACT = words_of("on in with for from to at up down off away out")
_VERSUS = re.compile(
    r"\A(?P<one>.+?) (?:vs\.?|versus|or|compared (?:to|with)) (?P<other>.+?)\Z", re.I
)
_BEST = re.compile(
    r"\A(?:(?:what|which)(?:['\u2019]s| is| are) )?(?:the )?best (?P<what>.+)\Z", re.I
)
_LIMIT = re.compile(
    r"\b(?P<what>(?:weight|age|speed|size|load|height|width) limits?(?: for [\w -]+)?)", re.I
)


def question_slot(question: str, texts: Sequence[str], parties: Parties, english: English) -> str:
    """Return what has to be found out to answer a clean question for your own offer.

    Args:
        question: one clean question.
        texts: sentences of the answers to it, which show units.
        parties: whose name is whose.
        english: which words are verbs.
    """
    quoted = tidy(f"your answer to “{quoted_question(question)}”")
    if not may_be_english(question):
        return quoted
    asked = _to_you(_with_things(question.rstrip("?. ")), parties)
    if limit := _LIMIT.search(asked):
        measure = "weight" if re.match("weight|load", limit["what"], re.I) else ""
        unit = usual_unit(texts, is_money=False, near=measure)
        return tidy(limit["what"][0].lower() + limit["what"][1:] + _in(unit))
    clause = "" if _BEST.match(asked) else indirect(asked, english)
    if not clause and ", " in asked:
        # "I'm tall, will my knees hit the box"
        last = asked.rpartition(", ")[2]
        if re.search(r"\b(?:it|he|she|they|them|that)\b(?! to\b)", last) is None:
            clause = indirect(last[0].upper() + last[1:], english)
    if re.search(r"\b(?:he|she|they|that|this) (?:is|are|can|will)\b|\Awhich (?:is|you)\b", clause):
        clause = ""
    if clause:
        return tidy(_with_terms(english.with_articles(clause)) + _asked_unit(question, texts))
    return tidy(_phrase_slot(question.rstrip("?. "), texts, parties, english)) or quoted


def asks_for_best(question: str) -> bool:
    """Return whether a question asks for a recommendation, which is the company's to give."""
    match = _BEST.match(question)
    return match is not None and re.match("way to ", match["what"], re.I) is None


def as_action(question: str, english: English) -> str:
    """Return what a topic in -ing does, from its base on; '' for another form.

    >>> as_action("Carrying a ladder and using a strap", English())
    'carry a ladder and use a strap'
    """
    first, _, rest = question.partition(" ")
    verb = english.infinitive(first) if first.lower().endswith("ing") else ""
    # "Stopping distance" is a thing: what is done has an article, or a word such as "from", behind.
    is_act = rest.partition(" ")[0].lower() in DETERMINERS | _BEHIND_ACT
    # Where most questions of a log are commands, "Copying files" is one, too.
    if not verb or not (is_act or english.is_of_commands):
        return ""

    def based(match: re.Match[str]) -> str:
        return match[1] + (english.infinitive(match[2]) or match[2])

    return verb + " " + re.sub(r"(\b(?:and|or) )(\w+ing)\b", based, rest)


def _with_things(question: str) -> str:
    """Return "two big dogs, which bike takes them" as "which bike takes two big dogs"."""
    match = re.match(
        r"(?P<things>[^,]{3,50}), (?P<asked>(?:which|who|what) [^,]+) (?:them|it)\Z", question, re.I
    )
    if match is None or re.search(r"\b(?:is|are|has|have|my|our|I|we)\b", match["things"]):
        return question
    things = match["things"][0].lower() + match["things"][1:]
    return f"{match['asked'][0].upper()}{match['asked'][1:]} {things}"


def _to_you(question: str, parties: Parties) -> str:
    """Return a question in which your brand is "you", and what is your brand's is "your"."""
    if parties.own_brand is None:
        return question
    brand = parties.own_brand.pattern.replace(r")s?\b", r")\b").removesuffix(
        r"(?:['\u2019]s?(?!\w))?"
    )
    text = re.sub(rf"\b(?:do|does) (?:the )?{brand}(?=\s)", "do you", question, flags=re.I)
    text = re.sub(rf"\b(?:is|are) {brand}(?=\s)", "are you", text, flags=re.I)
    text = re.sub(rf"\b(?:can|will|would|could) {brand}(?=\s)", "can you", text, flags=re.I)
    text = re.sub(
        rf"\b(from|by|through|with|at|to) {brand}(?!['\u2019\w]| [a-zA-Z])",
        r"\1 you",
        text,
        flags=re.I,
    )
    text = re.sub(
        rf"\b(?:a|an|the|my|our) {brand} (?=(?!with|in|and|or|to|on|for|at)[a-z])",
        "your ",
        text,
        flags=re.I,
    )
    text = re.sub(rf"{brand}['\u2019]s ", "your ", text, flags=re.I)
    text = re.sub(rf"\b(?:a|an|the|my|our) {brand}\b", "one of your products", text, flags=re.I)
    text = re.sub(rf"{brand} (?=[A-Z])", "", text)
    return re.sub(rf"\A{brand} (?=[a-z])", "your ", text, flags=re.I)


def _with_terms(clause: str) -> str:
    """Return a clause on what you offer, with the question for its terms."""
    is_offer = clause.startswith("whether you ") and _TERMS.search(clause)
    return f"{clause}, and on what terms" if is_offer else clause


def _asked_unit(question: str, texts: Sequence[str]) -> str:
    kind = asked_kind(question)
    if kind == AnswerKind.PRICE:
        return _in(usual_unit(texts, is_money=True))
    if kind in (AnswerKind.QUANTITY, AnswerKind.DURATION):
        near = "time" if kind == AnswerKind.DURATION else ""
        for pattern, measure in (
            (r"heavy|weigh", "weight"),
            (r"fast|speed", "speed"),
            (r"far", "distance"),
        ):
            near = measure if re.search(rf"\bhow {pattern}", question, re.I) else near
        return _in(usual_unit(texts, is_money=False, near=near)) if near else ""
    return ""


def _in(unit: str) -> str:
    return f", in {written_unit(unit)}" if unit else ""


def _phrase_slot(  # noqa: PLR0911 (a return for each form)
    asked: str, texts: Sequence[str], parties: Parties, english: English
) -> str:
    """Return the slot of keywords, which ask without a question; '' where no rule fits."""
    versus = _VERSUS.match(asked)
    if versus and len(asked.split()) <= 12 and parties.names_other(asked):
        one, other = (
            _sides(re.split(r"\s[-\u2013\u2014]|[,:]", versus[side])[0], parties)
            for side in ("one", "other")
        )
        return f"where {one} and {other} differ, figure by figure"
    best = _BEST.match(asked)
    if best and (way := re.match("way to (.+)", best["what"], re.I)):
        return f"how you advise people to {english.without_owner(way[1])}"
    if best:
        return (
            f"which {english.with_articles(_small(best['what'], parties))} you recommend, and why"
        )
    tokens = english.tokens(asked)
    if not tokens or re.search(r"\b(?:my|our|I|we|me|us|i)\b", asked):
        return ""
    phrase = english.with_articles(_small(asked, parties))
    if re.search(r"\b(?:cost|price)s?\Z", asked, re.I) and "," not in asked:
        return f"{_small(asked, parties)}{_in(usual_unit(texts, is_money=True))}"
    if action := as_action(asked, english):
        is_offer = _TERMS.match(action) is not None
        if is_offer:
            return f"whether you offer this, and on what terms: {phrase}"
        return f"how to {english.with_articles(action)}"
    if english.is_of_commands:
        return f"how to {phrase}"
    bare = parties.own_brand.sub("", asked).strip() if parties.own_brand else asked
    product, _, rest = bare.partition(" ")
    is_product = parties.names_own(product) and all(
        token.kind in "NJ" and token.word.isalpha() for token in english.tokens(rest)
    )
    if is_product and 0 < len(rest.split()) <= 3:
        thing = rest if rest.endswith("s") else with_article(f"a {rest}")
        return f"whether you offer {thing} for the {product}, and its price"
    return ""


def _sides(words: str, parties: Parties) -> str:
    is_brand = parties.own_brand is not None and parties.own_brand.fullmatch(words.strip())
    return "your products" if is_brand else words.strip()


def _small(words: str, parties: Parties) -> str:
    """Return words with a small first letter, unless they begin with a name."""
    first = words.split(" ", 1)[0]
    is_name = (
        parties.names_own(first) or parties.names_other(first) or first[1:] != first[1:].lower()
    )
    return words if is_name else words[:1].lower() + words[1:]
