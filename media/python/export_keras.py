"""Exports a Keras model to ONNX: what a function or class of a Python file makes, or a model that was saved.

Needs what Keras itself needs for it: tf2onnx and onnx.
"""
import json
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from exporting import Refused, load_file, main

NEEDED = "the export needs packages that are not installed; run: {} -m pip install {}"


def models():
    """The classes that count as models of Keras, of whichever of its packages are loaded."""
    loaded = [sys.modules.get(name) for name in ("keras", "tf_keras", "keras.api")]
    return tuple({module.Model for module in loaded if hasattr(module, "Model")})


def load_saved(path):
    try:
        import keras
    except ImportError:
        raise Refused(NEEDED.format(sys.executable, "keras tensorflow")) from None
    try:
        return keras.models.load_model(path, compile=False)
    except (TypeError, ValueError) as error:
        # Files of Keras 2 are read by its own package.
        try:
            import tf_keras
        except ImportError:
            raise error from None
        return tf_keras.models.load_model(path, compile=False)


def make(args):
    module = load_file(args.file)
    if not hasattr(module, args.name):
        raise Refused(f"{args.file} has no {args.name}")
    model = getattr(module, args.name)
    if not models() or not isinstance(model, models()):
        model = model(**json.loads(args.arguments))
    if not isinstance(model, models()):
        raise Refused(f"{args.name} gives {type(model).__name__}, not a Keras model")
    return model


def build(model, shape):
    """Keras exports only what was called once: by that a model that is a class of its own gets its weights."""
    import numpy

    given = [[int(size) for size in shape.split(",")]] if shape else [tensor.shape for tensor in model.inputs or []]
    if not given:
        raise Refused("the model knows no shape of its input; give it with the batch, e.g. 1,224,224,3")
    shapes = [[size or 1 for size in (1, *one[1:])] for one in given]
    # Shapes that the model leaves open stay open in what is exported.
    examples = [numpy.zeros(one, dtype="float32") for one in shapes]
    model(examples[0] if len(examples) == 1 else examples)


def export_saved_model(args, out):
    """A SavedModel is a folder that tf2onnx reads by itself."""
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", args.file, "--output", out,
               "--opset", str(args.opset)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "No module named" in done.stderr:
        raise Refused(NEEDED.format(sys.executable, "tf2onnx onnx"))
    if done.returncode != 0:
        raise Refused(f"tf2onnx failed: {done.stderr.strip().splitlines()[-1]}")


def export_model(model, args, out):
    if type(model).__module__.startswith("tf_keras") or not hasattr(model, "export"):
        legacy(model, args, out)
        return
    try:
        model.export(out, format="onnx", verbose=False)
    except TypeError:
        # Before ONNX was one of Keras' formats.
        legacy(model, args, out)


def legacy(model, args, out):
    import tensorflow
    import tf2onnx

    spec = [tensorflow.TensorSpec([None, *tensor.shape[1:]], tensor.dtype, name=tensor.name.split(":")[0])
            for tensor in model.inputs or []]
    if not spec:
        spec = [tensorflow.TensorSpec([None, *(int(size) for size in args.shape.split(",")[1:])], name="input")]
    tf2onnx.convert.from_keras(model, spec, opset=args.opset, output_path=out)


def export(args, out):
    if os.path.isdir(args.file):
        export_saved_model(args, out)
        return
    model = make(args) if args.file.endswith(".py") else load_saved(args.file)
    build(model, args.shape)
    if args.checkpoint:
        model.load_weights(args.checkpoint)
    try:
        export_model(model, args, out)
    except ImportError as error:
        missing = error.name if error.name not in (None, "keras") else "tf2onnx"
        raise Refused(NEEDED.format(sys.executable, f"{missing} onnx")) from error


if __name__ == "__main__":
    sys.exit(main(export, __doc__, opset=17))
