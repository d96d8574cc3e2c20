"""Draws sample.png, the receipt that the tests read back. Needs Pillow; its font comes with it."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN, LINE = 480, 560, 32, 40
LINES = [
    ("NORRSKEN", ""),
    ("Receipt 20417", "2024-05-17"),
    ("Filter coffee", "32.00"),
    ("Cinnamon bun", "28.50"),
    ("Soup of the day", "89.00"),
    ("Mineral water", "24.00"),
    ("TOTAL", "173.50"),
    ("VAT included", "18.59"),
    ("Card", "173.50"),
    ("Thank you", ""),
]


def main() -> None:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=24)
    for row, (left, right) in enumerate(LINES):
        y = MARGIN + row * (LINE + 10)
        draw.text((MARGIN, y), left, fill="black", font=font)
        draw.text((WIDTH - MARGIN, y), right, fill="black", font=font, anchor="ra")
    image.save(Path(__file__).parent / "sample.png", optimize=True)


if __name__ == "__main__":
    main()
