"""Words of English that several parts of the toolkit share."""

# In the order of the year, in lower case.
MONTH_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
