import time
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.logs.times import parse_time as parse_log_time
from coverage_kit.collect.moments import read_moment


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05 10:20:30",
        "2024-03-05 11:20:30 +0100",
        "2024-03-05 05:20:30 -5",
        "2024-03-05T10:20:30Z",
        "2024-03-05t11:20:30.00+01:00",
        "2024/03/05 10:20:30",
        "2024/03/05 18:20:30 +0800",
        "2024-3-5 10:20:30",
        "Mar 5, 2024 10:20:30",
        "March 5th, 2024 10:20:30",
        "5 March 2024 10:20:30 UTC",
        "Tue, 05 Mar 2024 11:20:30 +0100",
        "Tue Mar  5 11:20:30 2024 +0100",
        "Tue Mar 05 2024 11:20:30 GMT+0100 (CET)",
        "05.03.2024 10:20:30",
        "1709634030",
        "1709634030000",
        1709634030,
    ],
)
def test_dates_in_every_usual_form_are_utc(text):
    assert parse_time(text) == datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
    assert parse_log_time(text) == parse_time(text)


@pytest.mark.parametrize(
    "text", ["Sept. 9, 2024", "Sep 9 2024", "9-Sep-2024", "2024-09-09", 20240909]
)
def test_days_without_a_clock_begin_at_midnight(text):
    assert parse_time(text) == datetime(2024, 9, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2024",
        "3-4-2024",
        "24-03-04",
        "3/4/24",
        "Wed, 20 Nov 2024 16:33:00 CEST",
        "2024-01-02 10:00:00 +9900",
        "2024-13-13",
        "0000-00-00",
        "1970-01-01",
        "2024",
        "soon",
        "",
        "x" * 1000,
        True,
        None,
        ["2024-01-02"],
    ],
)
def test_what_would_be_a_guess_is_no_date(text):
    assert parse_time(text) is None


def test_a_day_above_twelve_shows_the_order():
    assert parse_time("13/04/2024") == parse_time("04/13/2024") == datetime(2024, 4, 13, tzinfo=UTC)
    assert parse_time("05/05/2024") == datetime(2024, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize("unit", ["1", "1/", " ", "+1", "Mar ", "(", "2024-01-02 "])
def test_a_megabyte_is_no_date_and_takes_no_time(unit):
    start = time.process_time()
    assert parse_time(unit * (1_000_000 // len(unit))) is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        "5. März 2024",
        "5 mars 2024",
        "5 de marzo de 2024",
        "5 marzo 2024",
        "5 de março de 2024",
        "5 maart 2024",
        "5. März 2024 10:00",
    ],
)
def test_months_have_names_in_several_languages(text):
    assert str(read_moment(text)).startswith("2024-03-05")


def test_a_month_of_an_unknown_language_is_no_date():
    assert read_moment("5 maaliskuuta 2024") is None
