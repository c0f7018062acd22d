"""Drawing: steady, in the right place, readable, in the colours of the page."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.errors import ServingError
from serving.overlay.drawing.canvas import rgb_canvas, stored_canvas
from serving.overlay.drawing.crop import body_crop
from serving.overlay.drawing.palette import Palette, rgb
from serving.overlay.drawing.skeleton import SkeletonPen
from serving.overlay.drawing.text import Stencil, Typeface, stamp
from serving.overlay.moments import steadiest_frame
from serving.overlay.painter import Painter
from serving.overlay.ribbon import ribbon_image
from serving.overlay.routine import Routine
from serving.overlay.smoothing import smoothed_points
from serving.overlay.summary import best_holds, summary_image, tile_for, tile_photo
from serving.settings import OverlayParams, load_settings
from shared_features.classify.timeline import NO_PERSON, UNCERTAIN, Segment, Total
from shared_features.errors import ParamsError
from shared_features.landmarks.landmarks import LANDMARK_INDEX
from shared_features.media.planes import Nv12Planes
from shared_features.params import PROJECT_ROOT
from tests.serving.overlay_clips import moving_points

LABELS = ("front lever", "l-hang", "other")
EMPTY = Nv12Planes(np.zeros((2, 2), np.uint8), np.zeros((1, 1, 2), np.uint8))
SIZES = [(640, 480), (720, 1280), (1920, 1080), (120, 90), (64, 640)]


@pytest.fixture(scope="module")
def params() -> OverlayParams:
    return load_settings(PROJECT_ROOT / "params.yaml").serving.overlay


def a_routine(labels: list[tuple[str, int]], fps: float = 25.0) -> Routine:
    """A routine with segments of given lengths in frames; poses are holds."""
    frames = sum(count for _, count in labels)
    pts_s = np.arange(frames) / fps
    segments, first = [], 0
    for label, count in labels:
        hold = label in LABELS[:2]
        start_s, end_s = first / fps, (first + count) / fps
        segments.append(Segment(label, start_s, end_s, first, first + count - 1, 0.9, hold))
        first += count
    totals = tuple(Total(label, 1.0, 1, 1.0) for label in LABELS)
    points, confidence = moving_points(frames), np.full(frames, 0.9)
    return Routine(
        "my_routine.mp4",
        frames / fps,
        LABELS,
        LABELS[-1],
        pts_s,
        points,
        confidence,
        tuple(segments),
        totals,
    )


def test_smoothing_removes_jitter_and_keeps_movement() -> None:
    """Noise is more than halved; a steady movement is neither delayed nor shortened."""
    rng = np.random.default_rng(1)
    times = np.arange(200) / 30
    truth = np.broadcast_to(0.2 + 0.1 * times[:, None, None] / 7, (200, 33, 3)).astype(np.float32)
    noisy = truth + rng.normal(0, 0.004, truth.shape).astype(np.float32)
    smooth = smoothed_points(noisy, times, 0.05)
    inner = slice(10, -10)
    assert np.std(smooth[inner] - truth[inner]) < 0.5 * np.std(noisy[inner] - truth[inner])
    assert abs(np.mean(smooth[inner] - truth[inner])) < 1e-4


def test_a_single_wild_frame_is_not_drawn() -> None:
    """One frame of swapped sides disappears instead of being smeared."""
    points = np.full((30, 33, 3), 0.5, dtype=np.float32)
    points[15, LANDMARK_INDEX["LEFT_WRIST"], 0] = 0.6
    smooth = smoothed_points(points, np.arange(30) / 30, 0.05)
    assert np.abs(smooth - 0.5).max() < 1e-6


def test_smoothing_stops_where_the_person_does() -> None:
    """Frames without a person stay empty; nothing is mixed across a cut or a gap."""
    points = np.full((40, 33, 3), 0.2, dtype=np.float32)
    points[20:] = 0.7  # a cut
    points[30] = np.nan
    times = np.arange(40) / 30
    smooth = smoothed_points(points, times, 0.05)
    assert np.isnan(smooth[30]).all()
    assert np.isnan(smooth).any(axis=(1, 2)).sum() == 1
    assert np.allclose(smooth[:20], 0.2)
    assert np.allclose(smooth[20:30], 0.7)


@pytest.mark.parametrize("sigma_s", [0.0, 0.05])
def test_smoothing_accepts_the_shortest_videos(sigma_s: float) -> None:
    """Up to two frames are unchanged."""
    for frames in (0, 1, 2):
        points = moving_points(frames)
        smooth = smoothed_points(points, np.arange(frames) / 30, sigma_s)
        assert np.array_equal(smooth, points)


def test_a_photo_is_taken_where_the_hold_is_steadiest() -> None:
    """Not during movement, at either end, without a person, or with a limb cut off."""
    routine = a_routine([("other", 10), ("front lever", 100), ("other", 10)])
    rng = np.random.default_rng(2)
    points = np.full((120, 33, 3), 0.5, dtype=np.float32)
    points[:, :, :2] += np.cumsum(rng.normal(0, 0.003, (120, 1, 2)), axis=0).clip(-0.3, 0.3)
    for still in (slice(10, 25), slice(40, 52), slice(70, 82), slice(85, 95)):
        points[still] = points[still.start]
    points[70:82, LANDMARK_INDEX["LEFT_ANKLE"], 1] = 1.2  # out of the picture
    points[85:95] = np.nan
    frame = steadiest_frame(routine.holds[0], routine, points, 4 / 3)
    assert 40 <= frame < 52


def test_a_hold_without_any_person_has_a_moment() -> None:
    """The moment is its middle."""
    routine = a_routine([("front lever", 11)])
    points = np.full((11, 33, 3), np.nan, dtype=np.float32)
    assert steadiest_frame(routine.holds[0], routine, points, 1.0) == 5


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_frames_of_any_size_can_be_drawn_on(params: OverlayParams, width: int, height: int) -> None:
    """Large, small, upright and odd sizes, with every kind of label."""
    long_name = "a pose whose name is far too long for any picture that one might film " * 2
    routine = a_routine([(label, 3) for label in (*LABELS, UNCERTAIN, NO_PERSON)])
    long = Segment(long_name, 0.0, 0.12, 0, 2, 0.9, True)
    routine = Routine(
        **{
            **vars(routine),
            "segments": (long, *routine.segments[1:]),
            "labels": (long_name, *LABELS[1:]),
        }
    )
    painter = Painter(routine, routine.points, width, height, params)
    for index, brightness in enumerate([0, 255, 128] * 5):
        picture = np.full((height, width, 3), brightness, dtype=np.uint8)
        painter.paint(rgb_canvas(picture), index)
        assert picture.shape == (height, width, 3)
        assert (picture != brightness).any()


@pytest.mark.parametrize("matrix", [1, 6, 9, None])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (720, 1280), (66, 640)])
def test_drawing_on_planes_equals_drawing_on_rgb(
    params: OverlayParams, width: int, height: int, matrix: int | None
) -> None:
    """A frame drawn on in its stored format looks like one drawn on in RGB."""
    routine = a_routine([("front lever", 30), ("other", 30)])
    rgb = np.full((height, width, 3), (180, 120, 70), dtype=np.uint8)
    light, colour = (layer.convert(rgb) for layer in stored_canvas(EMPTY, matrix))
    stored = Nv12Planes(light[:, :, 0], colour)
    painter = Painter(routine, routine.points, width, height, params)
    painter.paint(stored_canvas(stored, matrix), 20)
    Painter(routine, routine.points, width, height, params).paint(rgb_canvas(rgb), 20)
    expected = [layer.convert(rgb) for layer in stored_canvas(EMPTY, matrix)]
    for drawn, wanted in zip((light, colour), expected, strict=True):
        differences = np.abs(drawn.astype(int) - wanted)
        assert differences.mean() < 1
        # Edges of lines and letters fall a little differently in half size.
        assert (differences > 24).mean() < 0.02


def test_inks_are_those_of_the_standard() -> None:
    """Black, white and the primaries of BT.709 in limited range."""
    light, colour = stored_canvas(EMPTY, 1)
    assert [light.ink((0, 0, 0)), light.ink((255, 255, 255))] == [(16,), (235,)]
    assert [colour.ink((0, 0, 0)), colour.ink((255, 255, 255))] == [(128, 128), (128, 128)]
    assert [light.ink((255, 0, 0)), colour.ink((255, 0, 0))] == [(63,), (102, 240)]
    assert [light.ink((0, 0, 255)), colour.ink((0, 0, 255))] == [(32,), (240, 118)]


@pytest.mark.parametrize("brightness", [0, 128, 255], ids=["dark", "grey", "light"])
def test_letters_can_be_read_on_any_background(params: OverlayParams, brightness: int) -> None:
    """The background of white letters is dark: a contrast of 3 to 1, enough for large text."""
    routine = a_routine([("front lever", 30)])
    bare = params.model_copy(update={"parts": frozenset({"pose", "clock"})})
    picture = np.full((720, 1280, 3), brightness, dtype=np.uint8)
    Painter(routine, routine.points, 1280, 720, bare).paint(rgb_canvas(picture), 20)
    letters = picture[560:690, 60:500]
    white = (letters == 255).all(axis=2)
    rows = np.flatnonzero(white.any(axis=1))
    behind = np.median(letters[rows[0] : rows[-1]].astype(float), axis=(0, 1))
    assert (1.05) / (_luminance(behind) + 0.05) > 3


def _luminance(colour: NDArray[np.float64]) -> float:
    """Relative luminance (WCAG 2.2)."""
    share = colour / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_hidden_limbs_are_faint() -> None:
    """Lower visibility is drawn fainter; a frame without a person stays unchanged."""
    changes = []
    for visibility in (0.1, 0.5, 0.95):
        points = moving_points(1)[0]
        points[:, 2] = visibility
        picture = np.zeros((240, 320, 3), dtype=np.uint8)
        SkeletonPen(320, 240, 3, by_side=False).draw(rgb_canvas(picture), points, (255, 255, 255))
        changes.append(int(picture.max()))
    assert changes == sorted(changes)
    assert changes[0] < 100 < changes[2]
    empty = np.zeros((240, 320, 3), dtype=np.uint8)
    missing = np.full((33, 3), np.nan, dtype=np.float32)
    SkeletonPen(320, 240, 3, by_side=False).draw(rgb_canvas(empty), missing, (255, 255, 255))
    assert not empty.any()


@pytest.mark.parametrize("at", [(-5, 0.5), (0.5, 7), (1e6, 1e6), (-0.1, 1.1)])
def test_a_body_outside_the_frame_is_cropped(at: tuple[float, float]) -> None:
    """Landmarks may be anywhere; the part inside the frame is drawn."""
    points = moving_points(1)[0]
    points[:20, :2] = at
    picture = np.zeros((240, 320, 3), dtype=np.uint8)
    SkeletonPen(320, 240, 3, by_side=True).draw(rgb_canvas(picture), points, (255, 255, 255))
    assert picture.any()


@pytest.mark.parametrize("room", [20, 60, 150, 1000])
def test_long_text_fits(room: int) -> None:
    """Reduced first, then truncated; never wider than the available width."""
    typeface = Typeface()
    for text, bold in product(("reverse meathook", "l", "a very long name " * 9), (True, False)):
        fitted, size = typeface.fitting(text, 48, room, bold)
        mask = typeface.mask(fitted, size, bold)
        assert mask.shape[1] <= room or fitted == "…"


def test_a_clock_does_not_jitter() -> None:
    """Numbers with the same number of digits are equally wide."""
    typeface = Typeface()
    widths = {typeface.number(f"{n / 10:.1f}", 40, bold=True).shape[1] for n in range(100)}
    assert len(widths) == 1


@pytest.mark.parametrize(("x", "y"), list(product((-50, -5, 90, 200), repeat=2)))
def test_text_may_cross_the_edge(x: int, y: int) -> None:
    """Parts outside are ignored."""
    picture = np.zeros((100, 100, 3), dtype=np.uint8)
    mask = np.full((20, 30), 255, dtype=np.uint8)
    stamp(rgb_canvas(picture), Stencil.of(mask), x, y, (255, 10, 0))
    inside = picture[max(0, y) : max(0, y + 20), max(0, x) : max(0, x + 30)]
    assert (inside == (255, 10, 0)).all()
    assert picture.any(axis=2).sum() == inside.shape[0] * inside.shape[1]


def test_a_file_that_is_not_a_font_is_named(tmp_path: Path) -> None:
    """The message names the setting, too."""
    (tmp_path / "font.ttf").write_text("none")
    with pytest.raises(ServingError, match=r"font\.ttf.*serving\.overlay\.font"):
        Typeface(tmp_path / "font.ttf")


def test_the_ribbon_shows_each_pose_where_it_is(params: OverlayParams) -> None:
    """In the pose's own colour; even the shortest segment is visible."""
    routine = a_routine([("front lever", 50), ("other", 1), ("l-hang", 49)])
    palette = Palette(params, routine.labels, routine.other)
    colours, alpha = ribbon_image(routine, palette, 400, 12)
    assert colours.shape == (12, 400, 3)
    assert tuple(colours[6, 100]) == rgb(params.colours[0])
    assert tuple(colours[6, 300]) == rgb(params.colours[1])
    assert tuple(colours[6, 202]) not in {tuple(colours[6, 100]), tuple(colours[6, 300])}
    assert alpha[6, 200] == 255
    assert alpha[0, 0] == 0


def test_the_page_has_the_same_colours(params: OverlayParams) -> None:
    """Style sheets and settings list them in the same order."""
    sheets = (PROJECT_ROOT / "serving" / "web").rglob("*.css")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(sheets))
    tones = dict(re.findall(r"\.tone-(\d+)[^{]*\{[^}]*?--tone:\s*(#[0-9a-fA-F]{6})", text))
    assert [tones[str(place)] for place in range(len(tones))] == list(params.colours)


@pytest.mark.parametrize(("columns", "rows"), [(640, 480), (720, 1280), (300, 2000)])
def test_a_crop_shows_the_body(columns: int, rows: int) -> None:
    """In the requested size."""
    picture = np.zeros((rows, columns, 3), dtype=np.uint8)
    points = moving_points(1)[0]
    points[:, 0] = points[:, 0] * 0.2 + 0.7
    points[:, 1] = points[:, 1] * 0.1 + 0.1
    middle = (points[:, :2].max(axis=0) + points[:, :2].min(axis=0)) / 2 * (columns, rows)
    x, y = middle.astype(int)
    picture[y - 4 : y + 5, x - 4 : x + 5] = 255
    crop = body_crop(picture, points, 304, 228)
    assert crop.shape == (228, 304, 3)
    assert crop.max() > 200


def test_the_summary_has_each_pose_before_a_second_hold_of_any() -> None:
    """The longest hold of every pose, then the next longest, up to the limit."""
    durations = [("front lever", 100), ("front lever", 90), ("l-hang", 20)] + [
        ("front lever", 50 + n) for n in range(10)
    ]
    routine = a_routine(durations)
    chosen = best_holds(routine.holds)
    assert len(chosen) == 6
    assert {0, 1, 2} <= set(chosen)
    lengths = [routine.holds[place].duration_s for place in chosen]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("aspect", [16 / 9, 9 / 16], ids=["wide", "upright"])
@pytest.mark.parametrize("holds", [0, 1, 3, 6])
def test_a_summary_is_an_upright_page(params: OverlayParams, holds: int, aspect: float) -> None:
    """Always of the same width, and 4:5 or taller."""
    routine = a_routine([("other", 5), *[("front lever", 30)] * holds, ("l-hang", 2)])
    routine = Routine(
        **{**vars(routine), "source": "a very long file name that does not fit on one line " * 4}
    )
    tile = tile_for(aspect, holds)
    frame = np.full((480, round(480 * aspect), 3), 90, dtype=np.uint8)
    photos = [
        tile_photo(hold, None, frame, routine.points[0], tile) for hold in routine.holds[:holds]
    ]
    page = summary_image(routine, photos, tile, params)
    assert page.shape[1] == 1080
    assert 1350 <= page.shape[0] <= 2100


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param("    quallity: 3\n", "quality", id="unknown key"),
        pytest.param("    other_colour: red\n", "other_colour", id="no colour"),
        pytest.param("    parts: [skeleton, halo]\n", "parts", id="no part"),
        pytest.param("    quality: 99\n", "quality", id="out of range"),
    ],
)
def test_invalid_settings_are_named(tmp_path: Path, change: str, told: str) -> None:
    """The message has the key."""
    lines = (PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    key = change.split(":")[0] + ":"
    start = lines.index("  overlay:\n")
    lines = lines[: start + 1] + [line for line in lines[start + 1 :] if not line.startswith(key)]
    path = tmp_path / "params.yaml"
    path.write_text("".join([*lines[: start + 1], change, *lines[start + 1 :]]))
    with pytest.raises(ParamsError, match=rf"serving\.overlay\.[\s\S]*{told}"):
        load_settings(path)
