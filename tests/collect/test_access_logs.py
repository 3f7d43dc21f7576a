import gzip
import json
import random
from pathlib import Path

import pandas as pd
import pytest

from coverage_kit.collect.access_logs import read_fetches, read_ranges
from coverage_kit.collect.access_logs.bots import find_naming_lines, known_bots
from coverage_kit.collect.access_logs.paths import name_page
from coverage_kit.collect.access_logs.requests import parse_day
from coverage_kit.errors import LogError
from coverage_kit.tasks.inspect_fetches import inspect_fetches
from tests.collect.access_log_samples import (
    AGENTS,
    FORMS,
    OTHERS,
    VISITS,
    Visit,
    combined,
    common,
    write_lists,
    write_log,
)

DATA = Path(__file__).parent.parent.parent / "data"


@pytest.fixture
def ranges(tmp_path):
    return read_ranges([write_lists(tmp_path / "lists")])


def read(path, ranges, **options):
    return read_fetches([str(path)], "www.shop.example", ranges, **options)


def account(log):
    row = log.files.iloc[0]
    assert row["n_lines"] == row["n_fetches"] + row["n_other"] + row["n_rejects"]
    return {name: int(row[name]) for name in ("n_lines", "n_fetches", "n_other", "n_rejects")}


def verdicts(log):
    counts = log.fetches.groupby(["bot", "verdict"])["n_fetches"].sum()
    return {key: int(n) for key, n in counts.items()}


def truth(visits=VISITS):
    frame = pd.DataFrame([(visit.agent, visit.verdict) for visit in visits])
    return {key: int(n) for key, n in frame.value_counts().items()}


@pytest.mark.parametrize("name", ["access.log", "access.log.2.gz"])
@pytest.mark.parametrize("form", FORMS)
def test_verdicts_of_every_form_are_the_planted_ones(tmp_path, ranges, form, name):
    log = read(write_log(tmp_path / name, form), ranges)
    assert verdicts(log) == truth()
    assert account(log) == {
        "n_lines": len(VISITS) + len(OTHERS),
        "n_fetches": len(VISITS),
        "n_other": len(OTHERS),
        "n_rejects": 0,
    }
    assert log.rejects.empty


def test_in_thousands_of_lines_precision_and_recall_of_each_verdict_are_1(tmp_path, ranges):
    draw = random.Random(7)  # noqa: S311 (planted truth)
    visits = tuple(draw.choice((*VISITS, *OTHERS, *OTHERS)) for _ in range(20_000))
    log = read(write_log(tmp_path / "access.log", "combined", visits), ranges)
    assert verdicts(log) == truth(tuple(visit for visit in visits if visit.verdict != "other"))


def test_each_fetch_has_purpose_page_status_and_day(tmp_path, ranges):
    log = read(write_log(tmp_path / "a.log", "vhost", VISITS[10:11]), ranges)
    row = log.fetches.iloc[0]
    assert (row["assistant"], row["purpose"], row["kind"]) == ("ChatGPT", "live", "page")
    assert (row["page_id"], row["status"]) == ("shop.example/guides/dogs", 404)
    assert row["day"] == pd.Timestamp("2026-10-20", tz="UTC")


def test_probes_are_kept_apart_and_without_their_paths(tmp_path, ranges):
    log = read(write_log(tmp_path / "a.log", "combined"), ranges)
    probes = log.fetches[log.fetches["kind"] == "probe"]
    assert set(probes["page_id"]) == {"(probes)"}
    assert probes["n_fetches"].sum() == 2


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/guides/chains", "page"),
        ("/", "page"),
        ("/a/report.pdf", "page"),
        ("/.env", "probe"),
        ("/api/.git/config", "probe"),
        ("/wp-login.php", "probe"),
        ("/blog/wp-admin/setup.php", "probe"),
        ("/%2e%2e/%2e%2e/etc/passwd", "probe"),
        ("/admin/", "probe"),
        ("/search?q=../../etc/passwd", "probe"),
        ("/.well-known/security.txt", "robots"),
        ("/robots.txt", "robots"),
        ("/sitemap_index.xml", "robots"),
        ("/llms.txt", "robots"),
        ("/style.css?v=3", "file"),
        ("/docs/administration", "page"),
    ],
)
def test_a_path_is_a_page_a_file_one_for_robots_or_a_probe(path, kind):
    assert name_page(path, "shop.example")[1] == kind


def test_a_page_of_the_site_is_no_probe_whatever_its_name():
    own = {"shop.example/admin"}
    assert name_page("/admin/?id=4", "shop.example", own) == ("shop.example/admin", "page")
    assert name_page("/admin/", "shop.example")[1] == "probe"


def test_without_user_agents_an_address_shows_the_assistant_and_nothing_is_verified(
    tmp_path, ranges
):
    path = tmp_path / "common.log"
    path.write_text("".join(f"{common(visit)}\n" for visit in VISITS[:2]))
    log = read(path, ranges)
    row = log.fetches.iloc[0]
    assert (row["assistant"], row["verdict"], row["purpose"]) == (
        "ChatGPT",
        "unverifiable",
        "unknown",
    )
    assert account(log) == {"n_lines": 2, "n_fetches": 1, "n_other": 1, "n_rejects": 0}


def test_binary_overlong_and_cut_off_lines_are_rejects_with_their_numbers(tmp_path, ranges):
    good = combined(VISITS[0])
    lines = [
        good.encode(),
        b"\x00\x01\xfe\x13GPTBot",
        b"/" * 70_000 + b" GPTBot",
        combined(OTHERS[0]).encode(),
        b"no request at all",
        b"",
        good.replace("GET /guides/chains HTTP/1.1", "\\x16\\x03").encode(),
        b"x" * 5_000_000,
        good[:-30].encode(),
    ]
    path = tmp_path / "access.log"
    path.write_bytes(b"\n".join(lines))
    log = read(path, ranges)
    assert account(log) == {"n_lines": 9, "n_fetches": 1, "n_other": 1, "n_rejects": 7}
    reasons = log.rejects.set_index("line")["reason"].to_dict()
    assert reasons[2] == "bytes that are no text"
    assert "more than" in reasons[3]
    assert reasons[5] == "a line that is no request"
    assert reasons[6] == "a blank line"
    assert reasons[7] == "a request without a path"
    assert "more than" in reasons[8]
    assert reasons[9] == "the last line is cut off"


@pytest.mark.parametrize("form", ["nginx JSON", "CSV"])
def test_a_last_line_that_is_cut_off_is_a_reject(tmp_path, ranges, form):
    path = tmp_path / "access.log"
    write_log(path, form)
    path.write_bytes(path.read_bytes()[:-40])
    log = read(path, ranges)
    assert account(log)["n_rejects"] == 1


def test_half_a_gzip_is_read_as_far_as_it_goes_and_says_so(tmp_path, ranges):
    path = tmp_path / "access.log.gz"
    draw = random.Random(3)  # noqa: S311 (planted truth)
    text = "".join(f"{combined(draw.choice(VISITS))} {draw.random()}\n" for _ in range(30_000))
    packed = gzip.compress(text.encode())
    path.write_bytes(packed[: len(packed) // 2])
    log = read(path, ranges)
    assert log.rejects["reason"].str.contains("breaks off").any()
    assert 10_000 < account(log)["n_fetches"] < 20_000


def test_a_damaged_log_still_adds_up(tmp_path, ranges):
    path = tmp_path / "access.log"
    for seed in range(60):
        draw = random.Random(seed)  # noqa: S311 (damage by a seed)
        form = draw.choice(list(FORMS))
        write_log(path, form)
        content = bytearray(path.read_bytes())
        for _ in range(draw.randrange(1, 30)):
            start = draw.randrange(len(content))
            content[start : start + draw.randrange(4)] = draw.randbytes(draw.randrange(6))
        path.write_bytes(bytes(content))
        account(read(path, ranges))


def test_a_quote_and_a_bracket_within_a_request_do_not_end_it(tmp_path, ranges):
    line = combined(Visit("GPTBot", "192.0.2.3", "verified", r"/a?q=\"[x] \"b"))
    path = tmp_path / "access.log"
    path.write_text(f"{line}\n{combined(OTHERS[0])}\n")
    log = read(path, ranges)
    assert verdicts(log) == {("GPTBot", "verified"): 1}
    assert account(log)["n_rejects"] == 0


def test_a_token_in_a_path_or_referrer_is_no_robot(tmp_path, ranges):
    line = combined(OTHERS[1]).replace('"-"', '"https://x.example/GPTBot"')
    path = tmp_path / "access.log"
    path.write_text(f"{line}\n")
    assert account(read(path, ranges))["n_other"] == 1


def test_a_server_message_among_requests_of_json_is_of_others(tmp_path, ranges):
    path = tmp_path / "caddy.log"
    message = '{"level":"info","ts":1790000000.1,"logger":"tls","msg":"GPTBot certificate"}\n'
    path.write_text(FORMS["Caddy"](VISITS[0]) + "\n" + message)
    assert account(read(path, ranges)) == {
        "n_lines": 2,
        "n_fetches": 1,
        "n_other": 1,
        "n_rejects": 0,
    }


def test_a_table_that_counts_requests_counts_them(tmp_path, ranges):
    path = tmp_path / "crawlers.csv"
    path.write_text("Crawler;Page;Date;Status;Requests\nGPTBot;/a;2026-10-20;200;12\n")
    log = read(path, ranges)
    assert log.fetches.iloc[0]["n_fetches"] == 12
    assert log.fetches.iloc[0]["reason"] == "no address logged"


def test_a_log_is_read_once_and_a_folder_leaves_out_what_is_no_log(tmp_path, ranges, caplog):
    folder = tmp_path / "logs"
    folder.mkdir()
    write_log(folder / "access.log", "combined")
    (folder / "error.log").write_text("2026/10/20 12:00:00 [error] 1#1: *7 open() failed\n")
    files = [str(folder), str(folder / "access.log")]
    log = read_fetches(files, "shop.example", ranges)
    assert len(log.files) == 1
    assert "error.log is left out" in caplog.text


def test_a_copy_of_a_log_is_counted_once_and_the_longer_one_is_read(tmp_path, ranges, caplog):
    folder = tmp_path / "logs"
    folder.mkdir()
    write_log(folder / "access.log", "combined", (*VISITS, *VISITS))
    write_log(folder / "access.log.1.gz", "combined", VISITS)
    write_log(folder / "other.log", "vhost", VISITS)
    log = read_fetches([str(folder)], "shop.example", ranges)
    assert log.fetches["n_fetches"].sum() == 3 * len(VISITS)
    assert "access.log.1.gz is left out: it begins as" in caplog.text


@pytest.mark.parametrize(
    ("content", "found"), [("name,price\nlock,3\n", "name,price"), ("", "empty")]
)
def test_a_file_that_is_no_access_log_is_an_error(tmp_path, ranges, content, found):
    path = tmp_path / "prices.csv"
    path.write_text(content)
    with pytest.raises(LogError, match=found):
        read(path, ranges)


def test_a_stale_list_judges_nobody_and_one_that_is_still_published_does(tmp_path):
    folder = write_lists(tmp_path / "lists", "2025-06-01T00:00:00Z")
    path = write_log(tmp_path / "a.log", "combined", VISITS[:2])
    stale = read(path, read_ranges([folder]))
    assert set(stale.fetches["verdict"]) == {"unverifiable"}
    assert set(stale.fetches["reason"]) == {"the list is of another time"}
    read_at = pd.Timestamp("2026-10-21").date()
    assert verdicts(read(path, read_ranges([folder], read_at))) == truth(VISITS[:2])


def test_the_lists_of_the_package_know_their_vendors_and_days(tmp_path):
    visits = (
        Visit("GPTBot", "20.171.206.7", "verified"),
        Visit("ChatGPT-User", "9.129.4.4", "verified"),
        Visit("ClaudeBot", "216.73.216.9", "verified"),
        Visit("ClaudeBot", "20.171.206.7", "spoofed"),
    )
    log = read(write_log(tmp_path / "a.log", "combined", visits), read_ranges())
    assert verdicts(log) == truth(visits)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gptbot.json", "[1, 2]", "found list"),
        ("gptbot.json", "{", "JSONDecodeError"),
        ("gptbot.json", '{"prefixes": []}', "no prefix"),
        ("gptbot.json", '{"prefixes": [{"ipv4Prefix": "1.2.3"}]}', "1.2.3"),
        ("mine.json", '{"prefixes": [{"ipv4Prefix": "1.2.3.0/24"}]}', "vendor's name"),
    ],
)
def test_a_list_of_another_shape_or_name_is_an_error(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(LogError, match=message):
        read_ranges([str(path)])


def test_every_token_is_met_by_the_quick_search():
    for bot in known_bots():
        line = f'x "Mozilla/5.0 (compatible; {bot.token}/1.0)"\n'.encode()
        assert find_naming_lines(line) == [(0, len(line))], bot.token
    assert not find_naming_lines(AGENTS["AhrefsBot"].encode())


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20/Oct/2026:23:45:00 -0530", "2026-10-21"),
        ("20/Oct/2026:00:10:00 +0530", "2026-10-19"),
        ("2026-10-20T23:30:00Z", "2026-10-20"),
        ("2026-10-20", "2026-10-20"),
        ("1792500000.123", "2026-10-20"),
        ("1792500000123", "2026-10-20"),
        ("yesterday", None),
    ],
)
def test_a_time_gives_its_day_in_utc(text, day):
    found = parse_day(text)
    assert (found.isoformat() if found else None) == day


def test_endless_paths_stay_within_the_rows_that_are_kept(tmp_path, ranges, monkeypatch):
    monkeypatch.setattr("coverage_kit.collect.access_logs.read._MAX_ROWS", 50)
    visits = tuple(Visit("GPTBot", "192.0.2.3", "", f"/p/{number}") for number in range(500))
    log = read(write_log(tmp_path / "a.log", "combined", visits), ranges)
    assert log.fetches["n_fetches"].sum() == 500
    assert len(log.fetches) == 51
    assert log.fetches.set_index("page_id").loc["(further pages)", "n_fetches"] == 450


def test_the_sample_log_holds_what_was_planted():
    truth = json.loads((DATA / "truth" / "fetches.json").read_text())
    log = read_fetches([str(DATA / "access_log")], "larkmoor.example")
    counts = log.fetches.groupby(["bot", "verdict", "kind"])["n_fetches"].sum().to_dict()
    assert counts == {
        (row["bot"], row["verdict"], row["kind"]): row["n"] for row in truth["fetches"]
    }
    assert account(log)["n_lines"] == truth["lines"]
    assert account(log)["n_rejects"] == truth["rejected"]
    absent = log.fetches[(log.fetches["status"] == 404) & (log.fetches["verdict"] == "verified")]
    assert absent.groupby("page_id")["n_fetches"].sum().to_dict() == truth["absent"]


def test_the_command_prints_account_verdicts_and_absent_pages(tmp_path):
    path = write_log(tmp_path / "access.log", "combined")
    lists = write_lists(tmp_path / "lists")
    text = inspect_fetches([path], "https://www.shop.example", [lists])
    assert "30 lines = 27 of assistants + 3 of others + 0 rejected" in text
    assert "outside the published ranges" in text
    assert "shop.example/guides/dogs" in text
