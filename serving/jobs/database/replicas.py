"""The services that share one queue: who is there, and whose work has to be taken over.

Each notes in the database, every few seconds and by the database's clock, that it is there. One
that has not for a while is gone: its machine is off, its process has died or is stopped, or it
cannot reach the database. The others then enqueue its work again. DBOS does that atomically, for
work that still belongs to the lost executor only, so it does not matter how many do it at once.
"""

import time
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from serving.settings import Role

# How often a replica says that it is there, and how long it may be silent.
BEAT_INTERVAL_S = 2.0
GONE_AFTER_S = 12.0
_FORGOTTEN_AFTER = timedelta(days=30)
_CONNECT_TIMEOUT_S = 5

_METADATA = sa.MetaData()
_TABLE = sa.Table(
    "straps_replicas",
    _METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("instance", sa.Text, nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
)


class Replicas:
    """One replica's view of all of them. For one thread only.

    Args:
        database_url: PostgreSQL.
        instance: ID of the queue they share.
        replica: ID of this one.
        role: What it does.

    Raises:
        Exception: The database cannot be used at the moment.
    """

    def __init__(self, database_url: str, instance: str, replica: str, role: Role) -> None:
        self._instance, self._replica, self._role = instance, replica, role
        self._engine = sa.create_engine(
            sa.make_url(database_url).set(drivername="postgresql+psycopg"),
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
        )
        _METADATA.create_all(self._engine, checkfirst=True)
        self._present_since_s = time.monotonic()
        self._beat_at_s = time.monotonic()

    def close(self) -> None:
        """Leave in good order, so that the others need not wait to take over."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.delete(_TABLE).where(_TABLE.c.id == self._replica))
        finally:
            self._engine.dispose()

    def beat(self) -> bool:
        """Note that this replica is there; returns whether the others never had to doubt it.

        If not, they may have taken over its work, so it must not continue with it.
        """
        values = {
            "id": self._replica,
            "instance": self._instance,
            "role": self._role,
            "seen_at": sa.func.now(),
        }
        note = insert(_TABLE).values(values)
        with self._engine.begin() as connection:
            connection.execute(note.on_conflict_do_update(index_elements=["id"], set_=values))
        now_s = time.monotonic()
        in_time = now_s - self._beat_at_s < GONE_AFTER_S
        self._beat_at_s = now_s
        if not in_time:
            self._present_since_s = now_s
        return in_time

    def gone(self, executors: list[str]) -> list[str]:
        """Which executors are not there.

        None, while this replica itself has just come back: if the database was away, every other
        one has been silent, too, and gets the same time to return.
        """
        if time.monotonic() - self._present_since_s < GONE_AFTER_S:
            return []
        present = sa.select(_TABLE.c.id).where(
            _TABLE.c.instance == self._instance,
            _TABLE.c.seen_at > sa.func.now() - timedelta(seconds=GONE_AFTER_S),
        )
        with self._engine.begin() as connection:
            there = set(connection.execute(present).scalars())
            connection.execute(
                sa.delete(_TABLE).where(_TABLE.c.seen_at < sa.func.now() - _FORGOTTEN_AFTER)
            )
        return [executor for executor in executors if executor not in there]
