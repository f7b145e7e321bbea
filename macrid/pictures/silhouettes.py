"""The objects of the simulated shop: seven categories, three silhouettes each, drawn from a kit of tones and measures."""

from __future__ import annotations

import math
from typing import NamedTuple

from .colour import Material
from .svg import area, box, disc, faint, line, oval

__all__ = ["SILHOUETTES", "Kit"]

Point = tuple[float, float]  # x, y


class Kit(NamedTuple):
    """What a category's drawing needs. Drawings stand on (0, 0), reach up to y = -172 and lie within x = -88..88."""

    uid: str
    size: float
    price: float
    level: int  # 1 plain .. 4 luxurious
    kind: int  # silhouette 0, 1, 2
    tones: Material
    fine: float  # grows as the object shrinks: what to multiply a fitting's length by

    def fill(self, name: str) -> str:
        """Reference to a gradient: m main, v vertical, o shade at the foot, f fittings, q quilt, g glow."""
        return f"url(#{self.uid}{name})"

    def stitch(self, path: str, level: int = 2) -> str:
        """A seam, on items of this price level and above."""
        if self.level < level:
            return ""
        dash = f'stroke-dasharray="{4.2 * self.fine:.1f} {2.8 * self.fine:.1f}"'
        return line(path, self.tones.ink, 1.3 * self.fine, dash + ' opacity=".75"')


def _solid(kit: Kit, path: str, name: str = "1", cast: float = 0) -> str:
    """A body of the main material: light from the left, darker at the foot; `cast` is its shadow on the wall."""
    use = f'<use href="#{kit.uid}{name}" fill='
    shadow = f'{use}"#3a3630" {faint(cast, 5, 6)}/>' if cast else ""
    form = f'<defs><path id="{kit.uid}{name}" d="{path}"/></defs>'
    return f'{form}{shadow}{use}"{kit.fill("m")}"/>{use}"{kit.fill("o")}"/>'


# ---- the seven categories --------------------------------------------------------------------------------------------


def _handbag(kit: Kit) -> str:
    tones, fit, fine = kit.tones, kit.fill("f"), kit.fine
    if kit.kind == 0:  # a satchel with a flap
        body = "M-60-100Q-68-100-69-91L-77-10Q-78 0-67 0H67Q78 0 77-10L69-91Q68-100 60-100Z"
        front = "M-62-101H62Q69-101 70-93L72-66Q52-34 0-34T-72-66L-70-93Q-69-101-62-101Z"
        seam, grip, catch = "M-66-68Q-48-40 0-40T66-68", (36, -100, -178), -38
    elif kit.kind == 1:  # an open tote
        body = "M-72-112Q0-106 72-112L64-7Q63 0 56 0H-56Q-63 0-64-7Z"
        front = "M-70-66Q0-58 70-66L64-7Q63 0 56 0H-56Q-63 0-64-7Z"
        seam, grip, catch = "M-66-61Q0-53 66-61M-69-105Q0-99 69-105", (34, -92, -192), -62
    else:  # a half moon
        body = "M-76-84C-46-96 46-96 76-84C88-34 52 0 0 0S-88-34-76-84Z"
        front = "M-78-70C-46-84 46-84 78-70C80-26 50 0 0 0S-80-26-78-70Z"
        seam, grip, catch = "M-76-64C-46-77 46-77 76-64C75-28 48-6 0-6S-75-28-76-64", (68, -84, -196), -75
    x, low, high = grip
    handle = f"M-{x} {low}C-{x - 4} {high} {x - 4} {high} {x} {low}"
    behind = [line(handle, tones.deep, 9), line(handle, tones.light, 2.5, faint(0.6, -1.5, -1))]
    if kit.kind == 1:
        out = [line("M-28-112C-28-172 28-172 28-112", tones.deep, 7, faint(0.7))]
        out += [area("M-72-112Q0-122 72-112Q0-106-72-112Z", tones.deep), _solid(kit, body), *behind]
    else:
        out = [*behind, _solid(kit, body)]
    if kit.level == 4:
        out.append(area(body, kit.fill("q")))
    out.append(area(front, tones.deep, faint(0.3, 0, 4 if kit.kind == 0 else -2)))
    out.append(area(front, kit.fill("v")) if kit.kind == 0 else _solid(kit, front, "2"))
    out.append(kit.stitch(seam))
    for side in (-x, x):
        out.append(box((side - 5.5, low - 4, 11, 22, 4), tones.dark))
        if kit.level > 1:
            out.append(disc(side, low + 10, 3.2 * fine, fit))
    if kit.level == 1:
        out.append(disc(0, catch, 4 * fine, tones.deep))
    else:
        wide, tall = (8 + 3 * kit.level) * fine, 11 * fine
        edge = f'stroke="{tones.deep}" stroke-width=".6"'
        out.append(box((-wide / 2, catch - tall / 2, wide, tall, 3 * fine), fit, edge))
        out.append(disc(0, catch, 2.2 * fine, tones.deep, faint(0.7)))
    if kit.level > 2:  # a tassel on its cord
        cord, top = 22 * fine, low + 12
        out.append(line(f"M{x - 4} {top}q-8 12-6 {cord:.1f}", fit, 1.6 * fine))
        tuft = f"M{x - 10} {top + 0.9 * cord:.1f}l{-5 * fine:.1f} {18 * fine:.1f}h{10 * fine:.1f}z"
        out.append(area(tuft, fit))
    return "".join(out)


def _shirt(kit: Kit) -> str:
    tones, fit, fine = kit.tones, kit.fill("f"), kit.fine
    if kit.kind == 1:  # long sleeves
        right, left = "L60-140Q70-136 73-126L87-30L66-25L51-98", "L-66-25L-87-30L-73-126Q-70-136-60-140Z"
        cuffs = "M67-30L86-35M-67-30L-86-35"
    else:
        right, left = "L60-140Q69-137 73-129L88-86L62-74L50-100", "L-62-74L-88-86L-73-129Q-69-137-60-140Z"
        cuffs = "M62-79L85-90M-62-79L-85-90"
    body = f"M-25-152Q0-136 25-152{right}Q48-50 52-4Q0 4-52-4Q-48-50-51-99{left}"
    folds = "M50-100Q40-60 52-4Q40-2 30-1Q44-50 50-100ZM-50-100Q-44-60-46-3L-52-4Q-48-50-50-100Z"
    out = [
        line("M0-150V-164C0-170 9-168 8-175C7-181-3-181-4-175", fit, 2.6),
        area("M-25-152Q0-162 25-152Q0-136-25-152Z", tones.deep),
        _solid(kit, body, cast=0.13),
        area(folds, tones.deep, faint(0.22)),
        line("M-34-118Q-20-104-24-70M36-112Q26-84 30-40", tones.dark, 3, faint(0.35)),
        line("M60-139Q51-122 50-100M-60-139Q-51-122-50-100", tones.deep, 1.2, faint(0.55)),
        kit.stitch(cuffs + "M-51-9Q0-1 51-9"),
    ]
    if kit.kind == 0:  # a crew neck
        out.append(line("M-26-150Q0-131 26-150", tones.dark, 6, 'stroke-linecap="butt"'))
        out.append(kit.stitch("M-29-146Q0-124 29-146"))
    else:  # a collar and a placket, down to the hem or half way
        foot, count = (-1, 4 + round(3 * kit.size)) if kit.kind == 1 else (-86, 2)
        out.append(area(f"M-6-140H6V{foot}H-6Z", tones.light) + line(f"M6-138V{foot}", tones.deep, 0.9, faint(0.5)))
        collar = "M0-139L-14-118L-33-143L-25-152ZM0-139L14-118L33-143L25-152Z"
        out.append(area(collar, tones.pale, f'stroke="{tones.deep}" stroke-opacity=".5"'))
        button = fit if kit.level > 1 else tones.ink
        out += [disc(0, -126 + step * (foot + 116) / (count - 1), 2.4 * fine, button) for step in range(count)]
    if kit.level > 1:
        out.append(area("M14-104H40V-78Q27-68 14-78Z", tones.dark, faint(0.45)))
        out.append(kit.stitch("M14-98H40M15-79Q27-69 39-79"))
    if kit.level > 2:  # an emblem
        out.append(area("M-29-105l6 9-6 9-6-9z", fit) + disc(-29, -96, 2, tones.deep))
    if kit.level > 3:  # a pocket square, and piping
        out.append(area("M16-103L21-116L27-106L33-117L38-103Z", fit))
        out.append(line("M-51-15Q0-7 51-15" + cuffs.replace("-79", "-85").replace("-30L", "-36L"), fit, 2.2))
    return "".join(out)


def _shoe(kit: Kit) -> str:
    tones, fit, fine = kit.tones, kit.fill("f"), kit.fine
    out: list[str] = []
    laces: tuple[Point, Point] | None
    if kit.kind == 0:  # a trainer
        upper = "M-80-22C-84-48-81-74-77-92Q-62-84-48-87T-22-99L-12-97C2-74 20-60 46-54C73-48 87-38 86-22Z"
        lining = "M-75-90C-62-101-34-106-22-99Q-40-80-75-90Z"
        panels = "M50-53C74-47 87-38 86-22H42Q40-42 50-53ZM-80-22C-84-48-81-70-78-86L-60-84Q-67-50-57-22Z"
        seams, laces, ankle = "M-57-27Q-64-52-58-78M45-27Q44-42 52-49", ((-6, -88), (36, -60)), -60
    elif kit.kind == 1:  # a lace-up
        upper = "M-80-14C-85-42-82-66-76-78Q-54-66-34-82L-22-82C-4-62 20-50 48-45C78-40 90-28 89-14Z"
        lining = "M-75-76C-58-88-40-90-26-83Q-44-66-75-76Z"
        panels = "M48-45C78-40 90-28 89-14H36Q36-34 48-45ZM-80-14C-84-42-82-62-77-74L-56-72Q-66-40-52-14Z"
        seams, laces, ankle = "M36-18Q36-36 48-43M-54-18Q-64-42-56-68", ((-16, -73), (16, -54)), -50
    else:  # a boot
        upper = "M-70-146Q-40-138-6-146Q-8-104 0-84C14-62 40-54 60-48C82-41 90-28 89-14H-76C-82-44-74-100-70-146Z"
        lining = "M-70-146Q-38-154-6-146Q-38-138-70-146Z"
        panels = "M-48-141L-24-142Q-24-106-30-78Q-36-68-43-78Q-50-110-48-141Z"
        seams, laces, ankle = "M30-18Q32-44 46-52M-72-44Q-40-40-28-16", None, -42
        out.append(line("M-69-140Q-82-150-72-162T-66-146", fit, 4))
    out.append(area(lining, tones.deep))
    if kit.kind == 0:
        out.append(area("M-36-94C-30-116-18-118-9-106L8-80L-14-80Z", tones.dark))
    out += [_solid(kit, upper), area(panels, tones.deep, faint(0.4))]
    if kit.kind == 0:
        out.append(area("M-50-22C-40-50-16-64 6-66L18-58C0-48-18-42-26-22Z", tones.pale, faint(0.85)))
        out.append(area("M-84-25H87Q93-14 87-4Q85 0 78 0H-76Q-86 0-87-12Z", "#faf8f4"))
        out.append(area("M-87-10H90Q89-5 87-3Q84 0 78 0H-76Q-85 0-87-10Z", "#cfcac1"))
        out.append(line("M2-76C20-60 40-55 62-49", "#fff", 3, faint(0.3)))
        out.append(kit.stitch(seams) + kit.stitch("M-82-18H86", 3))
    else:
        out.append(line("M-80-15H87", tones.dark, 4))
        out.append(area("M-83-14H90Q93-10 89-6Q20-2-40-6L-42 0H-80Z", "#3b2f28"))
        out.append(line("M54-40C70-37 80-31 82-22", "#fff", 4, faint(0.28)))
        if kit.kind == 2:
            out.append(line("M-43-139V-84M-37-138V-76M-30-139V-84", tones.ink, 0.9, faint(0.5)))
        if kit.level > 1:  # punched holes
            out.append(line(seams, tones.ink, 2.2 * fine, f'stroke-dasharray=".1 {5 * fine:.1f}" opacity=".8"'))
        out.append(kit.stitch("M-80-16H87", 3))
    if laces:
        out += _laces(kit, *laces)
    if kit.level > 2:  # a plate at the heel
        out.append(box((-78, ankle, 11 * fine, 15 * fine, 3), fit))
    if kit.level > 3:
        out += _golden_welt(kit)
    return "".join(out)


def _laces(kit: Kit, first: Point, last: Point) -> list[str]:
    """Laces between the two ends of a shoe's opening, more of them on a larger shoe."""
    count, cord = 3 + round(2 * kit.size), "#fbfaf6" if kit.kind == 0 else kit.tones.ink
    spots = [[a + (b - a) * step / (count - 1) for a, b in zip(first, last, strict=True)] for step in range(count)]
    knots = [disc(x - 10, y + 8, 2.2 * kit.fine, kit.fill("f")) for x, y in spots]
    return [line("".join(f"M{x - 9:.3g} {y + 7:.3g}l14-9" for x, y in spots), cord, 3.4 * kit.fine), *knots]


def _golden_welt(kit: Kit) -> list[str]:
    """A line of the fittings' metal above the sole, and a strap with a buckle on all but trainers."""
    fit = kit.fill("f")
    if kit.kind == 0:
        return [line("M-82-24.2Q0-24 86-24.2", fit, 2.6)]
    band = "M-30-78Q-6-52-14-16" if kit.kind == 1 else "M-77-54Q-36-44 7-72"
    x, y = (-14, -46) if kit.kind == 1 else (-26, -52)
    return [line(band, kit.tones.deep, 9, 'stroke-linecap="butt"'),
            box((x - 9, y - 9, 18, 18, 4), "none", f'stroke="{fit}" stroke-width="4"'),
            line("M-80-11Q0-10.5 88-11", fit, 2.6)]


def _phone(kit: Kit) -> str:
    tones, fit = kit.tones, kit.fill("f")
    wide, left, high = 78 + 12 * kit.size, -20.0, 166.0
    middle = left + wide / 2
    screen = [
        box((-62, -160, wide, 160, 15), "#17181d") + box((-58, -156, wide - 8, 152, 11), kit.fill("v")),
        area(f"M-58-60q30-26 {wide - 8:.3g} 0v45q0 11-11 11h-{wide - 30:.3g}q-11 0-11-11z", tones.deep, faint(0.5)),
        box((wide / 2 - 71, -151, 18, 5, 2.5), "#17181d"),
        box((-50, -132, 26, 8, 4), "#fff", faint(0.9)) + box((-50, -118, 16, 4, 2), "#fff", faint(0.6)),
    ]
    sheen = f"M{left + wide * 0.55:.3g}-163h{wide * 0.28:.3g}L{left + wide * 0.3:.3g}-2.6h{-wide * 0.22:.3g}z"
    out = [
        f'<g transform="rotate(-7 -20 0)">{"".join(screen)}</g>',  # its front, behind
        box((left - 2, -high - 1, wide + 4, high + 2, 17), "#2c2a28", faint(0.18, -4, 1)),
        box((left, -high, wide, high, 15), fit),
        box((left + 2.6, 2.6 - high, wide - 5.2, high - 5.2, 12.5), kit.fill("m")),
        area(sheen, "#fff", faint(0.13)),
    ]
    lenses, radius = kit.level, 8.2
    if kit.kind == 0:  # a square island
        span = 25 if lenses == 1 else 43
        x0, y0 = left + 9, 9 - high
        out.append(box((x0, y0, span, span, 9), tones.dark) + box((x0, y0, span, span, 9), "#fff", faint(0.12)))
        spots = ((0, 0), (1, 1), (1, 0), (0, 1))[:lenses]
        places = [(x0 + 12.3 + a * 18.6, y0 + 12.3 + b * 18.6) for a, b in spots]
    elif kit.kind == 1:  # a bar
        out.append(box((left + 2.6, 16 - high, wide - 5.2, 22, 4), tones.dark))
        places = [(left + 13.5 + a * 17.6, 27 - high) for a in range(lenses)]
    else:  # a round island
        out.append(disc(middle, -126, 12 if lenses == 1 else 23, tones.dark, f'stroke="{tones.light}"'))
        turn, reach = 2 * math.pi / lenses, 0 if lenses == 1 else 12
        angles = [turn * a - 2.36 for a in range(lenses)]
        places = [(middle + reach * math.cos(angle), reach * math.sin(angle) - 126) for angle in angles]
    for x, y in places:
        out.append(disc(x, y, radius, "#14161b", f'stroke="{fit}" stroke-width="2"'))
        out.append(disc(x - 2.5, y - 2.5, 2.3, "#9db4d8"))
    if lenses > 1:  # a mark, buttons, a line
        out.append(disc(middle, -64, 6, "none", f'stroke="{fit}" stroke-width="2.6"'))
    if lenses > 2:
        out.append(box((left + wide - 1, -120, 3, 22, 1.5), fit) + box((left + wide - 1, -90, 3, 12, 1.5), fit))
    if lenses > 3:
        out.append(box((left + 12, -14, wide - 24, 2.4, 1.2), fit))
    return f'<g transform="translate(6 0)">{"".join(out)}</g>'


def _watch(kit: Kit) -> str:
    tones, fit, fine, ink = kit.tones, kit.fill("f"), kit.fine, kit.tones.ink
    if kit.kind == 1:  # a cushion
        case, reach, crown = box((-46, -46, 92, 92, 24), fit) + box((-39, -39, 78, 78, 18), tones.deep), (30, 30), 45
        dial, shade = box((-37, -37, 74, 74, 17), kit.fill("v")), box((-40, -41, 92, 92, 24), "#3a3630", faint(0.14))
    elif kit.kind == 2:  # a rectangle
        case, reach, crown = box((-40, -50, 80, 100, 13), fit) + box((-33, -43, 66, 86, 8), tones.deep), (26, 36), 39
        dial, shade = box((-31, -41, 62, 82, 7), kit.fill("v")), box((-34, -45, 80, 100, 13), "#3a3630", faint(0.14))
    else:  # a circle
        case, reach, crown = disc(0, 0, 50, fit) + disc(0, 0, 42, tones.deep), (33, 33), 48
        dial, shade = disc(0, 0, 40, kit.fill("v")), disc(6, 5, 50, "#3a3630", faint(0.14))
    strap = "M-26-38L-19-80Q-18-87-11-87H11Q18-87 19-80L26-38ZM-26 38L-19 78Q-17 87-8 87H8Q17 87 19 78L26 38Z"
    out = [
        shade + _solid(kit, strap, cast=0.15),
        kit.stitch("M-20-54L-15-80M20-54L15-80M-20 54L-15 78M20 54L15 78"),
        line(f"M0 80V{68 - 6 * round(2 * kit.size)}", tones.deep, 3, 'stroke-dasharray=".1 6"'),
        line("M-22-81V-90H22V-81M0-90V-79", fit, 4, 'stroke-linejoin="round"'),
        box((crown, -5 * fine, 8, 10 * fine, 2.5), fit),
    ]
    if kit.level > 3:  # pushers
        out.append(box((crown - 5, -27, 8, 8, 2.5), fit) + box((crown - 5, 19, 8, 8, 2.5), fit))
    out += [case, dial]
    if kit.level > 2:  # small dials
        for x, y in ((0, 19),) if kit.level == 3 else ((0, 20), (-17, 3), (17, 3)):
            out.append(disc(x, y, 8, tones.pale, f'stroke="{fit}" stroke-width="1.4"'))
            out.append(line(f"M{x} {y}l3-4.5", tones.deep, 1.2))
    for marks, width in ((4, 2.6),) if kit.level == 1 else ((12, 1.5), (4, 2.6)):
        turns = [2 * math.pi * mark / marks for mark in range(marks)]
        ends = [(reach[0] * math.sin(turn), -reach[1] * math.cos(turn)) for turn in turns]
        ticks = "".join(f"M{x:.1f} {y:.1f}L{0.86 * x:.1f} {0.86 * y:.1f}" for x, y in ends)
        out.append(line(ticks, fit if kit.level > 2 else ink, width))
    out.append(line("M0 0L-14-10", ink, 4) + line("M0 0L18-18", ink, 2.8))
    if kit.level > 1:
        out.append(line("M-3 7L9-26", fit if kit.level > 2 else ink, 1.1))
    out.append(disc(0, 0, 3, fit))
    out.append(area("M-34-16C-28-32-10-38 8-36C-8-30-22-18-26 2Q-34-2-34-16Z", "#fff", faint(0.16)))
    return f'<g transform="translate(0 -88) scale(.97)">{"".join(out)}</g>'


def _lamp(kit: Kit) -> str:
    tones, fit, fine, high = kit.tones, kit.fill("f"), kit.fine, (1.5, 2, 3, 4.5)[kit.level - 1]
    if kit.kind == 1:  # a dome on a flared foot
        shade = "M-72-94C-72-146-42-172 0-172S72-146 72-94Q0-80-72-94Z"
        foot = "M-12-96V-46C-12-24-36-18-42-6Q-44 0-38 0H38Q44 0 42-6C36-18 12-24 12-46V-96Z"
        rim, trim, ring, top, open_ = "M-72-94Q0-80 72-94", "M-62-130Q0-116 62-130", (-62, 13), -172, 64
    elif kit.kind == 2:  # a drum on three legs
        shade = "M-54-166Q0-172 54-166L60-88Q0-80-60-88Z"
        foot = "M-5-90L-50 0H-42L3-84ZM5-90L50 0H42L-3-84ZM-3-90H3V-2H-3Z"
        rim, trim, ring, top, open_ = "M-60-88Q0-80 60-88", "M-54-160Q0-166 54-160", (-78, 10), -168, 54
    else:  # a cone on a turned vase
        shade = "M-36-166Q0-171 36-166L68-92Q0-82-68-92Z"
        foot = "M-7-92V-78C-8-66-34-58-34-36C-34-18-20-14-18-6H18C20-14 34-18 34-36C34-58 8-66 7-78V-92Z"
        rim, trim, ring, top, open_ = "M-68-92Q0-82 68-92", "M-37-161Q0-166 37-161", (-80, 10), -168, 60
    out = [oval(0, -70, 96, 88, kit.fill("g")), oval(0, -1, 72, 9, kit.fill("g")), _solid(kit, foot)]
    if kit.kind == 0:
        out.append(box((-26, -7, 52, 7, 3), fit))
        out.append(area("M-24-44C-22-54-12-60-9-68Q-12-40-18-22Q-24-30-24-44Z", "#fff", faint(0.25)))
    y, half = ring
    if kit.level > 1:
        out.append(box((-half, y, 2 * half, 5, 2.5), fit))
    if kit.level > 2:  # a second ring, a chain to pull
        out.append(box((-half * 0.8, y + 8, half * 1.6, 3.5, 1.7), fit))
        out.append(line("M30-88Q32-74 30-60", fit, 1.6) + disc(30, -57, 3.4 * fine, fit))
    out.append(oval(0, -89, open_, 7, "#fff3cc"))
    out.append(area(shade, kit.fill("m")) + area(shade, kit.fill("l")))
    if kit.level > 2 and kit.kind != 1:  # pleats
        slope = 0.5 if kit.kind == 0 else 0.88
        pleats = "".join(f"M{x * slope:g}-166L{x}-87" for x in range(-48, 49, 12 if kit.level > 3 else 24))
        out.append(line(pleats, tones.deep, 1, faint(0.4)))
    if kit.kind == 1:
        out.append(line("M-58-112C-54-134-44-148-30-156", "#fff", 5, faint(0.25)))
    out.append(line(rim, fit if kit.level > 1 else tones.deep, high))
    if kit.level > 1:
        out.append(disc(0, top, 1 + high, fit))
    if kit.level > 3:
        out.append(line(trim, fit, 3))
    return "".join(out)


def _mug(kit: Kit) -> str:
    tones, fit = kit.tones, kit.fill("f")
    if kit.kind == 1:  # a tulip
        body, half, top = "M-58-98C-58-44-40-6-22 0H22C40-6 58-44 58-98Q0-84-58-98Z", 58, -98
        handle, bands = "M54-82C94-92 94-30 40-32", "M-56-74Q0-60 56-74M-44-36Q0-24 44-36"
        beads = "M-52-60Q0-46 52-60", "M-49-49Q0-36 49-49"
    elif kit.kind == 2:  # a barrel
        body = "M-48-112C-66-80-66-34-44-5Q-40 0-32 0H32Q40 0 44-5C66-34 66-80 48-112Q0-100-48-112Z"
        half, top = 48, -112
        handle, bands = "M56-88C100-92 98-22 52-26", "M-57-88Q0-74 57-88M-57-32Q0-18 57-32"
        beads = "M-58-72Q0-58 58-72", "M-60-47Q0-33 60-47"
    else:  # straight
        body, half, top = "M-54-114L-51-12Q-50 0-38 0H38Q50 0 51-12L54-114Q0-100-54-114Z", 54, -114
        handle, bands = "M52-94C98-100 96-24 50-28", "M-53-92Q0-78 53-92M-51-26Q0-12 51-26"
        beads = "M-51-75Q0-61 51-75", "M-50-43Q0-29 50-43"
    upper_band = bands[: bands.index("M", 1)]
    steam = f"M-16 {top - 14}c-8-10 8-16 0-28M4 {top - 12}c-9-11 9-18 0-32M24 {top - 14}c-8-10 8-16 0-28"
    out = [line(steam, "#b8b1a6", 4, faint(0.35))]
    if kit.level > 2:  # a saucer
        out.append(oval(0, -5, 82, 11, fit) + oval(0, -7, 81, 10.5, kit.fill("m")))
        out.append(oval(0, -7, 46, 6, tones.deep, faint(0.4)) + '<g transform="translate(0 -9)">')
    out += [
        line(handle, tones.dark, 14) + line(handle, tones.light, 4, faint(0.7, -1, -3)),
        _solid(kit, body),
        oval(0, top, half, 11, kit.fill("v")),
        oval(0, top + 2.5, half - 6, 8, "#4a2c1c") + oval(-8, top + 1, half * 0.5, 3.5, "#8a5a3a", faint(0.7)),
    ]
    rim = fit if kit.level > 2 else tones.pale
    out.append(oval(0, top, half, 11, "none", f'stroke="{rim}" stroke-width="{1.5 + 0.5 * kit.level}"'))
    if kit.level > 1:
        band = upper_band if kit.level == 2 else bands
        out.append(line(band, fit, 2 + 0.5 * kit.level, 'stroke-linecap="butt"'))
    if kit.level > 3:  # rows of beads, a golden line on the handle
        out.append("".join(line(row, fit, 4, 'stroke-dasharray=".1 9"') for row in beads) + line(handle, fit, 2.4))
    out.append(area(f"M{-half * 0.72:.0f} {top + 22}q7 3 11 3l1 52q-7-1-10-5z", "#fff", faint(0.3)))
    if kit.level > 2:
        out.append("</g>")
    return f'<g transform="translate(-10 0)">{"".join(out)}</g>'


SILHOUETTES = {  # category -> what draws it and half the width of its shadow
    "handbags": (_handbag, 78),
    "shirts": (_shirt, 56),
    "shoes": (_shoe, 88),
    "phones": (_phone, 70),
    "watches": (_watch, 40),
    "lamps": (_lamp, 48),
    "mugs": (_mug, 72),
}
