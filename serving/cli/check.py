"""``straps-serve check``: what is wrong with a data folder, and the repair of its queue."""

from pathlib import Path

from serving.errors import DataDirError
from serving.jobs import inspect_data_dir, rebuild_queue
from serving.settings import load_settings
from serving.storage.data_dir import SET_ASIDE, DataDir


def check_data_dir(repair: bool, params: Path | None) -> bool:
    """Print what is wrong with the data folder, and repair it if asked to.

    Returns:
        Whether nothing is wrong, or everything was repaired.

    Raises:
        ParamsError: The settings are not valid.
        DataDirError: There is no such folder, it cannot be used, or a service is using it.
    """
    settings = load_settings(params)
    serving = settings.serving
    if not serving.data_dir.is_dir():
        raise DataDirError(f"There is no data folder {serving.data_dir}.")
    if isinstance(serving.store, str):
        raise DataDirError(
            f"`check` looks at folders, and the videos of this service are in {serving.store}. Its "
            "queue is rebuilt from there whenever it starts."
        )
    with DataDir(
        serving.data_dir, serving.min_free_bytes, tidy=False, store=serving.store
    ) as data_dir:
        findings = inspect_data_dir(settings, data_dir)
        for finding in findings:
            print(finding)
        if not findings:
            print(f"{data_dir.store} is in order. Videos: {len(data_dir.job_ids())}.")
        elif not repair:
            print("Run `straps-serve check --repair` to rebuild the queue. Nothing is removed.")
        if not findings or not repair:
            return not findings
        done, aside = rebuild_queue(settings, data_dir)
        if aside is not None:
            print(f"The broken database is kept as {aside.name}.")
        print(f"Videos taken up: {len(done.taken_up)}, forgotten: {len(done.forgotten)}.")
        for name in done.set_aside:
            print(f"Set aside: {SET_ASIDE}/{name}")
        left = inspect_data_dir(settings, data_dir)
        for finding in left:
            print(f"Not repaired: {finding}")
        return not left
