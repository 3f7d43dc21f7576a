"""Lists of English words: function words, and what is a verb, an adjective or a noun by itself.

They are assumed: closed classes, and the commonest words of open ones. docs/method.md (Names) says
how far they carry.
"""


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text that is a list of them."""
    return frozenset(text.split())


DETERMINERS = words_of(
    "a an the my your our his her its their this that these those any some all both each every "
    "no another either one's"
)
PREPOSITIONS = words_of(
    "of for on in with without to at by from into onto under over between during after before "
    "about against near across along around behind through per as than via until till since "
    "towards inside outside off up down out"
)
SUBJECTS = words_of("i you we they he she it people someone anyone everyone one")
BE = words_of("is are was were am be been being isn't aren't wasn't weren't")
# Words after which, or after which and a subject, a verb follows.
MODALS = words_of(
    "can could should would will shall may might must do does did don't doesn't didn't can't "
    "cannot couldn't shouldn't wouldn't won't"
)
QUESTION_WORDS = words_of(
    "what which who whom whose when where why how what's who's where's how's whats"
)
OTHERS = words_of(
    "and or but if because so while though although nor yet me him us them myself yourself "
    "itself mine yours ours has have had having i'm i've i'd i'll it's we're we've we'd you're "
    "you've they're they've that's there's there let's not n't just only also too very really "
    "quite more most less least much many few lot lots bit even ever never often always already "
    "still again now then here soon later maybe perhaps please thanks "
    "thank hi hello hey ok okay yes etc vs versus else instead anyway actually basically rather "
    "whether when e.g i.e eg ie such same other others own enough something anything nothing "
    "everything someone's thing things stuff way ways kind kinds sort sorts like well twice "
    "once mad any what is"
)
# Adverbs that end in -ly are known by it; these nouns and adjectives end in -ly as well.
NOT_ADVERBS = words_of(
    "family fly supply reply monthly weekly daily yearly early only elderly friendly ally "
    "assembly anomaly jelly belly bully butterfly italy july"
)
# Adjectives that cannot end a noun phrase. A few nouns among them are left out on purpose.
ADJECTIVES = words_of(
    "good bad best better worst worse big bigger biggest small smaller smallest large larger "
    "largest long longer short shorter high higher highest low lower lowest new newer newest "
    "old older oldest young younger cheap cheaper cheapest expensive safe safer safest legal "
    "illegal possible impossible easy easier hard harder difficult important different similar "
    "free full empty whole real true false right wrong sure able available common normal usual "
    "typical main major great nice decent fair worth ready fast faster fastest slow slower "
    "quick quicker heavy heavier light lighter strong stronger weak dangerous necessary "
    "compatible certain specific particular current previous latest recent last next first "
    "second third single multiple several various extra total average maximum minimum max min "
    "electric electrical local global remote public private personal professional useful "
    "popular famous likely unlikely allowed due near nearest close closed open wide narrow tall "
    "deep thick thin hot cold warm wet dry dark dirty clean clear simple complex basic advanced "
    "general okay fine silly mad frightening scared worried existing given own entire "
    "additional related unable early late former top"
)
# Verbs that are seldom nouns: wherever one stands, a noun phrase ends.
VERBS = words_of(
    "accept achieve add affect afford agree allow announce apply argue arrive ask attach avoid "
    "become begin believe belong bring build buy calculate carry catch choose come compare "
    "complain confirm connect consider contact contain continue convert convince cope create "
    "decide define delete depend describe destroy determine develop disable discover display "
    "download earn eat enable encourage enjoy ensure enter exist expect explain expose extend "
    "fall feel fetch find follow forget generate get give go grow happen hate hear help hold "
    "identify ignore improve include increase inform initialize insist install invent keep kill "
    "know last learn leave lend let list locate lose maintain make mean modify need notice "
    "obtain occur open organize overwrite pay perform persuade pick prefer prevent print "
    "produce protect prove provide publish put read realise realize receive recommend reduce "
    "refer register regret reject remain remember remove rename repeat replace require resolve "
    "restore retrieve revert ruin run say secure see seem sell send serve set show sit sleep "
    "solve specify spend stand start stay steal stop store suggest suit survive switch take "
    "talk teach tell think throw train transfer try turn understand undo uninstall update "
    "upgrade upload use verify visit wait want wear win wish work worry wreck write own hire"
)
# Words that are as often nouns: verbs where a verb must stand, nouns elsewhere.
EITHER = words_of(
    "abort balance bike block book branch break burn call cancel care change charge check claim "
    "clean clone close commit compost cost count cover cross cut cycle damage deal delay drive "
    "drop end escape exchange exercise fail fight file finance fit fix fly fold force format "
    "freeze hose insure label lift limit link load lock look mark match merge mount move name "
    "order pack park plan play post press price pull push rate record rent repair report "
    "request reset return ride risk roll sail save schedule search sort filter fork edit stage "
    "stream squash debug service share ship shop sign skip smoke split squeeze stack stash "
    "support swap sync tag test tip tow trade travel trust view walk wash watch wear weigh wipe "
    "wrap"
)
IRREGULAR = {
    "got": "get", "bought": "buy", "sold": "sell", "took": "take", "taken": "take", "made": "make",
    "went": "go", "gone": "go", "came": "come", "gave": "give", "given": "give", "found": "find",
    "kept": "keep", "left": "leave", "lost": "lose", "paid": "pay", "said": "say", "saw": "see",
    "seen": "see", "told": "tell", "thought": "think", "won": "win", "wore": "wear", "worn": "wear",
    "stole": "steal", "stolen": "steal", "died": "die", "dies": "die", "goes": "go", "knew": "know",
    "known": "know", "felt": "feel", "became": "become", "began": "begin", "wrote": "write",
    "written": "write", "fell": "fall", "held": "hold", "meant": "mean", "led": "lead",
    "sits": "sit", "sat": "sit", "stood": "stand", "broke": "break", "chose": "choose",
}  # fmt: skip

# Verbs of two syllables whose last is stressed, which double it: "preferring", "not opening".
DOUBLING = words_of("begin commit forget prefer refer submit reset unplug format regret")


# Nouns in -ed.
NOT_PARTICIPLES = words_of("speed breed moped hundred watershed weed bleed creed steed")
# Adjectives that are nouns as well: "a remote".
NOUNS_TOO = words_of("remote local cold dark extra total average minimum maximum second")
# Words in -ing that are nouns or prepositions.
NOT_GERUNDS = words_of(
    "something anything nothing everything during spring string morning evening building "
    "ceiling wedding clothing sibling king thing including regarding according being having "
    "going doing existing"
)
