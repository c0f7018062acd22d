"""No split separates planted copies of any kind from their source."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.data.tables import (
    KNOWN,
    SPEC,
    add_labels,
    add_landmarks,
    folders,
    make_and_combine,
    random_hash,
    random_track,
)
from training.data.dataset import Dataset, read_dataset
from training.data.splits import grouped_folds, held_out_split
from training.params import DataParams
from training.recordings.groups import GROUPS_FILE, DeclaredGroup, add_groups

COPIES = ("mirrored", "roboflow", "renamed file", "re-encoded", "mirrored image", "declared")


MEMORY = Path("/dev/shm")  # noqa: S108 - created for this test, and removed


def copy_name(copy: str, source: str) -> str:
    """The file name of a copy."""
    if copy == "mirrored":
        return f"mirrored_{source}.jpg"
    if copy == "roboflow":
        return f"{source}_jpg.rf.0f3a9b2c4d5e6f70.jpg"
    return f"{copy.replace(' ', '-')}-of-{source[::-1]}.jpg"


def plant(data: DataParams, number: int, copies: list[str]) -> dict[str, str]:
    """Add a photo and copies of it; returns the photo's name by each file name."""
    source, label = f"photo{number}", KNOWN[number % 3]
    image, content = random_hash(number), f"content {number}"
    names = {f"{source}.jpg": (image, content)}
    for copy in copies:
        changed = int(image, 16)
        if copy == "mirrored image":
            changed ^= int("55" * 32, 16)
        if copy in ("re-encoded", "mirrored image"):
            changed ^= 0b1011 << number
        hashed = f"{changed:064x}" if copy.endswith(("encoded", "image")) else None
        names[copy_name(copy, source)] = (
            hashed or random_hash(1000 * number + COPIES.index(copy) + 1),
            content if copy == "renamed file" else f"{content} as {copy}",
        )
        if copy == "declared":
            add_groups(
                data.labels / GROUPS_FILE,
                [
                    DeclaredGroup(f"photo_{name}", f"session {number}")
                    for name in (f"{source}.jpg", copy_name(copy, source))
                ],
            )
    for name, (hashed, sha256) in names.items():
        add_landmarks(data, "photo", random_track(name, number, 1), [hashed], sha256)
        add_labels(data, "photo", name, [(0, 0, label)])
    return {f"photo_{name}": source for name in names}


@given(
    st.lists(st.lists(st.sampled_from(COPIES), unique=True), min_size=6, max_size=9),
    st.integers(0, 100),
)
@settings(max_examples=8)
def test_planted_copies_stay_with_their_source(copies: list[list[str]], seed: int) -> None:
    """No fold and no held-out split has a source in both parts or tests on mirrored rows."""
    # In memory, since every table is flushed to disk.
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as root:
        data = folders(Path(root))
        sources: dict[str, str] = {}
        for number, of_photo in enumerate(copies):
            sources |= plant(data, number, of_photo)
        dataset = read_dataset(make_and_combine(data).path, SPEC, KNOWN)
        split = held_out_split(dataset, 0.3, seed, [])
    assert dataset.augmented.any()
    folds = grouped_folds(dataset, 3, seed)
    for train, test in [(f.train, f.test) for f in folds] + [(split.train, split.held_out)]:
        assert not _sources(dataset, train, sources) & _sources(dataset, test, sources)
        assert not dataset.augmented[test].any()
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested.tolist()) == np.flatnonzero(~dataset.augmented).tolist()
    # Unrelated photos are in different groups.
    pairs = set(
        zip(map(sources.get, dataset.filenames.tolist()), dataset.groups.tolist(), strict=True)
    )
    assert len(pairs) == len(copies)


def _sources(dataset: Dataset, rows: np.ndarray, sources: dict[str, str]) -> set[str]:
    return {sources[name] for name in dataset.filenames[rows].tolist()}
