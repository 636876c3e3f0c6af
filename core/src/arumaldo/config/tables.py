"""The tables that hold for one reseller: its own laid over the installation's, with their values looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from arumaldo.config.lines import Path
from arumaldo.config.references import References, is_reference
from arumaldo.config.report import Report, predicate
from arumaldo.plugin import PluginSettings

Model = TypeVar("Model", bound=BaseModel)

_EXAMPLES = {
    "secret": 'secret = "env:HUB_SECRET"',
    "name": 'name = "Acme Sites"',
    "support_email": 'support_email = "help@example.com"',
    "title": 'title = "Starter"',
    "price": 'price = "29.00"',
}


@dataclass(frozen=True)
class Source:
    """The file: what it says, where, and what its references mean."""

    document: Mapping[str, Any]
    report: Report
    references: References
    readable_by_others: bool
    """Every user of the machine can read the file, so a secret must not stand in it."""


class Tables:
    """`under` is the reseller's own table, `("resellers", slug)`; () is the installation itself.

    Key by key the reseller's own value holds; only its `plans`, when it has any, replace the installation's as a
    whole, or nobody could offer fewer.
    """

    def __init__(self, source: Source, under: Path = ()) -> None:
        self.source = source
        self._under = under
        self._report = source.report

    def table(self, *path: str) -> dict[str, Any]:
        """The table at `path`, empty when there is none."""
        own = self._dig((*self._under, *path)) if self._under else {}
        return own if self._replaced(path) else {**self._dig(path), **own}

    def wrong(self, path: Path, says: str) -> None:
        """Say `says` ("must be …") of the key or table at `path`."""
        if self._replaced(path):
            self._report.wrong((*self._under, *path), says)
        else:
            self._report.wrong(path, says, self._under)

    def about(self, path: Path, sentence: str) -> None:
        """Say a whole sentence about the key or table at `path`."""
        self._report.about(path, sentence, self._under)

    def refuse_open_secrets(self, path: Path, table: Mapping[str, Any], secrets: Iterable[str]) -> None:
        """Say which of the keys `secrets` stand readable for everybody."""
        for key in secrets:
            if self.source.readable_by_others and _has_literal(table.get(key)):
                self.wrong(
                    (*path, key),
                    "is a secret in a file that every user of this machine can read; "
                    "write env:NAME or file:PATH instead, or take that right away (chmod o-r)",
                )

    def model(
        self,
        cls: type[Model],
        path: Path,
        table: Mapping[str, Any],
        *,
        fixed: Mapping[str, object] | None = None,
        told_by: Mapping[str, str] | None = None,
    ) -> tuple[Model | None, list[str]]:
        """The table as a `cls`, and the keys that are missing for it; None when something is wrong.

        References are resolved; what is wrong is said, except that keys are missing. `fixed` values are laid over.
        `told_by` has the keys that stand not in the file but in a variable, with the variable's name.
        """
        values, failed = self._resolved(path, table, secret_keys(cls))
        try:
            return cls.model_validate({**values, **(fixed or {})}), []
        except ValidationError as error:
            secrets = _guarded(cls, values)
            details = [detail for detail in error.errors(include_url=False) if not _follows(detail, failed)]
            missing = [detail["loc"][0] for detail in details if _is_missing(detail)]
            for detail in details:
                if not _is_missing(detail):
                    says = predicate(detail, keys_at(cls, detail["loc"]), secrets)
                    self._say(path, detail["loc"], says, told_by or {})
            return None, [str(key) for key in missing]

    def missing(self, path: Path, keys: Iterable[str]) -> None:
        """Say of each key that it has to be there."""
        for key in keys:
            self.wrong((*path, key), f"is missing; add a line like {_EXAMPLES.get(key, f'{key} = …')}")

    def _say(self, path: Path, location: Path, says: str, told_by: Mapping[str, str]) -> None:
        place, rest = path, list(location)
        while rest and self._has((*place, rest[0])):
            place = (*place, rest.pop(0))
        variable = told_by.get(str(location[0])) if location else None
        if variable:
            self.about(path, f"{location[0]}, which the variable {variable} sets, {says}")
        elif place == path:
            self.about(path, " ".join([*map(str, rest), says]))
        else:
            self.wrong(place, f"has {rest[-1]}, which {says}" if rest else says)

    def _resolved(
        self, path: Path, table: Mapping[str, Any], secrets: Collection[str]
    ) -> tuple[dict[str, Any], set[str]]:
        values, failed = {}, set()
        for key, value in table.items():
            try:
                values[key] = self._resolve(value)
            except ValueError as error:
                self.wrong((*path, key), str(error))
                failed.add(key)
            if key in secrets and value == "":
                self.wrong((*path, key), "is empty; write env:NAME or file:PATH")
                failed.add(key)
        return values, failed

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.source.references.resolve(value)
        if isinstance(value, list):
            return [self._resolve(item) for item in value]
        if isinstance(value, dict):
            return {key: self._resolve(item) for key, item in value.items()}
        return value

    def _has(self, path: Path) -> bool:
        return self._report.has((*self._under, *path)) or self._report.has(path)

    def _replaced(self, path: Path) -> bool:
        return bool(self._under) and path[0] == "plans" and self._report.has((*self._under, "plans"))

    def _dig(self, path: Path) -> dict[str, Any]:
        value: Any = self.source.document
        for end, part in enumerate(path, start=1):
            value = value.get(part, {})
            if not isinstance(value, dict):
                self._report.wrong(path[:end], "must be a table")
                return {}
        return dict(value)


def secret_keys(cls: type[BaseModel]) -> list[str]:
    """The keys of a model that hold secrets, alone, in lists or in tables."""
    return [key for key, info in cls.model_fields.items() if _is_secret(info.annotation)]


def keys_at(cls: type[BaseModel], location: Path) -> list[str]:
    """The keys that are known where a mistake was found; empty where anything or nothing may stand."""
    model: type[BaseModel] | None = cls
    for part in location[:-1]:
        if model is not None and isinstance(part, str):
            field = model.model_fields.get(part)
            model = _model_in(field.annotation) if field else None
    if model is None:
        return []
    return [*model.model_fields, "sandbox"] if issubclass(model, PluginSettings) else list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model itself, or the one in a list or beside None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _is_secret(annotation: object) -> bool:
    return annotation in (SecretStr, SecretBytes) or any(_is_secret(part) for part in get_args(annotation))


def _guarded(cls: type[BaseModel], values: Mapping[str, Any]) -> list[str]:
    """What a plugin's own validator might repeat and must not; the hub's own sentences repeat nothing."""
    if not issubclass(cls, PluginSettings):
        return []
    return [text for text in _texts([values.get(key) for key in secret_keys(cls)]) if len(text) > 3]


def _is_missing(detail: ErrorDetails) -> bool:
    return detail["type"] == "missing" and len(detail["loc"]) == 1


def _follows(detail: ErrorDetails, failed: Collection[str]) -> bool:
    """Whether this mistake is only the consequence of one that was said already."""
    return detail["type"] == "default_factory_not_called" or bool(detail["loc"] and detail["loc"][0] in failed)


def _has_literal(value: object) -> bool:
    return any(text and not is_reference(text) for text in _texts(value))


def _texts(value: object) -> Iterable[str]:
    """Every text in the value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
