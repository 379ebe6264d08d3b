"""Runs after live.py, in the same dictionary: models of other frameworks than PyTorch, by exporters that are installed.

Keras models that run on PyTorch are modules of it, and go that way.
"""
import importlib.util

# Exporter by the package that a model's class, or one that it derives from, is of.
EXPORTERS = {
    "keras": "tf2onnx",
    "tf_keras": "tf2onnx",
    "tensorflow": "tf2onnx",
    "flax": "jax2onnx",
    "equinox": "jax2onnx",
}
# What the exporter's results are named by.
VERSIONS = {"tf2onnx": "tensorflow", "jax2onnx": "jax"}
OPSET = 17


def framework_of(value):
    for kind in type(value).__mro__:
        root = kind.__module__.split(".")[0]
        if root in EXPORTERS:
            return root
    return None


def is_other_model(value):
    """A model that is called with its input, and holds weights."""
    framework = None if is_module(value) else framework_of(value)
    if framework == "flax" and is_train_state(value):
        return True
    if framework is None or isinstance(value, type) or not callable(value):
        return False
    return EXPORTERS[framework] == "jax2onnx" or hasattr(value, "trainable_weights") or hasattr(value, "trainable_variables")


def is_other_array(value):
    """What may be the input of such a model: an array of numbers that is no tensor of torch."""
    root = type(value).__module__.split(".")[0]
    if root not in ("numpy", "tensorflow", "jax", "jaxlib") or not hasattr(type(value), "__array__"):
        return False
    shape = getattr(value, "shape", None)
    try:
        return shape is not None and len(shape) >= 2 and all(size > 0 for size in shape)
    except (TypeError, ValueError):
        return False


def export_other(model, value, wish, scopes):
    """A model of another framework as ONNX: header and bytes."""
    exporter = EXPORTERS.get(framework_of(model), "jax2onnx")
    if importlib.util.find_spec(exporter) is None:
        raise Refusal(
            "EXPORTER_MISSING",
            f"{type_name(model)} is exported by {exporter}, which the program's Python does not have: run "
            f"`{sys.executable} -m pip install {exporter}` and start the program again, or open an ONNX file of the model",
        )
    header, _ = item(value, wish)
    if header["element"] != "float32":
        raise Refusal("VARIABLE_NO_TENSOR", "the input is a picture of bytes; choose the array that the model is called with")
    try:
        with still():
            shape = header["shape"]
            proto = by_tf2onnx(model, shape) if exporter == "tf2onnx" else by_jax2onnx(model, shape, scopes)
    except Refusal:
        raise
    except Exception as error:
        text = " ".join(text_of(error).split())[:MESSAGE]
        raise Refusal("MODULE_EXPORT_FAILED", f"{exporter} cannot export {type_name(model)}: {text}") from error
    version = getattr(sys.modules[VERSIONS[exporter]], "__version__", "")
    framework = f"{VERSIONS[exporter]} {version}"
    described = {"exporter": exporter, "type": type_name(model), "notes": [], "framework": framework}
    return described, proto.SerializeToString()


def by_tf2onnx(model, shape):
    import tensorflow
    import tf2onnx

    # A function of its own: the model keeps nothing of it, and is in no training mode meanwhile.
    function = tensorflow.function(lambda given: model(given, training=False), autograph=False)
    signature = [tensorflow.TensorSpec(shape, tensorflow.float32, name="input")]
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    return proto


@contextlib.contextmanager
def still():
    """Puts back the random numbers of Python and NumPy, and keeps what the exporter says from the console."""
    generators = []
    for name, get, put in (("random", "getstate", "setstate"), ("numpy.random", "get_state", "set_state")):
        module = sys.modules.get(name)
        if module is not None:
            generators.append((getattr(module, put), getattr(module, get)()))
    silenced = logging.root.manager.disable
    try:
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), contextlib.redirect_stdout(Unheard()), contextlib.redirect_stderr(Unheard()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(silenced)
        for put, state in generators:
            put(state)
