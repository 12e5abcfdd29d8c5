"""How a long computation tells how far it is; command_line/progress.py draws that."""

from collections.abc import Callable

# Called with a task, whose last word is what it counts, how many are done, and of how many: first with none.
Progress = Callable[[str, int, int], None]


def silent(task: str, done: int, total: int) -> None:
    """The Progress that nobody sees."""
