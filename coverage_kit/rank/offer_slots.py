"""What to find out in the place of another company's fact."""

import re
from collections.abc import Sequence

from coverage_kit.rank.parties import Parties
from coverage_kit.rank.slot_words import (
    CURRENCY_WORDS,
    MAX_LENGTH,
    asked_figures,
    measure_slot,
    quoted,
    tidy,
)
from coverage_kit.rank.slots import question_slot
from coverage_kit.text.english import English, base_form, with_article
from coverage_kit.text.figures import find_figures
from coverage_kit.text.phrases import noun_runs

_SELLS = (
    "sells?|offers?|lists?|makes?|supplies|stocks?|provides?|runs?|rents?(?: out)?|hires?(?: out)?|"
    "has|fits|sends?|publishes|collects?|accepts?|takes?|covers?|inspects?|includes?|buys?|swaps?|repairs?|replaces?|delivers?"
)
_END_OF_THING = re.compile(
    r"[,;:(]|\s(?:at|for|from|with|that|which|while|and|on|to|as|whereas|but|until|from)\s"
    r"(?=[£$€¥\d]|an?\b|the\b|its\b|dogs?\b|each|every|about|around)|\s[£$€¥]|\sfor (?:its\b|[#@])|"
    r"\sfor the\b"
    r"|\s(?:that|which|while|whereas|because|since|if|when)\s|\.\Z|\s(?:at|from|"
    r"for) (?:about )?[£$€¥\d]",
    re.I,
)


def fact_slot(  # noqa: PLR0911 (a return for each form)
    text: str, question: str, texts: Sequence[str], parties: Parties, english: English
) -> str:
    """Return what to find out in the place of another company's fact, with its unit.

    Args:
        text: the other company's fact.
        question: the clean question that it answers.
        texts: sentences of the answers to that question, which show units.
        parties: whose name is whose.
        english: which words are verbs.
    """
    figures = [figure for figure in find_figures(text) if figure.unit]
    money = [figure.unit for figure in figures if figure.unit in CURRENCY_WORDS]
    units = [figure.unit for figure in figures if figure.unit not in CURRENCY_WORDS]
    bare = _without_names(text, parties)
    if of_product := re.match(r"# (?:[a-z][\w ]+? )?(?P<verb>\w+s) (?P<rest>.+)", bare):
        rest = _END_OF_THING.split(of_product["rest"])[0].strip(" ,;.")
        if english.is_verb(of_product["verb"]) and _is_thing(rest, english) and "#" not in rest:
            return tidy(
                f"which of your products {of_product['verb']} {rest}{asked_figures(money + units)}"
            )
    bare = bare.replace("#", "@")
    charged = re.search(r"\bcharges? [£$€¥][\d.,]+ for (?P<what>[a-z][\w -]+)", bare)
    if charged:
        thing = charged["what"].strip()
        thing = _last_thing(bare[: charged.start()], english) if thing == "one" else thing
        if thing:
            return tidy(f"your price for {thing}, in {money[0]}")
    if thing := _offered(text, bare, english):
        return tidy(thing)
    tested = re.search(r"\b(?:tests?|tested|trials?|dumm(?:y|ies)|measured)\b", text, re.I)
    if tested and units:
        return tidy(f"result of a test of your own for “{quoted(question)}”{asked_figures(units)}")
    asked = question_slot(question, texts, parties, english)
    if ", in " in asked or ", and its price" in asked:
        return asked
    if asked.startswith(("where ", "who ", "when ", "why ")):
        return asked
    return asked + (asked_figures(money[:1] + units) if len(asked) < MAX_LENGTH - 30 else "")


def _offered(text: str, bare: str, english: English) -> str:
    """Return what to find out of "@ sells a ramp" and "@'s plan is £45"; '' for other forms."""
    figures = [figure for figure in find_figures(text) if figure.unit]
    money = [figure.unit for figure in figures if figure.unit in CURRENCY_WORDS]
    units = [figure.unit for figure in figures if figure.unit not in CURRENCY_WORDS]
    price = f", and its price in {money[0]}" if money else ""
    if sold := re.search(
        rf"(?:\A|[;,.] |while )@(?: with [\w ]+?)? (?P<verb>{_SELLS}) (?P<rest>.+)", bare
    ):
        thing = _END_OF_THING.split(sold["rest"])[0].strip(" ,;.")
        verb = base_form(sold["verb"].split()[0])
        verb = "sell" if verb in ("list", "stock", "supply") else verb
        if _is_thing(thing, english):
            return f"whether you {verb} {_yours(thing)}{price or asked_figures(units)}"
    if owned := re.search(
        r"(?:\A|[;,.] |for example |like )@'s (?P<what>[a-z][\w -]*?) (?P<verb>is|are|costs?|"
        r"states?|\w+s) (?P<rest>.+)",
        bare,
    ):
        thing, verb = owned["what"].strip(), owned["verb"]
        if 0 < len(thing.split()) <= 3 and "@" not in thing:
            if money:
                return (
                    f"whether you offer {with_article(f'a {thing}')}, and its price in {money[0]}"
                )
            if units:
                return measure_slot(text, thing, units[0])
            rest = _END_OF_THING.split(owned["rest"])[0].strip(" ,;.")
            if _is_thing(rest, english) and english.is_verb(verb):
                return f"whether your {thing} {verb} {rest}"
    return ""


def _is_thing(words: str, english: English) -> bool:
    """Return whether words name a thing: no pronoun, no figure first, and not too many."""
    tokens = english.tokens(words)
    is_short = 0 < len(words.split()) <= 12
    return (
        is_short
        and "@" not in words
        and not words[0].isdigit()
        and tokens[-1].kind in "NJG"
        and (
            tokens[0].word
            not in ("it", "its", "them", "out", "up", "down", "that", "around", "free")
        )
        and any(token.kind == "N" for token in tokens)
    )


def _without_names(text: str, parties: Parties) -> str:
    """Return a text in which another company is "@", and a product of one is "#"."""
    if parties.others is None:
        return text

    def sign(match: re.Match[str]) -> str:
        name = re.sub(r"['\u2019]s?\Z", "", match[0])
        is_brand = parties.other_brands is not None and parties.other_brands.fullmatch(name)
        return ("@" if is_brand else "#") + ("'s" if name != match[0] else "")

    bare = parties.others.sub(sign, text)
    bare = re.sub(r"@(?:,? (?:UK|Ltd|Inc|for example),?)+(?= )", "@", bare)
    bare = re.sub(r"(?:[@#](?:'s)? )+(?=[@#])", "", bare)
    return re.sub(r"\b(?:[Tt]he|[Aa]n?|[Ii]ts) (?=[@#])", "", bare)


def _yours(thing: str) -> str:
    return re.sub(r"\b(?:its|their)\b", "your", thing)


def _last_thing(text: str, english: English) -> str:
    runs = [run for run in noun_runs(english.tokens(text)) if run[0].text != "@"]
    return " ".join(token.text for token in runs[-1]) if runs else ""
