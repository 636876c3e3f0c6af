"""How the gateway talks: JSON after a byte order mark, status 200 for everything, one block about the request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from arumaldo_authorizenet.sandbox.calls import CALLS
from arumaldo_authorizenet.sandbox.schema import Wrong

SUCCESS = ("I00001", "Successful.")
NO_RECORDS = ("I00004", "No records found.")
UNSUCCESSFUL = ("E00027", "The transaction was unsuccessful.")


class RequestError(Exception):
    """The request as a whole is turned away; `own` are elements that the answer holds all the same."""

    def __init__(self, code: str, text: str, own: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.own = own or {}


def parse(body: bytes) -> tuple[str, dict[str, Any]]:
    """The call's name and its elements, checked against the schema. RequestError E00003."""
    try:
        document = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise RequestError("E00003", "The request is not JSON that can be read.") from error
    if not isinstance(document, dict) or len(document) != 1:
        raise RequestError("E00003", "Root element is missing.")
    name, request = next(iter(document.items()))
    if name not in CALLS:
        raise RequestError("E00003", f"The element '{name}' is not a request that this sandbox plays.")
    try:
        CALLS[name].check(name, request)
    except Wrong as error:
        raise RequestError("E00003", str(error)) from error
    return name, request


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a key stands twice")
    return dict(pairs)


def answer(own: dict[str, Any], ref_id: str | None, message: tuple[str, str] = SUCCESS) -> bytes:
    """The whole body of an answer."""
    code, text = message
    document = {
        **own,
        **({"refId": ref_id} if ref_id else {}),
        "messages": {
            "resultCode": "Error" if code.startswith("E") else "Ok",
            "message": [{"code": code, "text": text}],
        },
    }
    return b"\xef\xbb\xbf" + json.dumps(document, ensure_ascii=False).encode()


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def amount(text: str) -> float:
    """Reports give amounts as JSON numbers."""
    return float(text)
