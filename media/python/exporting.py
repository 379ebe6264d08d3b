"""What the exporting programs have in common: the person's file, and errors told at its lines.

What fails is told in one line that names the file and line of the person's own code: FILE:LINE: error: MESSAGE.
"""
import argparse
import importlib.util
import os
import sys
import traceback
import warnings


class Refused(Exception):
    """Says itself what to do."""


class Untrusted(Refused):
    """May be done if the person trusts whoever made the file (--trust-checkpoint)."""


# The exit status by which whoever runs the program knows that it may ask the person.
UNTRUSTED = 3


def load_file(path):
    """The file as a module; what lies beside it can be imported, as when it is run."""
    sys.path.insert(0, os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def definition_line(file, name):
    if not file.endswith(".py"):
        return 1
    with open(file, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith((f"class {name}(", f"class {name}:", f"def {name}(")):
                return number
    return 1


def place_of(error, file, name):
    """The innermost line of the person's code; where none is to blame, the line that defines what was exported."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    frames = [(os.path.abspath(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    folder, here = os.path.dirname(file) + os.sep, os.path.dirname(os.path.abspath(__file__)) + os.sep
    own = [frame for frame in frames if frame[0].startswith(folder) and not frame[0].startswith(here)
           and "site-packages" not in frame[0]]
    return own[-1] if own else (file, definition_line(file, name))


def export_whole(export, args):
    """What is exported takes its place when it is whole; where that fails nothing is left behind."""
    part = args.out + ".part.onnx"
    try:
        export(args, part)
        os.replace(part, args.out)
    finally:
        if os.path.exists(part):
            os.remove(part)


def main(export, description, **defaults):
    """Reads the arguments, exports, and returns the exit status; `export` takes them and the file that it writes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--file", required=True)
    parser.add_argument("--name", default="", help="class or function of the file that makes the model")
    parser.add_argument("--arguments", default="{}", help="JSON object of what it is called with")
    parser.add_argument("--checkpoint")
    parser.add_argument("--trust-checkpoint", action="store_true",
                        help="let a checkpoint that holds more than weights run code as it is loaded")
    parser.add_argument("--shape", help="of the input, e.g. 1,3,224,224")
    parser.add_argument("--opset", type=int, default=defaults["opset"])
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    args.file = os.path.abspath(args.file)
    if not os.path.exists(args.file):
        parser.error(f"there is no file {args.file}")
    warnings.filterwarnings("ignore")
    try:
        export_whole(export, args)
    except Exception as error:
        path, line = place_of(error, args.file, args.name)
        text = " ".join(str(error).split())[:400]
        kind = "" if isinstance(error, Refused) else f"{type(error).__name__}: "
        print(f"{path}:{line}: error: {kind}{text}", file=sys.stderr)
        return UNTRUSTED if isinstance(error, Untrusted) else 1
    print(f"exported {args.name or os.path.basename(args.file)} to {args.out}")
    return 0
