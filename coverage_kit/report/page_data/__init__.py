"""What the page, the workbook's summary and the notebooks tell, as plain values: no markup, no writer."""
