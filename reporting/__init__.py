"""The report as one page: its own numbers, the commands that rebuild them, and the HTML that shows both."""
