"""Kinds of answers: which kind a question asks for, and whether a sentence states one.

A sentence on the right subject that states no price does not answer what something costs. Only
kinds that leave a trace in writing are distinguished: figures with their units, dates, addresses,
instructions. The words of questions are those of English, German, Spanish, French, Chinese and
Arabic; traces are figures and signs where possible, and otherwise words of the first four. What is
not recognised has no kind, and a trace that is too wide costs less than a trace that is too narrow.
"""

import re
from enum import StrEnum


class AnswerKind(StrEnum):
    """What a question asks for."""

    PRICE = "price"
    DURATION = "duration"
    QUANTITY = "quantity"
    DATE = "date"
    PLACE = "place"
    CONTACT = "contact"
    PERSON = "person"
    ELIGIBILITY = "eligibility"
    PERMISSION = "permission"
    STEPS = "steps"


_PRICE_NOUNS = (
    "price|prices|pricing|cost|costs|fee|fees|charge|charges|tariffs?|deposit|"
    "preis|kosten|gebühr|gebühren|precio|precios|coste|tarifa|tarifas|prix|tarif|tarifs|frais"
)
_SIZES = (
    "many|much|far|big|large|heavy|tall|high|deep|wide|hot|cold|old|fast|strong|thick|small|loud|"
    "warm|hard|steep|powerful"
)
_SIZE_NOUNS = (
    "size|weight|height|width|length|depth|temperature|capacity|voltage|wattage|percentage|number|"
    "age|speed|pressure|range|limit|amount|dimensions"
)
# The first that fits a question is its kind.
_ASKED = {
    AnswerKind.CONTACT: (
        r"\bwho (?:do|does|should|can|could|must|shall) (?:i|we|you|one) (?:contact|call|ask|"
        r"phone|ring|e-?mail|speak|talk|write|tell|turn)\b|"
        r"\b(?:tele)?phone number\b|\be-?mail address\b|\bcontact (?:details|number)\b|"
        r"\bhow (?:do|can|could) (?:i|we) (?:contact|reach|get in touch)\b|"
        r"\b(?:telefonnummer|número de teléfono|numéro de téléphone)\b|电话号码|رقم الهاتف"
    ),
    AnswerKind.PRICE: (
        rf"\bhow (?:much|expensive)\b.{{0,80}}\b(?:{_PRICE_NOUNS}|pay)\b|"
        r"\bhow (?:much|expensive) (?:is|are|was|for|to)\b|\bhow expensive\b|"
        rf"\bwhat(?:'s| is| are| will| would| do| does| did)? (?:.{{0,60}} )??(?:{_PRICE_NOUNS})\b|"
        rf"^(?:the )?(?:{_PRICE_NOUNS}) (?:of|for|per)\b|"
        rf"^(?!.*\bwithout\b)(?:\S+ ){{1,5}}(?:{_PRICE_NOUNS})\W*$|"
        r"\b(?:wie ?viel|was) kostet?n?\b|\bwie teuer\b|\bcu[aá]nto (?:cuesta|cuestan|vale)\b|"
        r"\bcombien (?:coûte|coûtent|ça coûte)\b|多少钱|价格|费用|كم (?:سعر|ثمن|تكلفة|يكلف)"
    ),
    AnswerKind.DURATION: (
        r"\bhow (?:long|soon|quickly|often)\b|\bhow much time\b|"
        r"\bhow many (?:seconds|minutes|hours|days|nights|weeks|months|years)\b|"
        r"\bwie (?:lange|oft)\b|\bcu[aá]nto tiempo\b|\bcombien de temps\b|多久|多长时间|كم من الوقت"
    ),
    AnswerKind.QUANTITY: (
        rf"\bhow (?:{_SIZES})\b|\b(?:what|which)(?:'s| is| are)? (?:the )?"
        rf"(?:(?:maximum|minimum|max|min|average|total|right|best|usual) )?(?:{_SIZE_NOUNS})\b|"
        r"\bwie ?viele?\b|\bwie (?:hoch|groß|schwer|weit|alt|schnell)\b|\bcu[aá]nt[oa]s?\b|"
        r"\bcombien\b|多少|几个|كم عدد"
    ),
    AnswerKind.DATE: (
        r"^(?:and |so |but |since |until |by )?when\b|"
        r"\bwhat(?:'s| is| are)? (?:the )?(?:time|times|"
        r"day|days|date|dates|month|year|hours|deadline)\b|"
        r"\b(?:opening|closing) (?:hours?|times?)\b|"
        r"\bdeadline\b|^(?:ab |bis |seit )?wann\b|^¿?(?:desde |hasta )?cu[aá]ndo\b|"
        r"\ben qu[eé] (?:año|fecha|mes|siglo)\b|^(?:depuis |jusqu'à )?quand\b|"
        r"\bin welchem jahr\b|什么时候|何时|哪一年|متى|في أي عام"
    ),
    AnswerKind.PLACE: (
        r"^(?:and |so |but |from )?where\b|\bwhat(?:'s| is) (?:the |your )?address\b|"
        r"\bdirections to\b|^wo(?:hin|her)?\b|^¿?(?:a |de )?d[oó]nde\b|^où\b|"
        r"\b(?:in|at) (?:which|what) (?:city|town|country|street|building|room|shop|place)\b|"
        r"哪里|在哪|何处|أين"
    ),
    AnswerKind.ELIGIBILITY: (
        r"\bwho (?:can|may|could|is eligible|is allowed|is entitled|qualifies|is it for|gets)\b|"
        r"\b(?:am|are|is) (?:i|we|they|he|she|it|my \w+) (?:eligible|entitled)\b|"
        r"\b(?:do|does|would|will|can) (?:i|we|they|he|she|my \w+) qualify\b|"
        r"\b(?:eligibility|entry) (?:criteria|requirements?|rules)\b"
    ),
    AnswerKind.PERSON: (r"^who(?:'s|se)?\b|^wer\b|^¿?qui[eé]n(?:es)?\b|^qui\b|谁|^من "),
    AnswerKind.STEPS: (
        r"\bhow (?:do|can|could|should|would|must|shall|to|does one)\b|"
        r"\bwhat(?:'s| is) the (?:best |right |easiest )?way to\b|"
        r"^wie (?:kann|muss|soll) (?:ich|man)\b"
    ),
    AnswerKind.PERMISSION: (
        r"^(?:and |so |but )?(?:can|may|could) (?:i|we|you|they|my \w+|our \w+|\w+s) |"
        r"^(?:am i|are \w+|is \w+) (?:ok|okay|allowed|permitted|possible|legal)\b|"
        r"^do you (?:allow|accept|take|permit|let)\b"
    ),
}
# Words that ask for a kind of answer, and are no part of what the question is about.
_CUES = re.compile(
    rf"\b(?:{_PRICE_NOUNS}|{_SIZES}|{_SIZE_NOUNS}|expensive|pay|long|soon|quickly|often|seconds|"
    "minutes|hours|days|nights|weeks|months|years|time|times|date|dates|opening|closing|deadline|"
    "address|directions|contact|call|phone|telephone|number|e-?mail|eligible|eligibility|entitled|"
    "qualify|qualifies|criteria|requirements?|allowed|permitted|possible|legal|allow|accept|permit|"
    r"who|what|when|where|how|which|way|best)\b",
    re.IGNORECASE,
)
_ASKED_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKED.items()}

_NUMBER_WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|"
    "sixty|hundreds?|thousands?|dozens?|half|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|"
    "zwölf|hundert|tausend|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|cien|mil|"
    "deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|cent|mille"
)
_NUMBER = rf"(?:\d|\b(?:{_NUMBER_WORDS})\b|[一二两三四五六七八九十百千万])"
_TIME_UNITS = (
    "seconds?|secs?|minutes?|mins?|hours?|hrs?|h|nights?|days?|weeks?|months?|years?|decades?|"
    "centur(?:y|ies)|sekunden?|minuten?|stunden?|tagen?|tage?|wochen?|monaten?|monate?|jahren?|"
    "jahre?|segundos?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|años?|siglos?|secondes?|heures?|"
    "jours?|semaines?|mois|ans?|années?"
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "januar|februar|märz|mai|juni|juli|oktober|dezember|enero|febrero|marzo|abril|mayo|junio|julio|"
    "agosto|se[p]?tiembre|octubre|noviembre|diciembre|janvier|février|mars|avril|juin|juillet|août|"
    "septembre|octobre|novembre|décembre"
)
_WEEKDAYS = (
    "(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekdays?|montags?|dienstags?|"
    "mittwochs?|donnerstags?|freitags?|samstags?|sonntags?|lunes|martes|miércoles|jueves|viernes|"
    "sábados?|domingos?|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
)
# A capital that is no place or person.
_NO_DATE = rf"(?!(?:{_MONTHS}|{_WEEKDAYS})\b)"
_DURATIONS = (
    rf"{_NUMBER}[^.!?]{{0,12}}?\b(?:{_TIME_UNITS})\b|年|天|小时|分钟|个月|周|世纪|"
    rf"\b(?:an?|one|per|every|each|ein(?:e[nr]?)?|un[ae]?|jede[rsn]?|cada|chaque) "
    rf"(?:(?:full|whole|single|working|other|few) )?(?:{_TIME_UNITS})\b|"
    r"\b(?:overnight|immediately|straight away|at once|instantly|same[- ]day|next[- ]day|daily|"
    r"weekly|monthly|yearly|annually|fortnight\w*|for life|permanent\w*|indefinite\w*|lifetime|"
    r"once|twice|always|never|since|until|seit|bis|desde|hasta|depuis|jusqu\w*|"
    r"no (?:time )?limit)\b|\d-(?:minute|hour|day|week|month|year)"
)
_AMOUNT = (
    r"[$€£¥₹₽]\s?\d|\d\s?(?:[$€£¥₹₽]|p\b|元|ريال|درهم|دينار)|"
    r"\b(?:usd|eur|gbp|chf|jpy|cad|aud)\s?\d|"
    r"\d[\d.,]*\s?(?:usd|eur|gbp|chf|jpy|cad|aud|dollars?|euros?|pounds?|pence|cents?|francs?|"
    r"franken|pesos?|per ?cent|%)(?!\w)|"
    r"\b(?:free|no (?:extra )?(?:charge|cost|fee)|nothing|kostenlos|gratis|gratuit\w*|umsonst)\b|"
    r"免费|مجان"
)
_VERBS_OF_STEPS = (
    "add|allow|apply|ask|attach|bring|brush|buy|call|check|choose|clean|clear|click|close|collect|"
    "come|complete|connect|contact|cover|create|cut|download|drain|draw|drop|dry|email|empty|enter|"
    "ensure|fasten|fill|find|fit|fix|fold|follow|get|give|go|hang|heat|hold|insert|install|keep|"
    "lay|leave|let|lift|loosen|lower|make|mark|measure|mix|move|open|order|pack|paint|pay|peel|"
    "phone|pick|place|plug|post|pour|prepare|press|print|provide|pull|push|put|raise|read|register|"
    "release|remove|repeat|replace|request|return|rinse|rotate|rub|run|save|scan|screw|select|send|"
    "set|show|sign|slide|soak|spread|start|stir|stop|store|submit|switch|take|tap|tell|test|tie|"
    "tighten|tilt|touch|trim|try|turn|twist|type|undo|unplug|unscrew|upload|use|visit|wait|warm|"
    "wash|wear|wipe|wrap|write"
)
_STATED = {
    AnswerKind.PRICE: _AMOUNT,
    # "how long" also asks for a length, and what lasts may be measured by its use
    AnswerKind.DURATION: (
        rf"{_DURATIONS}|{_NUMBER}[^.!?]{{0,12}}?"
        r"\b(?:mm|cm|m|km|miles?|inch(?:es)?|ft|feet|foot|yards?|(?:kilo|centi|milli)?met(?:re|er)s?|"
        r"metros?|kilómetros?|mètres?|kilomètres?|cycles?|charges|times|mal|veces|fois)\b|\d-?mal\b"
    ),
    AnswerKind.QUANTITY: (
        rf"{_NUMBER}|\b(?:no limit|unlimited|any number|as many as|single|double|quarter|"
        r"one|once|twice|none|ein(?:e[nr]?)?|una?|une)\b"
    ),
    AnswerKind.DATE: (
        rf"\b(?:{_MONTHS}|{_WEEKDAYS})\b|\b(?:1\d|20)\d\d\b|\d[:.h]\d\d\b|"
        r"\d ?(?:am|pm|a\.m\.|p\.m\.|o'?clock|uhr|years? old)(?!\w)|"
        r"\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?|\d ?(?:年|月|日|点)|"
        rf"{_DURATIONS}|\b(?:noon|midnight|today|tomorrow|tonight|spring|summer|autumn|winter|"
        r"easter|christmas|as soon as|round the clock|24/7|siglo|jahrhundert|siècle|century|"
        r"immediately|before|after|until|once|when|während|wenn|als|durante|cuando|pendant|quand|lorsque)\b"
    ),
    AnswerKind.PLACE: (
        r"\b(?:at|in|near|from|on|off|behind|opposite|beside|to|by|outside|between|via|under|inside)"
        rf" (?:the |our |your |a |an |its |each |any )?(?:\w+ )?{_NO_DATE}(?-i:[A-Z]\w+)|https?://|\bwww\.|"
        r"\b(?:street|road|avenue|lane|square|building|floor|room|desk|counter|entrance|door|gate|"
        r"office|branch|store|shop|station|car park|online|website|web site|app|portal|page|site|"
        r"next to|behind|opposite|inside|outside|beneath|underneath|under|below|above|upstairs|"
        r"downstairs|left|right|side|top|bottom|front|back|rear|abroad|home|anywhere|everywhere|"
        r"straße|stadt|land|calle|ciudad|rue|ville|pays)\b|"
        rf"(?-i:(?<=[a-zà-ÿ,] )){_NO_DATE}(?-i:[A-ZÀ-Þ][\w'’-]+)|[省市县国区州城岛洲路街在于]|في "  # noqa: RUF001 (an apostrophe)
    ),
    AnswerKind.CONTACT: (
        r"\+?\d[\d ()/-]{5,}\d|\S@\S|https?://|\bwww\.|"
        r"\b(?:call|phone|ring|e-?mail|contact|ask|write to|speak to|tell|visit|see)\b"
    ),
    AnswerKind.PERSON: (
        r"(?-i:(?<=[\wà-ÿ,;:(«\"“] )[A-ZÀ-Þ][\w'’-]+)|(?-i:\b[A-ZÀ-Þ][\w'’-]+ [A-ZÀ-Þ][\w'’-]+)|"  # noqa: RUF001
        r"\b(?:we|i|our \w+|the \w+|[a-z]+(?:ers?|ors?|ists?|ians?))\b|"
        r"[\u3400-\u9fff]{2}|[\u0620-\u064a]{2}"
    ),
    AnswerKind.ELIGIBILITY: (
        r"\bif (?:you|your|they|he|she)\b|\b(?:eligib\w+|entitle\w+|qualif\w+|anyone|anybody|"
        r"everyone|everybody|nobody|only|open to|aged?|over \d+|under \d+|at least \d+|"
        r"residents?|members?|citizens?|(?:must|need to|have to) (?:be|have|live|hold|own)|"
        r"(?:people|those|children|adults|students|owners|households|families|companies|\w+ers) "
        r"(?:who|with|in|from|on|aged|can|may)|who (?:are|is|have|has|live|work|own|rent)|"
        r"you (?:can|may|cannot|can't) (?:apply|claim|get|join|use|have))\b"
    ),
    AnswerKind.PERMISSION: (
        r"\b(?:can|cannot|can't|could|may|must|mustn't|might|not|no|yes|never|always|only|unless|"
        r"allow\w*|permit\w*|permission|welcome|accept\w*|forb\w+|prohibit\w*|ban(?:ned)?|possible|"
        r"impossible|able|need\w*|requir\w+|free to|except|refus\w+|entitle\w*|eligib\w*)\b"
    ),
    AnswerKind.STEPS: (
        r"^\W*(?:\d+[.)]\s+)?"
        r"(?:(?:please|then|next|first|finally|now|always|never|or|and|to begin),? )?"
        rf"(?:{_VERBS_OF_STEPS})\b|^\W*\d+[.)]\s+\w|(?:[,;:] |\b(?:and|then|or|please) )"
        rf"(?:{_VERBS_OF_STEPS})\b|"
        r"\byou(?:'ll| will)? (?:can|may|should|must|need|have to|could|simply|just|then)\b|"
        r"\bby \w+ing\b|\b(?:don't|do not|make sure|be sure)\b|^\W*`|"
        r"\b(?:kannst|können sie|müssen sie|klicken|wählen)\b"
    ),
}
_STATED_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _STATED.items()}


def asked_kind(question: str) -> AnswerKind | None:
    """Return the kind of answer that a question asks for; None if it leaves no trace to look for.

    >>> asked_kind("How much does it cost to hire a kiln?"), asked_kind("Where is the kiln?")
    (<AnswerKind.PRICE: 'price'>, <AnswerKind.PLACE: 'place'>)
    >>> asked_kind("tell me about kilns")
    """
    return _find_kind(question)[0]


def subject_of(question: str) -> str:
    """Return a question without the words that only say which kind of answer it asks for.

    >>> subject_of("How much does it cost to hire a kiln?")
    'does it to hire a kiln?'
    """
    return _find_kind(question)[1]


def states(kind: AnswerKind, sentence: str) -> bool:
    """Return whether a sentence has the trace of this kind of answer.

    >>> states(AnswerKind.PRICE, "Hire is £12 a day."), states(AnswerKind.PRICE, "We hire kilns.")
    (True, False)
    """
    return _STATED_PATTERNS[kind].search(sentence) is not None


def _find_kind(question: str) -> tuple[AnswerKind | None, str]:
    """Return the kind that a question asks for, and the rest of its words."""
    text = " ".join(question.split())
    for kind, pattern in _ASKED_PATTERNS.items():
        match = pattern.search(text)
        if match:
            rest = _CUES.sub(" ", match.group())
            return kind, " ".join(f"{text[: match.start()]}{rest}{text[match.end() :]}".split())
    return None, text
