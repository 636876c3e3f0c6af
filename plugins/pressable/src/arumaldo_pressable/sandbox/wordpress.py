"""One WordPress: posts, options, and the part of wp that is used on them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from arumaldo_pressable.sandbox.shell import Run

HOME = "/srv/htdocs"
_POST_FIELDS = (
    "post_type",
    "post_status",
    "post_author",
    "post_name",
    "post_title",
    "post_content",
    "post_content_filtered",
    "comment_status",
)
_LIST_ARGS = {"post_type", "post_status", "post__in", "name", "orderby", "order", "fields", "format"}


class WpError(Exception):
    """wp's own complaint; it ends the command with status 1."""


class WordPress:
    """Its state is one JSON object, `record`. A new one holds what every installation brings along."""

    def __init__(self, record: dict[str, Any], now: float) -> None:
        self.record = record
        self._now = now

    @classmethod
    def installed(cls, name: str, now: float, host: str = "wordpress.localhost") -> WordPress:
        self = cls({"last_id": 0, "posts": {}, "options": {}}, now)
        self._insert(
            "post", "hello-world", "Hello world!", "publish", "<p>Welcome to WordPress. This is your first post.</p>"
        )
        self._insert("page", "sample-page", "Sample Page", "publish", "<p>This is an example page.</p>")
        self._insert("page", "privacy-policy", "Privacy Policy", "draft", "<p>Who we are.</p>")
        self.record["options"] = {
            "blogname": html.escape(name),
            "show_on_front": "posts",
            "page_on_front": "0",
            "siteurl": f"http://{host}",
            "home": f"http://{host}",
        }
        return self

    @property
    def posts(self) -> list[dict[str, Any]]:
        """Every post and page, oldest first."""
        return sorted(self.record["posts"].values(), key=lambda post: int(post["ID"]))

    def option(self, name: str) -> str:
        return str(self.record["options"].get(name, ""))

    def wp(self, run: Run) -> tuple[int, str]:
        """The program `wp` of the shell."""
        if run.state.folder != HOME:
            run.complain("Error: This does not seem to be a WordPress installation.")
            return 1, ""
        positional = [arg for arg in run.args if not arg.startswith("--")]
        named = dict(_named(arg) for arg in run.args if arg.startswith("--"))
        words = 1 if positional[:1] == ["search-replace"] else 2
        command = self._commands().get(" ".join(positional[:words]))
        if command is None:
            run.complain(f"Error: '{' '.join(positional[:2])}' is not a registered wp command. See 'wp help'.")
            return 1, ""
        try:
            return 0, command(positional[words:], named, run.stdin)
        except WpError as error:
            run.complain(f"Error: {error}")
            return 1, ""

    def _commands(self) -> dict[str, Callable[[list[str], dict[str, str], str], str]]:
        return {
            "post list": self._post_list,
            "post create": self._post_create,
            "post update": self._post_update,
            "post delete": self._post_delete,
            "option get": self._option_get,
            "option update": self._option_update,
            "option delete": self._option_delete,
            "search-replace": self._search_replace,
            "cache flush": self._cache_flush,
        }

    def _post_list(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, _LIST_ARGS, args)
        found = [post for post in self.posts if _matches(post, named)]
        if named.get("orderby", "date") not in ("date", "ID") or named.get("order", "DESC") not in ("ASC", "DESC"):
            raise WpError("Invalid order.")
        if named.get("order", "DESC") == "DESC":
            found.reverse()
        fields = named.get("fields", "ID,post_title,post_name,post_date,post_status").split(",")
        if unknown := [name for name in fields if name not in {"ID", "post_date", "post_modified", *_POST_FIELDS}]:
            raise WpError(f"Invalid field: {unknown[0]}.")
        match named.get("format"):
            case "ids":
                return " ".join(post["ID"] for post in found)
            case "count":
                return f"{len(found)}\n"
            case "json":
                return json.dumps([{name: post[name] for name in fields} for post in found]) + "\n"
            case "csv":
                return _csv([fields, *([post[name] for name in fields] for post in found)])
        raise WpError("Parameter errors:\n Invalid value specified for 'format'")

    def _post_create(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, {*_POST_FIELDS, "porcelain"}, args[1:])
        fields = {"post_type": "post", "post_status": "draft"} | _from_stdin(args, named, stdin)
        if not fields.get("post_content") and not fields.get("post_title"):
            raise WpError("Content, title, and excerpt are empty.")
        number = self._insert(
            fields.pop("post_type"),
            fields.pop("post_name", "") or _sanitized(fields.get("post_title", "")),
            fields.pop("post_title", ""),
            fields.pop("post_status"),
            fields.pop("post_content", ""),
            **{name: value for name, value in fields.items() if name != "porcelain"},
        )
        return f"{number}\n" if "porcelain" in named else f"Success: Created post {number}.\n"

    def _post_update(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        ids = [arg for arg in args if arg.isdecimal()]
        files = [arg for arg in args if not arg.isdecimal()]
        _only(named, set(_POST_FIELDS), files[1:])
        fields = _from_stdin(files, named, stdin)
        if not ids or not fields:
            raise WpError("Need some fields to update.")
        for number in ids:
            post = self._post(number)
            if "post_name" in fields:
                fields["post_name"] = self._free_name(post["post_type"], fields["post_name"], number)
            post.update(fields, post_modified=_moment(self._now))
        return "".join(f"Success: Updated post {number}.\n" for number in ids)

    def _post_delete(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, {"force"}, [])
        for number in args:
            post = self._post(number)
            if "force" in named:
                del self.record["posts"][number]
            else:
                post.update(post_status="trash", post_name=f"{post['post_name']}__trashed")
        return "".join(f"Success: {'Deleted' if 'force' in named else 'Trashed'} post {number}.\n" for number in args)

    def _option_get(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, set(), args[1:])
        if not args or args[0] not in self.record["options"]:
            raise WpError(f"Could not get '{' '.join(args)}' option. Does it exist?")
        return f"{self.record['options'][args[0]]}\n"

    def _option_update(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, {"autoload"}, args[2:])
        name, value = args[0], args[1] if len(args) > 1 else stdin
        if name == "blogname":
            # WordPress keeps this one escaped, and escapes nothing twice.
            value = re.sub(r"&amp;(#?\w+;)", r"&\1", html.escape(value))
        if self.record["options"].get(name) == value:
            return f"Success: Value passed for '{name}' option is unchanged.\n"
        self.record["options"][name] = value
        return f"Success: Updated '{name}' option.\n"

    def _option_delete(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, set(), [])
        said = []
        for name in args:
            known = self.record["options"].pop(name, None) is not None
            said.append(
                f"Success: Deleted '{name}' option." if known else f"Warning: Could not delete '{name}' option."
            )
        return "".join(f"{line}\n" for line in said)

    def _search_replace(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, {"regex", "skip-columns", "no-report"}, args[2:])
        if len(args) != 2 or "regex" not in named or named.get("skip-columns") != "guid":
            raise WpError("usage: wp search-replace <old> <new> --regex --skip-columns=guid")
        # PHP's patterns without the flag u know the letters of ASCII only.
        old, new = re.compile(args[0], re.ASCII), args[1].replace("\\", r"\\")
        count = 0
        for row in (self.record["options"], *self.posts):
            for column, text in row.items():
                row[column], found = old.subn(new, text)
                count += found
        return f"Success: Made {count} replacements. Please remember to flush your persistent object cache.\n"

    def _cache_flush(self, args: list[str], named: dict[str, str], stdin: str) -> str:
        _only(named, set(), args)
        return "Success: The cache was flushed.\n"

    def _post(self, number: str) -> dict[str, Any]:
        post: dict[str, Any] | None = self.record["posts"].get(number)
        if post is None:
            raise WpError(f"Could not find the post with ID {number}.")
        return post

    def _insert(self, kind: str, name: str, title: str, status: str, content: str, **more: str) -> str:
        self.record["last_id"] += 1
        number = str(self.record["last_id"])
        empty = dict.fromkeys(_POST_FIELDS, "")
        made = _moment(self._now)
        self.record["posts"][number] = (
            empty
            | more
            | {
                "ID": number,
                "post_type": kind,
                "post_name": self._free_name(kind, name, number),
                "post_title": title,
                "post_status": status,
                "post_content": content,
                "post_date": made,
                "post_modified": made,
            }
        )
        return number

    def _free_name(self, kind: str, name: str, number: str) -> str:
        taken = {p["post_name"] for p in self.posts if p["post_type"] == kind and p["ID"] != number}
        count, free = 2, name
        while free in taken:
            count, free = count + 1, f"{name}-{count}"
        return free


def _named(arg: str) -> tuple[str, str]:
    name, _, value = arg.removeprefix("--").partition("=")
    return name, value


def _only(named: dict[str, str], known: set[str], surplus: list[str]) -> None:
    if surplus:
        raise WpError(f"Too many positional arguments: {' '.join(surplus)}")
    for name in named:
        if name not in known:
            raise WpError(f"Parameter errors:\n unknown --{name} parameter")


def _from_stdin(files: list[str], named: dict[str, str], stdin: str) -> dict[str, str]:
    if not files:
        return dict(named)
    if files[0] != "-":
        raise WpError(f"Unable to read content from '{files[0]}'.")
    return named | {"post_content": stdin}


def _matches(post: dict[str, Any], named: dict[str, str]) -> bool:
    kinds = named.get("post_type", "post").split(",")
    statuses = named.get("post_status", "any").split(",")
    return (
        ("any" in kinds or post["post_type"] in kinds)
        and (post["post_status"] in statuses or ("any" in statuses and post["post_status"] != "trash"))
        and ("post__in" not in named or post["ID"] in named["post__in"].split(","))
        and ("name" not in named or post["post_name"] == named["name"])
    )


def _csv(rows: list[list[str]]) -> str:
    """As PHP writes it: a value with a blank stands in quotes, too."""
    return "".join(",".join(_csv_value(value) for value in row) + "\n" for row in rows)


def _csv_value(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if re.search(r'[\s",\\]', value) else value


def _sanitized(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-")


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S")
