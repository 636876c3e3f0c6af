"""The programs of the sandbox's shell, except wp. Each one knows the options that are used and refuses all others."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

from arumaldo_pressable.sandbox.shell import Exit, Program, Run


def _cd(run: Run) -> tuple[int, str]:
    if run.args not in (["/srv/htdocs"], ["/"]):
        run.complain(f"bash: cd: {' '.join(run.args)}: No such file or directory")
        return 1, ""
    run.state.folder = run.args[0]
    return 0, ""


def _exit(run: Run) -> tuple[int, str]:
    raise Exit(int(run.args[0]) if run.args else 0)


def _printf(run: Run) -> tuple[int, str]:
    pieces = run.args[0].replace("\\n", "\n").split("%s")
    if any("%" in piece for piece in pieces):
        return _usage(run, "printf")
    slots, values = len(pieces) - 1, run.args[1:]
    printed: list[str] = []
    # The format is used again for as long as there are values.
    while not printed or (slots and values):
        taken, values = values[:slots], values[slots:]
        taken += [""] * (slots - len(taken))
        printed.append("".join(part for pair in zip(pieces, [*taken, ""], strict=True) for part in pair))
    return 0, "".join(printed)


def _test(run: Run) -> tuple[int, str]:
    match run.args:
        case ["-z", text, "]"]:
            return int(text != ""), ""
        case ["-n", text, "]"]:
            return int(text == ""), ""
        case [left, "=", right, "]"]:
            return int(left != right), ""
    return _usage(run, "[")


def _grep(run: Run) -> tuple[int, str]:
    *options, pattern = run.args
    flags = "".join(option.removeprefix("-") for option in options)
    if not set(flags) <= set("Evq") or not all(option.startswith("-") for option in options):
        return _usage(run, "grep")
    found = re.compile(pattern)
    lines = [line for line in _rows(run.stdin) if bool(found.search(line)) != ("v" in flags)]
    return int(not lines), "" if "q" in flags else _lines(lines)


def _head(run: Run) -> tuple[int, str]:
    match run.args:
        case ["-n", count] if count.isdecimal():
            return 0, _lines(_rows(run.stdin)[: int(count)])
    return _usage(run, "head")


def _tail(run: Run) -> tuple[int, str]:
    match run.args:
        case ["-n", start] if re.fullmatch(r"\+[1-9]\d*", start):
            return 0, _lines(_rows(run.stdin)[int(start) - 1 :])
    return _usage(run, "tail")


def _cut(run: Run) -> tuple[int, str]:
    match run.args:
        case ["-d", sign, "-f", fields] if re.fullmatch(r"\d+(,\d+)*", fields):
            places = [int(place) - 1 for place in fields.split(",")]
            rows = [line.split(sign) for line in _rows(run.stdin)]
            return 0, _lines([sign.join(row[place] for place in places if place < len(row)) for row in rows])
    return _usage(run, "cut")


def _sort(run: Run) -> tuple[int, str]:
    return (0, _lines(sorted(_rows(run.stdin)))) if not run.args else _usage(run, "sort")


def _base64(run: Run) -> tuple[int, str]:
    if run.args != ["-d"]:
        return _usage(run, "base64")
    try:
        return 0, base64.b64decode(run.stdin, validate=True).decode()
    except (binascii.Error, ValueError):
        run.complain("base64: invalid input")
        return 1, ""


def _sha256sum(run: Run) -> tuple[int, str]:
    return 0, f"{hashlib.sha256(run.stdin.encode()).hexdigest()}  -\n"


def _rows(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _usage(run: Run, name: str) -> tuple[int, str]:
    run.complain(f"{name}: invalid arguments: {' '.join(run.args)}")
    return 2, ""


PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        "cd": _cd,
        "exit": _exit,
        "printf": _printf,
        "[": _test,
        "grep": _grep,
        "head": _head,
        "tail": _tail,
        "cut": _cut,
        "sort": _sort,
        "base64": _base64,
        "sha256sum": _sha256sum,
    }
)
