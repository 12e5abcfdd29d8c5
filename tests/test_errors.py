"""How scripts end: whatever happens to their streams, one line at most on stderr and a known exit code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
# As in a user's shell, where Python buffers what it writes.
USERS = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"


def script(body: str, before: str = "") -> list[str]:
    """The command of a small script: `before` stands for its imports, `body` for its main."""
    lines = ["from command_line.errors import one_line_errors", "import os, signal, sys", before]
    lines += ["from command_line.arguments import Parser", "from data.errors import InputError"]
    lines += ["@one_line_errors", "def main(argv=None):", f"    {body}", "main()"]
    return [sys.executable, "-c", "\n".join(lines)]


def run(command: list[str], redirection: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        cwd=PROJECT,
        env=USERS | environment,
        capture_output=True,
        text=True,
        timeout=60,
        # Tests that run in the background of a shell inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


HELP = "Parser(None).parse_args(['--help'])"
FAULT = "raise InputError('a.csv: is empty')"


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("print(1)", 0, ""),
        (FAULT, 2, "error: a.csv: is empty\n"),
        ("raise InputError('\\n a\\n\\x1b[31m\\udcff')", 2, "error: a \\x1b[31m\\udcff\n"),
        ("raise FileNotFoundError(2, 'No such file', 'a.csv')", 2, "error: a.csv: No such file; "),
        ("bytearray(1 << 62)", 2, "error: out of memory; "),
        ("os.kill(os.getpid(), signal.SIGINT)", 130, "interrupted\n"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, ""),
        (HELP, 0, ""),
    ],
)
def test_exit_codes(body, code, line):
    ended = run(script(body))
    assert ended.returncode == code
    assert ended.stderr.startswith(line)
    assert ended.stderr.count("\n") == bool(line)


@pytest.mark.parametrize(("body", "code"), [("print(1)", 141), ("print('1' * 10**6)", 141), (HELP, 0)])
@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_closed_pipe_ends_silently(body, code, environment):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        ended = subprocess.run(
            script(body), cwd=PROJECT, env=USERS | environment, stdout=pipe, stderr=subprocess.PIPE, text=True
        )
    # argparse hides from --help that nobody reads it.
    assert (ended.returncode, ended.stderr) == (code, "")


@pytest.mark.parametrize("body", ["print(1)", "print('1' * 10**6)", "print(1, flush=True)"])
def test_a_full_disk_under_stdout_is_called_so(body, tmp_path):
    ended = run(script(body, FULL_DISK), f"> {tmp_path / 'out'}")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("error: stdout: File too large; ")


def test_a_full_disk_under_stderr_changes_no_exit_code(tmp_path):
    assert run(script(FAULT, FULL_DISK), f"2> {tmp_path / 'err'}").returncode == 2


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(stream, tmp_path):
    opened = tmp_path / "opened"
    body = f"with open({str(opened)!r}, 'w') as file: print(1); print(2, file=sys.stderr); file.write('3')"
    assert run(script(body), stream).returncode == 0
    assert opened.read_text() == "3"
    assert run(script(FAULT), stream).returncode == 2


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", r"\xe4\u4e2d"), ("cp1252", r"ä\u4e2d")])
def test_what_stdout_cannot_encode_is_escaped(encoding, shown, tmp_path):
    ended = run(script("print('ä中\\udcff')"), f"> {tmp_path / 'out'}", PYTHONIOENCODING=encoding)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "out").read_text(encoding) == shown + "\\udcff\n"


def test_ctrl_c_during_the_imports_ends_without_a_traceback():
    ended = run(script("print(1)", before="os.kill(os.getpid(), signal.SIGINT)"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_a_background_job_keeps_ignoring_ctrl_c():
    command = script("os.kill(os.getpid(), signal.SIGINT); print(1)")
    ended = subprocess.run(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command],
        cwd=PROJECT,
        env=USERS,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (0, "1\n")
