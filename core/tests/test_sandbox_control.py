"""The control endpoints and the websites of the sandboxes' port, in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox, create_app
from arumaldo.sandbox.local import in_memory

HOUR = 3600.0


class Acme(Sandbox):
    """Makes one thing for each POST, and hosts one website."""

    name = "acme"
    kinds = ("things",)
    offers: ClassVar[dict[str, str]] = {"sites": "stuck|full", "held:": "yes"}
    token = 1

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/things", self._make, methods=["POST"]),
                Route("/things", self._list, methods=["GET"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {"things": [Entry(id=thing["id"]) for thing in self.shelf.all("things")]}

    def site(self, host: str) -> ASGIApp | None:
        return PlainTextResponse(f"This is {host}") if host == f"shop.{self.name}.localhost" else None

    def expire_tokens(self) -> None:
        self.token += 1

    def _make(self, request: Request) -> Response:
        key = str(self.shelf.next_number("things"))
        self.shelf.put("things", key, {"id": key}, self.now())
        return JSONResponse({"id": key}, 201)

    def _list(self, request: Request) -> Response:
        return JSONResponse(self.shelf.all("things", self.searchable_until()))


class Bolt(Acme):
    name = "bolt"


@dataclass
class World:
    """Two vendors behind one address, and a client that knows it."""

    acme: Acme
    bolt: Bolt
    http: httpx2.Client

    def make(self) -> int:
        return self.http.post("/acme/things").status_code

    def order(self, **fault: object) -> None:
        assert self.http.post("/_control/acme/faults", json=fault).status_code == 201


@pytest.fixture
def near() -> Iterator[World]:
    acme, bolt = Acme("http://localhost/acme"), Bolt("http://localhost/bolt")
    with httpx2.Client(transport=in_memory(create_app([acme, bolt])), base_url="http://localhost") as http:
        yield World(acme, bolt, http)


def test_the_ledgers_of_all_vendors_can_be_read_at_once_and_are_never_hit_by_a_fault(near: World) -> None:
    near.order(times=None)
    near.http.post("/bolt/things")
    thing: dict[str, object] = {"id": "1", "reference": None, "state": "live", "facts": {}}
    assert near.http.get("/_control/ledger").json() == {"acme": {"things": []}, "bolt": {"things": [thing]}}
    assert near.http.get("/_control/bolt/ledger").json() == {"things": [thing]}
    assert near.http.get("/_control/health").json() == {"status": "ok"}


def test_orders_and_hits_can_be_read_and_taken_back(near: World) -> None:
    near.order(times=5, name="down")
    near.make()
    faults = near.http.get("/_control/acme/faults").json()
    assert [(order["name"], order["times"]) for order in faults["orders"]] == [("down", 4)]
    assert faults["hits"] == {"down": 1}
    assert near.http.delete("/_control/acme/faults").json() == {"orders": [], "hits": {"down": 1}}
    assert near.make() == 201


def test_a_new_thing_can_stay_out_of_searches_for_a_while(near: World) -> None:
    assert near.http.post("/_control/acme/show_late", json={"seconds": HOUR}).json() == {"seconds": HOUR}
    near.make()
    assert near.http.get("/acme/things").json() == []
    near.http.post("/_control/acme/clock", json={"seconds": HOUR + 1}).raise_for_status()
    assert len(near.http.get("/acme/things").json()) == 1
    assert near.http.get("/bolt/things").json() == []


def test_tokens_expire_and_switches_turn_on_order(near: World) -> None:
    assert near.http.post("/_control/acme/expire_tokens").status_code == 200
    assert (near.acme.token, near.bolt.token) == (2, 1)
    assert near.http.put("/_control/acme/switches/sites", json={"value": "stuck"}).json() == {"sites": "stuck"}
    assert near.acme.switches == {"sites": "stuck"}
    assert near.http.delete("/_control/acme/switches/sites").json() == {}
    assert near.http.delete("/_control/acme/switches/sites").status_code == 200
    held = {"held:a.example": "yes"}
    assert near.http.put("/_control/acme/switches/held:a.example", json={"value": "yes"}).json() == held
    assert near.http.get("/_control/acme/switches").json() == {"offered": Acme.offers, "set": held}


def test_a_switch_that_the_vendor_does_not_have_is_refused_however_it_is_set(near: World) -> None:
    for wrong in ({"sites": "stukc"}, {"stie": "stuck"}, {"sites:": "stuck"}, {"held": "yes"}, {"held:": "yes"}):
        with pytest.raises(ValueError, match="switch"):
            near.acme.switches.update(wrong)
        with pytest.raises(ValueError, match="switch"):
            near.acme.switches |= {"sites": "full"} | wrong
        with pytest.raises(ValueError, match="switch"):
            near.acme.switches.setdefault(*next(iter(wrong.items())))
    assert near.acme.switches == {}


def test_an_empty_value_is_the_vendors_ordinary_way(near: World) -> None:
    near.acme.switches["sites"] = "full"
    near.acme.switches["sites"] = ""
    assert near.acme.switches == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "faults", b'{"answer": "explode"}', "answer: Input should be 'status', 'cut'"),
        ("POST", "faults", b'{"match": "("}', "match: .*is not a regular expression"),
        ("POST", "faults", b'{"times": 0, "sttus": 500}', "times: .*; sttus: Extra inputs are not permitted"),
        ("POST", "faults", b"not json", "Invalid JSON"),
        ("POST", "clock", b'{"seconds": "soon"}', "seconds: Input should be a valid number"),
        ("POST", "clock", b'{"seconds": NaN}', "seconds: Input should be a finite number|Invalid JSON"),
        ("POST", "show_late", b"{}", "seconds: Field required"),
        ("PUT", "switches/sites", b'{"value": 3}', "value: Input should be a valid string"),
        ("PUT", "switches/sites", b'{"value": "stukc"}', "no value 'stukc'; it takes stuck|full"),
        ("PUT", "switches/stie", b'{"value": "stuck"}', "no switch 'stie'; there are: held:, sites"),
        ("DELETE", "switches/stie", b"", "no switch 'stie'"),
    ],
)
def test_a_wrong_order_is_answered_with_a_sentence_and_changes_nothing(
    near: World, method: str, path: str, body: bytes, said: str
) -> None:
    reply = near.http.request(method, f"/_control/acme/{path}", content=body)
    assert reply.status_code == 422
    assert re.search(said, reply.json()["error"]), reply.text
    assert "\n" not in reply.json()["error"]
    assert near.acme.faults.in_force() == []
    assert (near.acme.shift, near.acme.show_late, near.acme.switches) == (0.0, 0.0, {})


def test_an_unknown_name_is_answered_with_the_names_there_are(near: World) -> None:
    reply = near.http.get("/_control/acmee/ledger")
    assert reply.status_code == 404
    assert reply.json() == {"error": "No sandbox is called 'acmee'. There are: acme, bolt."}
    reply = near.http.get("/acmee/things")
    assert (reply.status_code, reply.text) == (
        404,
        "Nothing is here. The sandboxes on this port are: /acme/, /bolt/.\n"
        "Beside them: /letters, /registrar, /_control/ledger.\n",
    )


def test_the_control_endpoints_can_be_left_out() -> None:
    app = create_app([Acme("http://localhost/acme")], control=False)
    with httpx2.Client(transport=in_memory(app), base_url="http://localhost") as http:
        assert http.get("/_control/ledger").status_code == 404
        assert http.get("/acme/things").status_code == 200


def test_a_website_is_served_by_the_vendor_that_hosts_its_name(near: World) -> None:
    reply = near.http.get("/any/page", headers={"host": "Shop.Bolt.localhost:9000"})
    assert (reply.status_code, reply.text) == (200, "This is shop.bolt.localhost")
    reply = near.http.get("/_control/ledger", headers={"host": "nobody.localhost"})
    assert reply.status_code == 404
    assert reply.text.startswith("There is no website at nobody.localhost")


@pytest.mark.parametrize("name", ["_control", "a/b", "", "acme"])
def test_a_name_that_cannot_be_a_path_of_its_own_stops_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Bolt("http://localhost")
    monkeypatch.setattr(Bolt, "name", name)
    with pytest.raises(ValueError, match="called"):
        create_app([Acme("http://localhost"), other])
