"""The next release, made from this one: a schema that adds, a message that says more, a message that is new."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import arumaldo

HERE = Path(arumaldo.__file__).parent
_MIGRATION = '''
"""An order may be admired."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
only_adds = {only_adds}


def upgrade() -> None:
    op.add_column("orders", sa.Column("admired_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table("admirers", sa.Column("order_id", sa.Uuid(), primary_key=True), sa.Column("tone", sa.String()))
    op.execute("GRANT SELECT, INSERT ON admirers TO app")
'''
_FACTS = '''

class SiteAdmired(Message, frozen=True):
    """This release alone knows it."""

    order_id: UUID
'''
_STEPS = """

@handles(facts.SiteHandedOver)
def admire_the_site(message: facts.SiteHandedOver, work: Work) -> None:
    with work.transaction() as rows:
        rows.publish(facts.SiteAdmired(order_id=message.order_id))


@handles(facts.SiteAdmired)
def remember_who_admired(message: facts.SiteAdmired, work: Work) -> None:
    from sqlalchemy import text

    with work.transaction() as rows:
        for statement in (
            "INSERT INTO admirers (order_id, tone) VALUES (:order, 'warm') ON CONFLICT DO NOTHING",
            "UPDATE orders SET admired_at = hub_now() WHERE id = :order",
        ):
            rows.session.execute(text(statement), {"order": message.order_id})
"""
_TONE = """    version: ClassVar[int] = 2
    tone: str

    @classmethod
    def upcast(cls, version: int, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "tone": "plain"}

"""


def next_release(folder: Path, *, only_adds: bool = True) -> Path:
    """A copy of this release's sources in `folder`, changed; who puts it before the others runs it."""
    package = folder / "arumaldo"
    shutil.copytree(HERE, package, ignore=shutil.ignore_patterns("__pycache__"))
    _add_a_migration(package / "store" / "migrations" / "versions", only_adds=only_adds)
    facts = package / "flows" / "facts.py"
    _change(facts, "from uuid import UUID\n", "from typing import Any, ClassVar\nfrom uuid import UUID\n")
    _change(facts, "class PreviewAsked(Message, frozen=True):\n", f"class PreviewAsked(Message, frozen=True):\n{_TONE}")
    facts.write_text(facts.read_text(encoding="utf-8") + _FACTS, encoding="utf-8")
    _change(package / "flows" / "business.py", "publish(PreviewAsked(", 'publish(PreviewAsked(tone="warm", ')
    steps = package / "flows" / "onboarding.py"
    steps.write_text(steps.read_text(encoding="utf-8") + _STEPS, encoding="utf-8")
    return folder


def head(versions: Path = HERE / "store" / "migrations" / "versions") -> str:
    """The newest migration's number."""
    return max(path.name[:4] for path in versions.glob("[0-9]*.py"))


def _add_a_migration(versions: Path, *, only_adds: bool) -> None:
    before = head(versions)
    revision = f"{int(before) + 1:04}"
    text = _MIGRATION.format(revision=revision, before=before, only_adds=only_adds)
    (versions / f"{revision}_admired.py").write_text(text.lstrip(), encoding="utf-8")


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.search(re.escape(old), text), f"{file.name} has no {old!r} any more"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
