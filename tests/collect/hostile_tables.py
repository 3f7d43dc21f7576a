"""Workbooks and Parquet files that are valid enough to be opened, and hostile beyond that."""

import io
import zipfile

import pandas as pd

_SHEET = (
    '{start}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "{before}<sheetData>{rows}</sheetData>{after}</worksheet>"
)


def workbook(rows, before="", after="", start="", strings=None):
    """Return a workbook whose sheet holds this XML."""
    stream = io.BytesIO()
    pd.DataFrame({"query": ["x"]}).to_excel(stream, sheet_name="Log", index=False)
    members = {}
    with zipfile.ZipFile(stream) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = _SHEET.format(rows=rows, before=before, after=after, start=start)
    members["xl/worksheets/sheet1.xml"] = sheet.encode()
    if strings is not None:
        members["xl/sharedStrings.xml"] = strings
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def row(number, *cells):
    """Return the XML of a row; a cell is its text, or (its place, its text)."""
    placed = (cell if isinstance(cell, tuple) else ("", cell) for cell in cells)
    inner = "".join(
        f'<c{place and f" r={chr(34)}{place}{chr(34)}"} t="str"><v>{text}</v></c>'
        for place, text in placed
    )
    return f'<row r="{number}">{inner}</row>'
