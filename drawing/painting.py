"""Paints a batch of faces from their traits and action units, in plain array arithmetic.

Everything is a soft-edged shape over a 48x48 grid of face coordinates: the unit is one pixel, the origin
is between the cheeks, u points right and v down. Only +, -, *, / and square roots are used, which IEEE 754
rounds alike everywhere, so that the same numbers give the same pictures on every machine.
"""

from collections.abc import Mapping

import numpy as np

from data.dataset import IMAGE_SIZE
from drawing.action_units import PART_NAMES

EYE_LEVEL = -5.0

# Trait: the range that a face's value is drawn from, uniformly. Lengths are in pixels of a face of scale 1.
TRAITS: dict[str, tuple[float, float]] = {
    # Identity.
    "face_width": (16.5, 20.0),
    "chin": (21.0, 24.0),
    "jaw_squareness": (0.0, 0.75),
    "skin": (0.48, 0.92),
    "age": (0.0, 1.0),
    "eye_spacing": (8.0, 9.8),
    "eye_width": (3.7, 4.7),
    "eye_opening": (1.5, 2.1),
    "eye_slant": (-0.5, 0.5),
    "iris": (0.1, 0.35),
    "brow_gap": (5.4, 7.0),
    "brow_width": (5.0, 6.2),
    "brow_thickness": (0.7, 1.5),
    "brow_arch": (0.3, 1.6),
    "brow_darkness": (0.55, 0.9),
    "nose_length": (5.0, 7.0),
    "nose_width": (2.8, 4.0),
    "mouth_level": (12.2, 13.8),
    "mouth_width": (6.0, 7.8),
    "upper_lip": (0.9, 1.7),
    "lower_lip": (1.3, 2.3),
    "lip_darkness": (0.15, 0.4),
    "hair": (0.04, 0.6),
    "hairline": (-25.0, -18.0),
    "hairline_curve": (-0.03, 0.035),
    "hair_volume": (0.8, 4.5),
    "hair_length": (-13.0, 27.0),
    "glasses": (0.0, 1.0),
    "beard": (0.0, 1.0),
    # Pose. Roll is the tangent of half the angle, yaw the shift of the features in pixels.
    "scale": (0.9, 1.15),
    "shift_right": (-2.8, 2.8),
    "shift_down": (-2.6, 2.6),
    "roll": (-0.09, 0.09),
    "yaw": (-3.2, 3.2),
    "skew": (-0.03, 0.03),
    # Light and camera.
    "light_right": (-0.3, 0.3),
    "light_down": (-0.25, 0.12),
    "ambient": (0.5, 0.8),
    "background": (0.05, 0.95),
    "background_slope": (-0.25, 0.25),
    "gain": (0.82, 1.15),
    "blur": (0.0, 0.55),
    "noise": (1.0, 8.0),
}
GLASSES_SHARE = 0.12
BEARD_SHARE = 0.15


def paint_faces(
    traits: Mapping[str, np.ndarray], units: Mapping[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Paint N faces without noise.

    traits: for each name in TRAITS an (N, 1, 1) float32 array. units: for each action unit an (N, 1, 1)
    float32 array of intensities in 0..1. Returns pictures (N, 48, 48) float32, grey levels that may be
    a little outside 0..255, and parts (N, 5, 48, 48) bool in the order of PART_NAMES, no two overlapping.
    """
    painter = _Painter(traits, units)
    painter.paint_skin()
    painter.paint_cheeks()
    painter.paint_nose()
    painter.paint_eyes()
    painter.paint_brows()
    painter.paint_mouth()
    painter.paint_beard()
    painter.paint_glasses()
    pictures = _blurred(painter.lit_picture(), traits["blur"])
    return pictures * 255, painter.disjoint_parts()


def _soft(distance: np.ndarray) -> np.ndarray:
    """Coverage of a pixel whose centre lies this far inside (positive) an edge."""
    return np.clip(distance + 0.5, 0, 1)


def _line(distance: np.ndarray, half_width: np.ndarray | float) -> np.ndarray:
    """Coverage of a pixel whose centre lies this far from the middle of a line."""
    return _soft(half_width - np.abs(distance))


def _blob(u: np.ndarray, v: np.ndarray, width: np.ndarray | float, height: np.ndarray | float) -> np.ndarray:
    """A bump around (0, 0) that falls smoothly from 1 to 0 at the given half axes."""
    falloff = np.maximum(1 - (u / width) ** 2 - (v / height) ** 2, 0)
    return falloff * falloff


def _disc(u: np.ndarray, v: np.ndarray, width: np.ndarray | float, height: np.ndarray | float) -> np.ndarray:
    """A soft-edged ellipse around (0, 0)."""
    radius = np.sqrt((u / width) ** 2 + (v / height) ** 2)
    return _soft((1 - radius) * np.minimum(width, height))


def _blurred(pictures: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Mix each picture with its 3x3 binomial blur."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    blur = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16
    return pictures + amount * (blur - pictures)


class _Painter:
    """The picture in the making: the head's albedo, and where its parts are."""

    def __init__(self, traits: Mapping[str, np.ndarray], units: Mapping[int, np.ndarray]) -> None:
        self.traits = traits
        self.units = units
        self.parts: dict[str, np.ndarray] = {}

        axis = np.arange(IMAGE_SIZE, dtype=np.float32) - np.float32((IMAGE_SIZE - 1) / 2)
        right = (axis[None, None, :] - traits["shift_right"]) / traits["scale"]
        down = (axis[None, :, None] - traits["shift_down"]) / traits["scale"]
        roll = traits["roll"]
        cosine, sine = (1 - roll * roll) / (1 + roll * roll), 2 * roll / (1 + roll * roll)
        self.head_u = cosine * right + sine * down
        self.head_v = cosine * down - sine * right
        # A turned head moves its features sideways, the outline hardly: a feature's depth decides.
        depth = np.maximum(1 - (self.head_u / 22) ** 2 - (self.head_v / 30) ** 2, 0)
        self.u = self.head_u - traits["yaw"] * depth
        self.v = self.head_v + traits["skew"] * self.u
        # Both halves of a face are one drawing.
        self.side, self.sign = np.abs(self.u), np.where(self.u > 0, np.float32(1), np.float32(-1))

        # The geometry that several parts share.
        self.gape = 1.9 * units[25] + 6.8 * units[26] * (1 - 0.6 * units[12]) * (1 - 0.45 * units[20])
        self.nose_level = traits["nose_length"] - 1.2 * units[9]
        self.nose_half = traits["nose_width"] + 0.6 * units[9] + 0.3 * units[10] + 0.4 * units[12]
        self.mouth_level = traits["mouth_level"] + 0.2 * self.gape - 0.5 * units[10]
        self.mouth_half = (
            traits["mouth_width"]
            + 2.2 * units[12]
            + 2.2 * units[20]
            - 2.5 * units[26] * (1 - units[20]) * (1 - units[12])
            - 1.2 * units[24]
            - 0.6 * units[17]
        )

    def darken(self, mask: np.ndarray, strength: np.ndarray | float) -> None:
        self.picture *= 1 - strength * mask

    def cover(self, mask: np.ndarray, albedo: np.ndarray | float) -> None:
        self.picture += mask * (albedo - self.picture)

    def paint_skin(self) -> None:
        traits = self.traits
        u, v = self.head_u, self.head_v
        height = np.where(v < 0, np.float32(27), traits["chin"] + 0.15 * self.gape)
        x, y = (u / traits["face_width"]) ** 2, (v / height) ** 2
        self.outside = x + y - traits["jaw_squareness"] * x * y
        self.head = _soft((1 - self.outside) * traits["face_width"] / 2)
        self.picture = traits["skin"] * np.ones_like(u)
        # Hollow temples and the shadow along the jaw.
        self.darken(np.clip(self.outside * 2 - 1, 0, 1), 0.3)

    def paint_cheeks(self) -> None:
        units, traits, v = self.units, self.traits, self.v
        raised = np.maximum(units[6], 0.6 * units[12])
        level = 4.5 - 1.2 * raised
        centre = self.side - 11.5
        self.picture *= 1 + (0.07 + 0.16 * raised) * _blob(centre, v - level, 6.0, 5.0)
        self.darken(_blob(centre, v - level - 6.5, 5.0, 4.0), 0.05 + 0.16 * raised)
        # The fold from the wing of the nose round the corner of the mouth.
        top = self.nose_level - 1.5
        span = self.mouth_level + 1.5 - top
        along = (v - top) / span
        fold = self.nose_half + 1.0 + (self.mouth_half + 2.0 - self.nose_half) * along * (1.5 - 0.5 * along)
        depth = 0.1 * traits["age"] + 0.34 * units[12] + 0.42 * units[10] + 0.25 * units[9]
        ends = np.clip(4 * along * (1 - along), 0, 1)
        self.darken(_line(self.side - fold, 1.0) * ends, np.minimum(depth, 0.5))
        self.parts["cheeks"] = ((self.side - 11.5) / 6.5) ** 2 + ((v - 5.5) / 6.5) ** 2 < 1

    def paint_nose(self) -> None:
        units, traits, u, v, side = self.units, self.traits, self.u, self.v, self.side
        base, half = self.nose_level, self.nose_half
        along = np.clip((v - EYE_LEVEL + 2) / (base - EYE_LEVEL + 2), 0, 1)
        flank = 1.3 + (half - 1.6) * along * along
        on_bridge = np.clip(v - EYE_LEVEL + 3, 0, 1) * np.clip(base - v, 0, 1)
        flanks = _line(side - flank, 1.1) * on_bridge
        # The flank away from the light is the darker one.
        away = np.clip(0.14 - self.sign * (traits["light_right"] + 0.05 * traits["yaw"]), 0.03, 0.35)
        self.darken(flanks, away)
        self.picture *= 1 + 0.14 * _blob(u, v - base + 2.2, 2.4, 3.0)
        self.picture *= 1 + 0.08 * np.clip(1.5 - side, 0, 1) * on_bridge
        wing = _disc(side - half + 0.6, v - base + 0.8, 1.5, 1.7)
        rounded = _disc(side - half + 1.0, v - base + 0.9, 1.2, 1.4)
        self.darken(np.maximum(wing - rounded, 0), 0.3 + 0.25 * units[9])
        self.darken(_disc(side - 0.5 * half, v - base, 0.33 * half, 0.75), 0.6)
        self.darken(_blob(u, v - base - 1.2, half + 1.5, 2.2), 0.16)
        # Wrinkles over the bridge that run down and outwards.
        for level in (-4.5, -2.6, -0.7):
            wrinkle = _line(v - level - 0.12 * side * side, 0.25) * np.clip(4.2 - side, 0, 1)
            self.darken(wrinkle, 0.42 * units[9])
        self.darken(_blob(side - 3.0, v - EYE_LEVEL - 4.0, 1.8, 4.0), 0.3 * units[9])
        region = (v > EYE_LEVEL - 0.5) & (v < base + 1.4)
        self.parts["nose"] = region & (side < 2.2 + (half - 0.8) * along)

    def paint_eyes(self) -> None:
        units, traits, v = self.units, self.traits, self.v
        across = self.side - traits["eye_spacing"]
        half = traits["eye_width"]
        t = across / half
        level = v - EYE_LEVEL + traits["eye_slant"] * t
        lens = np.maximum(1 - t * t, 0)
        above = traits["eye_opening"] + 1.9 * units[5] - 0.55 * units[7] - 0.35 * units[6] - 0.2 * units[9]
        below = 1.25 + 0.5 * units[5] - 0.6 * units[7] - 0.75 * units[6] - 0.2 * units[9]
        above, below = np.maximum(above, 0.55), np.maximum(below, 0.25)
        upper, lower = -above * lens, below * lens

        # The socket is deeper under a lowered brow.
        self.darken(_blob(across + 1, level + 1.5, half + 3.5, 5.5), 0.2 + 0.12 * units[4] + 0.04 * units[9])
        self.picture *= 1 + 0.1 * units[5] * _blob(across, level + above + 1.5, half, 2.5)
        pouch = np.maximum(units[6], 0.7 * units[7])
        bag = _line(level - below - 2.0 + 0.8 * t * t, 0.7) * (np.abs(t) < 1.1)
        self.darken(bag, 0.06 + 0.08 * traits["age"] + 0.22 * pouch)
        # Crow's feet.
        for slope in (-0.5, 0.35):
            beyond = across - half - 0.8
            line = _line(level - slope * beyond, 0.5)
            self.darken(line * np.clip(beyond, 0, 1) * np.clip(4 - beyond, 0, 1), 0.2 * units[6])

        opening = _soft(np.minimum(level - upper, lower - level)) * np.clip(4 * lens, 0, 1)
        self.cover(opening, 0.45 + 0.42 * traits["skin"])
        iris = _disc(across, level + 0.35, 1.8, 1.8) * opening
        self.cover(iris, traits["iris"] * (0.5 + 0.5 * traits["skin"]))
        self.cover(_disc(across, level + 0.35, 0.85, 0.85) * opening, 0.03)
        # The glint is on the same side of both eyes.
        glint = _disc(across * self.sign + 0.8, level + 1.1, 0.6, 0.6)
        self.cover(0.7 * glint * opening, 0.95)
        lashes = _line(level - upper, 0.35) * np.clip(1.12 - np.abs(t), 0, 0.15) / 0.15
        self.darken(lashes, 0.75)
        lower_rim = _line(level - lower, 0.1) * (np.abs(t) < 1)
        self.darken(lower_rim, 0.35)
        crease = _line(level - upper + 1.6 - 0.4 * units[5], 0.5) * (np.abs(t) < 1.05)
        self.darken(crease, 0.2 - 0.12 * units[5])
        middle, reach = (below - above) / 2, (below + above) / 2 + 2.0
        self.parts["eyes"] = (across / (half + 1.6)) ** 2 + ((level - middle) / reach) ** 2 < 1

    def paint_brows(self) -> None:
        units, traits, v = self.units, self.traits, self.v
        half = traits["brow_width"]
        centre = traits["eye_spacing"] + 0.6 - 0.9 * units[4]
        t = np.clip((self.side - centre) / half, -1.3, 1.3)
        inner, outer = np.clip((1 - t) / 2, 0, 1), np.clip((1 + t) / 2, 0, 1)
        lowered = units[4] * (1 - 0.85 * units[1])
        arch = traits["brow_arch"] * (1 - 0.6 * units[4])
        level = (
            EYE_LEVEL
            - traits["brow_gap"]
            - arch * (1 - (t - 0.3) ** 2)
            - 3.4 * units[1] * inner * inner
            - units[2] * (0.6 + 2.4 * outer)
            + lowered * (0.9 + 2.6 * inner)
            + 1.2 * units[1] * units[4] * (1 - units[2]) * outer
            + 0.25 * units[9]
        )
        thickness = traits["brow_thickness"] * (1 - 0.6 * outer)
        ends = np.clip((1.08 - np.abs(t)) * 4, 0, 1)
        self.darken(_line(v - level, thickness) * ends, traits["brow_darkness"])

        # Between the brows upright furrows, above them level ones.
        between = np.clip(1 - np.abs(v + 10.0) / 4.5, 0, 0.5) * 2
        self.darken(_line(self.side - 1.6, 0.3) * between, 0.4 * units[4])
        for height in (3.6, 6.2):
            line = _line(v - level + height, 0.5) * np.clip(15 - self.side, 0, 1)
            self.darken(line, 0.16 * (units[1] * inner + units[2] * outer) * (0.5 + traits["age"]))
        along_brow = (np.abs(t) < 1.15) & (np.abs(v - level) < traits["brow_thickness"] + 1.6)
        glabella = (self.side < centre - half + 0.5) & (np.abs(v - level - 0.8) < 2.4)
        self.parts["brows"] = along_brow | glabella

    def paint_mouth(self) -> None:
        units, traits, v, half = self.units, self.traits, self.v, self.mouth_half
        t = self.side / half
        square = np.minimum(t * t, 1.3)
        profile = np.maximum(1 - square, 0)
        opening = np.sqrt(profile)
        corner = 3.6 * units[15] - 3.4 * units[12] + 0.7 * units[20]
        level = self.mouth_level + corner * (square - 0.35) - 1.5 * units[17] * profile
        grin = units[25] * units[12]
        gap_above = 0.3 * self.gape + 0.6 * grin
        gap_below = 0.7 * self.gape + 2.4 * grin
        inner_top, inner_bottom = level - gap_above * opening, level + gap_below * opening

        press = np.maximum(units[23], units[24])
        fullness = (1 - 0.6 * press) * (1 - 0.25 * units[12]) * profile * (1.5 - 0.5 * profile)
        bow = 1 - 0.25 * np.clip(1 - self.side / 1.5, 0, 1)
        top = inner_top - traits["upper_lip"] * bow * fullness - 1.3 * units[10] * opening
        lip_below = traits["lower_lip"] * (1 + 0.3 * units[17]) * fullness
        bottom = inner_bottom + lip_below
        within = np.clip((1.02 - t) * half, 0, 1)
        depth = np.minimum(v - top, bottom - v)
        self.lips = _soft(depth + 0.7) * within
        # The upper lip faces down, away from the light.
        self.darken(_soft(depth) * within, traits["lip_darkness"] + 0.1 * (v < level))
        shine = _blob(self.u, v - inner_bottom - 0.6 * lip_below, 3.5, 1.2)
        self.picture *= 1 + 0.15 * (1 - 0.6 * press) * shine

        cavity = np.clip(np.minimum(v - inner_top, inner_bottom - v) + 0.2, 0, 1) * within
        cavity *= np.clip(gap_above + gap_below, 0, 1)
        self.cover(cavity, 0.06 + 0.05 * traits["skin"])
        teeth = np.clip(1.5 * grin + 0.6 * units[20] + 0.2 * units[26], 0, 1)
        upper_teeth = cavity * _soft(inner_top + (1.4 + 2.2 * grin) * opening - v)
        self.cover(upper_teeth * teeth, 0.55 + 0.4 * traits["skin"])
        lower_teeth = cavity * _soft(v - inner_bottom + 0.7 * opening)
        self.cover(lower_teeth * 0.7 * units[20], 0.45 + 0.35 * traits["skin"])
        closed = np.clip(1 - gap_above - gap_below, 0, 1)
        seam = _line(v - level, 0.2 + 0.25 * press) * np.clip((1.1 - t) * half, 0, 1)
        self.darken(seam * closed, 0.6 + 0.15 * press)

        beyond, under = self.side - half, v - self.mouth_level - 0.65 * corner
        tension = units[12] + units[15] + units[20] + 0.8 * press
        self.darken(_blob(beyond - 0.5, under, 2.2, 2.2), np.minimum(0.15 + 0.2 * tension, 0.5))
        # Lips drawn down leave a line beneath the corner.
        self.darken(_blob(beyond - 0.8 + 0.2 * under, under - 2.6, 1.4, 3.2), 0.35 * units[15])
        # The hollow beneath the lower lip, and the chin that bulges under it.
        below = v - bottom - 1.5
        self.darken(_blob(self.u, below, 5.5, 1.9), 0.16 + 0.26 * units[17])
        self.picture *= 1 + (0.06 + 0.14 * units[17]) * _blob(self.u, below - 3.2, 4.5, 2.6)
        dimple = _line(below - 3.0 + 0.1 * self.side**2, 0.3) * (self.side < 3)
        self.darken(dimple, 0.25 * units[17])
        self.parts["mouth"] = (beyond < 1.8) & (v > top - 1.6) & (v < bottom + 2.6)

    def paint_beard(self) -> None:
        bearded = (self.traits["beard"] < BEARD_SHARE).astype(np.float32)
        jaw = np.clip((self.v - self.mouth_level + 0.35 * (20 - self.side)) / 5, 0, 1)
        moustache = _blob(self.u, self.v - self.nose_level - 2.6, 9.0, 2.2)
        stubble = np.maximum(jaw, moustache) * (1 - self.lips) * bearded
        self.darken(stubble, 0.15 + 2.5 * self.traits["beard"])

    def paint_glasses(self) -> None:
        worn = (self.traits["glasses"] < GLASSES_SHARE).astype(np.float32)
        across = self.side - self.traits["eye_spacing"]
        radius = np.sqrt((across / 6.4) ** 2 + ((self.v - EYE_LEVEL - 0.4) / 5.0) ** 2)
        rim = _line((radius - 1) * 5.5, 0.4)
        bridge_and_arms = _line(self.v - EYE_LEVEL + 0.8, 0.4) * ((self.side < 3) | (across > 6.4))
        self.darken(np.maximum(rim, bridge_and_arms) * worn, 0.75)

    def lit_picture(self) -> np.ndarray:
        """Light on the head, then what stands behind and above it."""
        traits, u, v = self.traits, self.head_u, self.head_v
        facing = np.sqrt(np.maximum(1 - 0.75 * self.outside, 0))
        slope = traits["light_right"] * u / 16 + traits["light_down"] * v / 20
        light = traits["ambient"] + (1 - traits["ambient"]) * facing + slope
        face = self.picture * np.maximum(light, 0.15)

        picture = np.clip(traits["background"] + traits["background_slope"] * (u - v) / 30, 0.02, 1)

        def put(mask: np.ndarray, level: np.ndarray) -> None:
            nonlocal picture
            picture = picture + mask * (level - picture)

        in_shade = traits["skin"] * np.maximum(light, 0.3)
        put(_soft(traits["face_width"] * 0.68 - np.abs(u)) * (v > 10), 0.55 * in_shade)
        put(_disc(np.abs(u) - traits["face_width"] - 0.4, v + 1, 2.0, 4.2), 0.75 * in_shade)
        strands = 1 + 0.12 * np.clip(np.abs((u * 0.9 + 0.3 * v) % 3 - 1.5) - 0.75, -1, 1)
        hair = traits["hair"] * (0.75 + slope) * strands
        reach = traits["face_width"] + traits["hair_volume"]
        mane = np.where(v < 0, _disc(u, v + 3, reach, 23 + traits["hair_volume"]), _soft(reach - np.abs(u)))
        ends = _soft((traits["hair_length"] - v - 0.5 * (np.abs(u) - 16)) / 2.5)
        put(mane * ends, hair)
        put(self.head, face)
        fringe = _soft((traits["hairline"] + traits["hairline_curve"] * u * u - v) / 1.5)
        put(fringe * (self.outside < 1.3) * mane, hair)
        return picture * traits["gain"]

    def disjoint_parts(self) -> np.ndarray:
        """Where parts meet, a pixel belongs to the part that is drawn over the others."""
        free = self.outside < 1
        disjoint = {}
        for name in ("mouth", "brows", "eyes", "nose", "cheeks"):
            disjoint[name] = self.parts[name] & free
            free = free & ~disjoint[name]
        return np.stack([disjoint[name] for name in PART_NAMES], axis=1)
