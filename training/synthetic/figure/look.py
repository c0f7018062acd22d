"""The performer's appearance and the background, chosen for each recording."""

from dataclasses import dataclass
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.figure.body import Body

Colour = tuple[float, float, float]
"""Red, green and blue, 0..255, before shading."""

SKINS: tuple[Colour, ...] = (
    (244, 208, 184),
    (232, 190, 160),
    (222, 172, 138),
    (198, 146, 110),
    (164, 112, 78),
    (126, 84, 58),
    (96, 64, 46),
)
HAIRS: tuple[Colour, ...] = (
    (28, 22, 20),
    (58, 40, 28),
    (98, 66, 40),
    (168, 124, 74),
    (206, 172, 116),
    (132, 56, 34),
    (150, 148, 146),
)
STRAPS: tuple[Colour, ...] = (
    (190, 34, 40),
    (28, 28, 30),
    (228, 226, 220),
    (110, 50, 150),
    (30, 70, 150),
)

STAGE_SHARE = 0.2
"""Share of recordings on a stage: a dark background, and light from one side."""

Hair = Literal["bald", "short", "long", "bun"]
Top = Literal["bare", "crop", "vest", "shirt", "long-sleeved"]
Bottom = Literal["shorts", "leggings", "trousers"]


@dataclass(frozen=True)
class Look:
    """Colours, clothes, lighting and background.

    Attributes:
        skin: Colour of the skin.
        hair_colour: Colour of hair, eyebrows and beard.
        hair: Hairstyle.
        beard: Whether there is a beard.
        top: Kind of top.
        top_colour: Colour of the top.
        bottom: Kind of bottoms.
        bottom_colour: Colour of the bottoms.
        shoe_colour: Colour of the shoes; `None` if barefoot.
        strap_colour: Colour of the straps.
        light: ``(3,)`` unit vector towards the light, camera axes.
        ambient: Share of the light that is ambient.
        background: ``(height, width, 3)`` float32, 0..255.
        grain: Standard deviation of the sensor noise, in grey levels.
        anchor_m: Height of the straps' anchor above the hands.
    """

    skin: Colour
    hair_colour: Colour
    hair: Hair
    beard: bool
    top: Top
    top_colour: Colour
    bottom: Bottom
    bottom_colour: Colour
    shoe_colour: Colour | None
    strap_colour: Colour
    light: NDArray[np.float64]
    ambient: float
    background: NDArray[np.float32]
    grain: float
    anchor_m: float

    @classmethod
    def random(cls, rng: np.random.Generator, body: Body, height: int, width: int) -> Self:
        """A random look that suits the body, with a background of the given size in pixels."""
        feminine = body.bust > 0
        hairs: tuple[Hair, ...] = ("bald", "short", "long", "bun")
        tops: tuple[Top, ...] = ("bare", "crop", "vest", "shirt", "long-sleeved")
        bottoms: tuple[Bottom, ...] = ("shorts", "leggings", "trousers")
        full_bust = body.bust > 0.35
        hair_shares = (0.0, 0.15, 0.4, 0.45) if full_bust else (0.15, 0.65, 0.08, 0.12)
        top_shares = (0.0, 0.36, 0.37, 0.22, 0.05) if full_bust else (0.33, 0.0, 0.32, 0.3, 0.05)
        light = np.array([rng.uniform(-0.7, 0.7), rng.uniform(-1.0, -0.3), rng.uniform(-1.0, -0.3)])
        skin = SKINS[int(rng.integers(len(SKINS)))]
        on_stage = bool(rng.random() < STAGE_SHARE)
        ambient = rng.uniform(0.22, 0.4) if on_stage else rng.uniform(0.42, 0.65)
        dim = float(rng.uniform(0.05, 0.35)) if on_stage else 1.0
        return cls(
            skin=_vary(rng, skin, 8),
            hair_colour=_vary(rng, HAIRS[int(rng.integers(len(HAIRS)))], 8),
            hair=hairs[int(rng.choice(4, p=hair_shares))],
            beard=not (feminine and full_bust) and bool(rng.random() < 0.35),
            top=tops[int(rng.choice(5, p=top_shares))],
            top_colour=_cloth(rng),
            bottom=bottoms[int(rng.choice(3, p=(0.3, 0.4, 0.3)))],
            bottom_colour=_cloth(rng),
            shoe_colour=_cloth(rng) if rng.random() < 0.25 else None,
            strap_colour=STRAPS[int(rng.integers(len(STRAPS)))],
            light=light / np.linalg.norm(light),
            ambient=float(ambient),
            background=random_background(rng, height, width) * np.float32(dim),
            grain=float(rng.uniform(1.0, 5.0)),
            anchor_m=float(rng.uniform(3.0, 6.0)),
        )


def _vary(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, spread, 3), 5, 250)
    return float(red), float(green), float(blue)


def _cloth(rng: np.random.Generator) -> Colour:
    """The colour of training clothes: mostly dark or plain, sometimes bright."""
    if rng.random() < 0.5:
        grey = float(rng.choice([30.0, 45.0, 80.0, 150.0, 225.0]))
        return _vary(rng, (grey, grey, grey), 8)
    return _muted(rng, 25, 230, 0.65)


def _muted(rng: np.random.Generator, low: float, high: float, saturation: float) -> Colour:
    """A random colour between two grey levels, its saturation reduced to a share."""
    channels = rng.uniform(low, high, 3)
    red, green, blue = channels.mean() + saturation * (channels - channels.mean())
    return float(red), float(green), float(blue)


def _clutter(rng: np.random.Generator, height: int, width: int, cells: int) -> NDArray[np.float32]:
    """Blurred colour noise ``(height, width, 3)``, -1..1, about ``cells`` blobs across."""
    grey = rng.uniform(-1, 1, (cells, cells, 1))
    coarse = (grey + 0.35 * rng.uniform(-1, 1, (cells, cells, 3))).astype(np.float32)
    grown: NDArray[np.float32] = cv2.resize(
        coarse, (width, height), interpolation=cv2.INTER_CUBIC
    ).astype(np.float32)
    return grown


def random_background(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """A wall with blurred clutter, perhaps a floor and posters: ``(height, width, 3)``, 0..255."""
    wall = rng.uniform(30, 225) + rng.normal(0, 13, 3)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    image = (wall + rng.uniform(-35, 35) * down + rng.uniform(-25, 25) * across).astype(np.float32)
    if rng.random() < 0.55:
        _paint_rectangles(rng, image)
    if rng.random() < 0.6:
        floor = int(height * rng.uniform(0.72, 0.97))
        image[floor:] = (rng.uniform(40, 190) + rng.normal(0, 13, 3)) * (1 + 0.15 * down[floor:])
    image += _clutter(rng, height, width, int(rng.integers(3, 12))) * rng.uniform(3, 28)
    if rng.random() < 0.5:
        image += _clutter(rng, height, width, int(rng.integers(20, 60))) * rng.uniform(3, 11)
    blur = float(rng.uniform(0.5, 4.0))
    blurred = cv2.GaussianBlur(image, (0, 0), blur)
    clipped: NDArray[np.float32] = np.clip(blurred, 0, 255).astype(np.float32)
    return clipped


def _paint_rectangles(rng: np.random.Generator, picture: NDArray[np.float32]) -> None:
    """Paintings, doors, mats: a few flat or mottled rectangles, in place."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 7))):
        tall, wide = int(height * rng.uniform(0.08, 0.5)), int(width * rng.uniform(0.03, 0.35))
        top, left = int(rng.integers(0, height - tall)), int(rng.integers(0, width - wide))
        panel = picture[top : top + tall, left : left + wide]
        panel[:] = _muted(rng, 15, 235, 0.5)
        if rng.random() < 0.5:
            panel += _clutter(rng, panel.shape[0], panel.shape[1], 8) * rng.uniform(8, 45)
