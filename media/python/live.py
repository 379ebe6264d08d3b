"""Runs after view.py, in the same dictionary: the program's own modules, inputs and losses.

Whatever is computed here is computed on copies, with the state of the random number generators, the modes, gradients,
hooks and buffers of the program as they were. A module that is exported is copied to the processor first.
"""
import collections
import contextlib
import copy
import inspect
import io
import logging
import os
import traceback
import types
import warnings

# Bytes an answer may carry: debugpy's messages end at 16 MiB, and base64 adds a third.
SLICE = 6 << 20
KEEPER = "__model_prism__"
MOST_NAMED = 200
MESSAGE = 600


def torch_of():
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "nn"):
        raise Refusal("NO_TORCH", "the program has not imported torch")
    return torch


def is_module(value):
    torch = sys.modules.get("torch")
    return torch is not None and hasattr(torch, "nn") and isinstance(value, torch.nn.Module)


def is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def named_values(scopes):
    """Variables by the expression that reaches them, those of the function first, each object once."""
    seen = set()
    spaces = [("", scope) for scope in scopes]
    own = scopes[0].get("self")
    if own is not None and isinstance(getattr(own, "__dict__", None), dict):
        members = dict(own.__dict__)
        if is_module(own):
            members.update(own._modules)
        spaces.insert(1, ("self.", members))
    for prefix, space in spaces:
        for name, value in list(space.items()):
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("__") or id(value) in seen:
                continue
            if is_module(value) or is_tensor(value) or is_other_model(value) or is_other_array(value):
                seen.add(id(value))
                yield prefix + name, value


def scope(scopes, value=None):
    """Modules, tensors and losses that the stopped frame can reach, and whether a value is a module."""
    modules, tensors, losses, arrays = [], [], [], []
    others = is_other_model(value) or is_jax_function(value)
    asked = is_module(value) or others
    part = part_of(value)
    for name, value in named_values(scopes):
        if len(modules) + len(tensors) >= MOST_NAMED:
            break
        if is_other_model(value):
            others = True
            modules.append({"expression": name, "type": type_name(value)})
        elif is_other_array(value):
            arrays.append({"expression": name, "shape": list(value.shape), "computed": False})
        elif is_module(value):
            if next(value.parameters(), None) is not None and not type(value).__module__.startswith("torch.nn.modules.loss"):
                modules.append({"expression": name, "type": type_name(value)})
        elif value.dim() == 0 and value.requires_grad and value.grad_fn is not None:
            losses.append({"expression": name})
        elif value.dim() >= 2 and value.numel() and type(value).__name__ != "Parameter":
            tensors.append({"expression": name, "shape": list(value.shape), "computed": value.grad_fn is not None})
    if others:
        tensors.extend(arrays[:MOST_NAMED])
    return {"modules": modules, "tensors": tensors, "losses": losses, "module": asked, "part": part}, b""


class Unheard(io.StringIO):
    """Takes what exporters print; each line is a step of their work, after which it can be given up."""

    def write(self, text):
        go_on()
        return len(text)


@contextlib.contextmanager
def undisturbed(torch):
    """Puts back every random number generator and grad mode; keeps warnings and prints from the program's console."""
    generators = [(torch.get_rng_state(), torch.set_rng_state)]
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        generators.append((torch.cuda.get_rng_state_all(), torch.cuda.set_rng_state_all))
    if "random" in sys.modules:
        random = sys.modules["random"]
        generators.append((random.getstate(), random.setstate))
    if "numpy.random" in sys.modules:
        numpy_random = sys.modules["numpy.random"]
        generators.append((numpy_random.get_state(), numpy_random.set_state))
    silenced = logging.root.manager.disable
    try:
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), contextlib.redirect_stdout(Unheard()):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(Unheard()), torch.autocast("cpu", enabled=False):
                yield
    finally:
        logging.disable(silenced)
        for state, restore in generators:
            restore(state)


def bare(module):
    """The module that a wrapper for speed or for several devices holds."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if inner is None and type(module).__name__ in ("DataParallel", "DistributedDataParallel"):
            inner = module.module
        if inner is None:
            return module
        module = inner


def copied(torch, module, notes):
    """A copy on the processor that shares nothing with the program but immutable things and torch's own hooks."""
    memo = {}
    dropped = 0
    for part in module.modules():
        go_on()
        for name, value in [*part._parameters.items(), *part._buffers.items(), *vars(part).items()]:
            if name in ("_trainer", "trainer", "_fabric"):
                memo[id(value)] = None
            if not isinstance(value, torch.Tensor) or id(value) in memo:
                continue
            if type(value).__name__ in ("UninitializedParameter", "UninitializedBuffer") or value.device.type == "meta":
                raise Refusal("VARIABLE_LAZY", f"{name} of {type_name(part)} has no values yet; run the module once")
            clone = value.detach().to("cpu", copy=True)
            memo[id(value)] = torch.nn.Parameter(clone, False) if isinstance(value, torch.nn.Parameter) else clone
        for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"):
            hooks = vars(part).get(name)
            if hooks is None:
                continue
            # Hooks of the program may note what they see; those of torch make the weights (weight_norm, pruning).
            own = [(k, hook) for k, hook in hooks.items() if type(hook).__module__.startswith("torch.")]
            kept = own if "forward" in name else []
            dropped += len(hooks) - len(kept) if "forward" in name else 0
            memo[id(hooks)] = collections.OrderedDict(kept)
    if dropped:
        notes.append(f"{dropped} forward hook(s) of the program were left out")
    return copy.deepcopy(module, memo).float()


def failure_text(torch, error):
    """An error in one line, with the program's own line that it came from."""
    text = " ".join(text_of(error).split())
    if len(text) > MESSAGE:
        text = text[:MESSAGE] + "…"
    library = os.path.dirname(torch.__file__)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(library)]
    frames = [frame for frame in frames if not frame.filename.startswith("<") and os.path.exists(frame.filename)]
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if frames else text


@contextlib.contextmanager
def leaving(model):
    """While a copy runs it can be left before each of its parts, as by a module that fails."""
    handles = [part.register_forward_pre_hook(lambda *_: go_on()) for part in model.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def as_input(torch, value, item):
    """One item as the module takes it, with a leading axis of 1, on the processor."""
    if not is_tensor(value):
        numpy = sys.modules.get("numpy")
        if numpy is None or not (isinstance(value, numpy.ndarray) or hasattr(type(value), "__array__")):
            raise Refusal("VARIABLE_NO_ARRAY", f"the input is a {type_name(value)}: no tensor and no array")
        value = torch.from_numpy(numpy.array(value))
    values = torch_values(torch, value).to("cpu", copy=True)
    if values.is_complex():
        raise Refusal("VARIABLE_NOT_NUMERIC", "its elements are complex: choose their magnitude, as in x.abs()")
    if values.is_floating_point():
        values = values.float()
    if values.dim() in (0, 1):
        return values.reshape(1, -1)
    if values.dim() == 3 and values.shape[0] in (1, 3, 4):
        return values.unsqueeze(0)
    item = min(max(0, item), values.shape[0] - 1)
    return values[item : item + 1].contiguous()


def onnx_bytes(torch, model, given, exporter, notes):
    old = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    first = None
    if exporter != "dynamo":
        try:
            buffer = io.BytesIO()
            with leaving(model):
                torch.onnx.export(model, (given,), buffer, input_names=["input"], output_names=["output"], **old)
            return buffer.getvalue(), "torchscript"
        except Exception as error:
            go_on()
            if not old or exporter == "torchscript":
                raise
            first = error
            notes.append(f"the TorchScript exporter failed: {' '.join(text_of(error).split())[:200]}")
    try:
        program = torch.onnx.export(model, (given,), dynamo=True, input_names=["input"], output_names=["output"])
        return program.model_proto.SerializeToString(), "dynamo"
    except Exception as error:
        go_on()
        # The older exporter names the module's own line.
        raise first or error


def export(module, value, wish, scopes=()):
    """The module as it is at this moment, in evaluation mode, as ONNX; the first slice of it.

    `wish`: `item` of the input, `exporter` ("auto", "torchscript" or "dynamo"). `scopes`: where weights are looked for that
    a model does not hold itself.
    """
    if is_other_model(module) or is_jax_function(module):
        return first_slice(*export_other(module, value, wish, scopes))
    torch = torch_of()
    if not is_module(module):
        raise Refusal("MODULE_NOT_TORCH", f"it is a {type_name(module)}: no torch.nn.Module")
    notes = []
    with undisturbed(torch), torch.no_grad():
        given = as_input(torch, value, wish.get("item", 0))
        try:
            model = copied(torch, bare(module), notes).eval()
        except Refusal:
            raise
        except Exception as error:
            raise Refusal("MODULE_NOT_COPIED", f"the module cannot be copied: {failure_text(torch, error)}") from error
        try:
            data, exporter = onnx_bytes(torch, model, given, wish.get("exporter", "auto"), notes)
        except Refusal:
            raise
        except Exception as error:
            raise Refusal("MODULE_EXPORT_FAILED", f"torch cannot export {type_name(module)}: {failure_text(torch, error)}") from error
    header = {"exporter": exporter, "type": type_name(module), "notes": notes, "framework": f"torch {torch.__version__}"}
    return first_slice(header, data)


def first_slice(header, data):
    """What was exported, or the beginning of it: `more` has the rest."""
    header["size"] = len(data)
    if len(data) > SLICE:
        keeper = sys.modules[KEEPER] = types.ModuleType(KEEPER)
        keeper.data = data
    return header, data[:SLICE]


def more(start):
    """The next slice of what was exported; nothing is kept after the last one, or when `start` is negative."""
    keeper = sys.modules.get(KEEPER)
    if keeper is None or start < 0:
        sys.modules.pop(KEEPER, None)
        return {}, b""
    data = keeper.data[start : start + SLICE]
    if start + SLICE >= len(keeper.data):
        del sys.modules[KEEPER]
    return {}, data


def item(value, wish):
    """One item in full, float32 with a leading axis of 1, or the bytes of a picture as rows × columns × channels."""
    with Quiet():
        array, facts = as_array(value, whole=True)
        if 0 in array.shape:
            raise Refusal("VARIABLE_EMPTY", f"its shape {list(array.shape)} has no elements")
        if facts["dtype"].startswith("complex"):
            raise Refusal("VARIABLE_NOT_NUMERIC", "its elements are complex: choose their magnitude, as in abs(x)")
        if isinstance(array, PilPicture):
            header = {**facts, "shape": list(array.shape), "picture": True, "element": "uint8" if array.bytes_each else "float32"}
            data = array.picture.tobytes()
        elif array.bytes_each and len(array.shape) >= 2:
            layout, _, _, place = place_of(array.shape, wish.get("item", 0))
            array = array.at(place)
            if len(array.shape) == 3 and layout["channel"] == len(layout["items"]):
                swap = array.values.permute if isinstance(array, TorchTensor) else array.values.transpose
                array.values = swap(1, 2, 0)
                array.shape = tuple(array.values.shape)
            header = {**facts, "shape": list(array.shape), "picture": True, "element": "uint8"}
            data = array.raw()
        else:
            torch = sys.modules.get("torch")
            if isinstance(array, TorchTensor):
                array = TorchTensor(torch, as_input(torch, value, wish.get("item", 0)).to(torch.float32))
            else:
                single = len(array.shape) == 3 and array.shape[0] in (1, 3, 4) or len(array.shape) < 2
                number = min(max(0, wish.get("item", 0)), array.shape[0] - 1) if array.shape else 0
                array = array.at((None,)) if single else array.at((slice(number, number + 1),))
                array.bytes_each = False
            header = {**facts, "shape": list(array.shape), "picture": False, "element": "float32"}
            data = array.raw()
        if len(data) > 2 * SLICE - (1 << 20):
            raise Refusal("VARIABLE_TOO_LARGE", f"one item of it has {len(data)} bytes")
        return header, data


def loss_gradient(loss, given, scopes, wish):
    """Gradient of the loss of the step with respect to its input: which elements the update listens to.

    Where the input is no part of the loss's graph, the gradient of the loss with respect to the module's output is taken
    from that graph, and a copy of the module, in the mode that it is in, brings it back to the input.
    """
    torch = torch_of()
    if not is_tensor(loss) or loss.dim() != 0 or not loss.requires_grad:
        raise Refusal("NO_LOSS", "the loss is no scalar tensor with a gradient")
    if loss.grad_fn is None:
        raise Refusal("NO_LOSS", "the loss has no graph")
    if not is_tensor(given) or not given.is_floating_point():
        raise Refusal("VARIABLE_NO_ARRAY", f"the input is a {type_name(given)}: no tensor of floating point numbers")
    if given.numel() * 4 > 2 * SLICE - (1 << 20):
        raise Refusal("VARIABLE_TOO_LARGE", f"the input has {given.numel()} elements")
    notes = []

    def gradient_of(target):
        go_on()
        try:
            return torch.autograd.grad(loss, target, retain_graph=True, allow_unused=True)[0]
        except RuntimeError as error:
            if "second time" in str(error) or "freed" in str(error):
                raise Refusal("GRAPH_FREED", "loss.backward() has run already; stop before it") from error
            raise

    with undisturbed(torch), torch.enable_grad():
        gradient = gradient_of(given) if given.requires_grad else None
        if gradient is None:
            gradient = through_copy(torch, given, scopes, wish, gradient_of, notes)
        gradient = gradient.detach().to(torch.float32).cpu().contiguous()
    header = {"shape": list(gradient.shape), "notes": notes, "loss": float(loss.detach())}
    return header, TorchTensor(torch, gradient).raw()


def through_copy(torch, given, scopes, wish, gradient_of, notes):
    named = list(named_values(scopes))
    modules = [value for name, value in named if is_module(value) and name == wish.get("module")]
    outputs = [value for _, value in named if is_tensor(value) and value.requires_grad and value.grad_fn is not None and value.dim() > 0]
    if not modules:
        raise Refusal("NO_MODULE", "no module in scope leads from the input to the loss")
    model = copied(torch, bare(modules[0]), notes)
    start = given.detach().to("cpu", torch.float32, copy=True).requires_grad_()
    try:
        with leaving(model):
            output = model(start)
    except Refusal:
        raise
    except Exception as error:
        raise Refusal("MODULE_NOT_RUN", f"the module does not take the input: {failure_text(torch, error)}") from error
    if not is_tensor(output):
        raise Refusal("MODULE_NOT_RUN", f"the module gives a {type_name(output)}, and only a single tensor is followed")
    best = None
    for value in outputs:
        if value.shape != output.shape:
            continue
        off = float((value.detach().cpu().float() - output.detach()).abs().max())
        if best is None or off < best[0]:
            cotangent = gradient_of(value)
            if cotangent is not None:
                best = off, cotangent
    if best is None:
        raise Refusal("NO_OUTPUT", "no variable in scope holds the module's output that the loss was computed from: name it, as in `logits = model(x)`")
    off, cotangent = best
    if off > 1e-3 * max(1.0, float(output.detach().abs().max())):
        notes.append(f"the module run again differs by {off:.3g} from the step (dropout draws other masks)")
    go_on()
    return torch.autograd.grad(output, start, cotangent.detach().cpu().float())[0]
