import logging
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from coverage_kit.net.retry_after import Patience, seconds_asked


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 30 ", 30.0),
        ("1.5", 1.5),
        ("99999999", 99_999_999.0),
        ("123456789", 123_456_789.0),
        ("1000000000000", 1e12),
        ("9" * 5_000, math.inf),
        ("-5", 0.0),
        ("-123456789", 0.0),
        ("+5", 0.0),
        ("1e9", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("\u0661\u0662", 0.0),
        ("\uff11\uff12", 0.0),
        ("\u00b2", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("7, 8", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("Fri, 99 Foo 99999 99:99:99 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 -9999", 0.0),
    ],
)
def test_what_a_header_asks_for(header, seconds):
    assert seconds_asked(header) == seconds


def test_dates_ask_for_the_time_until_then():
    later = datetime.now(UTC) + timedelta(hours=5)
    assert seconds_asked(format_datetime(later, usegmt=True)) == pytest.approx(5 * 3600, abs=60)
    assert seconds_asked("Fri, 31 Dec 9999 23:59:59 GMT") > 1e10


def test_a_long_wait_is_capped_and_said_once(caplog):
    patience = Patience(60.0)
    with caplog.at_level(logging.WARNING):
        assert patience.bound(59.0, "a.com") == 59.0
        assert not caplog.records
        assert patience.bound(123_456_789.0, "a.com") == 60.0
        assert patience.bound(math.inf, "a.com") == 60.0
    assert [record.message for record in caplog.records] == [
        "a.com asks for a pause of 123,456,789 s; the longest pause is 60 s, so it gets that"
    ]
    with caplog.at_level(logging.WARNING):
        Patience(60.0).bound(math.inf, "a.com")
    assert "over 10,000,000,000 s" in caplog.text
