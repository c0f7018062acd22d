"""Chunks are values, and a buffer joins them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.pose.chunks import Chunk, ChunkBuffer


def chunk(frames: int, seed: int = 0, people_in_view: int = 1) -> Chunk:
    random = np.random.default_rng(seed)
    image, world = empty_landmarks(frames)
    image[:], world[:] = random.random(image.shape), random.random(world.shape)
    return Chunk(np.arange(frames) / 25 + seed, image, world, people_in_view, frames // 2)


def test_a_row_is_a_person_or_no_one() -> None:
    """A row of NaN is a frame in which no one was found."""
    found = chunk(3)
    found.image[1], found.world[1] = np.nan, np.nan
    assert found.person(1) is None
    person = found.person(-1)
    assert person is not None
    assert np.array_equal(person.image, found.image[2])
    assert np.array_equal(person.world, found.world[2])


@given(st.lists(st.integers(1, 40), max_size=8), st.integers(0, 200))
def test_a_buffer_joins_chunks_and_adds_their_numbers(lengths: list[int], reserved: int) -> None:
    """Whatever was reserved, and however long the chunks are."""
    chunks = [chunk(length, seed, seed + 1) for seed, length in enumerate(lengths)]
    buffer = ChunkBuffer()
    buffer.reserve(reserved)
    for each in chunks:
        buffer.append(each)
    pts_s, image, world = buffer.landmarks()
    assert pts_s.tolist() == [time for each in chunks for time in each.pts_s.tolist()]
    for joined, parts in ((image, [c.image for c in chunks]), (world, [c.world for c in chunks])):
        assert joined.dtype == np.float32
        assert joined.tobytes() == b"".join(part.tobytes() for part in parts)
    assert (len(buffer), buffer.frames) == (len(lengths), sum(lengths))
    assert buffer.people_in_view == [each.people_in_view for each in chunks]
    assert buffer.inferred_frames == sum(each.inferred_frames for each in chunks)
    assert buffer.last is (chunks[-1] if chunks else None)


def test_reserving_room_keeps_what_is_there() -> None:
    """Room is added, never taken away."""
    buffer = ChunkBuffer()
    buffer.append(chunk(5))
    before = [array.copy() for array in buffer.landmarks()]
    for frames in (100, 3):
        buffer.reserve(frames)
        for array, kept in zip(buffer.landmarks(), before, strict=True):
            assert np.array_equal(array, kept)


def test_a_row_beyond_the_chunk_is_an_error() -> None:
    """Rows are not guessed."""
    with pytest.raises(IndexError):
        chunk(2).person(2)
