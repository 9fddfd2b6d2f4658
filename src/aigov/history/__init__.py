"""The history of an organisation's audits: what held from which run to which.

`tables` says what is kept, `observations` reads it off a row of an audit, `databases` opens
SQLite or PostgreSQL, `store` is what the audit and the reports use, and `integrity` checks it.
"""

from importlib.util import find_spec

from aigov.errors import MissingExtra

for _needed in ("sqlalchemy", "alembic"):
    if find_spec(_needed) is None:
        raise MissingExtra(
            "the history needs what is not installed", remedy="pip install 'aigov-gate[audit]'"
        )
