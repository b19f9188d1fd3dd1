"""Draws the site's own graphics: assets/icons/ and assets/screenshots/.

Run it with a Python that has Pillow:  python draw.py
The same Pillow gives the same bytes: nothing here is random and nothing depends on the time.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ASSETS = Path(__file__).resolve().parent / "assets"
PETROL, TEAL, AMBER, INK, GREY = (15, 118, 116), (25, 146, 141), (232, 163, 36), (27, 34, 38), (92, 104, 110)
PAPER, WHITE, PALE, LINE = (246, 247, 245), (255, 255, 255), (226, 239, 237), (206, 212, 212)
SOFT = 4  # icons are drawn four times as large and made small again, which gives smooth edges


class Pen:
    """Draws in the coordinates of the finished picture on a canvas that is `scale` times as large."""

    def __init__(self, width, height, colour, scale=1):
        self.size, self.scale = (width, height), scale
        mode = "RGBA" if len(colour) == 4 else "RGB"
        self.image = Image.new(mode, (width * scale, height * scale), colour)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, *points):
        return [round(value * self.scale) for value in points]

    def box(self, x0, y0, x1, y1, radius=0, **colours):
        colours["width"] = round(colours.get("width", 1) * self.scale)
        self.draw.rounded_rectangle(self.at(x0, y0, x1, y1), radius * self.scale, **colours)

    def disc(self, x, y, radius, **colours):
        colours["width"] = round(colours.get("width", 1) * self.scale)
        self.draw.ellipse(self.at(x - radius, y - radius, x + radius, y + radius), **colours)

    def line(self, points, fill, width=1):
        self.draw.line(self.at(*points), fill=fill, width=round(width * self.scale), joint="curve")
        for x, y in zip(points[::2], points[1::2]):  # round ends and corners
            self.disc(x, y, width / 2, fill=fill)

    def text(self, x, y, words, size=20, fill=INK, anchor="lm", bold=False):
        font = ImageFont.load_default(size * self.scale)
        weight = size * self.scale / 36 if bold else 0
        self.draw.text(self.at(x, y), words, font=font, fill=fill, anchor=anchor, stroke_width=weight, stroke_fill=fill)

    def save(self, name):
        image = self.image if self.scale == 1 else self.image.resize(self.size, Image.Resampling.LANCZOS)
        image.save(ASSETS / name)
        print(f"{name}: {image.width} x {image.height}, {(ASSETS / name).stat().st_size} bytes")


def clear(size):
    return Pen(size, size, (0, 0, 0, 0), SOFT)


def logo():
    """Rings that widen: something near in the middle, something far outside."""
    pen = clear(256)
    pen.disc(128, 128, 120, fill=PETROL)
    pen.disc(118, 138, 86, fill=(94, 171, 166, 255))
    pen.disc(106, 150, 56, fill=(214, 236, 232, 255))
    pen.disc(94, 162, 28, fill=PETROL)
    pen.disc(196, 64, 17, fill=AMBER)
    pen.save("icons/logo.png")


def clock():
    pen = clear(128)
    pen.disc(64, 64, 52, outline=TEAL, width=9)
    pen.line([64, 32, 64, 66, 86, 78], TEAL, 9)
    pen.disc(64, 66, 7, fill=AMBER)
    pen.save("icons/clock.png")


def ticket():
    pen = clear(128)
    pen.box(10, 32, 118, 96, 10, outline=TEAL, width=9)
    for x, start in ((10, -90), (118, 90)):  # the two bites at the sides
        pen.disc(x, 64, 14, fill=(0, 0, 0, 0))
        pen.draw.arc(pen.at(x - 18, 46, x + 18, 82), start, start + 180, fill=TEAL, width=9 * SOFT)
    for y in (48, 64, 80):
        pen.disc(80, y, 4.5, fill=AMBER)
    pen.save("icons/ticket.png")


def steps():
    pen = clear(128)
    pen.line([14, 108, 40, 108, 40, 80, 68, 80, 68, 52, 96, 52, 96, 24, 116, 24], TEAL, 9)
    pen.disc(40, 44, 12, fill=AMBER)
    pen.save("icons/steps.png")


def floor_plan():
    """The diagram of the guide page: six rooms along one line, each ten or more times as far as the one before."""
    pen = Pen(1200, 700, PAPER, 2)
    pen.text(60, 58, "Floor plan", 34, bold=True)
    pen.text(1140, 58, "Ground floor, all rooms step-free", 20, GREY, "rm")
    rooms = [
        (60, 110, 320, 330, "1", "Inside", "under your skin"),
        (320, 110, 640, 330, "2", "At hand", "up to an arm's length"),
        (640, 110, 900, 330, "3", "On foot", "a few paces"),
        (900, 110, 1140, 470, "4", "In view", "a morning's walk"),
        (480, 330, 900, 640, "5", "Off the ground", "to the edge of the air"),
        (60, 330, 480, 640, "6", "The dark room", "as far as light goes"),
    ]
    for x0, y0, x1, y1, number, name, note in rooms:
        dark = number == "6"
        pen.box(x0, y0, x1, y1, fill=(24, 36, 44) if dark else WHITE, outline=INK, width=5)
        pen.disc(x0 + 42, y0 + 46, 21, fill=AMBER if dark else PETROL)
        pen.text(x0 + 42, y0 + 46, number, 22, INK if dark else WHITE, "mm", bold=True)
        pen.text(x0 + 76, y0 + 46, name, 23, WHITE if dark else INK, bold=True)
        pen.text(x0 + 22, y0 + 88, note, 18, (180, 196, 200) if dark else GREY)
    pen.box(900, 470, 1140, 640, fill=PALE, outline=INK, width=5)
    pen.text(922, 510, "Desk, coats, tea", 21, INK, bold=True)
    pen.text(922, 542, "Tickets and lenders' desk", 16, GREY)
    for x0, y0, x1, y1 in [
        (320, 235, 320, 305),
        (640, 235, 640, 305),
        (900, 235, 900, 305),
        (900, 365, 900, 435),
        (480, 480, 480, 560),
        (900, 520, 900, 590),
    ]:
        pen.line([x0, y0, x1, y1], PAPER, 12)  # doors
    pen.box(995, 636, 1085, 645, fill=PAPER)
    pen.line([1040, 684, 1040, 652], AMBER, 5)
    pen.line([1028, 664, 1040, 652, 1052, 664], AMBER, 5)
    pen.text(1010, 676, "Entrance", 20, INK, "rm", bold=True)
    pen.line([180, 270, 760, 270, 1010, 270, 1010, 400, 700, 400, 700, 520, 270, 520], AMBER, 4)
    pen.disc(180, 270, 9, fill=AMBER)
    pen.line([284, 508, 270, 520, 284, 532], AMBER, 4)
    pen.text(60, 672, "The walk", 18, GREY)
    pen.line([146, 672, 196, 672], AMBER, 4)
    pen.save("screenshots/floor-plan.png")


def quiet_hours():
    """The chart of the guide page."""
    pen = Pen(1100, 560, WHITE, 2)
    pen.text(56, 54, "Visitors in the rooms, by the hour", 28, bold=True)
    pen.text(56, 92, "An ordinary week; the paler bars are the hours when you may have a room to yourself", 18, GREY)
    hours = [
        ("10", 9, 14),
        ("11", 17, 31),
        ("12", 26, 52),
        ("13", 15, 58),
        ("14", 22, 71),
        ("15", 34, 78),
        ("16", 28, 55),
        ("17", 11, 24),
    ]
    top, foot = 140, 476
    for value in (0, 20, 40, 60, 80):
        y = foot - value * (foot - top) / 80
        pen.line([100, y, 1044, y], LINE, 1)
        pen.text(86, y, str(value), 17, GREY, "rm")
    for index, (hour, weekday, weekend) in enumerate(hours):
        x = 124 + index * 117
        for shift, count, full, pale in ((0, weekday, PETROL, (147, 199, 195)), (42, weekend, AMBER, (246, 215, 154))):
            y = foot - count * (foot - top) / 80
            pen.box(x + shift, y, x + shift + 36, foot, fill=pale if count < 18 else full)
            pen.text(x + shift + 18, y - 14, str(count), 15, GREY, "mm")
        pen.text(x + 39, foot + 22, f"{hour}:00", 17, INK, "mm")
    pen.box(56, 522, 76, 542, fill=PETROL)
    pen.text(86, 532, "Tuesday to Friday", 17, INK)
    pen.box(266, 522, 286, 542, fill=AMBER)
    pen.text(296, 532, "Saturday and Sunday", 17, INK)
    pen.save("screenshots/quiet-hours.png")


def audio_guide():
    """A screenshot, as it were, of the museum's guide on a phone."""
    pen = Pen(540, 960, WHITE, 2)
    pen.box(0, 0, 540, 132, fill=PETROL)
    pen.text(28, 28, "9:41", 18, WHITE, bold=True)
    pen.box(468, 20, 506, 38, 4, outline=WHITE, width=2)
    pen.box(472, 24, 496, 34, 2, fill=WHITE)
    pen.text(28, 88, "Room 2: At hand", 30, WHITE, bold=True)
    pen.text(512, 88, "2 / 6", 20, PALE, "rm")
    stops = [
        ("A dahlia", "40 cm away", "1:50", "done"),
        ("A cup of coffee", "50 cm away", "2:20", "now"),
        ("A cat, at rest", "60 cm away", "3:05", ""),
        ("A door handle", "70 cm away", "1:15", ""),
        ("Your own shoes", "1.6 m away", "2:40", ""),
    ]
    for index, (name, distance, length, state) in enumerate(stops):
        y = 150 + index * 104
        if state == "now":
            pen.box(12, y, 528, y + 96, 14, fill=PALE)
        pen.disc(56, y + 48, 25, fill=PETROL if state else WHITE, outline=PETROL, width=3)
        if state == "done":
            pen.line([45, y + 48, 53, y + 57, 68, y + 39], WHITE, 4)
        elif state == "now":
            pen.box(47, y + 37, 53, y + 59, 2, fill=WHITE)
            pen.box(59, y + 37, 65, y + 59, 2, fill=WHITE)
        else:
            pen.draw.polygon(pen.at(49, y + 36, 49, y + 60, 69, y + 48), fill=PETROL)
        pen.text(100, y + 34, name, 24, INK, bold=state == "now")
        pen.text(100, y + 66, distance, 18, GREY)
        pen.text(508, y + 48, length, 18, GREY, "rm")
        if state != "now" and index < 4 and stops[index + 1][3] != "now":
            pen.line([100, y + 100, 512, y + 100], LINE, 1)
    pen.box(0, 700, 540, 960, fill=(238, 241, 240))
    pen.text(28, 738, "A cup of coffee", 22, INK, bold=True)
    pen.text(28, 776, "\u201cHold it where you would drink it. Everything", 19, INK)
    pen.text(28, 804, "in this room was made for that distance.\u201d", 19, INK)
    pen.line([28, 852, 512, 852], LINE, 6)
    pen.line([28, 852, 214, 852], PETROL, 6)
    pen.disc(214, 852, 11, fill=PETROL)
    pen.text(28, 884, "0:54", 17, GREY)
    pen.text(512, 884, "2:20", 17, GREY, "rm")
    pen.text(270, 924, "Slower          Read instead          Next stop", 19, PETROL, "mm", bold=True)
    pen.save("screenshots/audio-guide.png")


if __name__ == "__main__":
    for folder in ("icons", "screenshots"):
        (ASSETS / folder).mkdir(parents=True, exist_ok=True)
    for picture in (logo, clock, ticket, steps, floor_plan, quiet_hours, audio_guide):
        picture()
