"""The six straps poses as ranges of joint angles, for a straps artist to check.

One-arm poses are described with the LEFT arm on the strap; half of the time they are drawn
mirrored. Meathook, levers and l-hang follow public descriptions and photographs. Nutcracker and
reverse meathook are working assumptions, because no public definition was found: if they are wrong,
change their entries here. All angles are in degrees; `variants.Variant` explains each one. Each
entry has a sentence that says what it is; correct the sentence and the angles together.
"""

from dataclasses import replace

from training.synthetic.poses.variants import ArmRange, LegRange, Range, StrapArm, Variant


def _legs(flexion: Range, abduction: Range, knee: Range) -> LegRange:
    """Legs with pointed feet."""
    return LegRange(flexion=flexion, abduction=abduction, knee=knee, toe_point=(15, 70))


STRAIGHT = _legs(flexion=(-8, 12), abduction=(-1, 8), knee=(0, 10))
STRADDLED = _legs(flexion=(-5, 22), abduction=(18, 52), knee=(0, 12))
ONE_LEG_BENT = (STRAIGHT, _legs(flexion=(25, 95), abduction=(0, 12), knee=(60, 130)))
PIKED_A_LITTLE = _legs(flexion=(8, 32), abduction=(-1, 8), knee=(0, 12))
ADVANCED_TUCK = _legs(flexion=(55, 88), abduction=(0, 14), knee=(65, 122))
BOTH = (True, True)
LEFT_ONLY = (True, False)

# The free arm: past the head as in a handstand, or out to the side and down. Upside down,
# "overhead" means towards the floor.
FREE_PAST_HEAD = ArmRange(flexion=(135, 200), abduction=(0, 40), elbow=(0, 25))
FREE_OUT = ArmRange(flexion=(-20, 110), abduction=(45, 110), elbow=(0, 35))
ONE_ARM = StrapArm(slope_to_feet=(-12, 12), outward=(-12, 12), elbow=(0, 10))

# Meathook: upside down, leaning until the hips are next to the hanging arm, with the side crunch
# and the legs on that arm's side.
MEATHOOK = Variant(
    "meathook",
    "meathook",
    pitch_back=(115, 175),
    lean_right=(15, 70),
    twist_left=(-30, 15),
    spine_flexion=(0, 35),
    spine_bend_right=(-35, -8),
    spine_twist_left=(-35, 0),
    head_nod=(-35, 25),
    head_turn_left=(-45, 45),
    holds=LEFT_ONLY,
    description="Hanging upside down from one arm, the hips next to it, both legs on its side.",
)
# Reverse meathook: the same hang, with hips, side crunch and legs on the free arm's side.
REVERSE_MEATHOOK = Variant(
    "reverse meathook",
    "reverse meathook",
    pitch_back=(115, 185),
    lean_right=(-75, -22),
    twist_left=(-20, 30),
    spine_flexion=(0, 30),
    spine_bend_right=(5, 32),
    spine_twist_left=(0, 35),
    head_nod=(-35, 25),
    head_turn_left=(-45, 45),
    holds=LEFT_ONLY,
    description="Hanging upside down from one arm, the hips and both legs on the side of the free "
    "arm.",
)
NUTCRACKER = Variant(
    "nutcracker",
    "nutcracker",
    weight=5,
    pitch_back=(130, 190),
    spine_flexion=(10, 45),
    head_nod=(-10, 40),
    arms=StrapArm(slope_to_feet=(-15, 20), outward=(-6, 14), elbow=(0, 12)),
    legs=_legs(flexion=(135, 165), abduction=(-2, 7), knee=(0, 12)),
    holds=BOTH,
    description="Upside down on both arms, folded so far that the shins are close to the face, the "
    "legs straight and together.",
)
L_HANG = Variant(
    "l-hang",
    "l-hang",
    weight=6,
    pitch_back=(-12, 18),
    spine_flexion=(-2, 22),
    arms=StrapArm(slope_to_feet=(-8, 12), outward=(-8, 18), elbow=(0, 14)),
    legs=_legs(flexion=(76, 98), abduction=(-1, 8), knee=(0, 12)),
    holds=BOTH,
    description="Hanging from both straight arms, the trunk upright, the straight legs level in "
    "front.",
)
FRONT_LEVER = Variant(
    "front lever",
    "front lever",
    weight=6,
    pitch_back=(66, 114),
    spine_flexion=(-14, 16),
    head_nod=(-30, 40),
    arms=StrapArm(slope_to_feet=(0, 52), outward=(-8, 14), elbow=(0, 14)),
    legs=STRAIGHT,
    holds=BOTH,
    description="Level and face up below straight arms, the body a straight line.",
)
BACK_LEVER = Variant(
    "back lever",
    "back lever",
    weight=6,
    pitch_back=(246, 294),
    spine_flexion=(-20, 10),
    head_nod=(-50, 30),
    arms=StrapArm(slope_to_feet=(14, 62), outward=(-16, 12), elbow=(0, 8)),
    legs=STRAIGHT,
    holds=BOTH,
    description="Level and face down, the straight arms behind the back, the body a straight line.",
)


def _both_free_arms(
    pose: Variant, shape: str, legs_are: str, weight: float, left: LegRange, right: LegRange
) -> tuple[Variant, Variant]:
    """A one-arm pose in two variants: free arm past the head, and free arm out."""
    past_head, out = (
        replace(
            pose,
            name=f"{pose.name} {shape}, free arm {where}",
            weight=weight,
            arms=(ONE_ARM, arm),
            legs=(left, right),
            description=f"{pose.description} The legs are {legs_are}.",
        )
        for where, arm in (("past the head", FREE_PAST_HEAD), ("out", FREE_OUT))
    )
    return past_head, out


def _levers(lever: Variant, one_leg_weight: float) -> tuple[Variant, ...]:
    """A lever with the legs together, apart, one bent, both half bent, and slightly piked."""
    name = lever.name
    return (
        lever,
        replace(
            lever,
            name=f"{name} straddled",
            weight=2,
            legs=STRADDLED,
            description=f"A {name} with the straight legs apart.",
        ),
        replace(
            lever,
            name=f"{name}, one leg bent",
            weight=one_leg_weight,
            legs=ONE_LEG_BENT,
            description=f"A {name} with one leg straight and the other drawn up.",
        ),
        replace(
            lever,
            name=f"{name}, advanced tuck",
            weight=0.8,
            legs=ADVANCED_TUCK,
            description=f"A {name} with the back level, hips and knees at about right angles.",
        ),
        replace(
            lever,
            name=f"{name}, slightly piked",
            weight=1.2,
            legs=PIKED_A_LITTLE,
            description=f"A {name} with the straight legs a little in front of the body's line.",
        ),
    )


STRAPS_VARIANTS: tuple[Variant, ...] = (
    *_both_free_arms(
        MEATHOOK,
        "tucked",
        "bent at hips and knees",
        weight=3,
        left=_legs(flexion=(90, 140), abduction=(5, 40), knee=(75, 140)),
        right=_legs(flexion=(90, 140), abduction=(-32, 0), knee=(75, 140)),
    ),
    *_both_free_arms(
        MEATHOOK,
        "piked",
        "straight and together",
        weight=3,
        left=_legs(flexion=(85, 145), abduction=(5, 32), knee=(0, 18)),
        right=_legs(flexion=(85, 145), abduction=(-30, 0), knee=(0, 18)),
    ),
    *_both_free_arms(
        MEATHOOK,
        "straddled",
        "straight and apart",
        weight=2,
        left=_legs(flexion=(75, 135), abduction=(25, 60), knee=(0, 18)),
        right=_legs(flexion=(75, 140), abduction=(-22, 12), knee=(0, 18)),
    ),
    *_both_free_arms(
        MEATHOOK,
        "stag",
        "straight (the one at the arm) and bent (the other)",
        weight=1,
        left=_legs(flexion=(85, 145), abduction=(5, 40), knee=(0, 18)),
        right=_legs(flexion=(70, 135), abduction=(-30, 5), knee=(60, 135)),
    ),
    *_both_free_arms(
        MEATHOOK,
        "one leg bent",
        "bent (the one at the arm) and straight (the other)",
        weight=1,
        left=_legs(flexion=(80, 140), abduction=(5, 45), knee=(60, 135)),
        right=_legs(flexion=(80, 140), abduction=(-30, 5), knee=(0, 18)),
    ),
    *_both_free_arms(
        replace(
            MEATHOOK,
            pitch_back=(100, 165),
            lean_right=(20, 75),
            description="Hanging from one arm, the hips open and at the height of its hand.",
        ),
        "split",
        "split",
        weight=1,
        left=_legs(flexion=(60, 130), abduction=(5, 55), knee=(0, 18)),
        right=_legs(flexion=(-30, 35), abduction=(-20, 25), knee=(0, 30)),
    ),
    *_both_free_arms(
        REVERSE_MEATHOOK,
        "piked",
        "straight and together",
        weight=3,
        left=_legs(flexion=(75, 140), abduction=(-30, 0), knee=(0, 18)),
        right=_legs(flexion=(75, 140), abduction=(5, 35), knee=(0, 18)),
    ),
    *_both_free_arms(
        REVERSE_MEATHOOK,
        "tucked",
        "bent at hips and knees",
        weight=2,
        left=_legs(flexion=(85, 140), abduction=(-30, 0), knee=(75, 140)),
        right=_legs(flexion=(85, 140), abduction=(5, 40), knee=(75, 140)),
    ),
    *_both_free_arms(
        REVERSE_MEATHOOK,
        "straddled",
        "straight and apart",
        weight=2,
        left=_legs(flexion=(70, 135), abduction=(-20, 12), knee=(0, 18)),
        right=_legs(flexion=(70, 135), abduction=(25, 60), knee=(0, 18)),
    ),
    NUTCRACKER,
    replace(
        NUTCRACKER,
        name="nutcracker, legs apart",
        weight=1,
        legs=_legs(flexion=(132, 160), abduction=(5, 18), knee=(0, 15)),
        description="Folded as in a nutcracker, the straight legs a little apart.",
    ),
    L_HANG,
    replace(
        L_HANG,
        name="l-hang straddled",
        weight=1,
        legs=_legs(flexion=(74, 98), abduction=(15, 52), knee=(0, 12)),
        description="An l-hang with the straight legs apart.",
    ),
    replace(
        L_HANG,
        name="l-hang, knees a little bent",
        weight=1.5,
        legs=_legs(flexion=(72, 100), abduction=(-1, 14), knee=(10, 34)),
        description="An l-hang with the knees slightly bent.",
    ),
    *_levers(FRONT_LEVER, one_leg_weight=0.8),
    replace(
        FRONT_LEVER,
        name="front lever, knees bent",
        weight=0.4,
        legs=_legs(flexion=(-8, 15), abduction=(0, 12), knee=(60, 110)),
        description="A front lever with straight hips and bent knees.",
    ),
    *_levers(BACK_LEVER, one_leg_weight=0.6),
    replace(
        BACK_LEVER,
        name="back lever, sagging",
        weight=1.5,
        pitch_back=(238, 304),
        spine_flexion=(-30, 0),
        head_nod=(-20, 60),
        description="A back lever whose hips or chest sag, the head down.",
    ),
)
