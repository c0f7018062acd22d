"""Everything that is not one of the six straps poses; deliberately broad.

A classifier that has only seen straps calls a yoga class "reverse meathook", and one that has not
seen the near misses calls them poses. Therefore half of the performer's postures are everyday,
floor and apparatus movements. They are described for one side, and drawn mirrored half of the time.
"""

from training.synthetic.poses.apparatus import APPARATUS
from training.synthetic.poses.balances import BALANCES
from training.synthetic.poses.floor import FLOOR
from training.synthetic.poses.limbs import ANYWHERE, OTHER, legs
from training.synthetic.poses.near_misses import NEAR_MISSES
from training.synthetic.poses.upright import UPRIGHT
from training.synthetic.poses.variants import Variant

# Random shapes, so that postures missing from this table are not taken for straps poses either.
ANY_SHAPE = Variant(
    "any shape",
    OTHER,
    3,
    (-180, 180),
    (-60, 60),
    (-60, 60),
    (-40, 60),
    (-25, 25),
    (-30, 30),
    (-45, 45),
    (-60, 60),
    (-25, 25),
    arms=(ANYWHERE, ANYWHERE),
    legs=(legs((-30, 130), (0, 140), (-10, 60), (-20, 60), (-10, 60)),) * 2,
)

OTHER_VARIANTS: tuple[Variant, ...] = (
    *UPRIGHT,
    *FLOOR,
    *BALANCES,
    *APPARATUS,
    *NEAR_MISSES,
    ANY_SHAPE,
)
