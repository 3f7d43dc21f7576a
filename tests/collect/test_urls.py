import pytest
from hypothesis import given, strategies as st

from coverage_kit.collect.urls import canonical_url, page_id, site_name, site_scope, split_http

PIECES = [
    "a",
    "B",
    "/",
    "..",
    ".",
    "%2e",
    "%2F",
    "%zz",
    "%",
    "?",
    "&",
    "=",
    "#",
    ":",
    "@",
    "ß",
    "İ",
    " ",
    "\\",
    "index.html",
]
PIECES += [
    "www.",
    "utm_source=x",
    "//",
    "[",
    "]",
    "\t",
    "\x00",
    "|",
    "。",
    "+",
    ";",
    ":80",
    ":0",
    "gclid=1",
    "é",
    "\ud800",
]


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.COM/A", "http://example.com/A"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com:443/a", "https://example.com/a"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ("https://example.com/../../a", "https://example.com/a"),
        ("https://example.com/a/", "https://example.com/a"),
        ("https://example.com/a/index.html", "https://example.com/a"),
        ("https://example.com/index.htm", "https://example.com/"),
        ("https://example.com/myindex.html", "https://example.com/myindex.html"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/a#:~:text=some%20words", "https://example.com/a"),
        ("https://example.com/a?utm_source=chatgpt.com", "https://example.com/a"),
        (
            "https://example.com/a?z=1&gclid=2&a=3&fbclid=4&msclkid=5",
            "https://example.com/a?a=3&z=1",
        ),
        ("https://example.com/a?a=2&a=1", "https://example.com/a?a=1&a=2"),
        ("https://example.com/a?", "https://example.com/a"),
        ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
        ("https://example.com/é b", "https://example.com/%C3%A9%20b"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        ("https://user:secret@example.com/a", "https://example.com/a"),
        ("https://münchen.de/a", "https://xn--mnchen-3ya.de/a"),
        ("https://example.com./a", "https://example.com/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("  https://example.com/a \n", "https://example.com/a"),
    ],
)
def test_one_spelling_for_each_url(url, canonical):
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/a",
        "ftp://example.com/a",
        "mailto:a@example.com",
        "https://",
        "http://[",
        "https://a:99999/",
    ],
)
def test_what_is_no_http_url_is_only_stripped(text):
    assert canonical_url(f"  {text} ") == text
    assert site_name(text) == ""
    assert site_scope(text) == ""
    assert page_id(text) == text
    assert split_http(text) is None


def test_site_name_is_the_host_without_www():
    assert site_name("https://www.Example.com:8080/a") == "example.com"
    assert site_name("https://shop.example.com") == "shop.example.com"
    assert site_name("https://www.com/") == "www.com"


def test_page_id_is_one_for_http_https_and_www():
    ids = {
        page_id(f"{start}example.com/a/?b=1&utm_medium=x")
        for start in ("http://", "https://www.", "http://www.")
    }
    assert ids == {"example.com/a?b=1"}


def test_site_scope_keeps_a_port_that_is_not_default():
    assert site_scope("http://www.example.com:80/a") == "example.com"
    assert site_scope("http://example.com:8080/a") == "example.com:8080"


@given(
    st.lists(st.sampled_from(PIECES), max_size=12),
    st.sampled_from(["http://", "https://x.com/", "https://x.com/?"]),
)
def test_canonical_url_is_idempotent(pieces, start):
    url = start + "".join(pieces)
    once = canonical_url(url)
    assert canonical_url(once) == once
    assert page_id(once) == page_id(url)
    assert site_name(once) == site_name(url)


@given(st.text(max_size=60))
def test_any_text_is_taken(text):
    assert canonical_url(canonical_url(text)) == canonical_url(text)
