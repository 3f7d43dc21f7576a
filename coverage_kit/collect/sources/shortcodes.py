"""What WordPress makes of a post's text: shortcodes are resolved, blank lines end paragraphs."""

import html
import re

# A shortcode: [name], [name key="value"], [name /] or [/name]. In double brackets it is text.
_SHORTCODE = re.compile(
    r"\[(?P<open>\[)?(?P<end>/)?(?P<name>[A-Za-z][\w-]{0,60})"
    r"(?P<values>(?:\s[^\[\]]{0,4000})?)\](?P<close>\])?"
)
# Text whose brackets are code.
_CODE = re.compile(
    r"<(?P<tag>pre|code)\b[^<>]*>.*?(?:</(?P=tag)\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_VALUE = re.compile(r"([\w-]{1,60})\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))")
# Shortcodes of WordPress itself that show media or lists, and have no words.
_MEDIA = frozenset({"gallery", "embed", "audio", "video", "playlist", "wp_caption_image"})
# Shortcodes whose content is no text for readers, but code, data or an address.
_NO_TEXT = frozenset({"vc_raw_html", "vc_raw_js", "embed", "audio", "video", "playlist"})
# Shortcodes whose content is a listing of code.
_LISTINGS = frozenset({"code", "php", "sourcecode", "css", "html", "js", "javascript", "python"})
# Shortcodes without attributes or end that are shortcodes nevertheless.
_BARE = frozenset({"gallery", "products", "cart", "checkout", "sitemap", "archives", "toc"})
# Words in the names of shortcodes whose title is the label of the text in it.
_LABELLED = (
    "accordion", "blurb", "cta", "faq", "panel", "pricing", "question", "section", "slide",
    "spoiler", "tab", "toggle",
)  # fmt: skip
_LABELS = ("title", "heading", "question", "header")
# Words in the names of shortcodes that are headings, and where their words are.
_HEADING = ("heading", "headline", "header", "title")
_HEADING_TEXTS = ("text", "title", "heading", "main_heading")
# The level of a heading in its attributes: font_container="tag:h2|…", heading="h3", size="2".
_LEVEL = re.compile(r"(?:tag:|\A)h?([1-6])\b", re.IGNORECASE)
_LEVELS = ("font_container", "heading_semantic", "tag", "level", "heading", "size")
# Words in the names of shortcodes that show no words, such as lines and pictures.
_DECORATION = (
    "btn", "button", "divider", "gap", "gallery", "icon", "image", "map", "separator", "slider",
    "social", "space", "video",
)  # fmt: skip

_BLOCKS = (
    "address|article|aside|blockquote|button|caption|col|colgroup|dd|details|div|dl|dt|fieldset"
    "|figcaption|figure|footer|form|h[1-6]|header|hr|legend|li|main|map|nav|ol|option|p|section"
    "|select|style|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
# A block's tag, or a text in which line ends stay. Runs without ">" end at the next "<".
_BLOCK = re.compile(
    rf"<(?P<raw>pre|script|style|textarea)\b.*?(?:</(?P=raw)\s*>|\Z)|</?(?:{_BLOCKS})\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_BLANK_LINE = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
# Elements whose words are one line or one paragraph already.
_OPENS_TEXT = re.compile(
    r"<(?:p|li|td|th|dt|dd|h[1-6]|figcaption|summary|button|caption|legend|option)\b", re.IGNORECASE
)


def expand_shortcodes(text: str) -> tuple[str, list[str]]:
    """Return a post's text without shortcodes, and the names of those that WordPress fills in.

    The text within a pair stays. Titles of tabs, accordions and questions stay as labels, and
    those of headings as headings. Other words in brackets, such as [sic], are text, and so are
    brackets in code and double brackets.
    """
    pieces: list[str] = []
    unknown: list[str] = []
    position = 0
    for code in _CODE.finditer(text):
        pieces.append(_expand(text[position : code.start()], unknown))
        pieces.append(code[0])
        position = code.end()
    pieces.append(_expand(text[position:], unknown))
    return "".join(pieces), unknown


def _expand(text: str, unknown: list[str]) -> str:
    marks = list(_SHORTCODE.finditer(text))
    ended = {mark["name"].lower() for mark in marks if mark["end"]}
    pieces: list[str] = []
    position = 0
    skipped = ""
    for mark in marks:
        name = mark["name"].lower()
        if skipped:
            if mark["end"] and name == skipped:
                skipped = ""
                position = mark.end()
            continue
        pieces.append(text[position : mark.start()])
        position = mark.end()
        if mark["open"] and mark["close"]:
            pieces.append(mark[0][1:-1])
        elif not _is_shortcode(mark, ended):
            pieces.append(mark[0])
        else:
            skipped = name if name in _NO_TEXT and not mark["end"] and name in ended else ""
            # A bracket beside a shortcode is text.
            pieces.append(mark["open"] or "")
            pieces.append(_replacement(mark, ended, unknown))
            pieces.append(mark["close"] or "")
    # What is never ended is not skipped.
    pieces.append(text[position:])
    return "".join(pieces)


def _is_shortcode(mark: re.Match[str], ended: set[str]) -> bool:
    name = mark["name"].lower()
    values = mark["values"].strip()
    return bool(
        mark["end"]
        or name in ended
        or name in _BARE
        or values == "/"
        or _VALUE.match(values)
        or (not values and "_" in name)
    )


def _replacement(mark: re.Match[str], ended: set[str], unknown: list[str]) -> str:
    name = mark["name"].lower()
    if name in _LISTINGS and name in ended:
        return "</pre>" if mark["end"] else "<pre>"
    is_heading = any(word in name for word in _HEADING)
    if mark["end"]:
        return "" if name == "caption" else "</h3>\n\n" if is_heading else "\n\n"
    values = {
        key.lower(): first or second or third
        for key, first, second, third in _VALUE.findall(mark["values"])
    }
    label = _words(values, _LABELS) if any(word in name for word in _LABELLED) else ""
    if label:
        # A definition list with a term alone is how HTML writes a label.
        return f"\n\n<dl><dt>{label}</dt></dl>\n\n"
    heading = _words(values, _HEADING_TEXTS) if is_heading else ""
    level = next((found[1] for key in _LEVELS if (found := _LEVEL.search(values.get(key, "")))), 3)
    if heading:
        return f"\n\n<h{level}>{heading}</h{level}>\n\n"
    if is_heading and name in ended:
        return f"\n\n<h{level}>"
    is_decoration = name in _MEDIA or any(word in name for word in _DECORATION)
    if name not in ended and not is_decoration:
        unknown.append(mark["name"])
    return "" if name == "caption" else "\n\n"


def _words(values: dict[str, str], keys: tuple[str, ...]) -> str:
    words = next((values[key] for key in keys if values.get(key)), "")
    return html.escape(html.unescape(words), quote=False)


def make_paragraphs(text: str) -> str:
    """Return a post's text with paragraphs at blank lines, as WordPress shows posts without blocks.

    Line ends within a paragraph are breaks.
    """
    pieces: list[str] = []
    position = 0
    previous = ""
    for block in _BLOCK.finditer(text):
        pieces.append(_paragraphs(text[position : block.start()], previous))
        pieces.append(block[0])
        previous = block[0]
        position = block.end()
    pieces.append(_paragraphs(text[position:], previous))
    return "".join(pieces)


def _paragraphs(text: str, previous: str) -> str:
    stripped = text.strip()
    if not stripped:
        return text
    paragraphs = [part.replace("\n", "<br>") for part in _BLANK_LINE.split(stripped)]
    is_inside = _OPENS_TEXT.match(previous) is not None
    if is_inside and len(paragraphs) == 1:
        return text
    if previous.lower().startswith("<p"):
        return "</p><p>".join(paragraphs)
    return "".join(f"<p>{part}</p>" for part in paragraphs)
