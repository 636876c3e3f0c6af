"""The gateway's own schema, where ARUMALDO_SPECS names a folder with `authorizenet/AnetApiSchema.xsd`.

The gateway maps JSON onto that schema, so documents are mapped here in the same way: a key becomes an element, in the
order in which it stands.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import xmlschema
from arumaldo_authorizenet.sandbox.schema import NAMESPACE

# Answers name the items of a list by nothing but their place; the schema names each.
_ITEMS = {
    "batchList": "batch",
    "currencies": "currency",
    "errors": "error",
    "marketTypes": "marketType",
    "messages": "message",
    "paymentMethods": "paymentMethod",
    "processors": "processor",
    "productCodes": "productCode",
    "transactions": "transaction",
    "cardTypes": "cardType",
}
_FIRST = ("refId", "messages")


@functools.cache
def schema() -> xmlschema.XMLSchema | None:
    """None where no folder is named; an error where it is of no use."""
    folder = os.environ.get("ARUMALDO_SPECS")
    return xmlschema.XMLSchema(Path(folder) / "authorizenet" / "AnetApiSchema.xsd") if folder else None


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{NAMESPACE}}}{name}")
    if isinstance(value, dict):
        for key, part in value.items():
            element.extend(_elements(key, part))
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
    return element


def _elements(name: str, value: Any) -> list[ElementTree.Element]:
    if not isinstance(value, list):
        return [_element(name, value)]
    if name not in _ITEMS:
        return [_element(name, item) for item in value]
    wrapper = _element(name, {})
    wrapper.extend(_element(_ITEMS[name], item) for item in value)
    return [wrapper]


def request_as_xml(document: dict[str, Any]) -> ElementTree.Element:
    [(name, request)] = document.items()
    return _element(name, request)


def answer_as_xml(call: str, document: dict[str, Any]) -> ElementTree.Element:
    """The schema has the common part first, the gateway writes it last; the rest keeps its order."""
    ordered = {key: document[key] for key in _FIRST if key in document}
    ordered |= {key: value for key, value in document.items() if key not in _FIRST}
    only_an_error = set(document) <= set(_FIRST) and document["messages"]["resultCode"] == "Error"
    return _element("ErrorResponse" if only_an_error else call.replace("Request", "Response"), ordered)


def check(schema: xmlschema.XMLSchema, exchanges: Iterable[tuple[bytes, bytes]]) -> set[str]:
    """Validate what was asked and what was answered, and name the calls.

    What the sandbox itself refused as E00003 need not keep to the schema; its answer has to.
    """
    calls = set()
    for asked, answered in exchanges:
        answer = json.loads(answered.decode("utf-8-sig"))
        if answer["messages"]["message"][0]["code"] == "E00003":
            schema.validate(answer_as_xml("", answer))
            continue
        request = json.loads(asked)
        call = next(iter(request))
        schema.validate(request_as_xml(request))
        schema.validate(answer_as_xml(call, answer))
        calls.add(call)
    return calls
