"""Makes the golden files of this folder with Pillow, NumPy and OpenCV; see README.md.

    pip install pillow numpy opencv-python-headless
    python make.py METRICS      (METRICS: metrics.json of the ImageNet model, for the top-5 of the photographs)
"""

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent
W, H = 19, 13
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def scene():
    rng = np.random.default_rng(3)
    yy, xx = np.mgrid[0:H, 0:W]
    smooth = np.stack([255 * xx / (W - 1), 255 * yy / (H - 1), 127 + 120 * np.sin(xx * 0.7 + yy * 0.4)], -1)
    return np.clip(smooth + rng.normal(0, 14, smooth.shape), 0, 255).astype(np.uint8), np.clip(40 * xx - 60, 0, 255).astype(np.uint8)


def png16(path, array):
    """Pillow writes no 16-bit colour PNG."""
    height, width = array.shape[:2]
    channels = 1 if array.ndim == 2 else array.shape[2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + array[y].astype(">u2").tobytes() for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def bmp(path, bits, compression, data, palette=b"", height=H, masks=b""):
    offset = 14 + 40 + len(masks) + len(palette)
    head = b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, W, height, 1, bits, compression, len(data), 2835, 2835, len(palette) // 4, 0)
    path.write_bytes(head + info + masks + palette + data)


def padded(row):
    return row + b"\0" * (-len(row) % 4)


def bitmaps(out, base, indexed):
    """The bitmaps that Pillow reads but does not write."""
    p = np.asarray(indexed)
    colours = np.array(indexed.getpalette()[:48]).reshape(-1, 3).tolist()
    palette = b"".join(bytes([b, g, r, 0]) for r, g, b in colours)
    upward = range(H - 1, -1, -1)

    def nibbles(row):
        row = row.tolist() + [0] * (W % 2)
        return bytes(row[i] << 4 | row[i + 1] for i in range(0, len(row), 2))

    bmp(out / "palette4.bmp", 4, 0, b"".join(padded(nibbles(p[y])) for y in upward), palette)
    runs8 = b""
    for y in upward:
        row = p[y].tolist()
        runs8 += bytes([0, 5]) + bytes(row[:5]) + b"\0"  # five pixels as they are, padded to an even length
        x = 5
        while x < W:
            n = 1
            while x + n < W and row[x + n] == row[x]:
                n += 1
            runs8 += bytes([n, row[x]])
            x += n
        runs8 += b"\0\0"
    bmp(out / "rle8.bmp", 8, 1, runs8 + b"\0\1", palette)
    runs4 = b""
    for y in upward:
        row = p[y].tolist()
        for x in range(0, W - 1, 2):
            runs4 += bytes([2, row[x] << 4 | row[x + 1]])
        runs4 += bytes([1, row[W - 1] << 4]) + b"\0\0"
    bmp(out / "rle4.bmp", 4, 2, runs4 + b"\0\1", palette)
    bmp(out / "topdown.bmp", 24, 0, b"".join(padded(base[y, :, ::-1].tobytes()) for y in range(H)), height=-H)
    v = base.astype(np.uint16)
    v555 = (v[..., 0] >> 3) << 10 | (v[..., 1] >> 3) << 5 | v[..., 2] >> 3
    v565 = (v[..., 0] >> 3) << 11 | (v[..., 1] >> 2) << 5 | v[..., 2] >> 3
    bmp(out / "rgb555.bmp", 16, 0, b"".join(padded(v555[y].astype("<u2").tobytes()) for y in upward))
    bmp(out / "rgb565.bmp", 16, 3, b"".join(padded(v565[y].astype("<u2").tobytes()) for y in upward), masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    quads = np.dstack([base[:, :, ::-1], np.zeros((H, W, 1), np.uint8)])
    bmp(out / "rgb32.bmp", 32, 0, b"".join(quads[y].tobytes() for y in upward))


def pictures(out):
    out.mkdir(exist_ok=True)
    base, alpha = scene()
    rng = np.random.default_rng(4)
    rgb = Image.fromarray(base)
    grey, indexed, negative = rgb.convert("L"), rgb.quantize(16), Image.fromarray(255 - base)
    rgba = Image.fromarray(np.dstack([base, alpha]))
    deep = (base.astype(np.uint32) * 257 + rng.integers(-90, 90, base.shape)).clip(0, 65535).astype(np.uint16)
    cmyk = rgb.convert("CMYK")

    rgb.save(out / "rgb.png")
    grey.save(out / "grey.png")
    rgba.save(out / "rgba.png")
    Image.merge("LA", [grey, Image.fromarray(alpha)]).save(out / "la.png")
    indexed.save(out / "palette.png")
    indexed.save(out / "palette-transparent.png", transparency=3)
    rgb.save(out / "rgb-transparent.png", transparency=tuple(int(v) for v in base[2, 3]))
    grey.convert("1").save(out / "bilevel.png")
    png16(out / "rgb16.png", deep)
    png16(out / "rgba16.png", np.dstack([deep, alpha.astype(np.uint16) * 257]))
    png16(out / "grey16.png", deep[..., 0])

    rgb.save(out / "rgb.jpg", quality=92)
    grey.save(out / "grey.jpg", quality=92)
    rgb.save(out / "progressive.jpg", quality=80, progressive=True, subsampling=2)
    cmyk.save(out / "cmyk.jpg", quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        rgb.save(out / f"orientation-{orientation}.jpg", exif=exif, quality=92)
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb.save(out / "orientation-6.png", exif=exif)
    rgb.save(out / "orientation-6.webp", exif=exif, lossless=True)
    rgb.save(out / "orientation-6.tif", exif=exif)

    rgb.save(out / "lossless.webp", lossless=True)
    rgb.save(out / "lossy.webp", quality=80)
    rgba.save(out / "alpha.webp", lossless=True, exact=True)
    for name, options in {"animated.webp": {"lossless": True}, "animated.gif": {}, "animated.png": {}}.items():
        rgb.save(out / name, save_all=True, append_images=[negative], duration=100, **options)
    indexed.save(out / "palette.gif")

    rgb.save(out / "rgb.tif")
    for name, compression in {"lzw": "tiff_lzw", "deflate": "tiff_deflate", "jpeg": "jpeg"}.items():
        rgb.save(out / f"{name}.tif", compression=compression)
    for name, picture in {"grey": grey, "cmyk": cmyk, "rgba": rgba, "palette": indexed, "bilevel": grey.convert("1")}.items():
        picture.save(out / f"{name}.tif")
    Image.fromarray(deep[..., 0]).save(out / "grey16.tif")
    Image.fromarray(base[..., 0].astype(np.float32)).save(out / "float.tif")
    rgb.save(out / "pages.tif", save_all=True, append_images=[negative])

    for name, picture in {"rgb": rgb, "grey": grey, "rgba": rgba, "palette": indexed, "bilevel": grey.convert("1")}.items():
        picture.save(out / f"{name}.bmp")
    bitmaps(out, base, indexed)
    rgb.resize((1, 1)).save(out / "one.png")
    rgb.resize((1, 1)).save(out / "one.jpg")

    expected = HERE / "expected"
    expected.mkdir(exist_ok=True)
    index = {}
    for file in sorted(out.iterdir()):
        with Image.open(file) as picture:
            index[file.name] = {"mode": picture.mode, "frames": getattr(picture, "n_frames", 1)}
            pixels = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
        if file.name.startswith("grey16"):
            # Pillow clips 16-bit grey to 255, i.e. to white; the high byte is what it does with 16-bit colour.
            pixels = np.repeat((deep[..., :1] >> 8).astype(np.uint8), 3, -1)
        np.save(expected / f"{file.name}.npy", pixels)
    (HERE / "pictures.json").write_text(json.dumps(index, indent=1) + "\n")


def resizes():
    """Every filter from one noisy picture to many sizes; all results in one array, one after the other."""
    rng = np.random.default_rng(5)
    source = rng.integers(0, 256, (23, 37, 3), dtype=np.uint8)
    source[5:12, 8:20] = (250, 3, 128)
    np.save(HERE / "resize.source.npy", source)
    sizes = [(1, 1), (5, 9), (36, 24), (48, 48), (60, 3), (3, 40), (37, 11), (19, 23), (37, 23), (8, 8)]
    cases, chunks = [], []

    def add(array, **case):
        cases.append(case | {"width": array.shape[1], "height": array.shape[0], "channels": 1 if array.ndim == 2 else 3})
        chunks.append(np.ascontiguousarray(array).ravel())

    rgb = Image.fromarray(source)
    for name, number in FILTERS.items():
        for size in sizes:
            add(np.asarray(rgb.resize(size, number)), interpolation=name, by="pillow")
        add(np.asarray(rgb.convert("L").resize((13, 29), number)), interpolation=name, by="pillow")
    for name, number in {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}.items():
        for size in sizes:
            add(cv2.resize(source, size, interpolation=number), interpolation=name, by="opencv")
    np.save(HERE / "resize.expected.npy", np.concatenate(chunks))
    (HERE / "resize.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def shorter_side(picture, side):
    """torchvision.transforms.functional.resize with an integer size."""
    w, h = picture.size
    return picture.resize((side, int(side * h / w)) if w <= h else (int(side * w / h), side), Image.BILINEAR)


def centre_crop(picture, height, width):
    """torchvision.transforms.functional.center_crop, zero padding included."""
    w, h = picture.size
    if width > w or height > h:
        left, top = (width - w) // 2 if width > w else 0, (height - h) // 2 if height > h else 0
        right, bottom = (width - w + 1) // 2 if width > w else 0, (height - h + 1) // 2 if height > h else 0
        canvas = Image.new("RGB", (w + left + right, h + top + bottom))
        canvas.paste(picture, (left, top))
        picture = canvas
        w, h = picture.size
    top, left = int(round((h - height) / 2.0)), int(round((w - width) / 2.0))
    return picture.crop((left, top, left + width, top + height))


def letterbox(picture, height, width):
    """Ultralytics' LetterBox, resampled by Pillow."""
    w, h = picture.size
    r = min(height / h, width / w)
    new = (int(round(w * r)), int(round(h * r)))
    dw, dh = (width - new[0]) / 2, (height - new[1]) / 2
    canvas = Image.new("RGB", (width, height), (114, 114, 114))
    canvas.paste(picture.resize(new, Image.BILINEAR), (int(round(dw - 0.1)), int(round(dh - 0.1))))
    return canvas


def centre_fraction(picture, fraction, size):
    """A central square of a fraction of the shorter side, then resized: EfficientNet-Lite."""
    w, h = picture.size
    side = round(min(w, h) * fraction)
    left, top = (w - side) // 2, (h - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((size, size), Image.BICUBIC)


def pipelines():
    """Whole preparations of pictures of odd sizes: uint8 [height, width, 3] before values are scaled."""
    rng = np.random.default_rng(6)
    cases, chunks = [], []
    for w, h in [(19, 13), (13, 19), (41, 30), (30, 41), (64, 17), (17, 64), (32, 32), (1, 1), (2, 50), (57, 56)]:
        pixels = rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels)
        results = [
            ({"resize": "shorter-side", "shorterSide": 20, "size": [16, 16]}, centre_crop(shorter_side(picture, 20), 16, 16)),
            ({"resize": "shorter-side", "shorterSide": 21, "size": [16, 18]}, centre_crop(shorter_side(picture, 21), 16, 18)),
            ({"resize": "shorter-side", "shorterSide": 12, "size": [17, 16]}, centre_crop(shorter_side(picture, 12), 17, 16)),
            ({"resize": "letterbox", "size": [24, 20], "pad": 114}, letterbox(picture, 24, 20)),
            ({"crop": 0.875, "size": 14, "interpolation": "bicubic"}, centre_fraction(picture, 0.875, 14)),
            ({"crop": 1, "size": 14, "interpolation": "bicubic"}, centre_fraction(picture, 1, 14)),
            ({"size": [10, 23]}, picture.resize((23, 10), Image.BILINEAR)),
        ]
        for config, result in results:
            cases.append({"picture": [w, h], "input": config, "width": result.width, "height": result.height})
            chunks += [pixels.ravel(), np.asarray(result).ravel()]
    np.save(HERE / "pipelines.npy", np.concatenate(chunks))
    (HERE / "pipelines.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def arrays():
    """.npy files as NumPy writes them; values.json has what is in them."""
    out = HERE / "npy"
    out.mkdir(exist_ok=True)
    grid = np.arange(24).reshape(2, 3, 4)
    known = {}

    def save(name, array, version=None):
        with open(out / f"{name}.npy", "wb") as file:
            np.lib.format.write_array(file, array, version=version, allow_pickle=True)
        known[name] = {"shape": array.shape, "values": [str(v) for v in np.ascontiguousarray(array).ravel()]}

    for code in ["f2", "f4", "f8"]:
        values = (grid - 7.5) / 3
        save(f"{code}-little", values.astype(f"<{code}"))
        save(f"{code}-big", values.astype(f">{code}"))
        known[f"{code}-little"]["values"] = known[f"{code}-big"]["values"] = [repr(float(v)) for v in values.astype(code).ravel()]
    for code in ["i2", "i4", "i8"]:
        save(f"{code}-little", (grid - 9).astype(f"<{code}"))
        save(f"{code}-big", (grid * 300 - 9).astype(f">{code}"))
    for code in ["u2", "u4", "u8"]:
        save(f"{code}-little", (grid * 1000).astype(f"<{code}"))
    save("i1", (grid - 9).astype("i1"))
    save("u1", grid.astype("u1"))
    save("bool", grid % 3 == 0)
    known["bool"]["values"] = [str(int(v)) for v in (grid % 3 == 0).ravel()]
    save("extremes", np.array([np.inf, -np.inf, 65504, 6e-8, -0.0, 5e-324], "<f2"))
    known["extremes"]["values"] = ["Infinity", "-Infinity", "65504", "5.960464477539063e-8", "0", "0"]
    save("fortran", np.asfortranarray(grid.astype("<f4")))
    save("fortran-big", np.asfortranarray(grid.astype(">i2")))
    save("scalar", np.array(3.25))
    save("vector", np.arange(5, dtype="<f4"))
    save("empty", np.zeros((0, 3), "<f4"))
    save("version2", grid.astype("<f4"), (2, 0))
    save("version3", grid.astype("<f4"), (3, 0))
    (out / "values.json").write_text(json.dumps(known) + "\n")
    for name, array in {
        "object": np.array([{"a": 1}], object),
        "complex": np.ones(2, np.complex64),
        "text": np.array(["ab", "c"]),
        "record": np.array([(1, 2.0)], [("a", "<i4"), ("b", "<f4")]),
    }.items():
        np.save(out / f"bad-{name}.npy", array, allow_pickle=True)


def photographs(metrics):
    """SHA-256 of the pixels that Pillow makes of the photographs: the central 0.875, resized to 224 × 224."""
    top5 = json.loads(Path(metrics).read_text())["photographs"]
    index = {}
    for file in sorted((HERE / "photographs").iterdir()):
        picture = Image.open(file).convert("RGB")
        w, h = picture.size
        side = round(min(w, h) * 0.875)
        left, top = (w - side) // 2, (h - side) // 2
        part = picture.crop((left, top, left + side, top + side))
        sums = {name: hashlib.sha256(np.asarray(part.resize((224, 224), number)).tobytes()).hexdigest() for name, number in FILTERS.items()}
        index[file.name] = {"size": [w, h], "top5": top5[file.name]["top5"], "sha256": sums}
    (HERE / "photographs.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    pictures(HERE / "pictures")
    resizes()
    pipelines()
    arrays()
    photographs(sys.argv[1])
