"""The rules of this house that no linter knows: `scripts/house.py [ROOT]` names file and line of every breach."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

LONGEST = 400
_HIDDEN = re.compile(r"\.(?!ci$)|__pycache__$")
CODE = {".py", ".html", ".css", ".js", ".sh", ".jinja", ".mako"}
VENDOR_FREE = ("core/src/", "portal/src/")
VENDORS = {"authorizenet", "brevo", "cloudflare", "openai", "pressable", "zoho"}
OTHER_NAMES = {"authorize.net"}

# Put together here, so that this file does not break the rule it keeps.
_HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"))]
_FOLDERS = ["/".join(("", *parts, "")) for parts in (("work",), ("tmp", "w"), ("root",))]
PRIVATE = re.compile("|".join([*map(re.escape, _HOSTS), *(rf"(?<![\w.-]){re.escape(folder)}" for folder in _FOLDERS)]))


def main(root: Path) -> int:
    breaches = [breach for path in files(root) for breach in of_file(root, path)]
    breaches += unknown_plugins(root)
    sys.stdout.write("".join(f"{breach}\n" for breach in breaches))
    return 1 if breaches else 0


def files(root: Path) -> Sequence[Path]:
    """What is committed, and what would be; where git knows nothing of this folder, all that is not hidden."""
    if not (root / ".git").exists():
        found = (path for path in root.rglob("*") if path.is_file())
        return sorted(path for path in found if not any(map(_HIDDEN.match, path.relative_to(root).parts)))
    command = ["/usr/bin/env", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / name for name in sorted(filter(None, listed.split("\0"))) if (root / name).is_file()]


def of_file(root: Path, path: Path) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:  # a picture
        return
    name = path.relative_to(root).as_posix()
    vendor = _vendor_pattern(root) if name.startswith(VENDOR_FREE) else None
    for number, line in enumerate(lines, start=1):
        if vendor and (found := vendor.search(line)):
            yield f"{name}:{number}: names the vendor {found[0]}; what is a vendor's belongs into its plugin"
        if found := PRIVATE.search(line):
            yield f"{name}:{number}: {found[0]} is an address or a folder that others do not have"
    if path.suffix in CODE and len(lines) > LONGEST and "/migrations/" not in name:
        yield f"{name}:{LONGEST + 1}: the file has {len(lines)} lines, more than {LONGEST}: split it by story"


def plugin_names(root: Path) -> set[str]:
    return {path.parent.name for path in root.glob("plugins/*/pyproject.toml")}


def _vendor_pattern(root: Path) -> re.Pattern[str]:
    names = VENDORS | OTHER_NAMES | plugin_names(root)
    return re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, sorted(names)))})(?![a-z])", re.IGNORECASE)


def unknown_plugins(root: Path) -> Iterator[str]:
    """Each plugin must be named where mypy and the import contracts look."""
    tools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    typed = " ".join(tools.get("mypy", {}).get("mypy_path", ()))
    contracted = tools.get("importlinter", {}).get("root_packages", ())
    for name in sorted(plugin_names(root)):
        if f"plugins/{name}/src" not in typed:
            yield f"pyproject.toml: [tool.mypy] mypy_path does not name plugins/{name}/src"
        if f"arumaldo_{name}" not in contracted:
            yield f"pyproject.toml: [tool.importlinter] does not name arumaldo_{name}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()))
