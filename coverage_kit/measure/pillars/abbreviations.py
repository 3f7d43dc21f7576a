"""Clarity, of abbreviations: whether each that not everybody knows is written out on its page."""

import re
from collections.abc import Iterator
from functools import lru_cache

from coverage_kit.measure.pillars.check import (
    Checked,
    Fault,
    Outcome,
    quote,
    unquoted,
)
from coverage_kit.measure.pillars.site import PageSection, PageView, SiteView
from coverage_kit.text.sentences import split_sentences

_EVERYDAY = """
UK US USA EU UN UAE GB NI NZ SA LA NY NYC DC BC AD BCE AM PM GMT BST UTC CET EST PST PDT EDT CEST GBP USD EUR CHF JPY AUD
CAD NE NW SE SW OK TV DIY BBQ ID PIN ATM CEO CFO CTO COO MD HR PR VIP FAQ FAQS CV PS NB RIP RSVP DVD CD VHS MP AKA ASAP ETA
FYI TBC TBA VAT PAYE APR ISA GDP NHS BBC ITV BMW IBM IKEA HSBC DHL UPS FEDEX AA RAC MOT DVLA HMRC GP NATO NASA WHO AIDS HIV
DNA RNA MRI ICU IQ GCSE BSC MSC PHD MA BA MBA SUV HGV LGV RV LTD PLC LLC LLP INC GMBH SME SMES ROI KPI KPIS RRP SKU NGO AC
DC LED LEDS LCD OLED UV IR PVC BPA CO LPG DAB FM HD UHD XL XXL XS XXS NOT AND OR ANY ALL NO YES NEVER ALWAYS ONLY MUST MAY
SHOULD SHALL NOTE NOTES
"""
_MARKS = "CE UKCA EN ISO BS DIN ANSI IEC IEEE UL TUV IP ASTM"
_COMPUTING = """
PC IT AI ML API APIS URL URLS URI URIS HTML XHTML CSS XML JSON YAML CSV TSV PDF JPG JPEG PNG GIF SVG ZIP TXT RTF HTTP HTTPS
FTP SFTP SSH SSL TLS DNS VPN LAN WAN WIFI TCP UDP SMTP SMTPS IMAP POP MIME USB HDMI RAM ROM CPU GPU SSD HDD SD SIM SMS MMS
GPS NFC RFID QR BIOS OS IOS SDK IDE GUI CLI UI UX SQL PHP ASCII UTF POSIX UNIX GNU BSD MIT GPL LGPL CGI CR LF CRLF EOL EOF
NUL NULL TAB STDIN STDOUT STDERR PGP GPG SHA MD RSS CRM ERP CMS SEO SEM REST SOAP SAAS AWS CPAN TODO README HTTPD LATEX TEX
TTY SVN CVS RCS SCM VCS RFC UUID GUID CRC IRC XSS CSRF NFS NTFS FAT HFS CIFS ACL ACLS CI JAR PEM SSO MFA LDAP SAML CORS AJAX
DOM ORM CRUD JIT VM VMS IO HEX KDE GET POST PUT DELETE PATCH DEL ESC SIGHUP SIGINT SIGTERM SIGKILL
"""
KNOWN = frozenset(f"{_EVERYDAY} {_MARKS} {_COMPUTING}".split())
_SHORT_FORM = re.compile(
    r"(?<![\w.&/_$<@#=:-])([A-Z]{3,6})(?:s|'s|\u2019s)?(?![\w&/_$>@=(-]|\.\w|::)"
)
_CAPITALS = re.compile(r"[A-Z]{2,6}")
_SHORT_WORD = re.compile(r"\b[^\W\d_]{2,6}\b")
_LITERAL = re.compile(
    r"\s(?:\w+ )?(?:variables?|commands?|macros?|constants?|flags?|keywords?|fields?|keys?|bits?|options?)\b"
)
_ROMAN = re.compile(r"[IVXLC]+")
_SMALL = frozenset({"of", "and", "the", "for", "to", "in", "on", "a", "an", "by", "with", "de"})


def look_at_abbreviations(page: PageView, site: SiteView) -> Outcome:
    """Whether each abbreviation that not everybody knows is written out on the page."""
    told = {value.upper() for value in page.values("abbreviation")}
    plain = page.text
    words = site.once(_words_of)
    links = {
        word
        for row in page.told("outbound link")
        if isinstance(row["detail"], str)
        for word in _CAPITALS.findall(row["detail"])
    }
    seen: dict[str, tuple[PageSection, str]] = {}
    for part in page.parts:
        for paragraph in part.paragraphs:
            if paragraph.kind in ("text", "list"):
                for sentence in split_sentences(paragraph.text):
                    for short in _short_forms(sentence):
                        seen.setdefault(short, (part, sentence))
    unknown = {
        short: place
        for short, place in seen.items()
        if short not in KNOWN and short not in words | links | told
    }
    faults = [
        Fault(
            part.path,
            f"“{short}” in “{quote(sentence)}”",
            f"“{short}” is nowhere written out on the page: who does not know it, and who asks in full words, does not "
            f"find it.",
            "Write it out where it first stands.",
            sentence,
            re.sub(
                rf"\b{short}\b",
                f"{short} ([FACT NEEDED: what {short} stands for])",
                sentence,
                count=1,
            ),
            3,
            1,
            page.passage_of(sentence, part.path),
        )
        for short, (part, sentence) in unknown.items()
        if not _is_written_out(short, plain)
    ]
    return Checked(len(seen), tuple(faults)) if seen else None


def _is_listed(short: str, text: str) -> bool:
    """Return whether a word in capitals stands beside a name, as names and values do: 'Cygwin and MSYS'."""
    name = r"[A-Z][\w-]+"
    return (
        re.search(
            rf"(?<=\s){name}(?:,| and| or|, and|, or) {short}\b|\b{short}(?:,| and| or|, and|, or) {name}",
            text,
        )
        is not None
    )


def _words_of(site: SiteView) -> frozenset[str]:
    """Return, in capitals, the short words that the site also writes small: in capitals they are words too."""
    return frozenset(
        word.upper()
        for page in site.pages
        for word in _SHORT_WORD.findall(page.text)
        if not word.isupper()
    )


def _short_forms(sentence: str) -> Iterator[str]:
    """Yield the abbreviations of a sentence that is not itself in capitals, those in quotes and of names left out."""
    words = re.findall(r"[^\W\d_]{2,}", sentence)
    if sum(word.isupper() for word in words) > 0.4 * len(words):
        return
    plain = re.sub(r"`[^`]{1,200}`|https?://\S+", " ", unquoted(sentence))
    for found in _SHORT_FORM.finditer(plain):
        short = found[1]
        beside = plain[max(0, found.start() - 12) : found.end() + 14]
        is_name = (
            re.search(
                rf"(?:[A-Z]{{2,}}\s+{short}\b|\b{short}\s+(?:[A-Z]{{2,}}|\d))",
                beside,
            )
            is not None
        )
        is_name = (
            is_name or _LITERAL.match(plain, found.end()) is not None or _is_listed(short, plain)
        )
        if not _ROMAN.fullmatch(short) and len(set(short)) > 1 and not is_name:
            yield short


def _is_written_out(short: str, text: str) -> bool:
    """Return whether the text says what it stands for: words in brackets beside it, or a run of words with its initials."""
    if re.search(
        rf"\b{short}\b[\"\u201d']?,? (?:stands for|is short for|short for|is an? (?:abbreviation|acronym))",
        text,
    ):
        return True
    if re.search(
        rf"\b{short} ?\((?!s\b)[^)]+\)|[^\W\d_]{{3,}} \({short}s?\)|\b{short}\b(?: \w+)?,? (?:i\.e\.|that is)",
        text,
    ):
        return True
    return len(short) > 2 and any(short in initials for initials in _initials(text))


@lru_cache(maxsize=64)
def _initials(text: str) -> tuple[str, str]:
    """Return the initials of a text's words in order, and the same without those of small words; abbreviations have none."""
    words = [
        word for word in re.findall(r"[^\W\d_]+", text) if len(word) == 1 or not word.isupper()
    ]
    return "".join(word[0].upper() for word in words), "".join(
        word[0].upper() for word in words if word.lower() not in _SMALL
    )
