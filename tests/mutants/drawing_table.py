"""Faults in pictures: who belongs together, and what lies on what."""

from mutant import Mutant

_T = "tests/unit/report/test_drawing.py::"
FAMILIES = "report/families.py"
_FAMILY = f"{_T}test_a_family_has_one_colour_a_member_its_shape_and_a_twin_is_hollow"
_CROWD = f"{_T}test_every_arm_of_a_crowd_is_named_in_the_legend_and_names_never_overlap"

DRAWING = [
    Mutant(FAMILIES, "hollow=bool(twin)", "hollow=False", _FAMILY),
    Mutant(FAMILIES, 'line=f"{root} {twin}"', "line=root", _FAMILY),
    Mutant(  # every arm is a family
        FAMILIES,
        'return (root or name), f"{member if root else',
        'return name, f"{member if root else',
        _FAMILY,
    ),
    Mutant(  # whatever it covers
        "report/placement.py",
        "return inside and labels == 0 and marks <= 0.06 * area and not self._astray(box)",
        "return inside and marks <= 0.06 * area and not self._astray(box)",
        f"{_T}test_a_label_lies_on_no_other",
    ),
    Mutant(
        "report/placement.py",
        "return inside and labels == 0 and marks <= 0.06 * area and not self._astray(box)",
        "return inside and labels == 0 and not self._astray(box)",
        f"{_T}test_a_label_lies_on_no_marker",
    ),
    Mutant(  # a legend of one line
        "report/axes.py",
        "if x and x + wide > width:",
        "if x and x + wide > 9e9:",
        f"{_CROWD}[380]",
    ),
    Mutant(  # joined as they come
        "report/plot.py",
        "order = sorted(members, key=lambda point: point.x.estimate)",
        "order = members",
        f"{_T}test_arms_of_a_family_are_joined_in_the_order_of_their_speeds",
    ),
    Mutant(  # names where there is room, and no legend
        "report/plot.py",
        "return drawn, None not in labels",
        "return drawn, True",
        f"{_CROWD}[760]",
    ),
]
