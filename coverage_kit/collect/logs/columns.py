"""Which column of a log holds which field: by the column's name, or as the settings say."""

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The column that a table with a row for each citation gets: which answer a row belongs to.
RUN_COLUMN = "answer of the row"
# The names of columns for each field, the surest first: a column that has an earlier name is chosen
# before a column that has a later name. They are compared as `plain_name` writes them.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "query": (
        "query",
        "prompt",
        "question",
        "user query",
        "user prompt",
        "user question",
        "user message",
        "user input",
        "query text",
        "prompt text",
        "question text",
        "query or topic",
        "search query",
        "search term",
        "top queries",
        "queries",
        "keyword",
        "frage",
        "suchanfrage",
        "suchbegriff",
        "prompttext",
        "requête",
        "question posée",
        "pregunta",
        "consulta",
        "palabra clave",
        "domanda",
        "parola chiave",
        "vraag",
        "zoekopdracht",
        "zoekterm",
        "pytanie",
        "zapytanie",
        "słowo kluczowe",
        "pergunta",
        "palavra-chave",
        "fråga",
        "sökfråga",
        "sökord",
        "spørgsmål",
        "spørsmål",
        "søgeord",
        "otázka",
        "dotaz",
        "klíčové slovo",
        "質問",
        "プロンプト",
        "問い",
        "キーワード",
        "问题",
        "提问",
        "提示词",
        "关键词",
        "問題",
        "提問",
        "關鍵字",
        "질문",
        "вопрос",
        "запрос",
        "input",
        "text",
    ),
    "answer": (
        "answer",
        "response",
        "response text",
        "answer text",
        "output",
        "output text",
        "completion",
        "reply",
        "generated answer",
        "generated text",
        "ai response",
        "ai answer",
        "llm response",
        "model response",
        "answer content",
        "response content",
        "full response",
        "full answer",
        "answer full text",
        "antwort",
        "antworttext",
        "réponse",
        "respuesta",
        "risposta",
        "antwoord",
        "odpowiedź",
        "resposta",
        "svar",
        "svarstext",
        "odpověď",
        "回答",
        "答え",
        "答案",
        "回复",
        "답변",
        "ответ",
        "message text",
    ),
    "engine": (
        "engine",
        "platform",
        "llm service",
        "provider",
        "answer engine",
        "ai engine",
        "ai platform",
        "ai service",
        "llm engine",
        "llm name",
        "llm platform",
        "ai model",
        "ai tool",
        "chatbot",
        "llm",
        "assistant",
        "plattform",
        "ki-plattform",
        "ki-system",
        "ki-dienst",
        "suchmaschine",
        "plateforme",
        "moteur",
        "moteur ia",
        "plataforma",
        "motor",
        "motor de ia",
        "piattaforma",
        "motore",
        "platforma",
        "silnik",
        "プラットフォーム",
        "エンジン",
        "平台",
        "引擎",
        "data source",
    ),
    "model": (
        "model",
        "model name",
        "llm model",
        "provided model name",
        "model slug",
        "model id",
        "modell",
        "modèle",
        "modelo",
        "modello",
        "モデル",
        "模型",
    ),
    "surface": ("surface", "channel"),
    "run_id": (
        RUN_COLUMN,
        "run id",
        "run",
        "run label",
        "execution id",
        "run number",
        "repetition",
        "sample index",
        "trial",
        "chat id",
        "chat",
        "conversation id",
        "run nr",
        "run no",
        "answer id",
        "response id",
        "result id",
        "chat session id",
        "antwort id",
        "durchlauf",
        "exécution",
        "ejecución",
    ),
    "asked_at": (
        "asked at",
        "ts",
        "timestamp",
        "date",
        "created at",
        "answered at",
        "requested at",
        "row timestamp",
        "datetime",
        "date time",
        "run date",
        "start time",
        "created",
        "time",
        "datum",
        "zeitpunkt",
        "date et heure",
        "fecha",
        "data e ora",
        "data zapytania",
        "dato",
        "日期",
        "时间",
        "дата",
    ),
    "demand": (
        "demand",
        "volume",
        "monthly searches",
        "search volume",
        "monthly search volume",
        "avg monthly searches",
        "average monthly searches",
        "impressions",
        "times asked",
        "n asked",
        "frequency",
        "count",
        "suchvolumen",
        "suchanfragen pro monat",
        "volume de recherche",
        "volumen de búsqueda",
        "volume di ricerca",
        "zoekvolume",
        "liczba wyszukiwań",
        "volume de busca",
        "sökvolym",
        "søgevolumen",
        "hledanost",
        "検索ボリューム",
        "搜索量",
    ),
    "market": (
        "market",
        "country",
        "region",
        "locale",
        "location",
        "location country",
        "country code",
        "geo",
        "land",
        "markt",
        "pays",
        "país",
        "mercado",
        "paese",
        "mercato",
        "kraj",
        "země",
        "国",
        "国家",
    ),
    "mentions": (
        "mentions",
        "brands mentioned",
        "mentioned brands",
        "brand mentions",
        "brands",
    ),
    "citations": (
        "cited urls",
        "citation urls",
        "source urls",
        "citation url",
        "cited url",
        "cited url exact",
        "citations",
        "sources",
        "cited",
        "cited sources",
        "source url",
        "citations json",
        "sources json",
        "cited sources json",
        "page url",
        "links",
        "references",
        "url",
        "urls",
        "link",
        "cited page",
        "zitierte url",
        "zitierte urls",
        "zitierte seite",
        "zitierte quellen",
        "quellen",
        "quelle",
        "zitate",
        "url citée",
        "urls citées",
        "page citée",
        "url citada",
        "urls citadas",
        "fuentes",
        "url citato",
        "fonti",
        "geciteerde url",
        "bronnen",
        "cytowany url",
        "źródła",
        "fontes",
        "källor",
        "kilder",
        "citované url",
        "zdroje",
        "引用url",
        "引用元",
        "引用",
        "引用来源",
        "来源",
        "источники",
        "cited domain",
        "cited domains",
        "cited site",
        "cited website",
        "citation domain",
        "citation domains",
        "source domain",
        "source domains",
        "zitierte domain",
        "zitierte domains",
        "domaine cité",
        "domaines cités",
        "dominio citado",
        "dominio citato",
        "domínio citado",
        "geciteerd domein",
        "cytowana domena",
        "citerad domän",
        "citeret domæne",
        "citovaná doména",
        "引用ドメイン",
        "引用域名",
    ),
    "retrieved": (
        "retrieved",
        "search results",
        "retrieved urls",
        "retrieved sources",
        "search result urls",
    ),
    "searches": (
        "search queries",
        "searches",
        "fan out",
        "fanout",
        "fan outs",
        "fan out queries",
        "fanout queries",
        "web search queries",
        "web search query",
    ),
    "has_searched": (
        "searched",
        "web search",
        "web search used",
        "used web search",
        "used search",
        "has search",
        "search used",
        "search triggered",
        "web search triggered",
        "triggered search",
        "searched the web",
        "did search",
        "grounded",
        "suche ausgelöst",
        "websuche",
        "suche genutzt",
        "gesucht",
        "recherche web",
        "recherche déclenchée",
        "búsqueda web",
        "ricerca web",
        "zoekactie",
        "wyszukiwanie",
        "pesquisa web",
        "webbsökning",
        "websøgning",
        "vyhledávání",
        "ウェブ検索",
        "联网搜索",
    ),
    "error": (
        "error",
        "error message",
        "errors",
        "failure",
        "failure reason",
        "exception",
    ),
    "status": (
        "status code",
        "http status",
        "http status code",
        "http code",
        "status",
    ),
}
FIELDS = tuple(SYNONYMS)
# What columns are called that hold one item of a list each, with a running number: "citation_1" to
# "citation_48", "Source 3 URL", "citations/0/url". They are compared without the number, as
# `plain_name` writes them; of those that a table has, the first is chosen.
_NUMBERED: dict[str, tuple[str, ...]] = {
    "citations": (
        *("citationurl", "citationsurl", "citedurl", "citedurls", "sourceurl", "sourcesurl"),
        *("citationlink", "citationslink", "sourcelink", "sourceslink", "referenceurl"),
        *("referencesurl", "referenceslink", "citeduri", "citationuri", "citationsuri"),
        *("citation", "citations", "cited", "citedpage", "citedsource", "source", "sources"),
        *("reference", "references", "url", "urls", "link", "links", "quelle", "quellenurl"),
        *("quelleurl", "fuente", "fonte", "bron", "zdroj", "källa", "kilde", "citeddomain"),
        *("citationdomain", "citationsdomain", "sourcedomain", "sourcesdomain", "引用", "来源"),
    ),
    "retrieved": (
        *("searchresulturl", "searchresultsurl", "searchresult", "searchresults", "retrievedurl"),
        *("retrieved", "retrievedsource", "retrievedpage"),
    ),
    "searches": (
        *("searchquery", "searchqueries", "websearchquery", "websearchqueries", "fanout"),
        *("fanoutquery", "fanoutqueries", "subquery"),
    ),
    "mentions": ("brandmentioned", "mentionedbrand", "brandsmentioned", "mention", "mentions"),
}
_ALL_NUMBERED = frozenset(name for names in _NUMBERED.values() for name in names)
_MAX_NUMBERED_CHARACTERS = 60
# A name with a running number: its text before the number, and after it.
_WITH_NUMBER = re.compile(r"(\D*?[^\W\d_]\D*?)[\s_./#(\[-]*(\d{1,3})([\s_./)\]-]*\D*)")
# A table with any of these columns holds passages, so that its `text` is no query.
_PASSAGE_COLUMNS = ("heading path", "passage id", "section id")


def choose_columns(columns: Sequence[str], by_hand: Mapping[str, str]) -> dict[str, str]:
    """Return field -> column, in the order of FIELDS; a column serves one field only.

    Names are compared without case, spaces and punctuation. A field that is set by hand gets its
    column if the log has that column; an empty column means that none holds it. The `text` of a
    table of passages is no query.
    """
    chosen = {
        field: column
        for field, name in by_hand.items()
        if name and (column := find_column(columns, (name,)))
    }
    has_passages = find_column(columns, _PASSAGE_COLUMNS) is not None
    for field, synonyms in SYNONYMS.items():
        # A column that an earlier field has is not free for this field.
        free = [column for column in columns if column not in chosen.values()]
        names = [name for name in synonyms if not (has_passages and name == "text")]
        is_set = field in chosen or by_hand.get(field) == ""
        if not is_set and (column := _joined_column(free, field)):
            chosen[field] = column
            continue
        if not is_set and (column := find_column(free, names)):
            chosen[field] = column
    return {field: chosen[field] for field in FIELDS if field in chosen}


def find_column(columns: Sequence[str], names: Iterable[str]) -> str | None:
    """Return the first column that has one of these names, or None; earlier names count first.

    A column with exactly that name comes before a column that differs in case or punctuation.
    """
    by_plain_name: dict[str, str] = {}
    for column in columns:
        by_plain_name.setdefault(plain_name(column), column)
    for name in names:
        if name in columns:
            return name
        if match := by_plain_name.get(plain_name(name)):
            return match
        # A column that is joined with others to a list is named by any of them.
        if (joined := _joined_name(name)) and joined in columns:
            return joined
    return None


@functools.lru_cache(maxsize=1024)
def join_numbered(columns: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the columns that hold the items of a list, by the name that they get together.

    >>> dict(join_numbered(("prompt", "citation_2", "citation_1", "Source 1 URL", "top_10")))
    {'citation_*': ('citation_1', 'citation_2'), 'Source * URL': ('Source 1 URL',)}
    """
    groups: dict[str, list[tuple[int, str]]] = {}
    for column in columns:
        match = _numbered(column)
        if match and plain_name(match[1] + match[3]) in _ALL_NUMBERED:
            groups.setdefault(_joined_name(column), []).append((int(match[2]), column))
    return {
        name: tuple(column for _, column in sorted(numbered)) for name, numbered in groups.items()
    }


def _joined_name(column: str) -> str:
    """Return a column's name with a star in place of its running number, '' without one."""
    match = _numbered(column)
    return f"{column[: match.start(2)]}*{column[match.end(2) :]}" if match else ""


def _numbered(column: str) -> re.Match[str] | None:
    return _WITH_NUMBER.fullmatch(column) if len(column) <= _MAX_NUMBERED_CHARACTERS else None


def _joined_column(columns: Sequence[str], field: str) -> str | None:
    """Return the column of joined items that holds a field, or None."""
    joined = {plain_name(column): column for column in reversed(columns) if "*" in column}
    return next((joined[name] for name in _NUMBERED.get(field, ()) if name in joined), None)


def cell_of(values: Mapping[str, Any], *names: str) -> Any:
    """Return a record's cell in the column that `find_column` finds by these names, else None."""
    return values.get(_column_of(tuple(values), names) or "")


def describe_mapping(mapping: Mapping[str, str]) -> str:
    """Return the chosen columns in a line, with the fields that the log does not have.

    >>> describe_mapping({"query": "Prompt", "answer": "Response"})[:60]
    "query = 'Prompt', answer = 'Response'; not in the log: engin"
    """
    chosen = ", ".join(f"{field} = {column!r}" for field, column in mapping.items())
    missing = ", ".join(field for field in FIELDS if field not in mapping and field != "status")
    return f"{chosen or 'no columns'}; not in the log: {missing or 'nothing'}"


@functools.lru_cache(maxsize=1024)
def _column_of(columns: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    return find_column(columns, names)


@functools.lru_cache(maxsize=8192)
def plain_name(name: str) -> str:
    """Return a column's name without case, spaces and punctuation, to compare it by."""
    # Letters with accents may be written as two characters, as exports of a Mac do.
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()
