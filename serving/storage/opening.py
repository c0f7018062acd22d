"""The data folder that the settings ask for."""

from serving.settings import ServingParams
from serving.storage.data_dir import DataDir
from serving.storage.replicated import ReplicatedDataDir


def data_dir_of(serving: ServingParams) -> DataDir:
    """The data folder, with the store that it shares with other services, if any.

    Raises:
        DataDirError: The store cannot be used.
    """
    store = serving.store
    if isinstance(store, str):
        return ReplicatedDataDir(
            serving.data_dir, store, serving.min_free_bytes, serving.max_cache_bytes
        )
    return DataDir(serving.data_dir, serving.min_free_bytes, store=store)
