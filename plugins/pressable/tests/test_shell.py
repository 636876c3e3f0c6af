"""Our commands mean to a real shell what they mean to the sandbox's small one."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from arumaldo_pressable.commands import all_commands, bundles, digest, verdict_in
from arumaldo_pressable.links import Move
from arumaldo_pressable.sandbox.programs import PROGRAMS
from arumaldo_pressable.sandbox.shell import Shell
from arumaldo_pressable.sandbox.wordpress import WordPress

from arumaldo.capabilities.hosting import SitePage

_NONCE = "0123456789ab-01234567"
_BASH = shutil.which("bash")

needs_bash = pytest.mark.skipif(_BASH is None, reason="there is no bash on this machine to compare with")

_WP = """#!{python}
import json, pathlib, sys
from arumaldo_pressable.sandbox.shell import Run, State
from arumaldo_pressable.sandbox.wordpress import HOME, WordPress

place = pathlib.Path({place!r})
wordpress = WordPress(json.loads(place.read_text()), 1e9)
stdin = "" if sys.stdin.isatty() else sys.stdin.buffer.read().decode()
complain = lambda text: print(text, file=sys.stderr)
status, output = wordpress.wp(Run(sys.argv[1:], stdin, State(folder=HOME), complain))
place.write_text(json.dumps(wordpress.record))
sys.stdout.buffer.write(output.encode())
sys.exit(status)
"""


@needs_bash
@pytest.mark.parametrize(
    "line",
    [
        "printf '%s\\n' a 'b c' \"d\"",
        "printf 'x %s %s\\n' one two",
        "a=1; printf %s \"$a\"; printf '%s\\n' $a",
        "a='x  y'; printf '%s,%s\\n' $a",
        "a='x  y'; printf '[%s]\\n' \"$a\"",
        "a=$(printf 'one\\ntwo\\n\\n'); printf '<%s>' \"$a\"",
        "a=; printf '[%s]' \"$a\" $a",
        '[ -z "" ] && printf yes || printf no',
        '[ -n "" ] && printf yes || printf no',
        "[ a = b ] || [ a = a ] && printf both",
        "(exit 3) || printf caught; printf on",
        "(a=2; exit 0; printf never); printf '%s' \"$a\"",
        "a=$(exit 4) || printf failed",
        "printf 'b\\na\\n' | LC_ALL=C sort | head -n 1",
        "printf 'a,b,c\\nd,e,f\\n' | cut -d , -f 2,3 | tail -n +2",
        "printf '1,x\\n2,y\\n' | grep -E '^[0-9]+,y$'",
        "printf '1,x\\n2,y\\n' | grep -vE ',(x|z)$'",
        "printf 'a,1,1\\nb,1,2\\n' | grep -E '^(a|b),([^,]*),\\2$'",
        "printf 'q\\n' | grep -q q && printf found",
        "printf aGk= | base64 -d | sha256sum",
        "printf '' | LC_ALL=C sort | sha256sum",
        "how=create; [ -z '' ] || how='update 3'; printf '[%s]' $how -",
        "how='update 3'; printf '[%s]' $how -",
        "printf '%s' " + shlex.quote('it\'s \\ "x" $a `b`'),
        'printf \'%s\' "a\\$b \\"c\\" \\\\ d"',
    ],
)
def test_the_small_shell_prints_what_bash_prints(line: str) -> None:
    assert Shell(PROGRAMS).run(line, "/") == _bash(line)


@pytest.mark.parametrize("line", ["a | | b", "a &&", "(a", "a)", "'a", '"a', "a & b", "a `b`", "a > b", "a *", "$(a"])
def test_the_small_shell_refuses_what_it_does_not_know(line: str) -> None:
    assert Shell(PROGRAMS).run(line, "/").startswith("bash: ")


@pytest.mark.slow
@needs_bash
def test_our_commands_do_in_bash_what_they_do_in_the_sandbox(tmp_path: Path) -> None:
    place = tmp_path / "wordpress.json"
    place.write_text(json.dumps(WordPress.installed("bakery", 1e9).record))
    (tmp_path / "wp").write_text(_WP.format(python=sys.executable, place=str(place)))
    (tmp_path / "wp").chmod(0o755)
    title = "Bäckerei 'مخبز' $HOME"
    front = SitePage(slug="", title="Home", content='<p>It\'s "hot" & `fresh` 🥐</p>\n')
    long = SitePage(slug="long", title="--exec=no", content="".join(chr(0x4E00 + n) for n in range(9_000)))
    small = WordPress.installed("bakery", 1e9)
    shell = Shell({**PROGRAMS, "wp": small.wp})
    for pages in ([front, long], [front, long], [front.model_copy(update={"content": "new"})]):
        for command in all_commands(title, pages, _NONCE):
            shell.run(command, "/")
            said = _bash(f"cd() {{ :; }}; {command}", path=f"{tmp_path}:/usr/bin:/bin")
        assert verdict_in(said) == ("0123456789ab", "01234567", True)
        assert json.loads(place.read_text()) == small.record
    assert [post["post_name"] for post in small.posts] == ["privacy-policy", "home"]


@pytest.mark.slow
@needs_bash
def test_links_are_moved_in_bash_as_in_the_sandbox_and_back(tmp_path: Path) -> None:
    place = tmp_path / "wordpress.json"
    small = WordPress.installed("bakery", 1e9, "bakery.localhost:9000")
    place.write_text(json.dumps(small.record))
    (tmp_path / "wp").write_text(_WP.format(python=sys.executable, place=str(place)))
    (tmp_path / "wp").chmod(0o755)
    shell = Shell({**PROGRAMS, "wp": small.wp})
    here, there = "bakery.localhost:9000", "xn--bckerei-5wa.example"
    homes = []
    for move in (Move(there, here, back=True), Move(here, there), Move(here, there), Move(there, here, back=True)):
        said = shell.run(move.command("01234567"), "/")
        assert _bash(f"cd() {{ :; }}; {move.command('01234567')}", path=f"{tmp_path}:/usr/bin:/bin").endswith(
            f"arumaldo links {move.digest}-01234567 {said.split()[-1]}\n"
        )
        assert json.loads(place.read_text()) == small.record
        homes.append((small.option("home"), said.split()[-1]))
    moved = (f"http://{there}", "moved")
    assert homes == [(f"http://{here}", "missing"), moved, moved, (f"http://{here}", "moved")]


def test_a_text_whose_part_is_missing_is_not_published_by_halves() -> None:
    long = SitePage(slug="", title="Home", content="".join(chr(0x4E00 + n) for n in range(9_000)))
    wordpress = WordPress.installed("bakery", 1e9)
    shell = Shell({**PROGRAMS, "wp": wordpress.wp})
    part, *rest = all_commands("Bakery", [long], _NONCE)
    said = [shell.run(command, "/") for command in rest]
    assert verdict_in(said[-1]) == ("0123456789ab", "01234567", False)
    assert "home" not in [post["post_name"] for post in wordpress.posts]
    said = [shell.run(command, "/") for command in [part, *rest]]
    assert verdict_in(said[-1]) == ("0123456789ab", "01234567", True)


def test_requests_stay_below_the_vendors_limit_and_keep_the_order() -> None:
    pages = [SitePage(slug=f"page-{n}", title="ü" * 200, content="é" * 7_000) for n in range(8)]
    commands = all_commands("Bakery", pages, _NONCE)
    requests = list(bundles(commands))
    assert len(requests) > 1
    assert [command for request in requests for command in request] == commands
    assert max(len(json.dumps({"commands": request}).encode()) for request in requests) < 50_000


def test_a_page_that_fits_no_request_with_another_gets_one_of_its_own() -> None:
    page = SitePage(slug="big", title="'" * 200, content="x" * 22_500)
    requests = list(bundles(all_commands("'" * 200, [page, page.model_copy(update={"slug": "too"})], _NONCE)))
    assert max(len(json.dumps({"commands": request}).encode()) for request in requests) < 50_000


def test_every_change_of_pages_title_or_order_is_another_publication() -> None:
    one, two = SitePage(slug="", title="a", content="b"), SitePage(slug="x", title="c", content="d")
    seen = {digest("t", [one, two]), digest("t", [two, one]), digest("u", [one, two]), digest("t", [one])}
    assert len(seen) == 4


def test_only_a_report_counts_as_one() -> None:
    assert verdict_in("arumaldo 0123456789ab-01234567 shown\n") == ("0123456789ab", "01234567", True)
    assert verdict_in("$ printf 'arumaldo %s %s\\n' 0123456789ab-01234567 \"$verdict\"") is None
    both = "arumaldo 0123456789ab-00000001 missing\narumaldo 0123456789ab-00000002 shown"
    assert verdict_in(both) == ("0123456789ab", "00000002", True)
    assert all("arumaldo 0123456789ab" not in command for command in all_commands("t", [], _NONCE))


def _bash(line: str, path: str = "/usr/bin:/bin") -> str:
    assert _BASH is not None
    done = subprocess.run([_BASH, "-c", line], capture_output=True, text=True, env={"PATH": path}, check=False)
    return done.stdout
