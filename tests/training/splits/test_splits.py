"""Samples, features, training and score of the ways to find key moments."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from shared_features.landmarks.track_csv import write_track
from shared_features.params import PROJECT_ROOT, load_shared
from training.cli.main import app
from training.errors import RecordingError
from training.split_params import SplitParams
from training.splits.approaches import APPROACHES, TRIVIAL
from training.splits.recordings import SplitRecording, held_out, load_recordings
from training.splits.samples import classifier_pairs, regressor_pairs
from training.splits.validation import predictions, score
from training.synthetic.routines import perform, random_routine

ROUTINES, PERFORMERS, POSES = 3, 2, 3


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> SplitParams:
    """Settings for three routines with two performers each, as landmark tables."""
    folder = tmp_path_factory.mktemp("splits")
    entries = []
    for routine in range(ROUTINES):
        rng = np.random.default_rng(routine)
        parts = random_routine(rng, POSES)
        for performer in range(PERFORMERS):
            name = f"routine{routine}_{performer}_landmarks.csv"
            performed = perform(parts, rng, fps=12.5, source=name)
            write_track(performed.track, folder / name)
            entries.append(
                {
                    "routine": f"routine{routine}",
                    "performer": f"performer{performer}",
                    "path": name,
                    "splits": [round(float(time_s), 3) for time_s in performed.moments_s],
                }
            )
    recordings = folder / "recordings.yaml"
    recordings.write_text(yaml.safe_dump({"recordings": entries}))
    return SplitParams(recordings=recordings, folder=folder / "out", num_augmented=4, epochs=4)


@pytest.fixture(scope="module")
def recordings(params: SplitParams) -> list[SplitRecording]:
    return load_recordings(params, load_shared(PROJECT_ROOT / "params.yaml"))


def test_positive_pairs_end_at_the_same_moment(
    params: SplitParams, recordings: list[SplitRecording]
) -> None:
    """Near a split equally far from it; between splits at the same share of the way."""
    pairs = classifier_pairs(recordings, params, np.random.default_rng(0))
    splits = {one.name: one.splits_s for one in recordings}
    assert {pair.kind for pair in pairs if pair.same} == {"positive", "augmented"}
    for pair in pairs:
        assert pair.reference.split("/")[0] == pair.target.split("/")[0]
        ours = np.interp(pair.reference_end_s, splits[pair.reference], range(POSES))
        theirs = np.interp(pair.target_end_s, splits[pair.target], range(POSES))
        if pair.kind == "augmented":
            assert ours == pytest.approx(theirs, abs=1e-6)


def test_negative_pairs_are_at_least_half_a_clip_apart(
    params: SplitParams, recordings: list[SplitRecording]
) -> None:
    """Hard ones at most two clips, and every pair says how far."""
    clip_s = params.clip_length / recordings[0].sequence.rate_hz
    pairs = classifier_pairs(recordings, params, np.random.default_rng(0))
    wrong = [pair for pair in pairs if not pair.same]
    assert len(wrong) == len(pairs) / 2
    for pair in wrong:
        assert abs(pair.offset_s) >= clip_s / 2 - 1e-9
        if pair.kind == "hard negative":
            assert abs(pair.offset_s) <= 2 * clip_s + 1e-9


def test_the_first_split_can_be_ignored(
    params: SplitParams, recordings: list[SplitRecording]
) -> None:
    """It is often only the start of the recording."""
    ignoring = params.model_copy(update={"ignore_first_split": True})
    make = [
        regressor_pairs(recordings, how, np.random.default_rng(0)) for how in (params, ignoring)
    ]
    firsts = {one.splits_s[0] for one in recordings}
    assert any(pair.reference_end_s in firsts for pair in make[0])
    assert not any(pair.reference_end_s in firsts for pair in make[1])


def test_whole_routines_are_held_out(recordings: list[SplitRecording]) -> None:
    """No routine is on both sides; of a single routine, performers are held out."""
    kept, held = held_out(recordings, 0.34, 0)
    assert {one.annotated.routine for one in kept}.isdisjoint(
        {one.annotated.routine for one in held}
    )
    assert len(kept) + len(held) == len(recordings)
    single = [one for one in recordings if one.annotated.routine == "routine0"]
    assert len(held_out(single, 0.5, 0)[1]) == 2


def test_the_alignment_is_better_than_the_trivial_answer(
    params: SplitParams, recordings: list[SplitRecording]
) -> None:
    """Errors are in seconds, and moments that are not found count against an approach."""
    scores = {
        name: score(name, predictions(APPROACHES[name](params), recordings))
        for name in ("alignment", TRIVIAL)
    }
    assert scores["alignment"].moments == ROUTINES * (PERFORMERS - 1) * POSES
    assert scores["alignment"].within[2] > scores[TRIVIAL].within[2]
    assert scores[TRIVIAL].found == 1


def test_what_is_missing_or_too_late_is_listed_at_once(params: SplitParams) -> None:
    """A recording that vanished, and a split past the end of another one."""
    content = yaml.safe_load(params.recordings.read_text())
    shared = load_shared(PROJECT_ROOT / "params.yaml")
    for change, message in (
        ({"path": "gone.mp4"}, "there is no file"),
        ({"splits": [1.0, 2.0, 999.0]}, "before the splits 999.00 s"),
    ):
        entries = [content["recordings"][0] | change, *content["recordings"][1:]]
        path = params.recordings.with_name("broken.yaml")
        path.write_text(yaml.safe_dump({"recordings": entries}))
        with pytest.raises(RecordingError, match=message):
            load_recordings(params.model_copy(update={"recordings": path}), shared)


def test_the_commands_score_and_show(params: SplitParams, tmp_path: Path) -> None:
    """A table in seconds next to the trivial answer, and a page with pictures."""
    content = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text())
    content["training"]["splits"] |= {
        "recordings": str(params.recordings),
        "folder": str(params.folder),
        "num_augmented": 2,
    }
    settings = tmp_path / "params.yaml"
    settings.write_text(yaml.safe_dump(content))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["splits", *arguments, "--params", str(settings)])
        assert done.exit_code == 0, done.output
        return done.output

    assert f"{ROUTINES * PERFORMERS} recordings" in run("features")
    assert "hard negative" in run("samples", "--approach", "classifier")
    table = run("validate")
    assert "alignment" in table
    assert TRIVIAL in table
    page = tmp_path / "page.html"
    run("inspect", "--out", str(page))
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") >= ROUTINES * PERFORMERS * POSES
    assert 'src="http' not in text


def test_a_network_learns_which_clips_end_together(
    params: SplitParams, recordings: list[SplitRecording]
) -> None:
    """Its loss falls, it is stored, and it gives a time or no time for every moment."""
    pytest.importorskip("jax")
    small = params.model_copy(update={"compress_sizes": (16,), "post_lstm_sizes": (16,)})
    lines: list[str] = []
    approach = APPROACHES["classifier"](small)
    approach.train(recordings, lines.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    assert losses[-1] < losses[0]
    predicted = approach.predict(recordings[0], recordings[1])
    assert len(predicted) == POSES
    found = [time_s for time_s in predicted if time_s is not None]
    assert found == sorted(found)
