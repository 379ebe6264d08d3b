"""Runs inside a program that a debugger holds, as one expression: shows an array without touching the program.

The source is executed in a dictionary of its own, which the debugger drops with the answer. Nothing is imported that is
not in the standard library: torch, numpy and PIL are used only where the program has loaded them. No random number is
drawn and no autograd graph is read or written.
"""
import base64
import ctypes
import json
import math
import struct
import sys
import time
import types

# What is being worked on, for whom gives it up: seen by another evaluation of the debugger, in a thread of its own.
WORK = "__model_prism_work__"
STATISTICS_SECONDS = 1.5
STATISTICS_CHUNK = 1 << 22
DENSE_MOST = 1 << 28


class Refusal(Exception):
    """A failure that the person at the debugger can act on."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class GivenUp(Refusal):
    """Nobody waits for the answer any more."""

    def __init__(self):
        super().__init__("CANCELLED", "the request was cancelled")


def go_on():
    """Called wherever work can be left without a trace: raises when it was given up."""
    work = sys.modules.get(WORK)
    if work is not None and work.given_up:
        raise GivenUp()


def type_name(value):
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def text_of(error):
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


def packed(header, payload=b""):
    """A header and bytes as ASCII without quotes or backslashes, which every debug adapter passes on unchanged."""
    head = json.dumps(header).encode()
    return base64.b64encode(struct.pack("<I", len(head)) + head + payload).decode("ascii")


def answer(ticket, work, *arguments):
    """Does the work and packs what it returns or why it failed. Until then the ticket can be given up (`WORK`)."""
    at_work = types.ModuleType(WORK)
    at_work.ticket, at_work.given_up = ticket, False
    sys.modules[WORK] = at_work
    try:
        return packed(*work(*arguments))
    except Refusal as refusal:
        return packed({"error": {"code": refusal.code, "message": str(refusal)}})
    except MemoryError:
        return packed({"error": {"code": "VARIABLE_TOO_LARGE", "message": "the program has no memory left for it"}})
    except Exception as error:
        return packed({"error": {"code": "VARIABLE_UNREADABLE", "message": " ".join(text_of(error).split())[:400]}})
    finally:
        sys.modules.pop(WORK, None)


class NumpyArray:
    """A NumPy array, or what becomes one by the array protocol."""

    def __init__(self, numpy, values):
        self.numpy = numpy
        if values.dtype.kind == "c":
            values = numpy.abs(values)
        if values.dtype.kind not in "buif":
            raise Refusal("VARIABLE_NOT_NUMERIC", f"its elements are of type {values.dtype}, which are no numbers")
        self.values = values.view(numpy.uint8) if values.dtype.kind == "b" else values
        self.shape = tuple(values.shape)
        self.bytes_each = self.values.dtype == numpy.uint8

    def at(self, index):
        return NumpyArray(self.numpy, self.values[index])

    def mean_of(self, axis):
        return NumpyArray(self.numpy, self.values.mean(axis=axis, dtype=self.numpy.float64))

    def raw(self):
        return self.numpy.ascontiguousarray(self.values, None if self.bytes_each else "<f4").tobytes()

    def count(self, part):
        numpy = self.numpy
        values = part.values if part.values.dtype.kind == "f" else part.values.astype(numpy.float64)
        with numpy.errstate(all="ignore"):
            low, high = float(values.min()), float(values.max())
            odd = {}
            if not (math.isfinite(low) and math.isfinite(high)):
                odd = {
                    "nan": int(numpy.isnan(values).sum()),
                    "positive": int(numpy.isposinf(values).sum()),
                    "negative": int(numpy.isneginf(values).sum()),
                }
                values = values[numpy.isfinite(values)]
                low, high = (float(values.min()), float(values.max())) if values.size else (math.inf, -math.inf)
            return low, high, float(values.sum(dtype=numpy.float64)), int((values == 0).sum()), odd


class TorchTensor:
    """A torch tensor, detached."""

    def __init__(self, torch, values):
        self.torch = torch
        if values.dtype.is_complex:
            values = values.abs()
        self.values = values.to(torch.uint8) if values.dtype == torch.bool else values
        self.shape = tuple(values.shape)
        self.bytes_each = self.values.dtype == torch.uint8
        # Apple's graphics processors know no wider one.
        self.widest = torch.float32 if self.values.device.type == "mps" else torch.float64

    def at(self, index):
        return TorchTensor(self.torch, self.values[index])

    def mean_of(self, axis):
        return TorchTensor(self.torch, self.values.to(self.torch.float32).mean(axis))

    def raw(self):
        values = self.values if self.bytes_each else self.values.to(self.torch.float32)
        values = values.cpu().contiguous()
        return ctypes.string_at(values.data_ptr(), values.numel() * values.element_size())

    def count(self, part):
        torch = self.torch
        values = part.values
        if values.dtype not in (torch.float32, torch.float64):
            values = values.to(torch.float32 if values.dtype.is_floating_point else self.widest)
        low, high = float(values.min()), float(values.max())
        odd = {}
        if not (math.isfinite(low) and math.isfinite(high)):
            odd = {
                "nan": int(torch.isnan(values).sum()),
                "positive": int(torch.isposinf(values).sum()),
                "negative": int(torch.isneginf(values).sum()),
            }
            values = values[torch.isfinite(values)]
            low, high = (float(values.min()), float(values.max())) if values.numel() else (math.inf, -math.inf)
        return low, high, float(values.sum(dtype=self.widest)), int((values == 0).sum()), odd


class Quiet:
    """Keeps torch from recording what is computed here."""

    def __init__(self):
        torch = sys.modules.get("torch")
        self.guard = torch.no_grad() if torch is not None and hasattr(torch, "no_grad") else None

    def __enter__(self):
        if self.guard is not None:
            self.guard.__enter__()

    def __exit__(self, *failure):
        if self.guard is not None:
            self.guard.__exit__(*failure)


def unwrapped(torch, tensor):
    """The tensor that a wrapper holds here: what stands in a wrapper's own memory is not its own."""
    kind = type(tensor).__name__
    if kind == "DTensor":
        # The part of this process: to gather the others all processes would have to take part.
        tensor = tensor.to_local()
    elif kind == "MaskedTensor":
        tensor = tensor.get_data()
    if getattr(tensor, "is_nested", False):
        raise Refusal("VARIABLE_UNREADABLE", "it is nested, of items of different shapes: choose one, as in x.unbind()[0]")
    if getattr(type(tensor), "__torch_dispatch__", None) != getattr(torch.Tensor, "__torch_dispatch__", None):
        raise Refusal("VARIABLE_UNREADABLE", f"a {type_name(tensor)} wraps other tensors: choose one that it holds")
    return tensor


def torch_values(torch, tensor):
    if tensor.device.type == "meta" or type(tensor).__name__ in ("FakeTensor", "UninitializedParameter"):
        raise Refusal("VARIABLE_LAZY", "the tensor has no values yet (its device is meta, or it is uninitialised)")
    values = unwrapped(torch, tensor).detach()
    if values.layout != torch.strided:
        if values.numel() > DENSE_MOST:
            raise Refusal("VARIABLE_TOO_LARGE", f"the sparse tensor would have {values.numel()} elements when dense")
        values = values.to_dense()
    values = values.dequantize() if values.is_quantized else values
    # A view may only say that its signs are turned.
    return values.resolve_neg() if hasattr(values, "resolve_neg") else values


def picture_values(module, picture):
    """A PIL image as loaded; one whose file was not read yet is read from the file, and stays as it is."""
    if getattr(picture, "tile", None):
        name = getattr(picture, "filename", None)
        if not name:
            raise Refusal("VARIABLE_LAZY", "the picture was not read yet; step past the line that first uses it")
        with module.open(name) as other:
            other.seek(picture.tell())
            return picture_values(module, other.copy())
    if picture.mode in ("L", "RGB", "RGBA"):
        return picture
    if picture.mode == "F":
        return picture
    if picture.mode == "I" or picture.mode.startswith("I;"):
        return picture.convert("I").convert("F")
    return picture.convert("L" if picture.mode == "1" else "RGB")


class PilPicture:
    """A PIL image as rows × columns × channels."""

    def __init__(self, picture):
        self.picture = picture
        self.bands = picture.getbands()
        self.shape = (picture.height, picture.width, len(self.bands))
        self.bytes_each = picture.mode != "F"


def as_array(value, whole=False):
    """What can be shown of a variable, and words about it. What a masked array hides is NaN, unless all is wanted."""
    facts = {"type": type_name(value)}
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, getattr(torch, "Tensor", ())):
        facts["device"] = str(value.device)
        facts["dtype"] = str(value.dtype).replace("torch.", "")
        facts["requiresGrad"] = bool(value.requires_grad)
        return TorchTensor(torch, torch_values(torch, value)), facts
    module = sys.modules.get("PIL.Image")
    if module is not None and isinstance(value, module.Image):
        facts["dtype"] = value.mode
        return PilPicture(picture_values(module, value)), facts
    if type(value).__module__.split(".")[0] == "dask":
        raise Refusal("VARIABLE_LAZY", "the array is lazy, and computing it is the program's business")
    numpy = sys.modules.get("numpy")
    if numpy is not None and (isinstance(value, (numpy.ndarray, numpy.generic)) or hasattr(type(value), "__array__")):
        values = numpy.asarray(value)
        facts["dtype"] = str(values.dtype)
        if isinstance(value, numpy.ma.MaskedArray) and not whole and numpy.ma.getmaskarray(value).any() and values.dtype.kind in "buif":
            values = value.astype(numpy.float64 if values.dtype.kind != "f" else values.dtype).filled(numpy.nan)
        return NumpyArray(numpy, values), facts
    raise Refusal("VARIABLE_NO_ARRAY", f"it is a {type_name(value)}: no tensor, array or picture")


def layout_of(shape):
    """Which axes are items, channels, rows and columns: leading axes count up items."""
    rank = len(shape)
    if rank < 2:
        return {"items": [], "channel": None, "row": None, "column": 0 if rank else None}
    if rank == 2:
        return {"items": [], "channel": None, "row": 0, "column": 1}
    a, b, c = rank - 3, rank - 2, rank - 1
    last = shape[c] in (1, 3, 4) and shape[a] not in (1, 3, 4)
    axes = {"channel": c, "row": a, "column": b} if last else {"channel": a, "row": b, "column": c}
    return {"items": list(range(a)), **axes}


def place_of(shape, number):
    """The layout, the number of items, and one of them: its number and its index along the leading axes."""
    layout = layout_of(shape)
    items = math.prod([shape[axis] for axis in layout["items"]])
    number = min(max(0, number), items - 1)
    place, rest = [], number
    for axis in reversed(layout["items"]):
        place.insert(0, rest % shape[axis])
        rest //= shape[axis]
    return layout, items, number, tuple(place)


def pieces(array):
    """Views that make up an array, small enough to compute with."""
    size = math.prod(array.shape)
    if size <= STATISTICS_CHUNK:
        if size:
            yield array
        return
    axis = max(range(len(array.shape)), key=lambda k: array.shape[k])
    half = array.shape[axis] // 2
    before = (slice(None),) * axis
    yield from pieces(array.at(before + (slice(None, half),)))
    yield from pieces(array.at(before + (slice(half, None),)))


def statistics(array):
    """Range and odd values of all elements, or of as many as a moment suffices for (`counted`)."""
    end = time.monotonic() + STATISTICS_SECONDS
    low, high, total, zeros, counted = math.inf, -math.inf, 0.0, 0, 0
    odd = {"nan": 0, "positive": 0, "negative": 0}
    for part in pieces(array):
        go_on()
        if counted and time.monotonic() > end:
            break
        part_low, part_high, part_total, part_zeros, part_odd = array.count(part)
        low, high = min(low, part_low), max(high, part_high)
        total, zeros, counted = total + part_total, zeros + part_zeros, counted + math.prod(part.shape)
        for key, number in part_odd.items():
            odd[key] += number
    finite = counted - sum(odd.values())
    found = finite > 0
    return {
        "min": low if found else None,
        "max": high if found else None,
        "mean": total / finite if found and math.isfinite(total) else None,
        "zeros": zeros,
        **odd,
        "counted": counted,
    }


def picture_statistics(picture):
    extrema = picture.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    low, high = min(low for low, _ in bands), max(high for _, high in bands)
    size = picture.width * picture.height
    mean = zeros = None
    if picture.mode != "F":
        histogram = picture.histogram()
        mean = sum(n * (i % 256) for i, n in enumerate(histogram)) / (size * len(bands))
        zeros = sum(histogram[::256])
    odd = {"nan": 0, "positive": 0, "negative": 0}
    return {"min": low, "max": high, "mean": mean, "zeros": zeros, **odd, "counted": size * len(bands)}


def stride(rows, columns, most):
    return max(1, -(-max(rows, columns) // most))


def view_picture(array, facts, wish):
    height, width, channels = array.shape
    picture, channel = array.picture, wish.get("channel")
    header = {**facts, "shape": [height, width, channels], "items": 1, "channels": channels, "item": 0}
    header["statistics"] = picture_statistics(picture)
    colour = channels >= 3 and (channel is None or channel == "colour")
    if not colour and channels > 1:
        number = min(channel if isinstance(channel, int) else 0, channels - 1)
        picture = picture.getchannel(number)
    step = stride(height, width, wish["most"])
    down, across = -(-height // step), -(-width // step)
    if step > 1:
        # The pixel in the first corner of each block, as with arrays.
        picture = picture.transform((across, down), 0, (step, 0, 0.5 - step / 2, 0, step, 0.5 - step / 2), 0)
    header["channel"] = "colour" if colour else number if channels > 1 else 0
    header["range"] = picture_statistics(picture)
    header["picture"] = {
        "width": across, "height": down, "planes": len(picture.getbands()), "stride": step,
        "element": "uint8" if array.bytes_each else "float32",
    }
    return header, b"".join(band.tobytes() for band in picture.split())


def view(value, wish):
    """One item of a variable, small enough to be looked at.

    `wish`: `item` (counted over the leading axes), `channel` (a number, "colour" or "mean"), `most` (elements on the
    longer side).
    """
    with Quiet():
        array, facts = as_array(value)
        if isinstance(array, PilPicture):
            return view_picture(array, facts, wish)
        shape = array.shape
        header = {**facts, "shape": list(shape)}
        if math.prod(shape) == 0:
            raise Refusal("VARIABLE_EMPTY", f"its shape {list(shape)} has no elements")
        layout, items, item, place = place_of(shape, wish.get("item", 0))
        channels = 1 if layout["channel"] is None else shape[layout["channel"]]
        rows = 1 if layout["row"] is None else shape[layout["row"]]
        columns = 1 if layout["column"] is None else shape[layout["column"]]
        shown = array.at(place)
        header["statistics"] = statistics(array)
        step = stride(rows, columns, wish["most"])
        channel = wish.get("channel")
        if channel is None or (channel == "colour" and channels not in (3, 4)):
            channel = "colour" if channels in (3, 4) else 0
        cut = slice(None, None, step)
        planes = []
        if layout["channel"] is None:
            channel = 0
            planes.append(shown.at((cut,) * len(shown.shape)) if shown.shape else shown)
        else:
            axis = layout["channel"] - len(layout["items"])

            def index(which):
                return tuple(which if k == axis else cut for k in range(3))

            if channel == "mean":
                planes.append(shown.at(index(slice(None))).mean_of(axis))
            elif channel == "colour":
                planes.extend(shown.at(index(k)) for k in range(channels))
            else:
                channel = min(max(0, int(channel)), channels - 1)
                planes.append(shown.at(index(channel)))
        header.update(items=items, channels=channels, item=item, channel=channel)
        header["range"] = statistics(shown)
        header["picture"] = {
            "width": -(-columns // step), "height": -(-rows // step), "planes": len(planes), "stride": step,
            "element": "uint8" if planes[0].bytes_each else "float32",
        }
        return header, b"".join(plane.raw() for plane in planes)
