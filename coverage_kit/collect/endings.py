"""What a file of a site's folder is by its name: a page, a text that is not read, or no text."""

import re
from dataclasses import dataclass

_BUILT = "Read the built HTML: name its folder as source."
_CONVERT = "Save each as HTML or Markdown."
_UNPACK = "Unpack it into the folder."
_RENDERED = (
    "Only a server or a browser makes pages of them: give a start URL as source, or name the "
    "folder of the built HTML."
)
# Endings of texts that may be pages, and what to do to have them read.
_TEXTS = {
    ".rst": "Install the extra rst, or name the folder of the built HTML as source.",
    ".rest": _BUILT,
    **dict.fromkeys(
        (".adoc", ".asciidoc", ".org", ".textile", ".wiki", ".mediawiki", ".creole", ".pod"),
        _BUILT,
    ),
    **dict.fromkeys((".rdoc", ".typ", ".tex", ".dita", ".ditamap", ".dbk", ".docbook"), _BUILT),
    **dict.fromkeys((".rmd", ".qmd", ".ipynb", ".mdoc", ".mdc", ".mdwn", ".livemd"), _BUILT),
    **dict.fromkeys((".txt", ".text"), _CONVERT),
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".pages", ".ppt", ".pptx", ".odp"), _CONVERT),
    ".pdf": "Install the extra pdf.",
    **dict.fromkeys((".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"), _UNPACK),
    **dict.fromkeys((".epub", ".mobi", ".azw3", ".chm", ".mht", ".mhtml", ".webarchive"), _CONVERT),
    ".warc": "Install the extra warc.",
    **dict.fromkeys((".pug", ".jade", ".haml", ".slim", ".ejs", ".erb", ".eex", ".heex"), _BUILT),
    **dict.fromkeys(
        (".njk", ".liquid", ".hbs", ".handlebars", ".mustache", ".twig", ".j2"), _BUILT
    ),
    **dict.fromkeys((".jinja", ".jinja2", ".tmpl", ".gohtml", ".gotmpl", ".ftl", ".vm"), _BUILT),
    **dict.fromkeys((".php", ".asp", ".aspx", ".jsp", ".cfm", ".shtml", ".cshtml"), _RENDERED),
}
# Endings of components: pages only in a folder of pages.
_COMPONENTS = frozenset({".jsx", ".tsx", ".vue", ".svelte", ".astro"})
_PAGE_FOLDERS = frozenset({"pages", "routes", "app", "views"})
# Files whose names say that they are no pages, whatever their endings are.
_NO_PAGES = re.compile(
    r"(?:(?:dev-)?requirements.*|constraints.*|robots|humans|ads|app-ads|security|licen[cs]e.*"
    r"|copying.*|notice.*|cmakelists|manifest|version|cname|_headers|_redirects|authors.*"
    r"|third[-_]party.*)\.txt",
    re.IGNORECASE,
)
_KINDS = {
    "pictures, films and sounds": """
        .png .jpg .jpeg .jpe .gif .webp .avif .svg .svgz .ico .bmp .tif .tiff .heic .psd .ai .eps
        .sketch .fig .drawio .excalidraw .xcf .mp4 .webm .mov .avi .mkv .m4v .mp3 .wav .ogg .oga
        .ogv .flac .aac .m4a .vtt .srt .lottie .cast .puml .plantuml .mmd .dot .gv""",
    "styles and fonts": """
        .css .scss .sass .less .styl .pcss .woff .woff2 .ttf .otf .eot""",
    "scripts and code": """
        .js .mjs .cjs .ts .mts .cts .map .wasm .py .pyi .rb .go .rs .java .kt .kts .scala .c .h .cc
        .cpp .hpp .cs .swift .m .mm .sh .bash .zsh .fish .ps1 .bat .cmd .sql .pl .pm .lua .r .jl .ex
        .exs .erl .hs .ml .clj .dart .sol .proto .graphql .gql .tf .hcl .nix .zig .v .asm .s .snap
        .vim .el .lisp .coffee .groovy .gradle .cmake .mk .patch .diff .compact .cairo .move .vy""",
    "settings and data": """
        .json .json5 .jsonc .jsonl .ndjson .yml .yaml .toml .ini .cfg .conf .env .properties .lock
        .sum .mod .xml .xsd .xsl .xslt .rss .atom .csv .tsv .xls .xlsx .ods .parquet .sqlite .db
        .po .pot .mo .pem .crt .key .pub .asc .sig .log .bak .orig .tmp .swp .plist .webmanifest
        .code-workspace .iml .editorconfig .gitignore .npmrc .inv .doctree .pickle .pkl .bin .dat
        .har .geojson .kml .gpx .ics .vcf .bib .csl""",
    "programs and packages": """
        .exe .dll .so .dylib .dmg .pkg .deb .rpm .apk .msi .jar .war .whl .gem .crate .class .o .a
        .pyc .iso .img .ko""",
}
_DATA = "settings and data"
_BY_ENDING = {ending: kind for kind, text in _KINDS.items() for ending in text.split()}


@dataclass(frozen=True)
class Unread:
    """Why a file is not read by its name, and what to do to have it read."""

    reason: str
    cure: str = ""
    may_be_pages: bool = False


def ending_of(name: str) -> str:
    """Return the ending of a file's name in lower case, or empty text.

    >>> ending_of("Guide.RST"), ending_of("README"), ending_of(".env"), ending_of("a.b c")
    ('.rst', '', '', '')
    """
    stem, dot, ending = name.rpartition(".")
    is_ending = bool(stem.strip(".")) and 0 < len(ending) <= 20 and ending.isalnum()
    return f"{dot}{ending}".lower() if is_ending else ""


def may_hold_text(name: str) -> bool:
    """Return whether a file may hold texts, by its name: neither a picture nor code and the like.

    >>> may_hold_text("export.json"), may_hold_text("logo.png"), may_hold_text("README")
    (True, False, True)
    """
    return _BY_ENDING.get(ending_of(name), _DATA) == _DATA


def why_unread(path: str) -> Unread:
    """Return why a file is not read, of a path below the site's folder whose ending is no page's.

    An ending that is not known is named, so that nobody misses it.
    """
    name = path.rpartition("/")[2]
    ending = ending_of(name)
    if _NO_PAGES.fullmatch(name):
        return Unread(_DATA)
    if name.lower().endswith(".warc.gz"):
        ending = ".warc"
    if ending in _TEXTS:
        return Unread(f"the ending {ending}", _TEXTS[ending], may_be_pages=True)
    if ending in _COMPONENTS:
        return _component(path, ending)
    if ending in _BY_ENDING:
        return Unread(_BY_ENDING[ending])
    return Unread(f"the ending {ending}, which is not known" if ending else "no ending")


def _component(path: str, ending: str) -> Unread:
    folders = path.lower().split("/")[:-1]
    if _PAGE_FOLDERS.isdisjoint(folders) or "components" in folders:
        return Unread("scripts and code")
    return Unread(f"pages that are code, with the ending {ending}", _RENDERED, may_be_pages=True)
