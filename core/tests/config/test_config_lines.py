"""Lines are those a person sees in an editor."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from arumaldo.config.lines import Path, line_numbers

EVERYTHING = '''\
# a comment with = and [brackets] and "quotes"
top = "value" # [not.a.table]
"quoted key" = 1
'literal "key"' = 2

[hub]   # comment
text = """
[not.a.table]
key = "no key"
quotes: ""\\"
"""
after = true
raw = \'\'\'
also = 'not a key'
\'\'\'
empty = """"""
ends_in_quotes = """two quotes: """""
list = [
    "one, two ]", # a comment ] with brackets
    [1, 2, [3]],
    {name = "x", deep.er = [4]},

    1979-05-27 07:32:00,
]
when = 1979-05-27T07:32:00Z
escaped = "a \\" # b = c"
inline = { a = 1, "b c" = { d = "]}" } }

[plugins . "dotted.name" ]
a.b.c = 1
a.b.d = -1_000.5e3

[[things]]
name = "first"
[things.part]
size = 1
[[things]]
name = "second"
[[things.more]]
z = 1
[[things.more]]
z = 2
'''


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))


def test_every_value_of_a_file_has_a_line() -> None:
    lines = line_numbers(EVERYTHING)
    values = dict(leaves(tomllib.loads(EVERYTHING)))
    assert set(lines) == set(values)


def test_each_key_stands_on_the_line_that_is_named() -> None:
    lines = line_numbers(EVERYTHING)
    written = EVERYTHING.splitlines()
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert path[-1].partition(".")[0].split()[0].strip("'\"") in written[line - 1], path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("hub",), "[hub]"),
        (("hub", "after"), "after = true"),
        (("hub", "list", 0), '"one, two ]"'),
        (("hub", "list", 3), "1979-05-27 07:32:00,"),
        (("things", 1, "name"), 'name = "second"'),
        (("things", 1, "more", 1, "z"), "z = 2"),
        (("plugins", "dotted.name", "a", "b", "d"), "a.b.d ="),
    ],
)
def test_a_line_is_counted_through_strings_lists_and_comments(path: Path, shown: str) -> None:
    line = line_numbers(EVERYTHING)[path]
    assert shown in EVERYTHING.splitlines()[line - 1]


def test_a_file_from_windows_has_the_same_lines() -> None:
    assert line_numbers(EVERYTHING.replace("\n", "\r\n")) == line_numbers(EVERYTHING)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a = 1", "[a]", "a = [ ]\nb = {}"])
def test_small_files_are_read_to_their_end(text: str) -> None:
    assert set(line_numbers(text)) == {path for path, _ in leaves(tomllib.loads(text))}
