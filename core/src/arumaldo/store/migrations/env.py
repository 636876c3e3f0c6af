"""Alembic's door. The connection comes from `arumaldo.store.migrate`."""

from alembic import context

from arumaldo.store.tables import Row

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Row.metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
