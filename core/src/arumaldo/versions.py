"""Numbered versions of hubconfig.toml: checked whole by one process, followed by all."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from arumaldo.bus import clocks
from arumaldo.config.model import Config
from arumaldo.errors import ConfigError
from arumaldo.store.seal import Keyring

_LOCK = 4120202


@dataclass(frozen=True)
class Version:
    """One stored configuration; `text` is the whole file, in which secrets are references."""

    number: int
    text: str


def publish(session: Session, keys: Keyring, config: Config) -> int:
    """Store the checked configuration as the next version and answer its number; an unchanged file keeps the number.

    ConfigError when it takes away a plugin to which accounts are bound. A new version lets parked providers try again.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    newest = session.execute(text("SELECT number, digest FROM config_versions ORDER BY number DESC LIMIT 1")).first()
    if newest is not None and newest.digest == config.digest:
        return int(newest.number)
    _refuse_orphans(session, config)
    for slug in config.resellers:
        session.execute(
            text("INSERT INTO resellers (id, slug) VALUES (gen_random_uuid(), :slug) ON CONFLICT DO NOTHING"),
            {"slug": slug},
        )
    clocks.unpark(session)
    number: int = session.execute(
        text("INSERT INTO config_versions (digest, body) VALUES (:digest, :body) RETURNING number"),
        {"digest": config.digest, "body": keys.seal(config.text)},
    ).scalar_one()
    return number


def newest_number(session: Session) -> int:
    """The highest number; 0 before the first."""
    return int(session.execute(text("SELECT coalesce(max(number), 0) FROM config_versions")).scalar_one())


def read(session: Session, keys: Keyring, number: int) -> Version:
    """One stored version."""
    body = session.execute(
        text("SELECT body FROM config_versions WHERE number = :number"), {"number": number}
    ).scalar_one()
    return Version(number, keys.open(bytes(body)))


def _refuse_orphans(session: Session, config: Config) -> None:
    bound = session.execute(
        text("""
        SELECT r.slug, b.provider, count(DISTINCT b.account_id) AS accounts
        FROM bindings b JOIN resellers r ON r.id = b.reseller_id GROUP BY r.slug, b.provider
        """)
    )
    mistakes = [
        f"[plugins.{row.provider}] cannot be taken away: {row.accounts} account(s) of reseller {row.slug} are bound to "
        "it. Put the table back, and change [providers] instead: new accounts will go elsewhere."
        for row in bound
        if row.slug not in config.resellers or row.provider not in config.resellers[row.slug].plugins
    ]
    if mistakes:
        raise ConfigError(*mistakes)
