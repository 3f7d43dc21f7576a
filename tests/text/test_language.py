"""Whether words are English, by the commonest words."""

import pytest

from coverage_kit.text.language import english_share, is_english, may_be_english, split_words


@pytest.mark.parametrize(
    "text",
    [
        "The bike comes with a warranty of five years.",
        "Free delivery, five years of warranty, mobile mechanics in twelve cities and a showroom.",
        "E03 is the speed sensor, E07 motor over temperature, E12 battery communication and "
        "E21 a stuck cut-off.",
        "Van delivery, 95% assembled.",
        "",
    ],
)
def test_english_is_detected_and_short_texts_count_as_such(text):
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Das Fahrrad kommt mit einer Garantie von fünf Jahren auf Rahmen und Motor.",
        "Larkmoor bietet in Kendal kostenlose Probefahrten an, auch am Wochenende.",
        "Larkmoor propose une garantie de cinq ans sur tous les cadres.",
        "Larkmoor ofrece una garantía de cinco años en todos los cuadros.",
        "Larkmoor oferuje bezpłatną dostawę i pięć lat gwarancji na ramę w Polsce.",
        "アクメの自転車は五年間の保証が付きます。",
    ],
)
def test_other_languages_are_not_english(text):
    assert not is_english(text)


def test_the_share_counts_words_alone():
    assert split_words("The 34 kg bike") == ["the", "kg", "bike"]
    assert english_share(split_words("The 34 kg bike")) == pytest.approx(1 / 3)
    assert english_share([]) == 0


def test_keywords_may_be_english_unless_accents_or_words_speak_against_it():
    assert may_be_english("dog box child seat battery fire bike lock canopy")
    assert not may_be_english("Akku laden Kälte Reichweite Sitz Kind Hund Schloss")
    assert not may_be_english("bateria de la bicicleta frenos ruedas del carro luz")
    assert not may_be_english("电池")
