"""Atoms: the words and figures of a text, folded so that spellings of one name are equal.

"RTX 4090", "rtx-4090" and "RTX4090" have the same atoms in a row. Words of one script border on
words of another without a space, as in Chinese and Japanese text around a Latin name.
"""

import re
import unicodedata

from coverage_kit.text.quantities import UNITS
from coverage_kit.text.words import MONTH_NAMES

# The letters of scripts that have capitals: Latin, Greek, Cyrillic. Letters of other scripts beside
# a figure are words around it, and no part of a name.
CASED = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u052f"
# Words of cased scripts, words of other scripts, figures with their dots, and an option's dashes.
_ATOM = re.compile(rf"[{CASED}]+|[^\W\d_{CASED}]+|\d+(?:\.\d+)*|--(?=\w)")
# A figure of another script, such as an Arabic one.
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
# Accents and points that are written on or under a letter: Latin, Greek, Cyrillic, Hebrew, Arabic.
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670]")
_HYPHENS = re.compile("[\u2010\u2011\u2212]")
# Dashes into which typography turns the two hyphens of an option.
_LONG_DASHES = re.compile("[\u2013\u2014]")
# What follows a quantity in addition to the units of `quantities`, in the languages of the public
# sets; in lower case, without accents, in the singular. Assumed.
_MEASURE_WORDS = (
    "dm ft inch foot feet yd mg oz st t cl l mw gw mwh mah kv ma hz khz mhz ghz b kb kib mib "
    "gib k mn bn tn min ms s px pt dpi fps rpm am pm ad bc bce ce nd rd th er eme x p c f u pc pp "
    "yo y wk mo chf jpy aud cad inr cny cc bhp hp um bps kbps mbps gbps db percent per cent people "
    "person time child children kid million billion thousand hundred jahr jahre jahren tag tage "
    "tagen woche wochen monat monate monaten stunde stunden minuten prozent uhr ano dia semana mes "
    "meses hora minuto por ans jour mois heure"
)
# What stands before a figure that is a date, a rank, a place in the text, or a number of things, so
# that word and figure are no name. In lower case, without accents. Assumed.
_COUNTER_WORDS = (
    "jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday "
    "saturday sunday januar februar marz mai juni juli oktober dezember enero febrero marzo abril "
    "mayo junio julio agosto septiembre octubre noviembre diciembre janvier fevrier mars avril "
    "juin juillet aout septembre octobre novembre decembre no nr nos number page vol volume step "
    "question figure fig table type grade stage level phase section chapter part paragraph item "
    "line note point week day month year room age usd eur gbp chf us uk am pm ad bc "
    "mid pre post under over sub non top plus up to a an the i in at on of for from and or by is "
    "are was be with my we you he she it they about around only all every first last next other "
    "least most than after before within until since have has had take one two between into"
)
_MEASURES = frozenset(UNITS) | frozenset(_MEASURE_WORDS.split())
_COUNTERS = frozenset(MONTH_NAMES) | frozenset(_COUNTER_WORDS.split())


def clean(text: str) -> str:
    """Return a text with compatible forms of letters, Latin figures and plain hyphens."""
    if text.isascii():
        return text
    latin = _OTHER_DIGIT.sub(
        lambda digit: str(unicodedata.digit(digit.group())), unicodedata.normalize("NFKC", text)
    )
    return _HYPHENS.sub("-", latin)


def atoms(text: str) -> list[str]:
    """Return the words and figures of a text, without case, accents and signs between them.

    A figure keeps its dots. Two dashes before a word are an atom of their own, and an option that
    is written as "--[no-]verify" is read as "--verify".

    >>> atoms("The RTX-4090, v2.1 (--onto)")
    ['the', 'rtx', '4090', 'v', '2.1', '--', 'onto']
    """
    folded = clean(text).casefold()
    if not folded.isascii():
        bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", folded))
        folded = _LONG_DASHES.sub("--", bare).casefold()
    return _ATOM.findall(folded.replace("[no-]", ""))


def normalize(name: str) -> str:
    """Return a name without case, accents, and the signs by which its spellings differ.

    >>> normalize("RTX-4090") == normalize("rtx 4090") == normalize("RTX4090")
    True
    """
    return "".join(atoms(name))


def is_measure(word: str) -> bool:
    """Return whether a word after a figure makes it a quantity: "km", "Years"."""
    folded = normalize(word)
    return folded in _MEASURES or folded.removesuffix("s") in _MEASURES


def is_counter(word: str) -> bool:
    """Return whether a word before a figure makes it a date, a rank or a number of things."""
    folded = normalize(word)
    return folded in _COUNTERS or folded.removesuffix("s") in _COUNTERS
