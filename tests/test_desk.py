"""The operator's commands say what waits for a person, and do what it says there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from arumaldo.cli import app
from arumaldo.testing.fixtures import Database

from .platform import HUBCONFIG, Platform

Desk = Callable[..., str]


@pytest.fixture
def desk(database: Database) -> Desk:
    """Runs a command on a database of its own; Redis is away, which no command minds."""
    env = {
        "ARUMALDO_DATABASE": database.app_url, "ARUMALDO_DATABASE_OWNER": database.owner_url,
        "ARUMALDO_REDIS": "redis://127.0.0.1:1/0", "ARUMALDO_SECRET": "s" * 40,
    }  # fmt: skip

    def run(*words: str, code: int = 0) -> str:
        place = () if words[0] in ("backup", "restore") else ("--config", str(HUBCONFIG))
        ended = CliRunner().invoke(app, [*words, *place], env=env)
        assert ended.exit_code == code, ended.output
        return ended.output + (f"{ended.exception}" if code else "")

    run("today")  # the first command makes the reseller
    return run


def written(database: Database, query: str, *values: Any) -> Any:
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
        rows = connection.execute(query.encode(), values)
        return rows.fetchone() if rows.description else None


def reseller(database: Database) -> uuid.UUID:
    return uuid.UUID(str(written(database, "SELECT id FROM resellers WHERE slug = 'main'")[0]))


def kinds(desk: Desk) -> list[str]:
    return [matter["kind"] for matter in json.loads(desk("today", "--json"))]


def test_when_nothing_waits_the_desk_says_so(desk: Desk) -> None:
    assert desk("today") == "Nothing waits for you.\n"
    assert json.loads(desk("today", "--json")) == []


@pytest.mark.slow
def test_beside_the_demo_the_operators_commands_find_it_by_themselves(platform: Platform) -> None:
    def beside(*words: str) -> str:
        env = {"ARUMALDO_STATE": str(platform.tree.supervisor.state)}
        return CliRunner().invoke(app, [*words, "--config", str(platform.config)], env=env).output

    try:
        assert "No worker begins" in beside("pause", "we look around")
        assert "we look around" in beside("today")
    finally:
        assert "go on" in beside("unpause")
    checked = beside("check", "--live")
    assert "✓ database" in checked
    assert "✗" not in checked


def test_a_pause_is_on_the_list_until_it_is_ended(desk: Desk) -> None:
    desk("pause", "we move to another host")
    said = desk("today")
    assert "we move to another host" in said
    assert "arumaldo unpause" in said
    desk("unpause")
    assert kinds(desk) == []


def test_a_restored_book_is_not_put_to_work_by_a_mere_unpause(desk: Desk, database: Database) -> None:
    written(database, "INSERT INTO pauses (name, reason) VALUES ('restored', 'it was restored')")
    assert "Still paused" in desk("unpause")
    assert kinds(desk) == ["paused"]
    desk("unpause", "--uncompared")
    assert kinds(desk) == []


def test_only_a_plugin_that_is_there_can_be_resumed(desk: Desk) -> None:
    assert "0 provider(s)" in desk("resume", "openai")
    assert "arumaldo plugins lists them" in desk("resume", "opanai", code=1)


def test_a_demo_without_customers_has_nothing_to_report() -> None:
    ended = CliRunner().invoke(app, ["demo", "--json"])
    assert ended.exit_code == 2


def test_a_domain_that_no_customer_has_cannot_be_released_however_it_is_written(desk: Desk) -> None:
    assert "no customer has entered sunrise.example" in desk("release", "https://Sunrise.example/", code=1)


def test_a_provider_that_does_not_accept_us_is_on_the_list_until_it_is_resumed(desk: Desk, database: Database) -> None:
    written(
        database,
        "INSERT INTO provider_clocks (reseller_id, provider, parked_at, reason) VALUES (%s, %s, now(), 'bad key')",
        reseller(database), "pressable/hosting",
    )  # fmt: skip
    assert "pressable does not accept us for hosting: bad key" in desk("today")
    assert desk("resume", "pressable") == "1 provider(s) may be asked again.\n"
    assert kinds(desk) == []


def test_a_provider_that_fails_again_and_again_is_on_the_list_and_a_single_failure_is_not(
    desk: Desk, database: Database
) -> None:
    columns = "reseller_id, provider, failures, failing_since, reason"
    values = f"INSERT INTO provider_clocks ({columns}) VALUES (%s, %s, %s, now(), %s)"
    written(database, values, reseller(database), "pressable/hosting", 1, "503")
    written(database, values, reseller(database), "openai/ai", 5, "it answered 503")
    assert kinds(desk) == ["unavailable"]
    assert "openai fails at ai: it answered 503" in desk("today")


def test_money_that_the_gateway_will_not_return_is_on_the_list(desk: Desk, database: Database) -> None:
    account, message = uuid.uuid4(), uuid.uuid4()
    written(
        database, "INSERT INTO accounts (id, reseller_id, name) VALUES (%s, %s, 'one')", account, reseller(database)
    )
    written(
        database,
        "INSERT INTO messages (id, reseller_id, account_id, type, version, body)"
        " VALUES (%s, %s, %s, 'ReturnRefused', 1, '{}')",
        message, reseller(database), account,
    )  # fmt: skip
    written(
        database,
        "INSERT INTO deliveries (message_id, reseller_id, account_id, handler, lane, key, within, state, waits_for,"
        " created_at) VALUES (%s, %s, %s, 'give_the_money_back_again', 'payments', 'k', 90, 'waiting',"
        " 'the gateway refused to return the money', now() - interval '11 minutes')",
        message, reseller(database), account,
    )  # fmt: skip
    assert kinds(desk) == ["refused"]
    assert "the gateway refused to return the money" in desk("today")


def test_surplus_at_a_vendor_is_on_the_list_until_a_person_has_decided(desk: Desk, database: Database) -> None:
    finding = uuid.uuid4()
    written(
        database,
        "INSERT INTO findings (id, reseller_id, provider, step, vendor_id, reference, what, amount, currency, state)"
        " VALUES (%s, %s, 'authorizenet', 'payments.charge', '4711', 'abc', 'no order made it', 2900, 'USD', 'open')",
        finding, reseller(database),
    )  # fmt: skip
    said = desk("today")
    assert "authorizenet has a charge of $29.00 (4711), and no order made it" in said
    desk("settle", str(finding), "--keep")
    assert kinds(desk) == []
    assert "is not an open finding" in desk("settle", str(finding), "--keep", code=1)


def test_a_copy_is_made_and_refused_where_a_book_is_in_use(desk: Desk, tmp_path: Any) -> None:
    copy = str(tmp_path / "book.copy")
    assert "bytes" in desk("backup", copy)
    assert "is not empty" in desk("restore", copy, code=1)
    assert "is there already" in desk("backup", copy, code=1)
