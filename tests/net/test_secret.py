import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from coverage_kit.net.secret import Secret

KEY = "sk-proj-aB3/+_9=&\"'~x"


def in_base64(before, after):
    return base64.b64encode(f"{before}{KEY}{after}".encode()).decode()


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        KEY.upper(),
        KEY.lower(),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        quote_plus(KEY),
        "".join(f"%{byte:02X}" for byte in KEY.encode()),
        json.dumps(KEY)[1:-1],
        json.dumps(KEY)[1:-1].replace("/", "\\/"),
        "".join(f"\\u{ord(character):04x}" for character in KEY),
        "".join(f"\\x{ord(character):02x}" for character in KEY),
        html.escape(KEY).replace("&amp;", "&#38;").replace("&quot;", "&#34;"),
        "".join(f"&#x{ord(character):X};" for character in KEY),
    ],
)
def test_a_key_is_hidden_in_every_spelling(echo):
    assert Secret(KEY).hide(f"before {echo} after") == "before [key] after"


@pytest.mark.parametrize("before", ["", "u", "us", "user:", ":"])
@pytest.mark.parametrize("after", ["", "a", "ab", "abc"])
def test_a_key_is_hidden_in_base64_wherever_it_begins(before, after):
    echo = in_base64(before, after)
    hidden = Secret(KEY).hide(f"Basic {echo}")
    assert "[key]" in hidden
    # A few characters at the ends depend on their neighbours.
    assert all(echo[start : start + 8] not in hidden for start in range(len(echo) - 8))
    safe = base64.urlsafe_b64encode(f"{before}{KEY}{after}".encode()).decode()
    assert "[key]" in Secret(KEY).hide(safe)


def test_names_lists_and_other_values_of_json():
    answer = {KEY: [KEY, 1, None, {"a": f"Bearer {KEY}"}], "b": 2.5}
    assert Secret(KEY).hide(answer) == {
        "[key]": ["[key]", 1, None, {"a": "Bearer [key]"}],
        "b": 2.5,
    }


def test_other_text_stays_and_an_empty_key_hides_nothing():
    assert Secret(KEY).hide("sk-proj-aB3 and 100% more") == "sk-proj-aB3 and 100% more"
    assert Secret("").hide("text") == "text"


def test_a_large_text_is_searched_quickly():
    text = "words and %20 \\u0041 more " * 100_000
    assert Secret("s" * 200).hide(text + "s" * 200) == f"{text}[key]"
