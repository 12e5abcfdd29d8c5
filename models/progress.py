"""How a long computation reports its progress; command_line/progress.py draws it."""

from collections.abc import Callable

# Called with a task, whose last word is the unit, how many are done, and the total; first with none done.
Progress = Callable[[str, int, int], None]


def silent(task: str, done: int, total: int) -> None:
    """The Progress that shows nothing."""
