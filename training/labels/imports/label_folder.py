"""Labels from a folder per label: ``downdog/1.jpg`` is labelled ``downdog``."""

from pathlib import Path

from training.errors import LabelError
from training.labels.known_recordings import KnownRecordings
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import SUFFIXES, listed, recordings_below, sharing_tables
from training.words import counted


def read_label_folder(folder: Path, known: KnownRecordings) -> LabelSource:
    """Read the photos and videos below a folder, labelled by the subfolder they are in.

    Raises:
        LabelError: There are none.
    """
    claims, problems, unlabelled = [], [], []
    for kind in SUFFIXES:
        recordings = recordings_below(folder, kind)
        problems += [
            f"{paths} would share their tables; rename all but one"
            for paths in sharing_tables(recordings)
        ]
        for recording in recordings:
            parts = recording.path.relative_to(folder).parts
            if len(parts) == 1:
                unlabelled.append(parts[0])
                continue
            found = known.at(recording.path, folder)
            claims.append(LabelClaim(found, "/".join(parts), f"folder {parts[0]}", parts[0]))
    if not claims:
        raise LabelError(
            f"{folder} has no photos or videos in a folder per label, such as "
            f"{folder.name}/back lever/1.jpg."
        )
    files = counted(len(unlabelled), "file is", "files are")
    remark = f"{files} not in a label's folder: {listed(unlabelled)}."
    return LabelSource(folder, claims, problems, [remark] if unlabelled else [])
