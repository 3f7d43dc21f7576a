"""Text as a reader sees it: rows of a sheet by their titles, words of an element."""


def rows_of(sheet):
    titles = [cell.value for cell in sheet[1]]
    return [
        dict(zip(titles, [cell.value for cell in row], strict=True))
        for row in sheet.iter_rows(min_row=2)
    ]


def words_of(element):
    return " ".join(element.text_content().split())
