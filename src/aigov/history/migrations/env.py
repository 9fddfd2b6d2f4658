"""What Alembic runs to bring a database up to date, on the connection that it is given."""

from alembic import context

from aigov.history.tables import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(connection, version_table=VERSION_TABLE, render_as_batch=True)
context.run_migrations()  # in the transaction of the connection
