"""The headers of Search Console exports: which column holds which field, in which period.

The log's format (`search_console.py` of this folder) and the reader of demand by day and page
(`collect/search_console.py`) both read them here.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date

from coverage_kit.collect.logs.columns import find_column
from coverage_kit.collect.logs.values import shown_value

# By language: the names of the column of queries, of pages, of clicks and of impressions. Where the
# names come from is in docs/howto/search_console.md.
HEADERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("Query", "Top queries"),
        ("Top pages", "Page", "Pages", "URL"),
        ("Clicks",),
        ("Impressions",),
    ),
    "de": (
        ("Suchanfrage", "Suchanfragen", "Häufigste Suchanfragen"),
        ("Häufigste Seiten", "Seiten"),
        ("Klicks",),
        ("Impressionen",),
    ),
    "fr": (
        (
            "Requêtes",
            "Requêtes principales",
            "Principales requêtes",
            "Requêtes les plus fréquentes",
        ),
        ("Pages les plus populaires", "Pages principales"),
        ("Clics",),
        ("Impressions",),
    ),
    "es": (
        ("Consultas", "Consultas más frecuentes", "Consultas principales"),
        ("Páginas principales", "Páginas"),
        ("Clics",),
        ("Impresiones",),
    ),
    "it": (
        ("Query più frequenti", "Query principali"),
        ("Pagine principali", "Pagine più frequenti", "Pagine"),
        ("Clic",),
        ("Impressioni",),
    ),
    "nl": (
        ("Zoekopdrachten", "Populairste zoekopdrachten"),
        ("Populairste pagina's", "Pagina's"),
        ("Klikken",),
        ("Vertoningen",),
    ),
    "pt": (
        ("Consultas", "Consultas mais frequentes", "Principais consultas"),
        ("Principais páginas", "Páginas principais"),
        ("Cliques",),
        ("Impressões",),
    ),
    "pl": (
        ("Najpopularniejsze zapytania", "Najczęstsze zapytania", "Zapytania", "Zapytanie"),
        ("Najpopularniejsze strony", "Strony"),
        ("Kliknięcia",),
        ("Wyświetlenia",),
    ),
    "cs": (
        ("Nejčastější dotazy", "Dotazy"),
        ("Nejčastější stránky", "Nejlepší stránky", "Stránky"),
        ("Kliknutí", "Prokliky"),
        ("Zobrazení",),
    ),
    "sv": (
        ("Vanligaste sökfrågorna", "Populäraste sökfrågorna", "Sökfrågor"),
        ("Vanligaste sidorna", "Populäraste sidorna", "Sidor"),
        ("Klick",),
        ("Visningar", "Exponeringar"),
    ),
    "da": (
        ("Populæreste søgninger", "Mest populære forespørgsler", "Forespørgsler"),
        ("Populæreste sider", "Mest populære sider", "Sider"),
        ("Klik",),
        ("Eksponeringer", "Visninger"),
    ),
    "nb": (
        ("Vanligste søk", "Mest populære søk", "Søk"),
        ("Vanligste sider", "Mest populære sider"),
        ("Klikk",),
        ("Visninger", "Eksponeringer"),
    ),
    "tr": (
        ("En çok yapılan sorgular", "En popüler sorgular", "Sorgular"),  # noqa: RUF001
        ("En çok görüntülenen sayfalar", "En alakalı sayfalar", "Sayfalar"),  # noqa: RUF001
        ("Tıklamalar", "Tıklama"),  # noqa: RUF001
        ("Gösterimler", "Görüntüleme"),
    ),
    "ru": (
        ("Популярные запросы", "Поисковый запрос", "Запросы"),
        ("Популярные страницы", "Страницы"),
        ("Клики",),
        ("Показы",),
    ),
    "uk": (
        ("Популярні запити", "Найпопулярніші запити", "Запити"),
        ("Популярні сторінки", "Найпопулярніші сторінки", "Сторінки"),
        ("Кліки",),
        ("Покази",),
    ),
    "ja": (
        ("上位のクエリ", "クエリ"),
        ("上位のページ", "ページ"),
        ("クリック数", "クリック"),
        ("表示回数",),
    ),
    "ko": (
        ("인기 검색어", "검색어"),
        ("인기 페이지", "페이지"),
        ("클릭수",),
        ("노출", "노출수"),
    ),
    "zh": (
        ("热门查询", "热门查询数", "熱門查詢"),
        ("排名靠前的网页", "热门网页", "熱門網頁"),
        ("点击次数", "點擊次數"),
        ("展示", "展示次数", "曝光次數", "曝光"),
    ),
}
# Names of the other columns: in the interface, the API and the BigQuery export.
NAMES: dict[str, tuple[str, ...]] = {
    "day": (
        *("date", "data date", "day", "dates", "datum", "datums", "fecha", "fechas", "data"),
        *("datas", "tag", "jour", "tarih", "дата", "日付", "날짜", "日期"),
    ),
    "query": (
        "queries",
        "search query",
        *(name for header in HEADERS.values() for name in header[0]),
    ),
    "page": tuple(name for header in HEADERS.values() for name in header[1]),
    "country": (
        *("country", "countries", "land", "länder", "pays", "país", "países", "paese", "paesi"),
        *(
            "landen",
            "kraj",
            "kraje",
            "země",
            "ülke",
            "страна",
            "国",
            "국가",
            "国家/地区",
            "國家/地區",
        ),
    ),
    "is_anonymized": ("is anonymized query",),
    "keys": ("keys",),
    "sum_position": ("sum position", "sum top position"),
}
# Names of the figures, which an export of two periods has once for each period.
_FIGURES: dict[str, tuple[str, ...]] = {
    "n_clicks": ("url clicks", *(name for header in HEADERS.values() for name in header[2])),
    "n_impressions": tuple(name for header in HEADERS.values() for name in header[3]),
    "ctr": (
        *("ctr", "url ctr", "average ctr", "site ctr", "klickrate", "klickfrekvens", "to"),
        *("点击率", "點閱率", "클릭률"),
    ),
    "position": (
        *("position", "average position", "avg position", "durchschnittliche position"),
        *("position moyenne", "posición", "posición media", "posizione", "posizione media"),
        *("positie", "posição", "posição média", "pozycja", "średnia pozycja", "průměrná pozice"),
        *("genomsnittlig position", "konum", "pozisyon", "ortalama konum", "позиция", "позиція"),
        *(
            "掲載順位",
            "게재 순위",
            "게재순위",
            "평균 게재순위",
            "排名",
            "平均排名",
            "平均排序",
            "排序",
        ),
    ),
}
# Words of the earlier of two periods in these languages, such as "Previous 3 months". Those that
# nobody has seen in an export are translations (assumed); where none fits, numbers and the order of
# the columns decide (`latest_period`).
_EARLIER = re.compile(
    r"previous|prior|earlier|last year|year ago|same period|"
    r"vorherig|vorig|vorjahr|davor|gleicher zeitraum|"
    r"précédent|precedent|même période|année dernière|"
    r"anterior|mismo per[ií]odo|año pasado|mesmo per[ií]odo|ano passado|"
    r"stesso periodo|scorso anno|voorgaand|zelfde periode|vorig jaar|"
    r"poprzedni|ten sam okres|wcześniejsz|předchoz|stejné období|"
    r"föregående|samma period|tidigare|forrige|foregående|samme periode|"
    r"önceki|geçen yıl|aynı dönem|предыдущ|прошл|тот же период|попередн|минул|"  # noqa: RUF001
    r"前の|以前|前年|前|之前|上一|이전|지난해|작년|전년"
)
# Words of the later of two periods.
_LAST = re.compile(r"last|past|current|this|letzt|aktuell|derni|últim|ultim|laatste|ostatni")
# Units of time: a label without a date or a word of `_EARLIER` that has a number and one of these
# is a period.
_UNITS = re.compile(
    r"day|week|month|year|hour|tag|woche|monat|jahr|stunde|jour|semaine|mois|\ban|heure|"
    r"d[ií]a|semana|mes|año|ano|hora|giorn|settiman|mes[ei]|ann[oi]|\bore|dag|week|maand|jaar|uur|"
    r"dni|dzie|tygod|miesi|godzin|den|dn[ůí]|týd|měsíc|dygn|vecka|månad|uke|måned|"
    r"gün|hafta|\bay|saat|дн|день|недел|месяц|тижд|місяц|日|週|周|月|年|時間|小时|일|주|개월|시간"
)
# How names of months begin, in these languages.
_MONTHS = (
    *("jan|ene|gen|sty|led", "feb|fév|fev|lut|úno", "mar|mär|mrt|maa|bře", "apr|avr|abr|kwi|dub"),
    *("may|mai|mei|mag|maj|kvě", "jun|juin|giu|cze|čer", "jul|juil|lug|lip", "aug|aoû|ago|sie|srp"),
    *("sep|set|wrz|zář", "oct|okt|out|ott|paź|říj", "nov", "dec|dez|déc|dic|gru|pro"),
)
_MONTH = "|".join(_MONTHS)
# A day with the name of its month and a year: "Sep 14, 2026", "Sep 1 - 14, 2026", "14. Sept. 2026".
_NAMED_DAY = re.compile(
    rf"(?:\b({_MONTH})\w*\.? (?:\d{{1,2}} ?[-–] ?)?(\d{{1,2}})"  # noqa: RUF001 (a dash of Google's)
    rf"|(?<!\d)(\d{{1,2}})\.?(?: de)? ({_MONTH})\w*\.?)(?:,| de)? (\d{{4}})"
)
# A month, a quarter or a year alone: "Sep 2026", "Q3 2026", "2026".
_LONG_PERIOD = re.compile(rf"(?:({_MONTH})\w*\.? |q([1-4]) )?(20\d\d)")
# A message names so many columns.
_MAX_SHOWN = 4
# Columns of a comparison that hold a difference and no figure.
_DIFFERENCE = re.compile(r"differen|difference|diff\b|change|delta|δ|unterschied|veränderung|±")
_ISO_DAY = re.compile(r"(?<!\d)(\d{4})[-./]?(\d{2})[-./]?(\d{2})(?!\d)")
_DAY = re.compile(r"(?<!\d)(\d{1,2})[-./](\d{1,2})[-./](\d{4}|\d{2})(?!\d)")


@dataclass(frozen=True, eq=False)
class SearchColumns:
    """The columns of a table of Search Console, by field.

    `left_out` are the columns of impressions that do not count, because the table compares periods
    and another one is later. `is_assumed` says that only the order of the columns showed which
    period is the later. `problem` is the reason why the table cannot be read, or empty.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    is_assumed: bool = False
    problem: str = ""

    @property
    def note(self) -> str:
        """Say which of the compared periods counts; empty where none are compared."""
        if not self.left_out:
            return ""
        others = " and ".join(map(shown_value, self.left_out[:_MAX_SHOWN]))
        why = (
            "it comes first, which is assumed to be the later period"
            if self.is_assumed
            else "it is the later period"
        )
        counted = shown_value(self.fields["n_impressions"])
        return (
            f"the export compares periods: only {counted} counts, because {why}; {others} is left "
            "out"
        )


@functools.lru_cache(maxsize=1024)
def find_search_columns(names: tuple[str, ...]) -> SearchColumns:
    """Return which of these columns holds which field.

    Of an export that compares periods the latest counts. Where the columns do not show which that
    is, or compare countries, devices or pages, there is a problem in place of the figures.
    """
    fields = {name: find_column(names, synonyms) for name, synonyms in NAMES.items()}
    found = {name: column for name, column in fields.items() if column}
    labels = {
        figure: labelled_columns(names, synonyms, set(found.values()))
        for figure, synonyms in _FIGURES.items()
    }
    periods = tuple(labels["n_impressions"])
    # "Ad impressions" alone, or beside the figure itself, are another figure.
    if "" in periods or len(periods) == 1:
        periods = tuple(period for period in periods if not period or names_period(period))
    if len(periods) < 2:
        # The figures of another period are not those of the impressions.
        period = next(iter(periods), "")
        figures = {name: by_label.get(period) for name, by_label in labels.items()}
        return SearchColumns({**found, **{name: c for name, c in figures.items() if c}})
    columns = [labels["n_impressions"][period] for period in periods]
    latest, is_assumed = latest_period(periods)
    if latest is None:
        return SearchColumns(found, problem=not_ordered(columns))
    figures = {name: by_label.get(periods[latest]) for name, by_label in labels.items()}
    return SearchColumns(
        {**found, **{name: c for name, c in figures.items() if c}},
        left_out=tuple(column for number, column in enumerate(columns) if number != latest),
        is_assumed=is_assumed,
    )


def columns_by_position(
    dimension: Mapping[str, str], figures: Sequence[str], n_periods: int
) -> SearchColumns:
    """Return the columns of a table in a language that is not in `HEADERS`.

    Args:
        dimension: the field and the column of what the table is broken down by, or nothing.
        figures: the columns of clicks, impressions, CTR and position, in this order.
        n_periods: how often each of the figures comes, one period after the other.
    """
    fields = ("n_clicks", "n_impressions", "ctr", "position")
    columns = dict(zip(fields, zip(*[iter(figures)] * n_periods, strict=True), strict=True))
    if n_periods == 1:
        return SearchColumns({**dimension, **{name: c for name, (c,) in columns.items()}})
    names = columns["n_impressions"]
    latest, is_assumed = latest_period([name.casefold() for name in names])
    if latest is None and _have_same_numbers(names):
        # Here the units of time are not known, but the table has the shape of a comparison.
        latest, is_assumed = 0, True
    if latest is None:
        return SearchColumns(dimension, problem=not_ordered(names))
    return SearchColumns(
        {**dimension, **{name: by_period[latest] for name, by_period in columns.items()}},
        left_out=tuple(name for number, name in enumerate(names) if number != latest),
        is_assumed=is_assumed,
    )


def find_language(names: Sequence[str], columns: SearchColumns) -> str | None:
    """Return the language of a table of queries, or None where it is none of Search Console's.

    Such a table has a column of queries, of clicks and of impressions in one language.
    """
    fields = columns.fields
    figures = ("n_clicks", "n_impressions")
    if "query" not in fields or not (columns.problem or all(name in fields for name in figures)):
        return None
    shown = tuple(names) if columns.problem else tuple(fields[name] for name in figures)
    for language, (queries, _, clicks, impressions) in HEADERS.items():
        if find_column([fields["query"]], queries) and all(
            labelled_columns(shown, synonyms, set()) for synonyms in (clicks, impressions)
        ):
            return language
    return None


def names_difference(label: str) -> bool:
    """Return whether a label names the difference of two periods.

    >>> names_difference("% change"), names_difference("last 28 days")
    (True, False)
    """
    return _DIFFERENCE.search(label) is not None


def not_ordered(columns: Iterable[str]) -> str:
    """Return the problem of columns that compare what are no periods of a known order."""
    shown = " and ".join(map(shown_value, list(columns)[:_MAX_SHOWN]))
    return f"the columns compare {shown}, which are no periods of a known order"


def labelled_columns(
    names: tuple[str, ...], synonyms: tuple[str, ...], taken: Set[str]
) -> dict[str, str]:
    """Return the columns of a figure by their labels: what a name has beside the figure's name.

    A label is empty where the column has the figure's name alone. A column of differences, and a
    column that is taken, is none of them.
    """
    free = [name for name in names if name not in taken]
    words = sorted({word.casefold() for word in synonyms}, key=len, reverse=True)
    column = find_column(free, synonyms)
    columns = {"": column} if column else {}
    for name in free:
        text = " ".join(name.casefold().replace("_", " ").split())
        label = next(filter(None, (_beside(text, word) for word in words)), None)
        if label and not _DIFFERENCE.search(label):
            columns.setdefault(label, name)
    return columns


def _beside(text: str, word: str) -> str | None:
    """Return what a name has before or after a figure's word, or None where it is not in the name.

    >>> _beside("last 3 months clicks", "clicks"), _beside("clics (3 mois)", "clics")
    ('last 3 months', '3 mois')
    """
    if text.endswith(word):
        label = text.removesuffix(word)
        edge = label[-1:]
    elif text.startswith(word):
        label = text.removeprefix(word)
        edge = label[:1]
    else:
        return None
    # A word that goes on is another word; scripts without spaces part none.
    if edge.isalnum() and edge.isascii() and word[0].isascii():
        return None
    return label.strip(" -–—:,/|()[]") or None  # noqa: RUF001 (dashes as Google writes them)


def latest_period(labels: Sequence[str]) -> tuple[int | None, bool]:
    """Return the number of the latest period's label, and whether the order alone showed it.

    The number is None where the labels are no periods, or of no known order.
    """
    spans = [span for label in labels if (span := _spans(label))]
    if len(spans) == len(labels):
        # The same order of day and month must hold in all labels.
        latest = set[int]()
        for order in range(2):
            ends = [span[order] for span in spans]
            days = [day for day in ends if day]
            if len(days) == len(ends):
                latest |= {number for number, day in enumerate(days) if day == max(days)}
        return (latest.pop() if len(latest) == 1 else None), False
    later = [number for number, label in enumerate(labels) if not _EARLIER.search(label)]
    # "Last year" is the earlier one beside "Last 3 months", and not beside "Previous year".
    later = later or [number for number, label in enumerate(labels) if _LAST.match(label)]
    if len(later) == 1:
        label = labels[later[0]]
        return (later[0] if not label or _is_period(label) else None), False
    is_first = len(later) == len(labels) and _have_same_numbers(labels)
    return (0 if is_first and all(map(_is_period, labels)) else None), is_first


def _have_same_numbers(labels: Sequence[str]) -> bool:
    """Return whether labels have the same numbers, as periods of one length have."""
    numbers = {tuple(re.findall(r"\d+", label)) for label in labels}
    return len(numbers) == 1 and numbers != {()}


def names_period(label: str) -> bool:
    """Return whether a label names a period: by dates, a number of months or a word.

    >>> names_period("previous period"), names_period("28 days"), names_period("engaged")
    (True, True, False)
    """
    return _EARLIER.search(label) is not None or _is_period(label)


def _is_period(label: str) -> bool:
    return (
        bool(_spans(label))
        or bool(re.search(r"\d", label) and _UNITS.search(label))
        or bool(re.search(r"last|current|this|aktuell|derni|últim|ultim|laatste|ostatni", label))
    )


def _spans(label: str) -> tuple[date | None, date | None] | None:
    """Return the last day of a label's dates, read month first and day first; None without dates.

    A day is None where the dates cannot be read in that order, or begin after they end.
    """
    if iso := _ISO_DAY.findall(label):
        last = _last_day([(int(y), int(m), int(d)) for y, m, d in iso])
        return (last, last) if last else None
    if named := _NAMED_DAY.findall(label):
        last = _last_day([_named_day(*parts) for parts in named])
        return (last, last) if last else None
    if long := _LONG_PERIOD.fullmatch(label.strip()):
        name, quarter, year = long.groups()
        first = date(int(year), _month(name) if name else 3 * int(quarter or 1), 1)
        return first, first
    parts = _DAY.findall(label)
    if not parts:
        return None
    days = [(int(year) + 2000 * (len(year) == 2), int(a), int(b)) for a, b, year in parts]
    readings = (_last_day(days), _last_day([(year, b, a) for year, a, b in days]))
    return readings if any(readings) else None


def _named_day(
    month: str, day: str, first_day: str, second_month: str, year: str
) -> tuple[int, int, int]:
    return int(year), _month(month or second_month), int(day or first_day)


def _month(name: str) -> int:
    return next(n for n, names in enumerate(_MONTHS, 1) if name in names.split("|"))


def _last_day(days: Sequence[tuple[int, int, int]]) -> date | None:
    try:
        dates = [date(*day) for day in days]
    except ValueError:
        return None
    return dates[-1] if dates == sorted(dates) else None
