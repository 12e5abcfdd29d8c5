"""The report as one page: its own numbers, and the commands that rebuild them."""
