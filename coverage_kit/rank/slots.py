"""What only the company knows: questions and others' facts as things to find out."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from coverage_kit.rank.parties import Parties, content_words
from coverage_kit.text.answer_kinds import AnswerKind, asked_kind
from coverage_kit.text.english import English, base_form, with_article
from coverage_kit.text.figures import find_figures
from coverage_kit.text.indirect import indirect
from coverage_kit.text.language import may_be_english
from coverage_kit.text.phrases import noun_runs
from coverage_kit.text.quantities import CURRENCIES

# Characters of a slot, at most.
MAX_LENGTH = 120
# Two slots that share this many of the fewer words ask for the same. Assumed.
_SAME_WORDS = 0.7
# What is measured by a unit, where the sentence has no better word.
_MEASURES = {
    "kg": "weight", "g": "weight", "lb": "weight", "km/h": "speed", "mph": "speed",
    "km": "distance", "mile": "distance", "m": "length", "cm": "size", "mm": "size",
    "litre": "volume", "ml": "volume", "°C": "temperature", "°F": "temperature", "W": "power",
    "kW": "power", "kw": "power", "Wh": "capacity", "kWh": "capacity", "V": "voltage",
    "Nm": "torque", "kN": "load", "%": "share", "gb": "size", "tb": "size", "mb": "size",
    "day": "time", "week": "time", "month": "time", "year": "time", "hour": "time",
    "minute": "time", "second": "time", "pence": "price",
}  # fmt: skip
_LIMITS = re.compile(
    r"\b(?:rated|limit|limits|maximum|max|up to|allows?|carr(?:y|ies)|holds?|takes?|capacity|"
    r"payload)\b",
    re.I,
)
_BETTER_MEASURES = (
    (re.compile(r"\b(?:long|length)\b", re.I), "length", ("cm", "m", "mm")),
    (re.compile(r"\b(?:wide|width)\b", re.I), "width", ("cm", "m", "mm")),
    (re.compile(r"\b(?:high|height|tall)\b", re.I), "height", ("cm", "m", "mm")),
    (re.compile(r"\b(?:range|charge)\b", re.I), "range", ("km", "mile")),
    (re.compile(r"\bwarranty\b|\bcover\b", re.I), "warranty", ("year", "month")),
)
_SELLS = (
    "sells?|offers?|lists?|makes?|supplies|stocks?|provides?|runs?|rents?(?: out)?|hires?(?: out)?|"
    "has|fits|sends?|publishes|collects?|accepts?|takes?|covers?|inspects?|includes?"
)
_END_OF_THING = re.compile(
    r"[,;:(]|\s(?:at|for|from|with|that|which|while|and|on|to|as|whereas|but|until|from)\s"
    r"(?=[£$€¥\d]|an?\b|the\b|its\b|dogs?\b|each|every|about|around)|\s[£$€¥]|\sfor its\b|"
    r"\sfor the\b"
    r"|\s(?:that|which|while|whereas|because|since|if|when)\s|\.\Z|\s(?:at|from|"
    r"for) (?:about )?[£$€¥\d]",
    re.I,
)
_TERMS = re.compile(
    r"\b(?:rent|hire|sell|lease|trade|subscri\w+|offer|deliver|ship|collect|exchange|buy back|"
    r"take back|refund|insur\w+|warranty|cover)\b",
    re.I,
)
_VERSUS = re.compile(
    r"\A(?P<one>.+?) (?:vs\.?|versus|or|compared (?:to|with)) (?P<other>.+?)\Z", re.I
)
_BEST = re.compile(r"\A(?:the )?best (?P<what>.+)\Z", re.I)
_LIMIT = re.compile(
    r"\b(?P<what>(?:weight|age|speed|size|load|height|width) limits?(?: for [\w -]+)?)", re.I
)
_TYPED = re.compile(r"[\[\]\n\r]")
_BRACKETS = str.maketrans("[]", "()")
_CURRENCY_WORDS = frozenset(CURRENCIES)


def tidy(text: str) -> str:
    """Return a slot on one line without square brackets, of at most `MAX_LENGTH` characters."""
    line = " ".join(text.translate(_BRACKETS).split()).strip(" ,;:.")
    while len(line) > MAX_LENGTH:
        shorter, cut, _ = line.rpartition(",")
        line = (
            shorter
            if cut and len(shorter) > MAX_LENGTH // 3
            else line[:MAX_LENGTH].rpartition(" ")[0]
        )
    return line.strip(" ,;:.")


def usual_unit(texts: Iterable[str], is_money: bool, near: str = "") -> str:
    """Return the unit that most figures of these texts have; '' where fewer than two have one.

    Args:
        texts: sentences of answers.
        is_money: whether money is meant, or anything else.
        near: only units of this measure count, such as "weight"; '' for any.
    """
    counts = Counter(
        figure.unit
        for text in texts
        for figure in find_figures(text)
        if figure.unit and (figure.unit in _CURRENCY_WORDS) is is_money
        if not near or _MEASURES.get(figure.unit) == near
    )
    if not counts:
        return ""
    unit, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return unit if n > 1 or is_money else ""


def written_unit(unit: str) -> str:
    """Return a unit as it stands behind "in": "kg", "days"."""
    words = ("day", "week", "month", "year", "hour", "minute", "second", "mile", "litre")
    return unit + "s" if unit in words else unit.upper() if unit in ("gb", "tb", "mb") else unit


def question_slot(question: str, texts: Sequence[str], parties: Parties, english: English) -> str:
    """Return what has to be found out to answer a clean question for your own offer.

    Args:
        question: one clean question.
        texts: sentences of the answers to it, which show units.
        parties: whose name is whose.
        english: which words are verbs.
    """
    quoted = tidy(f"your answer to “{_quoted(question)}”")
    if not may_be_english(question):
        return quoted
    asked = _to_you(_with_things(question.rstrip("?. ")), parties)
    if limit := _LIMIT.search(asked):
        measure = "weight" if re.match("weight|load", limit["what"], re.I) else ""
        unit = usual_unit(texts, is_money=False, near=measure)
        return tidy(limit["what"][0].lower() + limit["what"][1:] + _in(unit))
    clause = indirect(asked, english)
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


def fact_slot(
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
    money = [figure.unit for figure in figures if figure.unit in _CURRENCY_WORDS]
    units = [figure.unit for figure in figures if figure.unit not in _CURRENCY_WORDS]
    bare = _without_names(text, parties)
    if of_product := re.match(r"# (?:[a-z][\w ]+? )?(?P<verb>\w+s) (?P<rest>.+)", bare):
        rest = _END_OF_THING.split(of_product["rest"])[0].strip(" ,;.")
        if english.is_verb(of_product["verb"]) and _is_thing(rest, english) and "#" not in rest:
            return tidy(
                f"which of your products {of_product['verb']} {rest}{_figures(money + units)}"
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
        return tidy(f"result of a test of your own for “{_quoted(question)}”{_figures(units)}")
    asked = question_slot(question, texts, parties, english)
    if ", in " in asked or ", and its price" in asked:
        return asked
    return asked + (_figures(money[:1] + units) if len(asked) < MAX_LENGTH - 30 else "")


def _offered(text: str, bare: str, english: English) -> str:
    """Return what to find out of "@ sells a ramp" and "@'s plan is £45"; '' for other forms."""
    figures = [figure for figure in find_figures(text) if figure.unit]
    money = [figure.unit for figure in figures if figure.unit in _CURRENCY_WORDS]
    units = [figure.unit for figure in figures if figure.unit not in _CURRENCY_WORDS]
    price = f", and its price in {money[0]}" if money else ""
    if sold := re.search(
        rf"(?:\A|[;,.] |while )@(?: with [\w ]+?)? (?P<verb>{_SELLS}) (?P<rest>.+)", bare
    ):
        thing = _END_OF_THING.split(sold["rest"])[0].strip(" ,;.")
        verb = base_form(sold["verb"].split()[0])
        verb = "sell" if verb in ("list", "stock", "supply") else verb
        if _is_thing(thing, english):
            return f"whether you {verb} {_yours(thing)}{price or _figures(units)}"
    if owned := re.search(
        r"(?:\A|[;,.] |for example |like )@'s (?P<what>[a-z][\w -]*?) (?P<verb>is|are|costs?|"
        r"states?|\w+s) (?P<rest>.+)",
        bare,
    ):
        thing, verb = owned["what"].strip(), owned["verb"]
        if 0 < len(thing.split()) <= 3 and "@" not in thing:
            if money:
                return f"what your {thing} costs, in {money[0]}"
            if units:
                return _measure_slot(text, thing, units[0])
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


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _quoted(question: str) -> str:
    """Return a question that fits into a slot, ended at a clause where it is too long."""
    room = MAX_LENGTH - 50
    text = question.translate(_BRACKETS)
    if len(text) <= room:
        return text
    shorter = text[:room].rpartition(",")[0] or text[:room].rpartition(" ")[0]
    return f"{shorter.strip()} …"


def is_repeated(slot: str, others: Iterable[str]) -> bool:
    """Return whether another slot asks for the same."""
    words = content_words(slot)
    for other in others:
        others_words = content_words(other)
        fewer = min(len(words), len(others_words))
        if not fewer or len(words & others_words) >= _SAME_WORDS * fewer:
            return True
    return False


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
        one, other = (_sides(versus[side], parties) for side in ("one", "other"))
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
    if re.search(r"\b(?:cost|price)s?\Z", asked, re.I):
        return f"{_small(asked, parties)}{_in(usual_unit(texts, is_money=True))}"
    if tokens[0].kind == "G":
        verb = english.infinitive(tokens[0].word)
        if _TERMS.search(verb or tokens[0].word):
            return f"your terms for {phrase}"
        return f"how to {verb}{phrase[len(tokens[0].text) :]}" if verb else f"how {phrase} works"
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
    n_links = sum(token.kind == "P" for token in tokens)
    is_phrase = all(token.kind in "NJPDG" for token in tokens) and len(tokens) <= 9
    if is_phrase and tokens[-1].kind == "N" and (n_links or len(tokens) <= 4):
        return f"what you offer or advise on {phrase}"
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


def _figures(units: Sequence[str]) -> str:
    """Return which figures of yours are asked for: " (your figures in kg and cm)"."""
    shown = list(dict.fromkeys(map(written_unit, units)))[:3]
    return f" (your figures in {_listed(shown)})" if shown else ""


def _measure_slot(text: str, thing: str, unit: str) -> str:
    """Return what is measured, of what, and in which unit."""
    measure = _MEASURES.get(unit, "figure")
    if unit in ("kg", "g", "lb") and _LIMITS.search(text):
        measure = "weight limit"
    for pattern, better, units in _BETTER_MEASURES:
        if unit in units and pattern.search(text):
            measure = better
            break
    return f"{measure} of your {thing}, in {written_unit(unit)}"


def _last_thing(text: str, english: English) -> str:
    runs = [run for run in noun_runs(english.tokens(text)) if run[0].text != "@"]
    return " ".join(token.text for token in runs[-1]) if runs else ""
