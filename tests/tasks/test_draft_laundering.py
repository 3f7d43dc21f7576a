"""What a question, an extract or an earlier edit says is no fact of the site, in no form."""

import pytest

from coverage_kit.tasks.briefs import Brief
from coverage_kit.tasks.draft_check import check_draft
from coverage_kit.tasks.fact_forms import KnownFacts, find_unknown
from coverage_kit.tasks.own_statements import split_own_words

OWN = "Bikes > Heron\nThe Heron is a cargo bike. It weighs 34 kg and takes riders up to 190 cm."

# A fact of each form, which a logged question states and the site does not.
FACTS = {
    "figure": "45 km",
    "figure without unit": "45",
    "range": "80 to 120 km",
    "range with a dash": "80–120 km",  # noqa: RUF001 (a dash as it is typed)
    "percentage": "20%",
    "percentage in words": "20 per cent",
    "spelled number": "eighty kilometres",
    "seconds": "5 seconds",
    "money": "£4,200",
    "money with k": "£34k",
    "money of another sign": "₹34",
    "money in code": "500 CHF",
    "phone": "0800 123 4567",
    "phone with country": "+44 20 7946 0958",
    "phone in brackets": "(555) 123-4567",
    "phone of known numbers": "034 190 34 190",
    "link": "https://pay.example/now",
    "bare link": "pay.example/now",
    "link with port": "pay.example:8080/now",
    "link that starts with a digit": "34shop.example/pay",
    "link of another script": "bücher.example/kauf",
    "link with another dot": "pay。example",
    "mail": "help@pay.example",
    "mail link": "mailto:help@pay.example",
    "phone link": "tel:08001234567",
    "handle": "@payfast",
    "date": "12 May 2026",
    "date in numbers": "2026-05-12",
    "date with slashes": "12/05/2026",
    "month": "September",
    "weekdays": "Monday to Saturday",
    "hours": "9:30",
    "hours with am": "34 am",
    "hours with a.m.": "34 a.m.",
    "place": "Portugal",
    "product": "Swift X200",
    "brand": "Kryptonite",
    "code": "SAVE20",
    "code of digits": "4711-0815-99",
    "fraction": "⅓",
    "other digits": "٣٤ km",
    "amount in words": "half a day",
    "times in words": "twice a year",
    "fraction in words": "two thirds",
    "number word with its unit": "ten-year",
    "range in words": "two to three days",
    "month in small letters": "june",
    "weekdays in small letters": "mondays",
    "hashtag": "#payfast",
}


def brief_of(fact, **changes):
    question = f"does your shop promise {fact} with it"
    values = {
        "edit_id": "e1",
        "operation": "add_question_and_answer",
        "headings": (f"## {question.capitalize()}?",),
        "questions": (question,),
        "own_words": OWN,
        "extracts": (),
    }
    return Brief(**{**values, **changes})


def body_of(draft, brief):
    return check_draft(draft, brief).partition("\n\n")[2]


def states(text, fact):
    """Return whether a fact is in the text outside of slots."""
    first, *others = text.split("[FACT NEEDED")
    outside = first + "".join(other.partition("]")[2] for other in others)
    return fact in outside


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_a_question_lets_no_draft_state_its_fact(fact):
    checked = body_of(f"Yes, we promise {fact} with it.", brief_of(fact))
    assert not states(checked, fact), checked
    assert "[FACT NEEDED: is “" in checked


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
@pytest.mark.parametrize(
    "own",
    [
        f"{OWN}\n\nHelp > Does your shop promise FACT with it\nAsk us.",
        f"{OWN}\n\nHelp > does your shop promise FACT with it?\nAsk us.",
        f"{OWN}\n\nHelp: Does your shop promise FACT with it?\nAsk us.",
        f"{OWN}\n> [EXTRACT TO CHECK] “They promise FACT.”\n",
        f"{OWN}\n\n\\[EXTRACT TO CHECK\\] “They promise FACT.”",
        f"{OWN} [SOURCE NEEDED: is “FACT” true?]",
        f"{OWN}\n\nHelp\n## Does your shop promise FACT with it?\nAsk us.",
    ],
)
def test_what_an_edit_put_on_the_site_is_not_known_either(own, fact):
    brief = brief_of(fact, own_words=own.replace("FACT", fact))
    checked = body_of(f"Yes, we promise {fact} with it.", brief)
    assert not states(checked, fact), checked


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_what_the_site_states_stays(fact):
    fact = fact.replace("。", ".")
    own = f"{OWN} We promise {fact} with it."
    checked = body_of(f"Yes, we promise {fact} with it.", brief_of(fact, own_words=own))
    assert checked == f"Yes, we promise {fact} with it."


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_an_extract_lets_a_draft_state_its_fact_only_where_it_is_marked(fact):
    lead = f"[EXTRACT TO CHECK] “Many shops say that they promise {fact} with it.”"
    brief = brief_of(fact, extracts=(lead,))
    checked = body_of(f"Yes, we promise {fact}. So ask.", brief)
    assert not states(checked, fact), checked


def test_the_subject_of_a_question_may_be_repeated_as_words():
    brief = brief_of("rain covers for panniers")
    text = "Panniers get rain covers. Covers and panniers can be bought."
    assert body_of(text, brief) == text


def test_a_heading_keeps_no_address_of_a_question():
    brief = brief_of("x", headings=("## Do I call 0800 123 4567 or pay at https://pay.example/x?",))
    assert check_draft("Yes.", brief) == (
        "## Do I call [FACT NEEDED: is “0800 123 4567” true?] or pay at "
        "[FACT NEEDED: is “https://pay.example/x” true?]\n\nYes."
    ).replace("true?]\n", "true?]?\n")
    said = brief_of("x", headings=("# Cargo bike with 80 to 120 km",))
    assert check_draft("Yes.", said).startswith(
        "# Cargo bike with [FACT NEEDED: is “80” true?] to [FACT NEEDED: is “120 km” true?]"
    )
    asked = brief_of("x", headings=("# Is 45 km too far?",))
    assert check_draft("Yes.", asked).startswith("# Is 45 km too far?\n")


def test_a_slot_of_the_model_keeps_no_address_of_others():
    brief = brief_of("x")
    checked = body_of("Call [FACT NEEDED: 0800 123 4567 or https://pay.example?].", brief)
    assert checked == "Call [FACT NEEDED: … or …?]."
    assert body_of("It goes [FACT NEEDED: 99 km?].", brief) == "It goes [FACT NEEDED: 99 km?]."


def test_a_new_page_states_nothing_of_its_title_and_headings():
    fact = "80 to 120 km"
    brief = brief_of(
        fact, operation="add_page", headings=(f"# Bikes with {fact}", "## Do they go 120 km?")
    )
    checked = check_draft(f"## Do they go 120 km?\n\nThey go {fact}.", brief)
    assert not states(checked, "80")
    assert "They go [FACT NEEDED: is “80” true?]" in checked.replace(" to 120 km", "")


def test_figures_on_the_site_are_known_with_their_unit_and_halves_of_a_day():
    site = KnownFacts(["It folds in 5 steps. We open at 9 am. The price is £4k."])

    def unknown(text):
        return [text[start:end] for start, end in find_unknown(text, site)]

    assert unknown("It folds in 5 seconds.") == ["5 seconds"]
    assert unknown("We open at 9 pm.") == ["9 pm"]
    assert unknown("We open at 9 a.m. and ask £4 k.") == []
    assert unknown("The price is £4.") == ["£4"]


@pytest.mark.parametrize(
    "line",
    [
        "- Has 3 gears",
        "* Can carry 80 kg",
        "2. Have 2 keys ready",
        "What it weighs: 36 kg",
        "Does it fold: yes, in 10 seconds",
        "Do not exceed 25 km/h",
        "How to clean it in 5 steps",
        "When ordered by 2 pm, it ships",
    ],
)
def test_a_line_of_the_site_that_only_begins_as_a_question_states_its_fact(line):
    brief = brief_of("x", own_words=f"{OWN}\n\n{line}\n\nAsk us.")
    said = f"Yes: {line.lstrip('-*2. ').lower()}."
    assert "FACT NEEDED" not in check_draft(said, brief).partition("\n\n")[2]
    asked = brief_of("x", own_words=f"{OWN}\n\nIs it true that it {line}?")
    assert "FACT NEEDED" in check_draft(said, asked).partition("\n\n")[2]


@pytest.mark.parametrize(
    "line", ["- Can I ride 99 km", "* Is the Heron 99 km away", "How far: 99 km?"]
)
def test_an_item_of_a_list_of_questions_states_nothing(line):
    checked = check_draft("It is 99 km.", brief_of("x", own_words=f"{OWN}\n\n{line}"))
    assert "is “99 km” true?" in checked


def test_a_span_of_one_is_a_figure_behind_a_word_of_time_and_no_figure_as_a_rate():
    site = KnownFacts(["We deliver in one week. It goes 60 km a day. It takes 2-3 hours."])

    def unknown(text):
        return [text[start:end] for start, end in find_unknown(text, site)]

    assert unknown("It comes within a week and takes two to three hours.") == []
    assert unknown("It comes in a day, or after an hour.") == ["a day", "an hour"]
    assert unknown("Ride it 60 km a day.") == []


def test_own_words_are_split_into_what_they_state_and_what_they_ask():
    own = split_own_words(
        "Heron > How far does it go\n45 km on one charge. Is 60 km too far? Ask us.",
        ["how far does it go?"],
    )
    assert own.statements == ("Heron", "45 km on one charge.", "Ask us.")
    assert own.questions == ("Is 60 km too far?",)
