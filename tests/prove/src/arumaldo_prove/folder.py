"""What a run leaves behind: its result, and what the processes wrote when the promise did not hold."""

from __future__ import annotations

import shutil
from pathlib import Path

from arumaldo.demo.files import make_folder, write_whole


class RunFolder:
    """`<into>/seed-<seed>-<customers>`; what an earlier run of the same name left is replaced."""

    def __init__(self, into: Path, seed: int, customers: int) -> None:
        self.path = into / f"seed-{seed}-{customers}"
        shutil.rmtree(self.path, ignore_errors=True)
        make_folder(self.path)

    def keep(self, logs: Path) -> None:
        """Copy the logs of all processes."""
        shutil.copytree(logs, self.path / "log", dirs_exist_ok=True)

    def write(self, result: str) -> None:
        """One JSON object."""
        write_whole(self.path / "result.json", f"{result}\n", 0o644)
