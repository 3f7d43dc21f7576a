# ruff: noqa: RUF001 (letters of other scripts look like Latin ones)
import pytest
from hypothesis import example, given, strategies as st

from coverage_kit.text.atoms import atoms, normalize
from coverage_kit.text.identifiers import (
    asked,
    find_identifiers,
    find_proper_names,
    identifiers,
    proper_names,
)
from coverage_kit.text.versions import versions, years


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Is the Vexor-4410 quieter?", ("vexor4410",)),
        ("Is the Vexor 4410 quieter?", ("vexor4410",)),
        ("is the vexor4410 quieter", ("vexor4410",)),
        ("how good is the lumo s24 camera", ("s24",)),
        ("Can I fold the iTub 15 Pro?", ("itub15",)),
        ("Does it meet ISO 27001?", ("iso27001",)),
        ("Does it meet Lumo 11?", ("lumo11",)),
        ("I need form DS-160, an I-94 and 2FA.", ("ds160", "i94", "2fa")),
        ("Does a COVID-19-related delay count, or CO2?", ("covid19", "co2")),
    ],
)
def test_models_and_forms_are_identifiers_however_they_are_spelled(question, names):
    assert identifiers(question) == names


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What means ERR_CONN_RESET?", ("err_conn_reset",)),
        ("Stopped by 0x80070005 and E1234", ("0x80070005", "e1234")),
        ("Why do I get error code 1603?", ("1603",)),
        ("Why a 404 error at login?", ("404",)),
        ("Warum kommt Fehler 503?", ("503",)),
        ("Is foo_bar() faster than Tub.fill_up()?", ("foo_bar", "fill_up")),
        ("Why does `git rebase --onto` stop?", ("git rebase", "--onto")),
        ("What is `tubctl`?", ("tubctl",)),
        ("Where is package.json or .gitignore?", ("package.json", ".gitignore")),
        ("When does useTub beat TubStore?", ("usetub", "tubstore")),
        ("std::tub in C++", ("std::tub",)),
    ],
)
def test_what_is_written_as_code_is_an_identifier(question, names):
    assert identifiers(question) == names


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is new in v2.1?", ("2.1",)),
        ("What is new in version 2.1?", ("2.1",)),
        ("Tubware 3.13 release date", ("3.13",)),
        ("Does 2.1.3 fix it?", ("2.1.3",)),
        ("Does Tubware 2.x fix it?", ("2.x",)),
        ("Is it in v3?", ("v3",)),
    ],
)
def test_versions_are_identifiers_beside_a_name_or_the_word(question, names):
    assert identifiers(question) == names


@pytest.mark.parametrize(
    "question",
    [
        "Is it 5 km or 5km, 1,000 GBP, 3 years, 10 o'clock, 10:30 or 24/7?",
        "Call 020 7946 0018 on 12.03.2024, 2024-03-12 or May 15?",
        "Do I pay £3.50, 3.5% or 2.5 EUR for 100 m2 and 3.50 litres?",
        "Is a 19-year-old in the top-10 of mid-2020, 20th in Q3, 4k in 3D?",
        "My sister-in-law said no to the visa.He left.",
        "Why is Section 3.2.1 shorter than Step 3 and Figure 2?",
        "Does McAllister hold a PhD? Are the APIs open?",
        "Budget 2024 of the Tallmere Council",
        "Were you in London 3 weeks ago?",
        "IS THE OLD TUB 15 STILL ON SALE",
        "ask bob@tubs.com",
        "",
    ],
)
def test_quantities_dates_ranks_and_slips_are_no_identifiers(question):
    assert identifiers(question) == ()


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Vexor4410显卡怎么样?", ("vexor4410",)),
        ("支持iTub 15吗", ("itub15",)),
        ("2016年第4代有3个", ()),
        ("Поддерживает ли Ту-154 версию 2.1.3?", ("ту154", "2.1.3")),
        ("в 2016 году", ()),
        ("هل يدعم VXR 4410 الإصدار ٣.١٣.١", ("vxr4410", "3.13.1")),
        ("el 15 de junio de 2016 a las 10:30", ()),
    ],
)
def test_identifiers_end_where_another_script_begins(question, names):
    assert identifiers(question) == names


def test_proper_names_are_capitals_within_sentences():
    assert proper_names("Is Tallmere near it? Haulwright is. And who is Dr Lind?") == (
        "tallmere",
        "lind",
    )
    assert proper_names("In May or on Monday, under chapter XIV") == ()


@pytest.mark.parametrize(
    "question", ["IS TALLMERE OPEN", "Best Practices For Writing Tests", "tallmere opening hours"]
)
def test_capitals_throughout_and_none_at_all_give_no_proper_names(question):
    assert proper_names(question) == ()


def test_only_the_asking_sentences_of_a_story_count():
    story = "My aunt Rosa Lind drives a Vexor-4410 in Tallmere. " * 5
    assert identifiers(story + "Does the T-20 rule apply to Ostby?") == ("t20",)
    assert proper_names(story + "Does the T-20 rule apply to Ostby?") == ("ostby",)
    assert asked(story) == story


def test_years_are_no_amounts_and_no_history():
    text = "In 2024 and 1985, $2023, 2,022, 2021 people, 20210 and 2019年"
    assert {year for _, year in years(text)} == {"2024", "2019"}


def test_versions_of_pages_need_a_capital_and_those_of_questions_do_not():
    assert versions("wait 5 seconds for tubware 7") == set()
    assert versions("wait 5 seconds for tubware 7", in_any_case=True) == {("tubware", "7")}
    assert versions("Tubware version 7.1; Step 3, May 2, Tub 5 kg") == {("tubware", "7.1")}


@given(st.text())
@example("--[no-]x\u2013y\u0345")
def test_any_text_has_names_and_folding_twice_changes_nothing(text):
    assert all(name.keys for name in [*find_identifiers(text), *find_proper_names(text)])
    versions(text)
    years(text)
    assert normalize(normalize(text)) == normalize(text)
    assert all(name == name.casefold() for name in atoms(text))


@given(st.sampled_from(["vexor", "LUMO", "Tu"]), st.integers(1, 999), st.sampled_from(" -"))
def test_spacing_hyphens_and_case_make_no_other_name(word, figure, sign):
    forms = {f"{word}{sign}{figure}", f"{word}{figure}", f"{word.upper()}{sign}{figure}"}
    assert len({normalize(form) for form in forms}) == 1
