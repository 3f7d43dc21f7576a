"""English by its function words: what may be in a noun phrase, and a verb's form in -ing.

There is no model and no dictionary: lists of words that are closed or common, and what a log itself
shows of its verbs. The lists are assumed; docs/method.md (Names) says how far they carry.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

DETERMINERS = frozenset(
    "a an the my your our his her its their this that these those any some all both each every no "
    "another either one's".split()
)
POSSESSIVES = frozenset("my your our his her their".split())
PREPOSITIONS = frozenset(
    "of for on in with without to at by from into onto under over between during after before "
    "about against near across along around behind through per as than via until till since "
    "towards inside outside off up down out".split()
)
SUBJECTS = frozenset("i you we they he she it people someone anyone everyone one".split())
BE = frozenset("is are was were am be been being isn't aren't wasn't weren't".split())
# Words after which, or after which and a subject, a verb follows.
MODALS = frozenset(
    "can could should would will shall may might must do does did don't doesn't didn't can't "
    "cannot couldn't shouldn't wouldn't won't".split()
)
QUESTION_WORDS = frozenset(
    "what which who whom whose when where why how what's who's where's how's whats".split()
)
_OTHERS = frozenset(
    "and or but if because so while though although nor yet me him us them myself yourself itself "
    "mine yours ours has have had having i'm i've i'd i'll it's we're we've we'd you're you've "
    "they're they've that's there's there let's not n't just only also too very really quite more "
    "most less least much many few lot lots bit even ever never often always already still again "
    "now then here soon later today yesterday tomorrow maybe perhaps please thanks thank hi hello "
    "hey ok okay yes etc vs versus else instead anyway actually basically rather whether when "
    "e.g i.e eg ie such same other others own enough something anything nothing everything "
    "someone's thing things stuff way ways kind kinds sort sorts like well twice once mad any "
    "what is".split()
)
# Adverbs that end in -ly are known by it; these nouns and adjectives end in -ly as well.
_NOT_ADVERBS = frozenset(
    "family fly supply reply monthly weekly daily yearly early only elderly friendly ally assembly "
    "anomaly jelly belly bully butterfly italy july".split()
)
# Adjectives that cannot end a noun phrase. A few nouns among them are left out on purpose.
ADJECTIVES = frozenset(
    "good bad best better worst worse big bigger biggest small smaller smallest large larger "
    "largest long longer short shorter high higher highest low lower lowest new newer newest old "
    "older oldest young younger cheap cheaper cheapest expensive safe safer safest legal illegal "
    "possible impossible easy easier hard harder difficult important different similar free full "
    "empty whole real true false right wrong sure able available common normal usual typical main "
    "major great nice decent fair worth ready fast faster fastest slow slower quick quicker heavy "
    "heavier light lighter strong stronger weak dangerous necessary compatible certain specific "
    "particular current previous latest recent last next first second third single multiple "
    "several various extra total average maximum minimum max min electric electrical local "
    "global remote public private personal professional useful popular famous likely unlikely "
    "allowed due near nearest close closed open wide narrow tall deep thick thin hot cold warm wet "
    "dry dark dirty clean "
    "clear simple complex basic advanced general okay fine silly mad frightening scared worried "
    "existing given own entire additional related unable early late former top".split()
)
# Verbs that are seldom nouns: wherever one stands, a noun phrase ends.
_VERBS = frozenset(
    "accept achieve add affect afford agree allow announce apply argue arrive ask attach avoid "
    "become begin believe belong bring build buy calculate carry catch choose come compare "
    "complain confirm connect consider contact contain continue convert convince cope create "
    "decide define delete depend describe destroy determine develop disable discover display "
    "download earn eat enable encourage enjoy ensure enter exist expect explain expose "
    "extend fall feel fetch find follow forget generate get give go grow happen hate hear help "
    "hold identify ignore improve include increase inform initialize insist install invent keep kill know "
    "last learn leave lend let list locate lose maintain make mean modify need notice obtain occur "
    "open organize overwrite pay perform persuade pick prefer prevent print produce protect prove "
    "provide publish put read realise realize receive recommend reduce refer register "
    "regret reject remain remember remove rename repeat replace require resolve restore retrieve "
    "revert ruin run say secure see seem sell send serve set show sit sleep solve specify spend "
    "stand start stay steal stop store suggest suit survive switch take talk teach tell think "
    "throw train transfer try turn understand undo uninstall update upgrade upload use verify "
    "visit wait want wear win wish work worry wreck write own hire".split()
)
# Words that are as often nouns: verbs where a verb must stand, nouns elsewhere.
_EITHER = frozenset(
    "abort balance bike block book branch break burn call cancel care change charge check claim "
    "clean clone close commit compost cost count cover cross cut cycle damage deal delay drive "
    "drop end escape exchange exercise fail fight file finance fit fix fly fold force format freeze "
    "hose insure label lift limit link load lock look mark match merge mount move name order pack "
    "park plan play post press price pull push rate record rent repair report request reset return "
    "ride risk roll sail save schedule search sort filter fork edit stage stream squash debug "
    " service share ship shop sign skip smoke split squeeze "
    "stack stash support swap sync tag test tip tow trade travel trust view walk wash watch wear "
    "weigh wipe wrap".split()
)
_IRREGULAR = {
    "got": "get", "bought": "buy", "sold": "sell", "took": "take", "taken": "take", "made": "make",
    "went": "go", "gone": "go", "came": "come", "gave": "give", "given": "give", "found": "find",
    "kept": "keep", "left": "leave", "lost": "lose", "paid": "pay", "said": "say", "saw": "see",
    "seen": "see", "told": "tell", "thought": "think", "won": "win", "wore": "wear", "worn": "wear",
    "stole": "steal", "stolen": "steal", "died": "die", "dies": "die", "goes": "go", "knew": "know",
    "known": "know", "felt": "feel", "became": "become", "began": "begin", "wrote": "write",
    "written": "write", "fell": "fall", "held": "hold", "meant": "mean", "led": "lead",
    "sits": "sit", "sat": "sit", "stood": "stand", "broke": "break", "chose": "choose",
}  # fmt: skip
# What is put into a text as a word; a mark counts as a token of its own.
_TOKEN = re.compile(r"[£$€]?[^\W_]+(?:['’.,&/+-]*[^\W_]+)*[%+#]*|[^\w\s]")  # noqa: RUF001 (quotes)
# Two equal consonants stand before -ing after a short vowel: sit, sitting. Not before w, x, y.
_SHORT = re.compile(r"(?:^|[^aeiou])[aeiou][bdgklmnprt]\Z")
# Verbs of two syllables whose last is stressed, which double it: "preferring", "not opening".
_DOUBLING = frozenset("begin commit forget prefer refer submit reset unplug format regret".split())


_OWNED = re.compile(
    r"\b(?:my|our|your|his|her|their|its) ((?:[\w'’-]+ )*?[\w'’-]+)"  # noqa: RUF001 (quotes)
    r"(?=\s(?:of|for|on|in|with|and|or|to|at|from|by|while|when|without|under|after|before|if|so|off)"
    r"\b|[,?]|\Z)",
    re.I,
)
# A noun is named in the plural if that is used this often beside the singular. Assumed.
_PLURAL_SHARE = 0.2
# A log is one of commands if this share of its texts begins with a verb. Assumed.
_COMMAND_SHARE = 0.3


class Token(NamedTuple):
    """A word or mark of a text: as it stands, in lower case, and what it is.

    Kinds: D determiner, P preposition, F other function word, A adverb, V verb, G form in -ing,
    J adjective, N other word, M mark.
    """

    text: str
    word: str
    kind: str
    start: int
    end: int


def base_form(word: str) -> str:
    """Return the base of an inflected verb as far as endings show it.

    >>> [base_form(word) for word in ("carries", "stopped", "charging", "used", "fits")]
    ['carry', 'stop', 'charge', 'use', 'fit']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    known = _VERBS | _EITHER
    for ending in ("ing", "ed", "es", "s"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            forms = (stem, stem + "e", stem[:-1], stem[:-1] + "y" if stem[-1] == "i" else stem)
            for form in forms:
                if form in known:
                    return form
    return word


def gerund(verb: str) -> str:
    """Return the form of a verb in -ing.

    >>> [gerund(verb) for verb in ("carry", "charge", "stop", "see", "tie", "clean", "open")]
    ['carrying', 'charging', 'stopping', 'seeing', 'tying', 'cleaning', 'opening']
    """
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    n_vowels = len(re.findall(r"[aeiouy]+", verb))
    if _SHORT.search(verb) and (n_vowels == 1 or verb in _DOUBLING):
        return verb + verb[-1] + "ing"
    return verb + "ing"


class English:
    """English as a log writes it: its verbs are known from where they stand in its texts.

    Args:
        texts: questions, answers and titles of the log.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        after_modal: Counter[str] = Counter()
        opening: Counter[str] = Counter()
        n_words: Counter[str] = Counter()
        self._counted: set[str] = set()
        self._n_words = n_words
        all_words = []
        for text in texts:
            words = [match[0].lower() for match in _TOKEN.finditer(text)]
            all_words.append(words[:2])
            n_words.update(words)
            for article, word, behind in zip(words, words[1:], words[2:] + [""], strict=False):
                if article in ("a", "an"):
                    self._counted.add(behind if word in ADJECTIVES else word)
            for first, second, third in zip(words, words[1:], words[2:], strict=False):
                if first in MODALS and second in SUBJECTS or first == "how" and second == "to":
                    after_modal[third] += 1
            # "Apply a stash": a command begins with its verb
            if len(words) > 2 and words[1] in DETERMINERS:
                opening[words[0]] += 1
        known = _VERBS | _EITHER
        opened = [words[0] for words in all_words if len(words) > 1]
        n_verbs = sum(word in known or opening[word] > 2 for word in opened)
        # In a log of commands, a verb that opens a text is one: "Commit staged files".
        self.is_of_commands = n_verbs > _COMMAND_SHARE * max(1, len(opened))
        function_words = _OTHERS | DETERMINERS | PREPOSITIONS | BE | MODALS | SUBJECTS
        function_words |= QUESTION_WORDS | ADJECTIVES
        learned = {word for word, n in after_modal.items() if n > 1}
        learned |= {word for word, n in opening.items() if n > 2}
        self._learned = {word for word in learned - function_words if word.isalpha()}

    def is_verb(self, word: str) -> bool:
        """Return whether a word in lower case can be a verb."""
        return word in self._learned or base_form(word) in _VERBS or base_form(word) in _EITHER

    def without_owner(self, words: str) -> str:
        """Return a phrase without whose things they are.

        "My dog" becomes "a dog", "my dogs" become "dogs", and of what the log never counts, "my
        luggage", it is "the luggage".
        """

        def article(match: re.Match[str]) -> str:
            owned = match[1]
            if owned[-1] == "s" and owned[-2:] != "ss":
                return owned
            head = re.split(r"[\s-]", owned)[-1].lower()
            if head not in self._counted:
                return f"the {owned}"
            return f"an {owned}" if owned[0].lower() in "aeio" else f"a {owned}"

        return re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", _OWNED.sub(article, words))

    def plural(self, noun: str, texts: Sequence[str]) -> str:
        """Return a noun in the plural where these texts have it or the log often uses its form."""
        last = re.split(r"[\s-]", noun)[-1].lower()
        if not last.isalpha() or last[-1] == "s" or last.endswith(("f", "fe")):
            return noun
        plural = re.sub(r"(?<=[^aeiou])y\Z", "ie", noun) + "s"
        plural = re.sub(r"(?<=[sxz])s\Z|(?<=[cs]h)s\Z", "es", plural)
        n_plural = self._n_words[re.split(r"[\s-]", plural)[-1].lower()]
        if n_plural and n_plural >= _PLURAL_SHARE * self._n_words[last]:
            return plural
        written = re.compile(rf"\b{re.escape(plural)}\b(?!['’])", re.I)  # noqa: RUF001 (quotes)
        return plural if any(written.search(text) for text in texts) else noun

    def is_base(self, word: str) -> bool:
        """Return whether a word in lower case is a verb's base, from which `gerund` is made."""
        return word in self._learned or word in _VERBS or word in _EITHER

    def tokens(self, text: str) -> list[Token]:
        """Return the words and marks of a text with their kinds."""
        matches = list(_TOKEN.finditer(text))
        words = [match[0].lower().replace("’", "'") for match in matches]  # noqa: RUF001
        tokens: list[Token] = []
        for position, (match, word) in enumerate(zip(matches, words, strict=True)):
            before = words[:position]
            after = words[position + 1 : position + 2]
            kind = self._kind(word, before, after[0] if after else "", tokens)
            tokens.append(Token(match[0], word, kind, match.start(), match.end()))
        return tokens

    def _kind(self, word: str, before: list[str], after: str, tokens: list[Token]) -> str:
        previous = before[-1] if before else ""
        if not word[-1].isalnum() and not word[0].isalnum():
            return "M"
        if word in DETERMINERS:
            return "D"
        if word in PREPOSITIONS:
            return "P"
        if word in _OTHERS or word in BE or word in MODALS or word in SUBJECTS:
            return "F"
        if word in QUESTION_WORDS:
            return "F"
        if word.endswith("ly") and word not in _NOT_ADVERBS and len(word) > 4:
            return "A"
        if word.endswith("ing") and len(word) > 5 and word not in _NOT_GERUNDS:
            return "G"
        if self.is_verb(word) and self._stands_as_verb(word, before, previous, after, tokens):
            return "V"
        if word.endswith("ed") and len(word) > 4 and word not in _NOT_PARTICIPLES:
            return "J"
        if word in _NOUNS_TOO and tokens and tokens[-1].kind == "D":
            return "N" if not after.isalpha() or after in PREPOSITIONS | _OTHERS | BE else "J"
        return "J" if word in ADJECTIVES else "N"

    def _stands_as_verb(
        self, word: str, before: list[str], previous: str, after: str, tokens: list[Token]
    ) -> bool:
        is_subject = previous in SUBJECTS and (len(before) < 2 or before[-2] not in BE)
        if is_subject or previous in MODALS or previous == "to":
            return True
        if tokens and tokens[-1].kind in "DPJ":
            return False
        if not tokens:  # "Apply a stash", but "cost of electricity"
            return after in DETERMINERS or (
                after not in PREPOSITIONS
                and after not in _OTHERS
                and (word in _VERBS or word in self._learned or self.is_of_commands)
            )
        return base_form(word) in _VERBS and word not in _EITHER


# Nouns in -ed.
_NOT_PARTICIPLES = frozenset("speed breed moped hundred watershed weed bleed creed steed".split())
# Adjectives that are nouns as well: "a remote".
_NOUNS_TOO = frozenset("remote local cold dark extra total average minimum maximum second".split())
# Words in -ing that are nouns or prepositions.
_NOT_GERUNDS = frozenset(
    "something anything nothing everything during spring string morning evening building ceiling "
    "wedding clothing sibling king thing including regarding according being having going "
    "doing".split()
)
