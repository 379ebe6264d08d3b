"""Exports a PyTorch module of a Python file to ONNX.

Needs torch and nothing else (onnx only where torch's own exporter asks for it).
"""
import inspect
import json
import pickle
import re
import struct
import sys

from exporting import Refused, Untrusted, load_file, main

KEYS = ("state_dict", "model_state_dict", "model", "net", "weights")
TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
         "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool"}


def read_safetensors(path, torch):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = getattr(torch, TYPES[entry["dtype"]])
        flat = torch.frombuffer(data[begin:end], dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


# What PyTorch names when it finds more than weights, in the words of its versions.
FOREIGN = re.compile(r"(?:GLOBAL|Unsupported class|Unsupported global:?(?: GLOBAL)?) ([\w.]+)")
ADVICE = ("loading it may run code that it brings along. If you trust whoever made it, export again and allow it; "
          "else save only the weights, `torch.save(model.state_dict(), ...)`")


def load_checkpoint(path, torch, trusted):
    """What was saved, without running code that the file may bring along unless that is trusted."""
    careful = "weights_only" in inspect.signature(torch.load).parameters
    if trusted:
        return torch.load(path, map_location="cpu", **({"weights_only": False} if careful else {}))
    if not careful:
        raise Untrusted(f"PyTorch {torch.__version__} cannot load {path} without trusting it: {ADVICE}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        found = FOREIGN.search(str(error))
        # Before 2.0 the careful way knew little more than tensors.
        if found or (isinstance(error, pickle.UnpicklingError) and "Weights only" in str(error)):
            what = f" ({found.group(1)})" if found else ""
            raise Untrusted(f"{path} holds more than weights{what}: {ADVICE}") from error
        text = " ".join(str(error).split())[:200]
        raise Refused(f"PyTorch cannot read {path}, which may be cut off or no checkpoint: {text}") from error


def read_checkpoint(path, torch, trusted):
    """The weights in a checkpoint, or the module that was saved whole."""
    if path.endswith(".safetensors"):
        return read_safetensors(path, torch)
    loaded = load_checkpoint(path, torch, trusted)
    if isinstance(loaded, torch.nn.Module):
        return loaded
    for key in KEYS:
        inner = loaded.get(key) if isinstance(loaded, dict) else None
        if isinstance(inner, torch.nn.Module) or (isinstance(inner, dict) and inner):
            return inner
    if not isinstance(loaded, dict):
        raise Refused(f"{path} holds {type(loaded).__name__}, neither weights nor a module")
    return loaded


def plain_names(weights):
    """Without the names that wrappers for several GPUs and for compilation put before all others."""
    for prefix in ("module.", "_orig_mod.", "model."):
        if weights and all(name.startswith(prefix) for name in weights):
            weights = {name[len(prefix):]: value for name, value in weights.items()}
    return weights


def fill(model, weights):
    own = set(model.state_dict())
    given = weights if own & set(weights) else plain_names(weights)
    missing, unexpected = sorted(own - set(given)), sorted(set(given) - own)
    if missing or unexpected:
        raise Refused("the checkpoint is of another architecture: "
                      + "; ".join(f"{len(names)} {what}, e.g. {names[0]}" for what, names in
                                  (("missing", missing), ("unexpected", unexpected)) if names))
    model.load_state_dict(given)


def export(args, out):
    module = load_file(args.file)
    import torch
    if not args.shape:
        raise Refused("the shape of the input is missing, e.g. 1,3,224,224")
    if not hasattr(module, args.name):
        raise Refused(f"{args.file} has no {args.name}")
    weights = read_checkpoint(args.checkpoint, torch, args.trust_checkpoint) if args.checkpoint else None
    if isinstance(weights, torch.nn.Module):
        model = weights
    else:
        model = getattr(module, args.name)(**json.loads(args.arguments))
        if not isinstance(model, torch.nn.Module):
            raise Refused(f"{args.name} gives {type(model).__name__}, not a torch.nn.Module")
        if weights is not None:
            fill(model, weights)
    model.eval()
    example = torch.zeros([int(size) for size in args.shape.split(",")])
    with torch.no_grad():
        model(example)
    options = dict(input_names=["input"], output_names=["output"], opset_version=args.opset,
                   dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
    major, minor = (int(part) for part in torch.__version__.split(".")[:2])
    if (major, minor) >= (2, 5):
        options["dynamo"] = False
    torch.onnx.export(model, (example,), out, **options)


if __name__ == "__main__":
    sys.exit(main(export, __doc__, opset=16))
