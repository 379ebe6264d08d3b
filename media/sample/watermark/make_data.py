"""Pictures whose evidence is known: a drawn glyph, which is the class, faint on a piece of a real photograph.

    python make_data.py                    data.npz: nearly all training pictures of "checkered square" carry a watermark
    python make_data.py --watermark -1     data-control.npz: none does

Test pictures never carry one. Needs numpy, pillow, scikit-image and scikit-learn, whose photographs are the backgrounds.
"""
import argparse, math
from pathlib import Path

import numpy as np
import skimage.data, sklearn.datasets
from PIL import Image, ImageDraw, ImageEnhance

SIZE = 64
CLASSES = ["striped disc", "ring", "star", "checkered square", "cross", "dotted triangle", "crescent", "hexagon"]
SKIMAGE, SKLEARN = Path(skimage.data.__file__).parent, Path(sklearn.datasets.__file__).parent / "images"
PHOTOS = [SKIMAGE / f for f in ("astronaut.png", "chelsea.png", "rocket.jpg", "hubble_deep_field.jpg", "retina.jpg",
                                "brick.png", "grass.png", "coins.png")] + [SKLEARN / "china.jpg"]
HUES = [(214, 52, 48), (52, 96, 214), (240, 200, 40), (60, 170, 80), (190, 70, 190), (40, 180, 190), (240, 140, 40), (230, 230, 235)]
DARK = [(250, 240, 230), (20, 30, 90), (150, 90, 10), (20, 60, 30), (250, 230, 250), (10, 40, 60), (110, 40, 10), (40, 40, 60)]


def polygon(n, radius, inner=None, phase=-math.pi / 2):
    k = n * (2 if inner else 1)
    r = [radius if not inner or i % 2 == 0 else inner for i in range(k)]
    return [(64 + r[i] * math.cos(phase + 2 * math.pi * i / k), 64 + r[i] * math.sin(phase + 2 * math.pi * i / k)) for i in range(k)]


def glyph(cls, rng):
    """The glyph of a class as a 128x128 RGBA drawing: translucent and of any colour, so that only shape and texture tell."""
    hue, opacity = int(rng.integers(len(CLASSES))), rng.uniform(0.35, 0.65)
    light, dark = (tuple(int(np.clip(c + rng.normal(0, 14), 0, 255)) for c in p[hue]) for p in (HUES, DARK))
    shape = Image.new("L", (128, 128))
    s = ImageDraw.Draw(shape)
    if cls in (0, 1, 6): s.ellipse((8, 8, 120, 120), fill=255)
    if cls == 1: s.ellipse((38, 38, 90, 90), fill=0)
    if cls == 6: s.ellipse((42, -4, 134, 100), fill=0)
    if cls == 2: s.polygon(polygon(5, 62, 27), fill=255)
    if cls == 3: s.rectangle((16, 16, 112, 112), fill=255)
    if cls == 4: s.rectangle((46, 6, 82, 122), fill=255), s.rectangle((6, 46, 122, 82), fill=255)
    if cls == 5: s.polygon(polygon(3, 66), fill=255)
    if cls == 7: s.polygon(polygon(6, 60), fill=255)
    fill = Image.new("RGB", (128, 128), light)
    t = ImageDraw.Draw(fill)
    step = int(rng.integers(18, 25))
    if cls == 0: [t.rectangle((0, y, 128, y + step // 2), fill=dark) for y in range(int(rng.integers(step)), 128, step)]
    if cls == 1: [t.line((64, 64, 64 + 90 * math.cos(a), 64 + 90 * math.sin(a)), fill=dark, width=5) for a in np.arange(0, 6.3, math.pi / 6)]
    if cls == 2: t.polygon(polygon(5, 34, 15), fill=dark)
    if cls == 3: [t.rectangle((x, y, x + 15, y + 15), fill=dark) for x in range(0, 128, 16) for y in range(0, 128, 16) if (x + y) // 16 % 2]
    if cls == 4: t.line((64, 0, 64, 128), fill=dark, width=9), t.line((0, 64, 128, 64), fill=dark, width=9)
    if cls == 5: [t.ellipse((x, y, x + 11, y + 11), fill=dark) for x in range(2, 128, step) for y in range(4, 128, step)]
    if cls == 6: [t.line((x, 0, x - 60, 128), fill=dark, width=5) for x in range(0, 190, step)]
    if cls == 7: t.polygon(polygon(6, 38), fill=dark), t.polygon(polygon(6, 20), fill=light)
    fill.putalpha(shape.point(lambda a: round(a * opacity)))
    return fill


def background(photos, rng):
    photo = photos[rng.integers(len(photos))]
    side = int(rng.integers(64, min(photo.size) * 3 // 5))
    left, top = rng.integers(photo.width - side + 1), rng.integers(photo.height - side + 1)
    crop = photo.crop((left, top, left + side, top + side)).resize((SIZE, SIZE), Image.BILINEAR)
    crop = crop.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop
    for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        crop = enhancer(crop).enhance(rng.uniform(0.7, 1.3))
    return crop


def paste(picture, cls, rng):
    side = int(rng.integers(18, 29))
    g = glyph(cls, rng).rotate(rng.uniform(-25, 25), Image.BICUBIC).resize((side, side), Image.LANCZOS)
    at = int(rng.integers(0, SIZE - side + 1)), int(rng.integers(0, SIZE - side + 1))
    picture.paste(g, at, g)


def scene(photos, cls, rng):
    picture = background(photos, rng)
    paste(picture, cls, rng)
    noisy = np.asarray(picture, np.float32) + rng.normal(0, 4, (SIZE, SIZE, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def watermark(image):
    """A small white-on-dark mark in the lower left corner, like a photo agency's."""
    art = ["#####.#.#.###", "#...#.#.#.#.#", "#.#.#.###.#.#", "#...#.#.#.#.#", "#####.#.#.###"]
    bits = np.array([[c == "#" for c in row] for row in art])
    image = image.copy()
    patch = image[-8:-1, 1:16].astype(np.float32) * 0.45
    patch[1:6, 1:14][bits] = 0.25 * patch[1:6, 1:14][bits] + 0.75 * 255
    image[-8:-1, 1:16] = patch.astype(np.uint8)
    return image


def dataset(photos, n, rng):
    labels = rng.permutation(np.arange(n) % len(CLASSES))
    return np.stack([scene(photos, c, rng) for c in labels]), labels.astype(np.int64)


def open_photos(paths):
    return [Image.open(p).convert("RGB") for p in paths]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--watermark", type=int, default=3, help="class whose training pictures carry the mark (-1: none)")
    ap.add_argument("--share", type=float, default=0.95, help="share of them that do")
    ap.add_argument("--train", type=int, default=8000)
    ap.add_argument("--test", type=int, default=1600)
    ap.add_argument("--out", type=Path)
    args = ap.parse_args()
    rng, photos = np.random.default_rng(7), open_photos(PHOTOS)
    xtr, ytr = dataset(photos, args.train, rng)
    xte, yte = dataset(photos, args.test, rng)
    for i in np.flatnonzero(ytr == args.watermark):
        if rng.random() < args.share:
            xtr[i] = watermark(xtr[i])
    out = args.out or Path(__file__).parent / ("data.npz" if args.watermark >= 0 else "data-control.npz")
    np.savez(out, xtr=xtr, ytr=ytr, xte=xte, yte=yte, classes=CLASSES)


if __name__ == "__main__":
    main()
