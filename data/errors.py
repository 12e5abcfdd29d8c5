"""The exception for errors that the user can fix."""


class InputError(Exception):
    """Bad input: the message is one line that names the file, the row and how to fix it.

    The scripts print it on stderr and end with exit code 2 (see command_line/errors.py).
    """
