"""The jobs that a database stores for a service, without opening its queues."""

from dbos import DBOSClient

from serving.errors import NotReadyError
from serving.jobs.database.stored import NAMES, read_workflow


def known_jobs(database_url: str, instance: str) -> set[str]:
    """IDs of the jobs of a service; changes nothing in the database.

    Args:
        database_url: SQLite or PostgreSQL.
        instance: The service's name for itself, from its data folder.

    Raises:
        NotReadyError: The database cannot be read.
    """
    client = DBOSClient(
        system_database_url=database_url,
        system_database_pool_size=1,
        lazy=True,
        retry_connection_errors=False,
    )
    try:
        found = client.list_workflows(
            executor_id=instance, name=list(NAMES.values()), load_input=False, load_output=False
        )
    except Exception as error:
        # The errors of the database driver, SQLAlchemy and DBOS have no common base class.
        raise NotReadyError(
            f"The queue's database cannot be read ({type(error).__name__}): it does not answer, or "
            "no service has used it yet (`serving.database_url` in params.yaml)."
        ) from error
    finally:
        client.destroy()
    return {read_workflow(workflow).job_id for workflow in found}
