"""Finds the person in a photo with several inferences ("looks").

1. The whole photo. If nobody is found: the photo with its shadows raised, then overlapping tiles of
   both.
2. Twice, the part of the photo around the person; the better landmarks are kept.
3. The mirror image of that part. Landmarks that agree with those found so far are averaged with
   them; of those that do not agree, the better ones are kept.

A small performer gets a larger share of the detector's 224 pixels this way, and what the networks
see differently in the mirror is averaged out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from shared_features.landmarks.landmarks import (
    LANDMARK_INDEX,
    PRESENCE,
    VISIBILITY,
    FloatArray,
    X,
    Y,
    mirror_image,
    mirror_world,
)
from shared_features.media.frames import RgbArray
from shared_features.params import PersonPolicy
from shared_features.pose.crops import Crop, square_around, tiles
from shared_features.pose.estimator import Person, is_same_person, overlap, pick

PHOTO_LOOKS = "closer-2 mirrored tiles v1"
"""Name of this way of finding landmarks; landmark tables of photos depend on it."""

_CLOSER_LOOKS = 2
# Side of the part looked at, as a multiple of the longer side of the person's box.
_CLOSER_MULTIPLE = 1.5
_SHADOWS_GAMMA = 0.5
# Searching a photo gives the detector more chances to be wrong. Of those who were only found by
# searching, real people had a certainty of 0.65 or more, people in noise at most 0.22.
_MIN_SEARCH_CERTAINTY = 0.5
# Landmarks of the mirror image agree if no joint differs by more than this: as a fraction of the
# longer side of the person's box, and in metres.
_AGREES_IMAGE, _AGREES_WORLD_M = 0.3, 0.6
_JOINTS = np.array(
    [
        LANDMARK_INDEX[f"{side}_{joint}"]
        for side in ("LEFT", "RIGHT")
        for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    ]
)


@dataclass(frozen=True)
class PhotoPerson:
    """The result of all looks at a photo.

    Attributes:
        person: The person, in coordinates of the whole photo; None if nobody was found.
        people_in_view: Number of people found by the first look that found any.
        inferences: Number of looks.
    """

    person: Person | None
    people_in_view: int
    inferences: int


def find_in_photo(
    rgb: RgbArray, find_people: Callable[[RgbArray], list[Person]], policy: PersonPolicy
) -> PhotoPerson:
    """Find the person in a photo.

    Args:
        rgb: ``(height, width, 3)`` uint8, upright.
        find_people: Finds everyone in an image, independently of earlier ones.
        policy: Selects one of several people.
    """
    looks = _Looks(rgb, find_people)
    people = looks.whole() or looks.search()
    person = pick(people, policy)
    if person is not None:
        person = looks.mirrored(looks.closer(person))
    return PhotoPerson(person, len(people), looks.inferences)


def find_more_closely(
    rgb: RgbArray, find_people: Callable[[RgbArray], list[Person]], person: Person | None
) -> list[Person]:
    """Look at a frame of a video again.

    Args:
        rgb: ``(height, width, 3)`` uint8, upright.
        find_people: Finds everyone in an image, independently of earlier ones.
        person: The person found by a look at the whole frame; None if nobody was.

    Returns:
        That person as found by closer looks, if they are at least as certain; without a person,
        everyone found by searching. The most certain ones come first.
    """
    looks = _Looks(rgb, find_people)
    if person is None:
        return looks.search()
    found = looks.closer(person)
    return [] if found is person else [found]


def certainty(person: Person) -> float:
    """How certain the network is of the joints of arms and legs, 0..1.

    Mean of visibility times presence of shoulders, elbows, wrists, hips, knees and ankles.
    """
    joints = person.image[_JOINTS]
    return float((joints[:, VISIBILITY] * joints[:, PRESENCE]).mean())


class _Looks:
    """Looks at one photo, and counts them."""

    def __init__(self, rgb: RgbArray, find_people: Callable[[RgbArray], list[Person]]) -> None:
        self._rgb = rgb
        self._find_people = find_people
        # Only parts are copied and raised: a photo may have 100 million pixels.
        self._raise_shadows = False
        self.inferences = 0

    def whole(self) -> list[Person]:
        return self._at(self._rgb)

    def search(self) -> list[Person]:
        """Everyone found in the shadows or in a tile.

        Later looks are at the photo in which they were found.
        """
        height, width = self._rgb.shape[:2]
        everything, parts = [Crop(0, 0, width, height)], tiles(self._rgb)
        for self._raise_shadows, crops in ((True, everything), (False, parts), (True, parts)):
            found = [person for crop in crops for person in self._in(crop)]
            certain = [each for each in found if certainty(each) >= _MIN_SEARCH_CERTAINTY]
            if certain:
                return _distinct(certain)
        return []

    def closer(self, person: Person) -> Person:
        """The best landmarks of closer looks, each around the person found by the one before."""
        for _ in range(_CLOSER_LOOKS):
            part = square_around(person, self._rgb, _CLOSER_MULTIPLE)
            if part is None:
                return person
            found = _same(self._in(part), person)
            if found is None or certainty(found) < certainty(person):
                return person
            person = found
        return person

    def mirrored(self, person: Person) -> Person:
        """The landmarks, averaged with those of the mirror image if they agree."""
        part = square_around(person, self._rgb, _CLOSER_MULTIPLE)
        if part is None:
            return person
        found = _same(self._in(part, mirrored=True), person)
        if found is None:
            return person
        if _agree(person, found, self._rgb):
            return _mean(person, found)
        return max(person, found, key=certainty)

    def _in(self, part: Crop, mirrored: bool = False) -> list[Person]:
        cut = part.cut(self._rgb)
        if self._raise_shadows:
            cut = _shadows_raised(cut)
        people = self._at(np.ascontiguousarray(cut[:, ::-1]) if mirrored else cut)
        if mirrored:
            people = [Person(mirror_image(one.image), mirror_world(one.world)) for one in people]
        return [part.in_photo(person, self._rgb) for person in people]

    def _at(self, rgb: RgbArray) -> list[Person]:
        self.inferences += 1
        return self._find_people(rgb)


def _same(people: Iterable[Person], person: Person) -> Person | None:
    """The one who overlaps a person most, if it may be the same person."""
    best = max(people, key=lambda each: overlap(each, person), default=None)
    return best if best is not None and is_same_person(best, person) else None


def _distinct(people: Iterable[Person]) -> list[Person]:
    """Each person once, as found most certainly, the most certain first."""
    kept: list[Person] = []
    for person in sorted(people, key=certainty, reverse=True):
        if not any(is_same_person(person, other) for other in kept):
            kept.append(person)
    return kept


def _mean(a: Person, b: Person) -> Person:
    half = np.float32(0.5)
    image: FloatArray = (a.image + b.image) * half
    world: FloatArray = (a.world + b.world) * half
    return Person(image, world)


def _agree(a: Person, b: Person, rgb: RgbArray) -> bool:
    height, width = rgb.shape[:2]
    left, top, right, bottom = a.box()
    longer_px = max((right - left) * width, (bottom - top) * height)
    size_px = np.array([width, height])
    in_image = (np.abs(a.image - b.image)[_JOINTS][:, [X, Y]] * size_px).max() / longer_px
    in_world_m = np.abs(a.world - b.world)[_JOINTS].max()
    return bool(in_image <= _AGREES_IMAGE and in_world_m <= _AGREES_WORLD_M)


def _shadows_raised(rgb: RgbArray) -> RgbArray:
    levels = 255 * (np.arange(256) / 255) ** _SHADOWS_GAMMA
    raised: RgbArray = np.rint(levels).astype(np.uint8)[rgb]
    return raised
