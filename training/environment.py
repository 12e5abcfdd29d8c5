"""What results depend on besides the arguments: versions, the code's commit, the machine."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow", "keras", "numpy")


def environment() -> dict[str, Any]:
    """The versions, the commit and the machine, JSON-ready."""
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "commit": _commit(),
        "machine": {
            "processor": _cpu_information("model name") or platform.processor(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
        },
    }


def cpu_flags() -> frozenset[str]:
    """The processor's features; empty where the system does not list them (macOS, Windows)."""
    return frozenset(_cpu_information("flags").split())


def _commit() -> str:
    """The commit of the code, with '+changes' when the work tree differs; 'unknown' outside a repository."""
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+changes", "--exclude=*"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return run.stdout.strip()


def _cpu_information(name: str) -> str:
    """The first value of this name in Linux's /proc/cpuinfo; empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
