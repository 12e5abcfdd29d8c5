"""What results depend on besides the arguments: versions, the code's commit, the machine."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


def environment(backend: str = "tensorflow", gpus: Sequence[str] = ()) -> dict[str, Any]:
    """The versions, the commit and the machine, JSON-ready.

    backend: Keras's, tensorflow or jax. gpus: the names of those it computes on.
    """
    names = [backend, *(["jaxlib"] if backend == "jax" else []), "keras", "numpy"]
    packages = {name: importlib.metadata.version(name) for name in names}
    return {
        "versions": {"python": platform.python_version()} | packages,
        "commit": commit(),
        "machine": {
            "processor": _cpu_information("model name") or platform.processor(),
            "cores": os.cpu_count(),
            "gpus": ", ".join(gpus),
            "system": platform.platform(),
        },
    }


def cpu_flags() -> frozenset[str]:
    """The processor's features; empty where the system does not list them (macOS, Windows)."""
    return frozenset(_cpu_information("flags").split())


def commit() -> str:
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
