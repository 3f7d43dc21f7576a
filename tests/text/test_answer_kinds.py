import pytest

from coverage_kit.text.answer_kinds import AnswerKind, asked_kind, states, subject_of

# A question, a sentence that answers it, and one that is only related.
CASES = {
    AnswerKind.PRICE: (
        "What does a new string cost?",
        "A new string is £14.",
        "Loosen the peg before you take the old string off.",
    ),
    AnswerKind.DURATION: (
        "how long does varnish take to dry",
        "Varnish dries in two days.",
        "Varnish is brushed on thinly.",
    ),
    AnswerKind.QUANTITY: (
        "How heavy is the cello case?",
        "The case weighs 4.2 kg.",
        "The case is light, and has wheels.",
    ),
    AnswerKind.DATE: (
        "When is the bow workshop?",
        "The bow workshop is on 3 June.",
        "The bow workshop is held in the hall.",
    ),
    AnswerKind.PLACE: (
        "Where is the bow workshop held?",
        "It is held in Mill Street.",
        "It starts at 10 am on Monday.",
    ),
    AnswerKind.CONTACT: (
        "Who do I call about a cracked neck?",
        "Ring 01632 960 017.",
        "A cracked neck can be glued.",
    ),
    AnswerKind.ELIGIBILITY: (
        "Who can hire a viola?",
        "Anyone over 16 can hire one, if they live in Kent.",
        "Fill in the form and send it to us.",
    ),
    AnswerKind.STEPS: (
        "How do I fit a new bridge?",
        "Slide the bridge under the strings and raise it.",
        "A new bridge costs £38.",
    ),
    AnswerKind.PERMISSION: (
        "Can I bring my own bow?",
        "Your own bow is welcome.",
        "A bow is rehaired with horsehair.",
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_kind_is_asked_for_stated_and_told_from_what_is_only_related(kind):
    question, answer, related = CASES[kind]
    assert asked_kind(question) == kind
    assert states(kind, answer)
    assert not states(kind, related)


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Was kostet eine Saite?", "Eine Saite kostet 14 €.", AnswerKind.PRICE),
        ("Wann öffnet die Werkstatt?", "Sie öffnet um 9:30.", AnswerKind.DATE),
        ("¿Cuánto cuesta una cuerda?", "Cuesta 14 €.", AnswerKind.PRICE),
        ("¿Cuántas cuerdas tiene?", "Tiene cuatro cuerdas.", AnswerKind.QUANTITY),
        ("Combien de temps faut-il attendre ?", "Il faut deux jours.", AnswerKind.DURATION),
        ("一把琴多少钱", "一把琴800元。", AnswerKind.PRICE),
    ],
)
def test_kinds_in_other_languages(question, answer, kind):
    assert asked_kind(question) == kind
    assert states(kind, answer)


@pytest.mark.parametrize(
    "question",
    [
        "tell me about violas",
        "what happens when a string snaps",
        "is there a case without a monthly fee?",
        "Does the case float?",
        "",
    ],
)
def test_what_leaves_no_trace_has_no_kind(question):
    assert asked_kind(question) is None


def test_the_subject_keeps_its_own_words():
    assert subject_of("What does rehairing a bow cost?") == "does rehairing a bow ?"
    assert "viola" in subject_of("How much is a viola?")
    assert subject_of("tell me about violas") == "tell me about violas"
