"""Tables -> things people open: figures, workbook, page."""
