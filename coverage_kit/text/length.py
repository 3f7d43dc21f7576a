"""How long a text is, in words and in tokens, whatever its script.

White space parts words in most scripts. In some, nothing does: there letters are counted.
"""

import re
from collections.abc import Sequence

# Letters of scripts that put no space between words: Chinese and Japanese, as ranges of a regular
# expression. The last range holds the rarer ideographs.
IDEOGRAPHS = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
# The same of Thai, Lao, Tibetan, Burmese, Khmer, New Tai Lue and Tai Tham.
SYLLABLES = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1980-\u19df\u1a20-\u1aaf"
)
UNSPACED = IDEOGRAPHS + SYLLABLES
_IDEOGRAPH = re.compile(rf"[{IDEOGRAPHS}]")
_SYLLABLE = re.compile(rf"[{SYLLABLES}]")
# What is no word of its own beside such letters: the letters, and the marks that go with them.
_UNSPACED_SIGN = re.compile(
    rf"[{UNSPACED}\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
)
# Letters of such scripts that count as a word. Words of Chinese and Japanese have about two, words
# of Thai and Khmer four to five with their vowel signs (assumed).
_IDEOGRAPHS_PER_WORD = 2
_SYLLABLES_PER_WORD = 5
# A run of more characters counts as several words: an address, a key, a text without spaces. The
# longest words of German that are in use have about as many (assumed).
_WORD_CHARACTERS = 40
# Tokens of a character by the bundled model. Measured: English .21 and .26 (two public sets),
# Spanish .31, German .33, all with spaces; Arabic .81; Chinese, Japanese, Cyrillic, Greek, Hebrew
# and Hindi .8 to 1.0; Korean 2.1 for each syllable, since the model splits it.
_ENGLISH_TOKENS = 0.23
_LATIN_TOKENS = 0.33
_SYLLABLE_TOKENS = 0.5
_HANGUL_TOKENS = 2
_LATIN = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
# ASCII, Latin letters, and the punctuation of these texts.
_LATIN_SIGN = re.compile("[\x00-\u024f\u1e00-\u1eff\u2000-\u206f]")


def count_words(text: str) -> int:
    """Return the number of words of a text.

    White space parts words. Of scripts without it, two letters of Chinese or Japanese count as a
    word, and five of Thai, Lao, Tibetan, Burmese or Khmer. A run of more than 40 characters counts
    as several words.

    >>> count_words("How far does it go?"), count_words("电池可以用多久"), count_words("USB 充电")
    (5, 4, 2)
    """
    if text.isascii():
        return _count_spaced(text)
    n_ideographs = len(_IDEOGRAPH.findall(text))
    n_syllables = len(_SYLLABLE.findall(text))
    if not n_ideographs and not n_syllables:
        return _count_spaced(text)
    n_unspaced = -(-n_ideographs // _IDEOGRAPHS_PER_WORD) - (-n_syllables // _SYLLABLES_PER_WORD)
    return n_unspaced + _count_spaced(_UNSPACED_SIGN.sub(" ", text))


def estimate_tokens(texts: Sequence[str]) -> list[int]:
    """Return about how many tokens an encoder makes of each text.

    This is an estimate by script, from what the bundled model makes of texts in these scripts. It
    is used where no encoder can count. Texts of one script are off by up to a quarter.
    """
    return [_estimate_tokens(text) for text in texts]


def _count_spaced(text: str) -> int:
    words = text.split()
    if len(max(words, key=len, default="")) <= _WORD_CHARACTERS:
        return len(words)
    return sum(-(-len(word) // _WORD_CHARACTERS) for word in words)


def _estimate_tokens(text: str) -> int:
    if text.isascii():
        return -int(-len(text) * _ENGLISH_TOKENS // 1)
    n_latin = len(_LATIN_SIGN.findall(text))
    n_syllables = len(_SYLLABLE.findall(text))
    n_hangul = len(_HANGUL.findall(text))
    n_others = len(text) - n_latin - n_syllables - n_hangul
    per_latin = _LATIN_TOKENS if _LATIN.search(text) else _ENGLISH_TOKENS
    tokens = n_latin * per_latin + n_syllables * _SYLLABLE_TOKENS + n_hangul * _HANGUL_TOKENS
    return -int(-tokens // 1) + n_others
