"""Runs migrations on the connection that monitor.store hands over, inside the transaction that it began."""

from alembic import context

from monitor.store.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Migrations are run by `training-monitor db upgrade`; `alembic` alone has no database here.")

context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
