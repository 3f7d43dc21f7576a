"""Access logs with planted truth: who really asked, in every form that servers write."""

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# The published lists of the samples: documentation addresses, made in October 2026.
MADE = "2026-10-01T00:00:00Z"
LISTS = {
    "gptbot": ["192.0.2.0/28"],
    "searchbot": ["192.0.2.16/28"],
    "chatgpt-user": ["192.0.2.32/28", "2001:db8:1::/48"],
    "claude-bots": ["198.51.100.0/26"],
    "perplexitybot": ["198.51.100.64/26"],
}
AGENTS = {
    "GPTBot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; "
    "+https://openai.com/gptbot)",
    "OAI-SearchBot": "OAI-SearchBot/1.0; +https://openai.com/searchbot",
    "ChatGPT-User": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; "
    "ChatGPT-User/1.0; +https://openai.com/bot",
    "ClaudeBot": "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Claude-User": "Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
    "PerplexityBot": "Mozilla/5.0 (compatible; PerplexityBot/1.0; "
    "+https://perplexity.ai/perplexitybot)",
    "Bytespider": "Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)",
    "Google-Extended": "Mozilla/5.0 (compatible; Google-Extended/1.0)",
    "Applebot-Extended": "Mozilla/5.0 (compatible; Applebot-Extended/0.1) Applebot/0.1",
    "browser": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    "AhrefsBot": "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
}


@dataclass(frozen=True)
class Visit:
    """One request, with the truth: the verdict that a reader should reach."""

    agent: str
    address: str
    verdict: str
    path: str = "/guides/chains"
    status: int = 200
    at: datetime = datetime(2026, 10, 20, 12, 30, tzinfo=UTC)


# Each robot honest and forged, addresses in every spelling, and the traps.
VISITS = (
    Visit("GPTBot", "192.0.2.3", "verified"),
    Visit("GPTBot", "203.0.113.5", "spoofed"),
    Visit("GPTBot", "192.0.2.20", "unverifiable"),  # in the list of another robot of OpenAI
    Visit("GPTBot", "198.51.100.7", "spoofed"),  # in another vendor's list
    Visit("OAI-SearchBot", "192.0.2.31", "verified"),
    Visit("OAI-SearchBot", "203.0.113.9", "spoofed"),
    Visit("ChatGPT-User", "::ffff:192.0.2.33", "verified"),
    Visit("ChatGPT-User", "::ffff:203.0.113.5", "spoofed"),
    Visit("ChatGPT-User", "2001:db8:1::7", "verified", "/guides/locks", 404),
    Visit("ChatGPT-User", "2001:db8:2::7", "spoofed"),
    Visit("ChatGPT-User", "192.0.2.47", "verified", "/guides/dogs", 404),
    Visit("ChatGPT-User", "192.0.2.40, 10.0.0.2", "verified"),
    Visit("ChatGPT-User", "-", "unverifiable"),
    Visit("ChatGPT-User", "10.1.2.3", "unverifiable"),  # a balancer's
    Visit("ClaudeBot", "198.51.100.63", "verified"),
    Visit("ClaudeBot", "198.51.100.64", "spoofed"),
    Visit("Claude-User", "198.51.100.1", "verified", "/guides/dogs", 404),
    Visit("PerplexityBot", "198.51.100.127", "verified"),
    Visit("PerplexityBot", "198.51.100.128", "spoofed"),
    Visit("Bytespider", "192.0.2.3", "unverifiable"),  # its vendor publishes no list
    Visit("Google-Extended", "66.249.66.1", "spoofed"),  # a name for robots.txt alone
    Visit("Applebot-Extended", "17.166.20.1", "spoofed"),
    Visit("GPTBot", "203.0.113.77", "spoofed", "/.env", 404),
    Visit("ClaudeBot", "203.0.113.78", "spoofed", "/wp-login.php", 404),
    # Long after the list was made, and long before: it says nothing.
    Visit("GPTBot", "192.0.2.3", "unverifiable", at=datetime(2027, 3, 1, 1, tzinfo=UTC)),
    Visit("GPTBot", "203.0.113.5", "unverifiable", at=datetime(2027, 3, 1, 2, tzinfo=UTC)),
    Visit("PerplexityBot", "203.0.113.5", "unverifiable", at=datetime(2026, 1, 5, tzinfo=UTC)),
)
# People and other robots, of whom no line may count.
OTHERS = (
    Visit("browser", "203.0.113.200", "other", "/guides/chains?ref=gptbot"),
    Visit("browser", "192.0.2.3", "other"),
    Visit("AhrefsBot", "203.0.113.201", "other"),
)


def write_lists(folder: Path, made: str = MADE) -> str:
    """Write the lists in the shape that vendors publish, and return their folder."""
    folder.mkdir()
    for name, prefixes in LISTS.items():
        values = [{"ipv6Prefix" if ":" in text else "ipv4Prefix": text} for text in prefixes]
        text = json.dumps({"creationTime": made, "prefixes": values})
        (folder / f"{name}.json").write_text(text)
    return str(folder)


def combined(visit: Visit, prefix: str = "") -> str:
    return f'{common(visit, prefix)} "-" "{AGENTS[visit.agent]}"'


def common(visit: Visit, prefix: str = "") -> str:
    at = visit.at.strftime("%d/%b/%Y:%H:%M:%S +0000")
    request = f'"GET {visit.path} HTTP/1.1" {visit.status} 512'
    return f"{prefix}{visit.address} - - [{at}] {request}"


def vhost(visit: Visit) -> str:
    return combined(visit, "www.shop.example:443 ")


def nginx_json(visit: Visit) -> str:
    return json.dumps(
        {
            "time_iso8601": visit.at.isoformat(),
            "remote_addr": visit.address,
            "request": f"GET {visit.path} HTTP/2.0",
            "status": str(visit.status),
            "http_user_agent": AGENTS[visit.agent],
        }
    )


def caddy(visit: Visit) -> str:
    return json.dumps(
        {
            "level": "info",
            "ts": visit.at.timestamp(),
            "logger": "http.log.access",
            "msg": "handled request",
            "request": {
                "remote_ip": "10.9.9.9",
                "client_ip": visit.address,
                "method": "GET",
                "host": "www.shop.example",
                "uri": visit.path,
                "headers": {"User-Agent": [AGENTS[visit.agent]]},
            },
            "status": visit.status,
        }
    )


def cloudflare(visit: Visit) -> str:
    return json.dumps(
        {
            "ClientIP": visit.address,
            "ClientRequestHost": "shop.example",
            "ClientRequestURI": visit.path,
            "ClientRequestUserAgent": AGENTS[visit.agent],
            "EdgeStartTimestamp": int(visit.at.timestamp()) * 10**9,
            "EdgeResponseStatus": visit.status,
        }
    )


def csv_row(visit: Visit) -> str:
    at = visit.at.isoformat()
    return f'{at},"{visit.address}",{visit.path},{visit.status},"{AGENTS[visit.agent]}"'


FORMS = {
    "combined": combined,
    "vhost": vhost,
    "nginx JSON": nginx_json,
    "Caddy": caddy,
    "Cloudflare": cloudflare,
    "CSV": csv_row,
}
CSV_HEADER = "Visited at,IP address,URL,Status code,User agent\n"


def write_log(path: Path, form: str, visits: tuple[Visit, ...] = (*VISITS, *OTHERS)) -> str:
    """Write the visits in a form, packed where the name says so, and return the path."""
    text = "".join(f"{FORMS[form](visit)}\n" for visit in visits)
    content = ((CSV_HEADER if form == "CSV" else "") + text).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)
