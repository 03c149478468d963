"""Make the environment: `.venv` with exact versions from constraints.txt. Needs nothing but the system's Python.

torch goes first and pinned: any other range would bring gigabytes of GPU packages. Where only the GPU build is to be
had, LEE_TORCH_INDEX names an index with the CPU build.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "agent-lee.installed"
LOCK = ROOT / "constraints.txt"
# Measured on Linux x86-64 with Python 3.11: see `du -sh .venv` after an installation.
FETCHED, ON_DISK = "about 0.8 GB", "about 3.2 GB"


def wanted() -> str:
    """What the environment must have been made from: the lock, the dependencies and the Python."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "on"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=False)
    if done.returncode != 0:
        sys.exit(f"The installation failed (see above). Mend it and run the same command again: {' '.join(arguments)}")


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  it runs on whatever Python the machine has
        sys.exit(f"Agent Lee needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try make PYTHON=python3.12")
    if STAMP.exists() and STAMP.read_text() == wanted():
        return
    print(f"Making .venv: fetches {FETCHED}, takes {ON_DISK} on disk and a few minutes, once.", flush=True)
    if not PYTHON.exists():
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit("This Python cannot make environments. On Debian: apt-get install python3-venv")
    lock = ["-c", str(LOCK)]
    index = os.environ.get("LEE_TORCH_INDEX")
    print("1 of 2: torch (CPU)", flush=True)
    pip("torch==2.13.0", *lock, *(["--index-url", index] if index else []))
    print("2 of 2: everything else", flush=True)
    pip("-e", ".[dev]", *lock)
    STAMP.write_text(wanted())
    print("The environment is ready.", flush=True)


if __name__ == "__main__":
    main()
