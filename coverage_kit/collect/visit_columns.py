"""The columns of GA4's exports: which holds which field, and which count a visit several times."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

from coverage_kit.collect.logs.columns import find_column, plain_name
from coverage_kit.collect.logs.search_headers import (
    labelled_columns,
    latest_period,
    names_period,
    not_ordered,
)

# Names of columns: those of the interface (in English, German, French, Spanish, Italian, Dutch and
# Portuguese), those of the API, and those of common tables.
NAMES: dict[str, tuple[str, ...]] = {
    "source_medium": (
        "session source / medium",
        "source / medium",
        "sitzung - quelle/medium",
        "source / support de la session",
        "fuente/medio de la sesión",
        "sorgente/mezzo sessione",
        "sessiebron/-medium",
        "origem/mídia da sessão",
    ),
    "source": (
        "session source",
        "session manual source",
        "source",
        "sitzungsquelle",
        "sitzung - quelle",
        "source de la session",
        "fuente de la sesión",
        "sorgente sessione",
        "sessiebron",
        "origem da sessão",
    ),
    "medium": (
        "session medium",
        "session manual medium",
        "medium",
        "sitzungsmedium",
        "sitzung - medium",
        "support de la session",
        "medio de la sesión",
        "mezzo sessione",
        "sessiemedium",
        "mídia da sessão",
    ),
    "channel": (
        "session default channel group",
        "session default channel grouping",
        "default channel group",
        "channel",
        "session primary channel group (default channel group)",
        "session primary channel group",
        "channel group",
    ),
    "landing_page": (
        "landing page + query string",
        "landing page plus query string",
        "landing page",
        "landingpage",
        "landingpage + abfragestring",
        "zielseite + abfragestring",
        "zielseite",
        "page de destination",
        "page de destination + chaîne de requête",
        "página de destino",
        "página de destino + cadena de consulta",
        "pagina di destinazione",
        "bestemmingspagina",
        "landingspagina",
    ),
    "day": ("date", "day", "event date", "datum", "fecha", "data"),
    "n_sessions": (
        "sessions",
        "sitzungen",
        "sesiones",
        "sessioni",
        "sessies",
        "sessões",
    ),
    "n_engaged": (
        "engaged sessions",
        "sitzungen mit interaktionen",
        "sessions avec engagement",
        "sesiones con interacción",
        "sessioni con coinvolgimento",
        "sessies met betrokkenheid",
        "sessões engajadas",
    ),
    "n_key_events": (
        "key events",
        "conversions",
        "schlüsselereignisse",
        "événements clés",
        "eventos clave",
        "eventi chiave",
        "belangrijke gebeurtenissen",
        "eventos principais",
    ),
    "revenue": (
        "total revenue",
        "purchase revenue",
        "revenue",
        "gesamtumsatz",
        "umsatz insgesamt",
        "revenu total",
        "ingresos totales",
        "entrate totali",
        "totale opbrengst",
        "receita total",
    ),
}
# A dimension that says which of several date ranges a row belongs to.
_RANGE = (
    "date range",
    "date comparison",
    "comparison period",
    "zeitraum",
    "plage de dates",
    "periodo",
    "intervallo di date",
    "datumbereik",
)
# A dimension of segments, which share visits.
_SEGMENT = ("segment", "comparison", "segmento", "vergleich", "comparaison")
# A dimension of events. The event session_start comes once in each visit.
_EVENT = (
    *("event name", "ereignisname", "nom de l'événement", "nombre del evento", "nome evento"),
    *("gebeurtenisnaam", "nome do evento", "nazwa zdarzenia", "händelsenamn", "etkinlik adı"),  # noqa: RUF001
    *("название события", "イベント名", "이벤트 이름", "事件名称"),
)
# Cells that mark a row as a grand total: the words of the interface and the
# value that the API writes.
_TOTALS = frozenset(
    {
        "grand total",
        "total",
        "totals",
        "gesamtsumme",
        "gesamt",
        "total general",
        "total général",
        "totale complessivo",
        "totale",
        "eindtotaal",
        "totaal",
        "total geral",
        "somme totale",
        "suma całkowita",
        "razem",
        "łącznie",
        "celkem",
        "totalsumma",
        "summa",
        "samlet",
        "genel toplam",
        "toplam",
        "итого",
        "общий итог",
        "総計",
        "合計",
        "총계",
        "总计",
        "總計",
        "reserved_total",
    }
)
# Counts of events: those of the event session_start are visits.
_EVENT_COUNT = ("event count", "ereignisanzahl", "nombre d'événements", "número de eventos")
# Dimensions of single hits: a visit with several of their values is counted on a row of each.
_OF_HITS = (
    *("page path", "page path and screen class", "page path + query string", "page location"),
    *("page path plus query string", "page title", "page title and screen class", "page referrer"),
    *("page title and screen name", "unified screen name", "unified page path screen"),
    *("full page url", "unified screen class", "screen name", "content group", "content id"),
    *(
        "item name",
        "item id",
        "item brand",
        "item category",
        "link url",
        "link domain",
        "link text",
    ),
    *("link id", "link classes", "outbound", "file name", "file extension", "video title"),
    *("video url", "percent scrolled", "search term", "is key event", "is conversion event"),
    *("seitenpfad", "seitenpfad und bildschirmklasse", "seitentitel", "seitenpfad + abfragestring"),
    *("seitentitel und bildschirmname", "seitentitel und bildschirmklasse"),
    *("chemin de la page", "chemin de la page et classe de l'écran", "titre de la page"),
    *("ruta de la página", "ruta de la página y clase de pantalla", "título de la página"),
    *("percorso pagina", "percorso pagina e classe schermata", "titolo pagina"),
    *("paginapad", "paginapad en schermklasse", "paginatitel"),
    *("caminho da página", "caminho da página e classe da tela", "título da página"),
    *("ścieżka strony", "ścieżka strony i klasa ekranu", "tytuł strony"),
)
_PLAIN_OF_HITS = frozenset(map(plain_name, _OF_HITS))
# How the API names dimensions that a property defines for events or items.
_CUSTOM_OF_HITS = ("customevent:", "customitem:")


@dataclass(frozen=True, eq=False)
class VisitColumns:
    """The columns of a table of visits.

    `fields` has the column of each field, `range`, `segment` and `event` the columns of date
    ranges, segments and events, `of_hits` those that count a visit on several rows. `left_out` are
    columns of visits in earlier periods, `problem` says why the visits cannot be told apart.
    `counts_events` says that the figure is that of events, of which a visit's first counts.
    """

    fields: dict[str, str] = field(default_factory=dict)
    range: str | None = None
    segment: str | None = None
    event: str | None = None
    of_hits: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    problem: str = ""
    counts_events: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether the table has visits by their source."""
        return "n_sessions" in self.fields and not self.fields.keys().isdisjoint(
            ("source", "source_medium")
        )


@functools.lru_cache(maxsize=256)
def find_visit_columns(names: tuple[str, ...]) -> VisitColumns:
    """Return the columns of a table with these names."""
    columns = {name: find_column(names, synonyms) for name, synonyms in NAMES.items()}
    fields = {name: column for name, column in columns.items() if column}
    left_out: tuple[str, ...] = ()
    problem = ""
    # "Sessions (Sep 1 - Sep 14)" is the visits of a period, "Engaged sessions" another figure.
    labelled = labelled_columns(names, NAMES["n_sessions"], set(fields.values()))
    periods = {label: column for label, column in labelled.items() if names_period(label)}
    if "n_sessions" in fields:
        periods = {"": fields["n_sessions"], **periods}
    if periods:
        latest, _ = latest_period(list(periods))
        latest = 0 if len(periods) == 1 else latest
        columns_of_periods = list(periods.values())
        if latest is None:
            problem = not_ordered(columns_of_periods)
        else:
            fields["n_sessions"] = columns_of_periods.pop(latest)
            left_out = tuple(columns_of_periods)
    event = find_column(names, _EVENT)
    event_count = find_column(names, _EVENT_COUNT)
    counts_events = "n_sessions" not in fields and bool(event and event_count)
    if event_count and counts_events:
        fields["n_sessions"] = event_count
    return VisitColumns(
        fields,
        range=find_column(names, _RANGE),
        segment=find_column(names, _SEGMENT),
        event=event,
        of_hits=tuple(name for name in names if _is_of_hits(name)),
        left_out=left_out,
        problem=problem,
        counts_events=counts_events,
    )


def find_sessions(names: Sequence[str]) -> str | None:
    """Return the name among these that says sessions, as a row below a pivot's values does."""
    return find_column(names, NAMES["n_sessions"])


def _is_of_hits(name: str) -> bool:
    is_custom = name.replace("_", "").casefold().startswith(_CUSTOM_OF_HITS)
    return is_custom or plain_name(name) in _PLAIN_OF_HITS


def is_total(cell: str) -> bool:
    """Return whether a cell marks its row or column as a total."""
    return cell.strip().lower() in _TOTALS
