import base64

import pytest

from coverage_kit.net.logins import login_headers, take_login, without_login


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://user:pass@login.example/a?b=c", "https://login.example/a?b=c"),
        ("https://user@login.example", "https://login.example"),
        ("https://us%65r:p%40ss@login.example:8443/", "https://login.example:8443/"),
        ("https://a:b@c:d@login.example/", "https://login.example/"),
        ("https://user:pass@[::1]:80/", "https://[::1]:80/"),
        ("file://user:pass@host/a", "file://host/a"),
        ("https://user:pass@host:badport/", "https://host:badport/"),
        ("https://user:pass@[broken/", "https://[broken/"),
        ("https://login.example/a@b", "https://login.example/a@b"),
        ("https://login.example?a=b@c", "https://login.example?a=b@c"),
        ("folder/user:pass@x", "folder/user:pass@x"),
    ],
)
def test_urls_go_on_without_user_and_password(url, clean):
    assert take_login(url) == without_login(url) == clean


def test_a_login_goes_to_its_scheme_host_and_port_alone():
    take_login("https://us%65r:p%40ss:word@one.secure.example/a")
    expected = base64.b64encode(b"user:p@ss:word").decode()
    headers = {"Authorization": f"Basic {expected}"}
    assert login_headers("https://one.secure.example:443/b") == headers
    assert login_headers("https://ONE.secure.example/b") == headers
    for url in (
        "http://one.secure.example/",
        "https://one.secure.example:444/",
        "https://two.secure.example/",
        "https://secure.example/",
        "https://one.secure.example.evil.example/",
        "nonsense",
    ):
        assert login_headers(url) == {}
