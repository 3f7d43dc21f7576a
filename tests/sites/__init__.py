"""Small sites and logs, written by hand for the tests, with what is planted in them."""
