"""Sentences of logged answers in clean writing, where they can be read alone."""

import re
from collections.abc import Sequence

from coverage_kit.text.english import English, Token, base_form
from coverage_kit.text.english_words import BE, EITHER, MODALS, VERBS, words_of
from coverage_kit.text.figures import unit_of
from coverage_kit.text.language import may_be_english
from coverage_kit.text.length import count_words
from coverage_kit.text.questions import QUESTION_MARKS, capitalised, plain_text

# Words of a fact, at least and at most. Assumed.
_MIN_WORDS = 5
_MAX_WORDS = 42
_MARKS = re.compile(r"\s*(?:\[\^?\w{1,4}\](?!\()|【[^】\n]{0,80}】|[\ue200-\uf8ff]\S*)")
# What an answer says before the fact: "Yes, …", "The honest answer is no: …".
_LEAD_IN = re.compile(
    r"\A(?:(?:generally |usually |mostly |in general |in short,? |well,? )?"
    r"(?:yes|no|nope|yep|sure|maybe|absolutely|certainly|definitely|of course|correct|right)\b"
    r"[\s,:;.!\u2013\u2014-]+"
    r"|(?:the (?:honest|short|simple|quick|main) (?:answer|version|point) is(?: that)?|in short|"
    r"honestly|basically|put simply|as a rule(?: of thumb)?|in general|generally speaking|"
    r"not (?:mad|silly|unusual|crazy|daft|stupid) at all|good question|great question|"
    r"for comparison|as an illustration|also|finally|in addition|additionally|moreover|"
    r"furthermore|afterwards|however|still|then|next|overall|instead|"
    r"on the other (?:side|hand)|on top|for example|for instance|that said|in practice|"
    r"(?:one|a|the) (?:caution|tip|rule|warning|point)(?: they give)? is|which means)\b"
    r"[\s,:;\u2013\u2014-]+)+",
    re.IGNORECASE,
)
# Two sentences of which the first ends with a unit: "6 km/h. Then".
_JOINED = re.compile(r"(?<=/h)\.\s+(?=[A-Z])|(?<=\d [a-zA-Z])\.\s+(?=[A-Z][a-z])")
# A label before a sentence: "Safety: ", "Battery life — ".
_LABEL = re.compile(r"\A[A-Z][\w ,'&/()-]{1,40}(?::|\s[\u2013\u2014-])\s+(?=[A-Z])")
# Words that tie a sentence to the one before it, and that it can do without.
_NOT_TO = re.compile(r"\Anot to (?=[a-z])", re.I)
# Sites that a text cites by name behind a sentence, and what is glued by lost markup.
_SITE_BEHIND = re.compile(r"\s+(?:[\w-]+\.)+[a-z]{2,6}(?:/\S*)?(?=\.?\Z)")
_GLUED = re.compile(
    r"\w\+\d|[a-z]{2}\.[A-Z][a-z]|\b(\w{4,}) \1\b|[a-z]{3}[A-Z][a-z]+ .*[a-z]{3}[A-Z][a-z]"
)
_TIES = re.compile(
    r",? (?:therefore|hence|thus|however|for example|for instance|as well)\b,?"
    r"(?=\s|[.;])",
    re.I,
)
# Words that speak of the search, of what the answer could not do, or of its own text.
_META = re.compile(
    r"\b(?:sources?|search results?|(?:was|were|is|are) (?:not )?(?:found|located)|turned up|"
    r"comes? up most|(?:could|can)(?:no|n['\u2019 ])?t (?:find|see|locate)|no (?:published|"
    r"comparable|public|"
    r"clear|official) \w+|not (?:clearly )?(?:published|described|specified|stated) |"
    r"(?:is|are) not (?:published|described|stated)|as an ai|is described in|what i found|"
    r"(?:here|below|above)(?: is| are|['\u2019]s| you)|let me know|hope (?:this|that) helps|"
    r"if you (?:tell|share|let|want me|['\u2019]d like)|as (?:mentioned|noted|described))\b",
    re.I,
)
_FIRST_PERSON = re.compile(
    r"\b(?:I|I['\u2019]\w+|me|my|mine|we|we['\u2019]\w+|our|us|sorry|please)\b"
)
_FAMILY = (
    "wife|husband|partner|mother|mum|mom|dad|father|son|sons|daughter|grandson|granddaughter|"
    "brother|sister|boyfriend|girlfriend|figures|case|situation|budget|list|message|question|"
    "toddler|baby|friend|boss"
)
# Words that answer the case of one asker: "your wife", "for compost, then".
_OF_ASKER = re.compile(
    rf"\byour (?:{_FAMILY})\b|\byou two\b|\bof the two\b|, then[,.;]|\byours\b|\bby your\b"
    r"|\byou(?:['\u2019]ll| will) have an? \w+ (?:in|on|with|behind)\b",
    re.I,
)
# Words that stand for what another sentence named.
_BACKWARD = words_of(
    "it they them he she him her this that these those its their theirs such both either neither "
    "another others ones one-off"
)
_OPENS_BACK = re.compile(
    r"\A(?:it|they|he|she|this|that|these|those|its|their|his|her|such|both|either|neither|others?|"
    r"another|the (?:other|same|former|latter|first|second|third|rest|former|difference|gap|"
    r"drawback|advantage|catch|exception|reason|lines|largest group|result)s?|"
    r"one (?:is|was|bolts|has|can|of (?:them|these|those))|once|if (?:so|not|it|they|none|nothing)|"
    r"even (?:then|so)|failing (?:that|this)|above that|after that|before that|until then|"
    r"otherwise|so|but|and|or|because|which|who|while that|with (?:that|this|these|those)|"
    r"for (?:that|this|these|those)|in (?:that|this) case|on (?:that|this)|at (?:that|this)|"
    r"some (?:do|are|of (?:them|these|those))|most (?:of (?:them|these|those)|do)|none|all (?:of )?"
    r"(?:this|that|these|those|three|four|of them)|there are (?:a few|several|some|many|two|three|"
    r"four|five|\d+) (?:good |main |lawful )?(?:ones|options|routes|families|ways|types|kinds|"
    r"things)|"
    r"you have (?:two|three|four|several|a few)|(?:two|three|four|five|six|several) (?:things|"
    r"conditions|points|reasons|changes|references|options|questions)\b|here|there you|as for|like)"
    r"(?=[\s,.'\u2019]|\Z)",
    re.I,
)
_POINTING = re.compile(
    r"\b(?:that|this|these|those|such) (?:maker|company|brand|firm|shop|plan|bike|case|kind|kinds|"
    r"test|window|way|price|figure|figures|boundary|arrangement|reason|sort|model|number|numbers|"
    r"set-up|setup|rule|approach|product|device|size|option|version|seller|point|time)\b"
    r"|\b(?:the latter|the former|the second kind|the first kind|either kind|both numbers|one for "
    r"(?:it|this)|, compared with|than either|(?:these|those) [a-z]+|that (?:problem|worry|"
    r"risk|limit|value|"
    r"link|design|range|length|weight|amount|sum|cost|rate|fee|kit|unit))\b"
    r"|\b(?:two|three|four|five|six) (?:\w+ )?(?:references|things|conditions|reasons|changes|"
    r"points|"
    r"families|routes|options|ways|types|numbers|questions|steps|parts|categories)\.\Z"
    r"|\A(?:Reasons|Results|Options|Examples|Causes|Symptoms|Others) (?:are|were|include)\b"
    r"|\w there (?:were|was|are|is)\b|\bwhat \w+ it\b|\bfor one\b|\bdoes the same\b|\bthe plan\b",
    re.I,
)
# What "Yes," needs before it: "provided that …", "through an inverter".
_NEEDS_MORE = re.compile(
    r"(?:provided|if|but|unless|though|although|because|since|with|without|through|by|for|on|only|"
    r"up|as|and|when|where|so|until)\b(?!.*, (?:you|the|a|it)\b)",
    re.I,
)
# A word stands for a verb, a noun or a sentence that was named before.
_ELLIPTICAL = re.compile(
    r"\b(?:certainly|also|usually|probably|often|normally)? (?:does|do|did|can|will|"
    r"would)(?: so)?[,.;]"
    r"|, (?:yes|no),|\b(?:of|than|about|like|before|after|for|on) (?:that|this|those|these)[,.;]"
    r"|\A(?:If|Where) (?:you|they|it|one|he|she) (?:are|do|can|have|did|were|is|"
    r"does)(?:n['\u2019]t)?,"
    r"|\A\w+['\u2019]s (?:is|are|was|were) |\bthe same (?!as\b|way\b|time\b|day\b)\w+"
    r"|\A[Tt]he (?:\w+er|more \w+|less \w+|only|other) (?!(?:mode|rack)\b)\w+ (?:is|are|was|were) "
    r"|\b[Tt]he (?:magazine|survey|comparison|author|article|guide|report|study|diary|maker|"
    r"seller)\b"
    r"(?! (?:of|or|that|who|and|first|directly)\b)(?:['\u2019]s (?:own )?\w+)?"
    r"|\A(?:Usually|Often|Sometimes|Mostly|Always|Never) (?:yes|no)\b|\A\w+ \w+ it should\b"
    r"|\A(?:Only|Just|Mostly) (?:with|on|in|if|for|by)\b|\beither, so\b|\b(?:both|those) figures\b",
)
# A report of one event: "The bike was pushed 2.7 m and fell".
_EVENT = re.compile(r"\A(?:The|A|An) [\w -]{2,40}? (?:was|were|fell|came|hit|struck|bent) ", re.I)
# Words that open a heading or a clause: "What makes a great bike".
_OPENS_CLAUSE = re.compile(
    r"\A(?:what|how|why|where|who)\b(?!(?: (?:you|most|matters?|counts|does|works)\b.*?) (?:is|"
    r"are) )",
    re.I,
)
# Verbs in the third person with which a sentence without its subject begins.
_NO_SUBJECT = re.compile(
    r"\A(?:depends|varies|works|costs|weighs|comes|takes|goes|means|gives)\b", re.I
)
_FINITE = BE | MODALS | words_of("has have had isn't aren't won't costs lasts needs")
# "I'd use two locks" is advice; what I would like is not.
_ADVICE = re.compile(
    r"\AI(?:['\u2019]d| would)(?: also| always| just| still)? (?!(?:not|never|have|like|love|be|"
    r"say|expect|guess|want|need|think|go|rather|prefer)\b)",
    re.I,
)
_NEGATION = re.compile(
    r"\b(?:not(?! (?:exceed|only|just))|no(?! (?:more|less|fewer|later|longer) )|never|none|"
    r"nor|cannot|\w+n['\u2019]t)\b",
    re.I,
)
_REASON = re.compile(
    r",? \b(?:as (?:big|long|much|many|far)|because|since|although|though|while|whereas)\b"
)
# "LG Smart — a premium design": a name, and a dash in place of a verb.
_DASH = re.compile(r"\s[\u2013\u2014]\s")
# Sentences that say only that it depends.
_EMPTY = re.compile(
    r"\bone-size-fits-all\b|\bdepends (?:\w+ )?on your (?:priorities|needs|preferences|goals)\b"
    r"|\b(?:inherent )?trade-offs\.\Z|\b(?:several|many|a number of) (?:excellent|great|"
    r"good) \w+\.\Z",
    re.I,
)
_ASIDE = re.compile(r"\([^)]*\)")
_CAN = re.compile(
    r"\A(?:can|may|could) (?:i|we|you|people) (?:just |still |actually )?(?P<rest>.+)", re.I
)
_YES_IF = re.compile(
    r"\Ayes,? (?P<condition>(?:provided|if|as long as|so long as|but only|through|with|on)\b.+)",
    re.I,
)
# One person's report, which is no rule.
_ANECDOTE = re.compile(
    r"\b(?:one|a|an|another) (?:\w+ ){0,2}(?:parent|family|rider|owner|reader|user|woman|man|"
    r"driver|"
    r"couple|reviewer|commenter|redditor)s?\b",
    re.I,
)


def clean_fact(sentence: str, english: English) -> str:  # noqa: PLR0911 (a return for each rule)
    """Return a sentence as a fact in clean writing; '' where it cannot be read alone.

    Citation marks and lead-ins go. Sentences are dropped that ask, that refer to a sentence before
    them, that speak in the first person or of the asker's own case, and that report on a search.

    >>> clean_fact("Yes, a front box suits a large dog best [1].", English())
    'A front box suits a large dog best.'
    >>> clean_fact("It weighs 30 kg.", English())
    ''
    >>> clean_fact("I'd avoid cheap locks in a city.", English())
    'Avoid cheap locks in a city.'
    """
    text = plain_text(_MARKS.sub("", sentence).replace("\u2212", "-"))
    text = capitalised(_ADVICE.sub("", text))
    text = _JOINED.split(text)[0]
    if not may_be_english(text):
        n_words = count_words(text)
        return text if n_words <= _MAX_WORDS and text[-1:] not in QUESTION_MARKS else ""
    text = _SITE_BEHIND.sub(".", _LABEL.sub("", text)).replace("..", ".")
    if not re.search(r"[.!][\"”’)]*\Z", text):  # noqa: RUF001 (quotes)
        return ""
    stripped = _NOT_TO.sub("Do not ", _LEAD_IN.sub("", text))
    if stripped != text and _NEEDS_MORE.match(stripped):
        return ""
    text = capitalised(_TIES.sub("", stripped).strip(" ,;:"))
    n_words = len(text.split())
    if not _MIN_WORDS <= n_words <= _MAX_WORDS or text[-1] in QUESTION_MARKS:
        return ""
    torn = (_EMPTY, _META, _FIRST_PERSON, _OF_ASKER, _POINTING, _ELLIPTICAL, _GLUED)
    if any(found.search(text) for found in torn) or _is_unbalanced(text):
        return ""
    if _OPENS_BACK.match(text) or _NO_SUBJECT.match(text) or text[0] in "\"“'‘(\u2014\u2013-":  # noqa: RUF001
        return ""
    if _EVENT.match(text) or _OPENS_CLAUSE.match(text):
        return ""
    tokens = english.tokens(text)
    if (
        not _is_whole(_ASIDE.sub("", text), english)
        or _is_list(text, english)
        or _begins_torn(tokens)
    ):
        return ""
    if _points_back(tokens, english):
        return ""
    return text if text[-1] in ".!" else text.rstrip(",;:") + "."


def _is_whole(text: str, english: English) -> bool:
    """Return whether the main clause has a verb: not so "Three wheels, because it stays up"."""
    return all(
        _has_verb(english.tokens(part), english)
        for part in (text, _REASON.split(text)[0], _DASH.split(text)[0])
        if part
    )


def _is_unbalanced(text: str) -> bool:
    """Return whether a quotation or a bracket has no other end."""
    return text.count("“") != text.count("”") or text.count("(") != text.count(")")


def answer_to(question: str, sentence: str) -> str:
    """Return the whole sentence of "Yes, provided …", with the question's words; else the same.

    >>> answer_to("Can I carry a dog?", "Yes, provided it is tied to the floor.")
    'You can carry a dog, provided it is tied to the floor.'
    """
    asked = _CAN.match(question.rstrip("?. "))
    said = _YES_IF.match(sentence)
    if asked is None or said is None:
        return sentence
    rest = re.sub(r"\b(?:my|our)\b", "your", asked["rest"], flags=re.I)
    return f"You can {rest}, {said['condition']}"


def is_negated(text: str) -> bool:
    """Return whether an odd number of words of a text deny something."""
    return len(_NEGATION.findall(text)) % 2 == 1


def is_anecdote(text: str) -> bool:
    """Return whether a sentence reports what happened to one person."""
    return _ANECDOTE.search(text) is not None


def _has_verb(  # noqa: PLR0911 (a return for each place)
    tokens: Sequence[Token], english: English
) -> bool:
    """Return whether one of the words is a finite verb, as far as their places show it."""
    for position, token in enumerate(tokens):
        before = tokens[position - 1] if position else None
        behind = tokens[position + 1].kind if position + 1 < len(tokens) else "M"
        base = base_form(token.word)
        can_be_verb = base in VERBS | EITHER or english.is_base(token.word)
        if token.word in _FINITE or (token.word.endswith(("'s", "'re", "'ll")) and behind != "N"):
            return True
        if before is None:
            # a command: "Clip a harness to the floor"
            if (can_be_verb and base == token.word) or (token.kind == "N" and behind == "D"):
                return True
            continue
        if before.word == "to" or token.word.endswith("ing"):
            continue
        earlier = next(
            (each.kind for each in reversed(tokens[:position]) if each.kind in "DMP"), ""
        )
        is_inside = behind == "P" and earlier == "P"
        can_bend = can_be_verb and base != token.word and behind in "DPJAF"
        if token.kind == "V" or can_bend:
            return True
        is_plural = before.word.endswith("s") and before.kind == "N"
        if can_be_verb and base == token.word and (is_plural or before.word in (",", "and")):
            return True
        # "tents leak at the seams"
        if is_plural and token.kind == "N" and not token.word.endswith("s") and behind in "PDA":
            return True
        # "purchases usually qualify"
        if before.kind == "A" and token.kind == "N" and behind == "M":
            return True
        # "a labrador suits a box"; behind a preposition, "from shops at" has no verb
        has_ending = token.word.endswith(("s", "ed")) and not is_inside
        if before.kind in "NG" and has_ending and behind in "DPJAF":
            return True
    return False


def _is_list(text: str, english: English) -> bool:
    """Return whether a text is a row of figures rather than a sentence: "Box: 120 kg, 92 cm"."""
    head, mark, rest = text.partition(":")
    if not mark or len(head.split()) > 5 or not rest.strip():
        return False
    is_row = re.search(r"\d[^.]*,", rest) is not None
    return is_row or not _has_verb(english.tokens(rest.strip()), english)


def _begins_torn(tokens: Sequence[Token]) -> bool:
    """Return whether a sentence begins with an adjective alone: "Legal if …", "Less than …"."""
    first = tokens[0]
    behind = tokens[1:2]
    if not behind:
        return True
    if first.kind == "J" and behind[0].kind in "FPMD":
        return True
    if first.word in ("less", "more") and behind[0].word == "than":
        return True
    if first.word in ("less", "more", "fairly", "very", "quite", "rather", "pretty"):
        return not any(token.kind == "N" for token in tokens[1:3])
    is_adverb = first.kind == "A" and behind[0].kind in "JM"
    return is_adverb and len(tokens) > 2 and tokens[2].kind in "PFM"


def _points_back(tokens: Sequence[Token], english: English) -> bool:
    """Return whether a word points back before anything is named."""
    is_command = True
    for position, token in enumerate(tokens):
        following = tokens[position + 1].kind if position + 1 < len(tokens) else "M"
        # "Never charge it": the verb of a command names nothing
        is_verb = is_command and english.is_base(token.word)
        is_figure = token.word[0].isdigit() or unit_of(token.word) != ""
        if token.kind == "N" and not is_verb and not is_figure:
            # "a coffee one"
            behind = tokens[position + 1 : position + 3]
            return bool(behind) and behind[0].word in ("one", "ones") and len(behind) > 1
        is_said = {
            tokens[place].word for place in (position - 1, position + 1) if 0 <= place < len(tokens)
        }
        if (
            token.word == "it"
            and is_said & BE
            and any(later.word in ("to", "that") for later in tokens[position:])
        ):
            return False
        if token.word in _BACKWARD:
            return True
        if token.word == "one" and following in "FMPV":
            return True
        is_command = is_command and (token.kind in "FA" or is_verb)
    return True
