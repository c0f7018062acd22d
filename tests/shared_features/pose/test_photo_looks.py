"""A photo is looked at several times; the best landmarks, in the whole photo, are the answer."""

import numpy as np
import pytest

from shared_features.landmarks.landmarks import mirror_image, mirror_world
from shared_features.media.frames import RgbArray
from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.photo_looks import PhotoPerson, certainty, find_in_photo
from training.synthetic.frames import RenderedFrame, render_frames

HEIGHT, WIDTH = 300, 400


def person(certain: float, x: float = 0.5, size: float = 0.2) -> Person:
    """A person around the middle of an image, found with this certainty."""
    image = np.full((33, 5), certain**0.5, dtype=np.float32)
    spread = np.linspace(-size / 2, size / 2, 33)
    image[:, 0], image[:, 1], image[:, 2] = x + spread, 0.5 - spread, 0.0
    return Person(image, np.zeros((33, 3), dtype=np.float32))


class Answers:
    """Stands in for the networks: gives prepared answers, and keeps what it was shown."""

    def __init__(self, *answers: list[Person]) -> None:
        self._answers = list(answers)
        self.shown: list[RgbArray] = []

    def __call__(self, rgb: RgbArray) -> list[Person]:
        self.shown.append(rgb)
        return self._answers.pop(0) if self._answers else []


def find(answers: Answers, brightness: int = 40) -> PhotoPerson:
    rgb = np.full((HEIGHT, WIDTH, 3), brightness, dtype=np.uint8)
    return find_in_photo(rgb, answers, "followed")


def test_a_better_closer_look_is_kept() -> None:
    """It is mapped back into the whole photo; the square is 1.5 times the person's longer side."""
    answers = Answers([person(0.6)], [person(0.9, size=0.6)])
    found = find(answers)
    # 0.2 of 400 pixels is 80, the square 120; 0.6 of that is 72 of 400 pixels.
    assert [shown.shape for shown in answers.shown[:2]] == [(300, 400, 3), (120, 120, 3)]
    assert found.person is not None
    left, _, right, _ = found.person.box()
    assert right - left == pytest.approx(72 / 400, abs=1e-6)
    assert certainty(found.person) == pytest.approx(0.9)


def test_a_worse_closer_look_ends_the_looks() -> None:
    """The landmarks found before are kept; the mirror image is still looked at."""
    first = person(0.8)
    answers = Answers([first], [person(0.5, size=0.6)])
    found = find(answers)
    assert found == PhotoPerson(first, 1, 3)


def test_somebody_else_in_the_closer_look_is_ignored() -> None:
    """A certain answer about another body is no answer."""
    first = person(0.6)
    assert find(Answers([first], [person(1.0, x=0.95, size=0.05)])).person == first


@pytest.mark.parametrize(
    ("shift", "certain", "expected"),
    [(0.05, 0.9, "mean"), (0.05, 0.5, "mean"), (0.3, 0.9, "mirror"), (0.3, 0.5, "photo")],
    ids=["agree", "agree, less certain", "disagree, more certain", "disagree, less certain"],
)
def test_the_mirror_image_is_averaged_or_compared(
    shift: float, certain: float, expected: str
) -> None:
    """Landmarks that agree are averaged; otherwise the more certain ones are kept."""
    seen = person(0.7, size=0.6)
    world = seen.world.copy()
    world[:, 2] = 2 * shift * 3
    mirrored = Person(mirror_image(person(certain, size=0.6).image), mirror_world(world))
    found = find(Answers([person(0.6)], [seen], [], [mirrored])).person
    assert found is not None
    depth = {"mean": 3 * shift, "mirror": 6 * shift, "photo": 0.0}[expected]
    assert found.world[:, 2] == pytest.approx(depth, abs=1e-6)


def test_shadows_are_raised_when_nobody_is_found() -> None:
    """The person found there is looked at more closely in the raised photo."""
    answers = Answers([], [person(0.8)])
    found = find(answers)
    assert found.person is not None
    assert [int(shown.max()) for shown in answers.shown] == [40, 101, 101, 101]


def test_tiles_are_searched_when_nobody_is_found() -> None:
    """Everyone counts once, in however many tiles they are."""
    beside = person(0.7, x=0.2, size=0.1)
    answers = Answers([], [], [person(0.8, x=0.8, size=0.1)], [beside])
    found = find(answers)
    assert {shown.shape for shown in answers.shown[2:8]} == {(240, 240, 3)}
    assert found.person is not None
    # The second tile begins 80 pixels to the right of the first.
    assert found.people_in_view == 2
    again = Answers([], [], [person(0.8, x=0.8, size=0.1)], [person(0.7, x=112 / 240, size=0.1)])
    assert find(again).people_in_view == 1


def test_doubtful_people_found_by_searching_do_not_count() -> None:
    """Noise has people, if it is searched long enough."""
    doubtful = [[person(0.3)]] * 20
    assert find(Answers([], *doubtful)).person is None


def test_the_number_of_looks_is_bounded() -> None:
    """A photo with a person takes at most four looks, one without at most twenty."""
    assert find(Answers(*[[person(0.6 + i / 100, size=0.66)] for i in range(9)])).inferences == 4
    assert find(Answers()).inferences <= 20


@pytest.fixture(scope="module")
def performer() -> RenderedFrame:
    """The synthetic performer, small in a large photo."""
    (frame,) = render_frames(1, seed=4, labels=("l-hang",))
    large = np.full((frame.height * 3, frame.width * 3, 3), 90, dtype=np.uint8)
    large[frame.height : frame.height * 2, frame.width : frame.width * 2] = frame.rgb
    image = frame.image.copy()
    image[:, 0], image[:, 1] = (image[:, 0] + 1) / 3, (image[:, 1] + 1) / 3
    return RenderedFrame(
        large, frame.label, frame.group, frame.width * 3, frame.height * 3, image, frame.world
    )


def test_a_small_performer_is_found_where_they_are(
    performer: RenderedFrame, pose: PoseParams, pose_model: None
) -> None:
    """The landmarks are within a few hundredths of the photo's width of the truth."""
    del pose_model
    model_path = model_asset.resolve(pose.model_path, pose.network)
    with PoseEstimator(model_path, "photo", pose.max_people, pose) as estimator:
        found = find_in_photo(performer.rgb, estimator.people, "followed")
    assert found.person is not None
    off = np.abs(found.person.image[11:29, :2] - performer.image[11:29, :2])
    assert np.median(off) < 0.02
