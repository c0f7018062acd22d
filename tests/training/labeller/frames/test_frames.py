"""Frames for the page: their numbers and times, and a JPEG of any of them."""

import io
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared_features.params import MediaParams
from tests.clips import corner_image, corner_order, flag_rotation, write_video
from tests.training.labeller.tool import write_clip
from training.labeller.frames.decoder import STORES, BackgroundDecoder
from training.labeller.frames.frame_seeker import FrameSeeker
from training.labeller.frames.frame_sources import PhotoFrames, VideoFrames
from training.labeller.frames.frame_store import FrameStore
from training.labeller.frames.jpegs import FrameJpeg, JpegFile, encode_frame
from training.recordings.catalog import Recording


def brightness(jpeg: FrameJpeg | None) -> int:
    """Which frame of ``write_clip`` a JPEG shows."""
    assert jpeg is not None
    return round(decoded(jpeg).mean() / 8)


def decoded(jpeg: FrameJpeg) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg.content)))


@contextmanager
def filled(
    path: Path, media: MediaParams, skip_seconds: float = 1, **more: int
) -> Iterator[FrameStore]:
    """A store that has decoded its whole video."""
    with closing(FrameStore(path, media, skip_seconds, **more)) as store:
        for _ in store.decode():
            pass
        yield store


def video(path: Path) -> Recording:
    return Recording("video", path.name, path)


def test_a_store_knows_times_shown_frames_and_jpegs(tmp_path: Path, media: MediaParams) -> None:
    """True times, the last frame among the shown ones, a JPEG of every frame."""
    times_s = [0, 0.4, 1.3, 1.5, 3.0, 3.1]
    images = [np.full((96, 128, 3), 8 * index, np.uint8) for index in range(len(times_s))]
    path = write_video(tmp_path / "variable.mp4", images, times_s)
    with filled(path, media) as store:
        state = store.state
        assert state.complete
        assert state.frames == len(times_s)
        assert [frame for frame, _ in state.shown] == [0, 2, 4, 5]
        assert [seconds for _, seconds in state.shown] == pytest.approx([0, 1.3, 3.0, 3.1])
        assert [brightness(store.jpeg(frame)) for frame in range(6)] == list(range(6))
    assert store.jpeg(0) is None


@pytest.mark.parametrize(
    ("skip_seconds", "expected"),
    [(5, [0, 5, 10, 15, 20, 22]), (11, [0, 11, 22]), (60, [0, 22])],
    ids=["the seed's table", "the last frame is at a step", "shorter than a step"],
)
def test_the_last_frame_is_always_shown(
    seed_clip: Path, media: MediaParams, skip_seconds: float, expected: list[int]
) -> None:
    """It is shown once, whether or not it is at a step."""
    with filled(seed_clip, media, skip_seconds) as store:
        assert [frame for frame, _ in store.state.shown] == expected


def test_a_long_recording_keeps_fewer_jpegs(tmp_path: Path, media: MediaParams) -> None:
    """Every shown frame keeps its JPEG; for any other frame the nearest stored one is returned."""
    path = write_clip(tmp_path / "long.mp4", frames=60, step_s=0.1)
    with filled(path, media, max_bytes=400_000) as store:
        shown = [frame for frame, _ in store.state.shown]
        assert all(store.jpeg(frame) for frame in shown)
        kept = [frame for frame in range(60) if store.jpeg(frame)]
        assert set(shown) < set(kept) < set(range(60))
        for frame in range(60):
            nearest = store.nearest_jpeg(frame)
            assert nearest is not None
            assert abs(nearest.frame - frame) == min(abs(one - frame) for one in kept)


def test_a_damaged_recording_is_shown_as_far_as_it_goes(tmp_path: Path, media: MediaParams) -> None:
    """A file cut in half can be labelled, with a remark; a file that is no video gives a reason."""
    noise = np.random.default_rng(1)
    images = [noise.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(60)]
    whole = write_video(tmp_path / "whole.mp4", images, [index / 30 for index in range(60)])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with filled(cut, media) as store:
        assert store.state.complete
        assert 0 < store.state.frames < 60
        assert "ends too early" in (store.state.remark or "")
    rubbish = tmp_path / "rubbish.mp4"
    rubbish.write_text("no video")
    with filled(rubbish, media) as store:
        assert "rubbish.mp4 is not a video" in (store.state.problem or "")
        assert not store.wait_for(0, timeout_s=5)


def test_jpegs_are_upright_and_not_too_large(tmp_path: Path, media: MediaParams) -> None:
    """The rotation flag of phones is applied; no side is longer than the page needs."""
    path = write_video(tmp_path / "turned.mp4", [corner_image(1600, 900)], [0.0])
    flag_rotation(path, 90)
    with filled(path, media) as store:
        jpeg = store.jpeg(0)
    assert jpeg is not None
    shown = decoded(jpeg)
    assert shown.shape[:2] == (1280, 720)
    assert corner_order(shown) == [3, 0, 1, 2]
    small = encode_frame(0, np.zeros((900, 1600, 3), np.uint8), small=True)
    assert decoded(small).shape[:2] == (360, 640)
    assert not small.sharp
    assert encode_frame(0, np.zeros((90, 160, 3), np.uint8), small=True).sharp


def test_a_photo_is_upright(tmp_path: Path, media: MediaParams) -> None:
    """The EXIF orientation is applied."""
    photo = Image.fromarray(corner_image(320, 240))
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate clockwise by 90 degrees
    photo.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    recording = Recording("photo", "turned.jpg", tmp_path / "turned.jpg")
    frames = PhotoFrames(media)
    jpeg = frames.jpeg(recording, 0, fast=False)
    assert jpeg is not None
    assert corner_order(decoded(jpeg)) == [3, 0, 1, 2]
    assert frames.jpeg(recording, 1, fast=False) is None


def test_any_frame_can_be_requested(tmp_path: Path, media: MediaParams) -> None:
    """Forwards, backwards, far away, in another recording; past the end there is none."""
    one = write_clip(tmp_path / "one.mp4", frames=28)
    other = write_clip(tmp_path / "other.mp4", frames=5)
    seeker = FrameSeeker(media)
    for path, frame in [(one, 3), (one, 4), (one, 27), (one, 0), (other, 4), (one, 20), (one, 3)]:
        found = seeker.jpeg(path, frame)
        assert found is not None
        assert (found.frame, brightness(found)) == (frame, frame)
        assert found.sharp
    assert seeker.jpeg(other, 5) is None
    seeker.close()


def test_the_latest_request_is_served(tmp_path: Path, media: MediaParams) -> None:
    """Earlier requests may get nothing, but no request gets a wrong frame."""
    path = write_clip(tmp_path / "clip.mp4", frames=29)
    seeker = FrameSeeker(media)
    responses: dict[int, FrameJpeg | None] = {}

    def ask(frame: int) -> None:
        responses[frame] = seeker.jpeg(path, frame)

    askers = [threading.Thread(target=ask, args=(frame,)) for frame in range(28, 4, -4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert any(responses.values())
    assert all(brightness(found) == frame for frame, found in responses.items() if found)
    seeker.close()


def test_the_recording_on_the_page_is_decoded_first(tmp_path: Path, media: MediaParams) -> None:
    """Only a few recordings are stored at a time."""
    clips = [video(write_clip(tmp_path / f"{k}.mp4", 12)) for k in range(STORES + 2)]
    decoder = BackgroundDecoder(media, skip_seconds=5)
    stores = [decoder.store(clip) for clip in clips]
    decoder.prepare(clips[0])
    last = decoder.wait_for(clips[-1], timeout_s=20)
    assert last is stores[-1]
    assert last.state.complete
    assert stores[1].ended
    assert stores[1].jpeg(0) is None  # dropped, with its disk space
    assert decoder.store(clips[1]).wait_for(11, timeout_s=20)
    prepared = decoder.wait_for(clips[0], timeout_s=20)
    assert prepared is None or prepared.state.complete
    decoder.close()


def test_a_sharp_jpeg_is_made_when_only_a_small_one_is_stored(
    tmp_path: Path, media: MediaParams
) -> None:
    """A fast request gets the small one at once; a normal request gets a sharp one."""
    images = [np.full((500, 900, 3), 8 * index, np.uint8) for index in range(8)]
    path = write_video(tmp_path / "wide.mp4", images, [index / 4 for index in range(8)])
    frames = VideoFrames(media, skip_seconds=1)
    recording = video(path)
    assert frames.wait_for(recording, 7)
    quick = frames.jpeg(recording, 3, fast=True)
    assert quick is not None
    assert not quick.sharp
    slow = frames.jpeg(recording, 3, fast=False)
    assert slow is not None
    assert slow.sharp
    assert brightness(slow) == brightness(quick) == 3
    assert decoded(slow).shape[1] == 900
    frames.close()


def test_a_full_disk_does_not_stop_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A JPEG that cannot be stored is simply missing, and is made on request."""

    class Full:
        closed = False

        def seek(self, place: int) -> None:
            raise OSError(28, "No space left on device")

    with closing(JpegFile()) as file:
        with monkeypatch.context() as patched:
            patched.setattr(file, "_file", Full())
            file.add(encode_frame(1, np.zeros((8, 8, 3), np.uint8)))
        assert file.get(1) is None
