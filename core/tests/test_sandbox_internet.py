"""What lies between the sandboxes: names, the registrar, letter boxes; and the pages for whoever plays a customer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox, create_app
from arumaldo.sandbox.internet import Letter
from arumaldo.sandbox.local import LocalServer, in_memory

ANNA = "anna@example.com"
SCRIPT = "<script>alert('x')</script>\"&"


class Post(Sandbox):
    """Has sent mail."""

    name = "post"

    def __init__(self, address: str = "") -> None:
        super().__init__(address)
        self.sent: list[Letter] = []

    def app(self) -> ASGIApp:
        return PlainTextResponse("the API")

    def ledger(self) -> dict[str, list[Entry]]:
        return {}

    def sends(self, subject: str, at: float, to: str = ANNA, html: str = "<head></head><p>Hello</p>") -> None:
        self.sent.append(Letter(to=to, kind="confirm", subject=subject, html=html, text="Hello", at=at))

    def letters(self, to: str) -> list[Letter]:
        return [letter for letter in self.sent if letter.to == to]


class Courier(Post):
    name = "courier"


class Names(Post):
    """Answers for names, and has two name servers."""

    name = "names"
    servers = ("ns1.names.example", "ns2.names.example")

    def __init__(self, address: str = "") -> None:
        super().__init__(address)
        self.delegated: dict[str, list[str]] = {}
        self.known: dict[str, list[str]] = {}

    def addresses(self, name: str) -> list[str]:
        return self.known.get(name, [])

    def delegate(self, domain: str, name_servers: list[str]) -> bool:
        self.delegated[domain] = name_servers
        return bool(name_servers) and set(name_servers) <= set(self.servers)


@dataclass
class World:
    """Three vendors behind one address, and a client that knows it."""

    post: Post
    courier: Courier
    names: Names
    http: httpx2.Client

    def letter_box(self, to: str) -> list[str]:
        return [letter["subject"] for letter in self.http.get("/_control/letters", params={"to": to}).json()]

    def registers(self, *servers: str, domain: str = "bakery.example") -> str:
        form = {"domain": domain, "name_server": list(servers)}
        answer = self.http.post("/registrar", data=form)
        answer.raise_for_status()
        return answer.text


@pytest.fixture
def world() -> Iterator[World]:
    made = Post("http://localhost/post"), Courier("http://localhost/courier"), Names("http://localhost/names")
    with httpx2.Client(transport=in_memory(create_app(made)), base_url="http://localhost") as http:
        yield World(*made, http)
    for sandbox in made:
        sandbox.shelf.close()


def test_each_vendor_sees_what_the_others_answer_for_a_name(world: World) -> None:
    world.names.known["bakery.example"] = ["192.0.2.1"]
    assert world.post.internet.addresses("bakery.example") == ["192.0.2.1"]
    assert world.post.internet.addresses("nobody.example") == []


def test_a_vendor_that_stands_alone_sees_itself() -> None:
    alone = Names("http://localhost/names")
    alone.known["bakery.example"] = ["192.0.2.1"]
    assert alone.internet.addresses("bakery.example") == ["192.0.2.1"]
    alone.shelf.close()


def test_the_mail_of_all_vendors_is_in_one_letter_box_oldest_first_and_nobody_elses(world: World) -> None:
    world.post.sends("second", at=2)
    world.courier.sends("first", at=1)
    world.post.sends("third", at=3)
    world.post.sends("not hers", at=4, to="bert@example.com")
    assert world.letter_box(ANNA) == ["first", "second", "third"]
    assert world.letter_box("nobody@example.com") == []


def test_no_letter_box_is_opened_without_an_address(world: World) -> None:
    world.post.sends("secret", at=1)
    assert world.http.get("/_control/letters").json() == []
    assert "secret" not in world.http.get("/letters").text


def test_a_delegation_reaches_every_vendor_and_the_last_one_counts(world: World) -> None:
    first = {"domain": "bakery.example", "name_servers": ["ns9.elsewhere.example"]}
    assert world.http.post("/_control/registrar", json=first).status_code == 422
    assert world.names.delegated["bakery.example"] == ["ns9.elsewhere.example"]
    second = {"domain": "bakery.example", "name_servers": list(Names.servers)}
    assert world.http.post("/_control/registrar", json=second).json() == {"status": "ok"}
    assert world.names.delegated["bakery.example"] == list(Names.servers)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not json", "Invalid JSON"),
        (b'{"domain": "a.example"}', "name_servers: Field required"),
        (b'{"domain": "a.example", "name_servers": "ns1"}', "name_servers: Input should be a valid array"),
        (b'{"domain": "a.example", "name_servers": [], "x": 1}', "x: Extra inputs are not permitted"),
        (b'{"domain": "a.example", "name_servers": ["ns9.example"]}', "No vendor here answers for a.example"),
    ],
)
def test_a_wrong_delegation_is_answered_with_a_sentence(world: World, body: bytes, said: str) -> None:
    answer = world.http.post("/_control/registrar", content=body)
    assert answer.status_code == 422
    assert re.search(said, answer.json()["error"]), answer.text
    assert "\n" not in answer.json()["error"]


def test_the_letter_box_shows_the_newest_mail_first_each_locked_in(world: World) -> None:
    world.post.sends("older", at=1)
    world.post.sends("newer", at=2)
    page = world.http.get("/letters", params={"to": ANNA})
    assert page.text.index("<h2>newer</h2>") < page.text.index("<h2>older</h2>")
    frames = re.findall(r'<iframe[^>]* sandbox="([^"]*)"', page.text)
    assert frames == ["allow-popups allow-popups-to-escape-sandbox"] * 2
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]


def test_an_empty_letter_box_says_so_and_names_the_address(world: World) -> None:
    assert f"No mail has come to {ANNA} yet" in world.http.get("/letters", params={"to": ANNA}).text


def test_a_link_in_a_mail_opens_beside_it_so_that_it_can_be_followed(world: World) -> None:
    world.post.sends("mail", at=1, html='<html><head></head><a href="http://localhost/confirm/x">go</a></html>')
    page = world.http.get("/letters", params={"to": ANNA}).text
    assert "&lt;head&gt;&lt;base target=&quot;_blank&quot;&gt;" in page


def test_markup_in_a_mail_or_an_address_never_becomes_a_part_of_the_page(world: World) -> None:
    world.post.sends(SCRIPT, at=1, html=f"<head></head>{SCRIPT}")
    world.post.sends(SCRIPT, at=1, to=SCRIPT)
    for to in (ANNA, SCRIPT, f"{SCRIPT}@nobody.example"):
        assert "<script" not in world.http.get("/letters", params={"to": to}).text
    asked = {"domain": SCRIPT, "name_server": SCRIPT}
    assert "<script" not in world.http.get("/registrar", params=asked).text
    assert "<script" not in world.registers(SCRIPT, domain=SCRIPT)


def test_the_registrars_page_comes_filled_in_and_says_whether_it_worked(world: World) -> None:
    asked = {"domain": "bakery.example", "name_server": list(Names.servers)}
    page = world.http.get("/registrar", params=asked).text
    for value in ("bakery.example", *Names.servers):
        assert f'value="{value}"' in page
    assert "bakery.example now has these name servers" in world.registers(*Names.servers)
    assert world.names.delegated["bakery.example"] == list(Names.servers)


def test_a_typing_error_at_the_registrar_is_said_and_can_be_put_right_on_the_page(world: World) -> None:
    page = world.registers("ns1.names.exmaple", Names.servers[1])
    assert "nobody answers for bakery.example at these name servers" in page
    assert 'value="ns1.names.exmaple"' in page


def test_the_registrar_takes_names_as_people_type_them(world: World) -> None:
    world.registers(f"  {Names.servers[0].upper()} ", Names.servers[1], "", domain=" Bakery.EXAMPLE ")
    assert world.names.delegated == {"bakery.example": list(Names.servers)}


def test_no_fault_of_a_vendor_hits_the_letter_box_or_the_registrar(world: World) -> None:
    world.post.sends("there", at=1)
    for name in ("post", "names"):
        assert world.http.post(f"/_control/{name}/faults", json={"times": None}).status_code == 201
    assert world.letter_box(ANNA) == ["there"]
    assert "there" in world.http.get("/letters", params={"to": ANNA}).text
    assert "now has these name servers" in world.registers(*Names.servers)


@pytest.mark.parametrize("path", ["/letters", "/registrar", "/_control/letters"])
def test_without_the_control_endpoints_nobody_reads_mail_or_plays_the_registrar(path: str) -> None:
    sandbox = Post("http://localhost/post")
    with httpx2.Client(transport=in_memory(create_app([sandbox], control=False)), base_url="http://localhost") as http:
        assert http.get(path, params={"to": ANNA}).status_code == 404
    sandbox.shelf.close()


@pytest.mark.parametrize("name", ["letters", "registrar"])
def test_a_vendor_cannot_take_the_name_of_one_of_these_pages(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Post()
    monkeypatch.setattr(Post, "name", name)
    with pytest.raises(ValueError, match="its name is the first part of its path"):
        create_app([sandbox])
    sandbox.shelf.close()


def test_over_a_real_connection_mail_is_read_and_a_domain_delegated() -> None:
    with LocalServer() as server:
        post, names = Post(f"{server.address}/post"), Names(f"{server.address}/names")
        post.sends("real", at=1)
        server.serve(create_app([post, names]))
        with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http:
            assert [one["subject"] for one in http.get("/_control/letters", params={"to": ANNA}).json()] == ["real"]
            told = {"domain": "bakery.example", "name_servers": list(Names.servers)}
            assert http.post("/_control/registrar", json=told).status_code == 200
    post.shelf.close()
    names.shelf.close()
