"""The CRM's own description of its API, held against requests and answers.

It closes its lists of codes and messages, and the vendor itself does not keep to them, so those two are not held
against anybody. References lead to other hosts; what they name is looked for beside the file, or left open.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft4Validator

from arumaldo.testing.wire import Exchange

_MODULE = "{module_api_name}"
_KEY = re.compile(r"/[0-9]{15,19}$")
_OPEN = {"code", "message"}
# Told on the vendor's pages, and missing in the file.
_UNDESCRIBED_DETAILS = {"errors"}


class CrmSpec:
    def __init__(self, folder: Path, name: str = "record") -> None:
        self._file = json.loads((folder / f"{name}.json").read_text("utf-8"))
        if not self._file["paths"]:
            raise ValueError(f"{folder} describes no paths")
        self._queries = CrmSpec(folder, "coql") if name == "record" else None

    def mistakes(self, exchange: Exchange) -> list[str]:
        """What is wrong with the exchange, a sentence each; none where the description agrees."""
        if self._queries is not None and exchange.path.endswith("/coql"):
            return self._queries.mistakes(exchange)
        described = _KEY.sub("/{id}", exchange.path.replace("/Contacts", f"/{_MODULE}", 1))
        operation = self._file["paths"].get(described, {}).get(exchange.method.lower())
        if operation is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        found = [
            *self._query(operation, exchange),
            *self._sent(operation, exchange),
            *self._answered(operation, exchange),
        ]
        return [f"{exchange.method} {exchange.path}: {mistake}" for mistake in found]

    def _query(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        parameters = [self._resolved(parameter) for parameter in operation.get("parameters", [])]
        known = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        return [f"query {name!r} is not described" for name, _ in parse_qsl(exchange.query) if name not in known]

    def _sent(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        holder = operation.get("requestBody")
        if holder is None:
            return ["a body is sent where none is described"] if exchange.sent else []
        schema = self._resolved(holder["content"]["application/json"]["schema"])
        order = json.loads(exchange.sent)
        extra = [f"request has {name!r}, which is not described" for name in order if name not in schema["properties"]]
        return extra + self._against(schema, order, "request")

    def _answered(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        """The form does not hang on the status, and nothing found is nothing said."""
        if exchange.status == 204:
            return ["a 204 has a body"] if exchange.answer else []
        body = json.loads(exchange.answer)
        shapes = operation["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
        shape, whole = shapes[0], shapes[-1]
        if "data" not in body:
            return self._against(whole, body, "answer") + self._exception(body)
        rows = [row for row in body["data"] if isinstance(row, dict) and row.get("status") == "error"]
        found = [mistake for row in rows for mistake in self._exception(row)]
        return found + self._against(shape, body, "answer")

    def _exception(self, body: dict[str, Any]) -> list[str]:
        schema = self._file["components"]["schemas"]["API_Exception"]["properties"]
        found = [f"an error has {name!r}, which is not described" for name in body if name not in schema]
        details = schema["details"]["properties"]
        known = set(details) | _UNDESCRIBED_DETAILS
        return found + [
            f"details have {name!r}, which is not described" for name in body["details"] if name not in known
        ]

    def _against(self, schema: dict[str, Any], body: Any, where: str) -> list[str]:
        validator = Draft4Validator(self._resolved(schema))
        return [f"{where}{error.json_path[1:]}: {error.message}" for error in validator.iter_errors(body)]

    def _resolved(self, schema: Any, name: str = "") -> Any:
        if isinstance(schema, list):
            return [self._resolved(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            reference = str(schema["$ref"])
            return self._resolved(self._at(reference)) if reference.startswith("#/") else {}
        shown = {key: self._resolved(value, key) for key, value in schema.items()}
        if name in _OPEN and isinstance(shown.get("enum"), list):
            del shown["enum"]
        if name == "duplicate_field":  # null where nothing was doubled
            shown["type"] = ["string", "null"]
        return shown

    def _at(self, reference: str) -> Any:
        found: Any = self._file
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found
