"""What the debuggee's programs answer, and that they leave no trace, with real torch, NumPy and PIL."""
import base64
import builtins
import contextlib
import copy
import hashlib
import importlib.machinery
import io
import json
import random
import struct
import sys
import tempfile
import threading
import time
import types
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

SOURCES = Path(__file__).resolve().parents[2] / "media" / "python"
# What an explanation of a live model runs.
LIVE = ("view.py", "parts.py", "live.py", "frameworks.py", "jax_models.py")


def space(*files):
    names = {"__name__": "model_prism"}
    for file in files:
        exec((SOURCES / file).read_text(), names)
    return names


def unpacked(text):
    data = base64.b64decode(text)
    (size,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + size]), data[4 + size :]


def ask(what, *arguments):
    names = space(*LIVE)
    return unpacked(names["answer"]("ticket", names[what], *arguments))


def giving_up(ticket, begun, work):
    """Runs work that another thread gives up once it has begun."""
    def give_up():
        begun.wait(30)
        at_work = sys.modules["__model_prism_work__"]
        at_work.given_up = at_work.given_up or at_work.ticket == ticket

    other = threading.Thread(target=give_up)
    other.start()
    try:
        return work()
    finally:
        begun.set()
        other.join()


def view(value, **wish):
    header, data = ask("view", value, {"most": 512, **wish})
    if "error" in header:
        return header["error"]
    shape = [header["picture"][key] for key in ("planes", "height", "width")]
    header["pixels"] = np.frombuffer(data, header["picture"]["element"]).reshape(shape)
    return header


class Viewing(unittest.TestCase):
    def test_axes_of_pictures_and_stacks(self):
        for shape, items, channels, channel in [
            ((5,), 1, 1, 0),
            ((4, 6), 1, 1, 0),
            ((3, 8, 9), 1, 3, "colour"),
            ((8, 9, 3), 1, 3, "colour"),
            ((2, 64, 5, 5), 2, 64, 0),
            ((2, 5, 3, 8, 9), 10, 3, "colour"),
            ((7, 20, 30), 1, 7, 0),
        ]:
            header = view(np.zeros(shape, np.float32))
            self.assertEqual((header["items"], header["channels"], header["channel"]), (items, channels, channel), shape)

    def test_values_of_an_item_and_a_channel(self):
        values = np.random.default_rng(0).normal(size=(2, 3, 5, 7, 11)).astype(np.float32)
        for array in (values, torch.from_numpy(values), torch.from_numpy(values).double()):
            shown = view(array, item=4, channel=2)
            np.testing.assert_array_equal(shown["pixels"][0], values[1, 1, 2])
        mean = view(torch.from_numpy(values), item=1, channel="mean")["pixels"][0]
        np.testing.assert_allclose(mean, values[0, 1].mean(0), rtol=1e-5, atol=1e-6)

    def test_rows_and_columns_of_interleaved_colours(self):
        values = np.arange(6 * 5 * 3, dtype=np.uint8).reshape(6, 5, 3)
        np.testing.assert_array_equal(view(values)["pixels"], values.transpose(2, 0, 1))
        np.testing.assert_array_equal(view(Image.fromarray(values))["pixels"], values.transpose(2, 0, 1))
        np.testing.assert_array_equal(view(Image.fromarray(values), channel=1)["pixels"][0], values[:, :, 1])

    def test_down_sampling_takes_every_nth_element(self):
        values = np.arange(100 * 70, dtype=np.float32).reshape(100, 70)
        for array in (values, torch.from_numpy(values), Image.fromarray(values)):
            shown = view(array, most=30)
            self.assertEqual(shown["picture"]["stride"], 4)
            np.testing.assert_array_equal(shown["pixels"][0], values[::4, ::4])

    def test_statistics_count_odd_values(self):
        values = np.array([[0, 1, np.nan, -3], [np.inf, np.inf, -np.inf, 0]], np.float32)
        for array in (values, torch.from_numpy(values), torch.from_numpy(values).half()):
            found = view(array)["statistics"]
            self.assertEqual(
                found,
                {"min": -3, "max": 1, "mean": -0.5, "zeros": 2, "nan": 1, "positive": 2, "negative": 1, "counted": 8},
            )
        self.assertIsNone(view(np.full((2, 2), np.nan))["statistics"]["min"])

    def test_every_kind_of_element(self):
        for kind in (np.bool_, np.int8, np.uint8, np.int64, np.float16, np.float64, ">f4"):
            shown = view(np.array([[0, 1], [1, 0]], kind))
            np.testing.assert_array_equal(shown["pixels"][0], [[0, 1], [1, 0]], str(kind))
        for kind in (torch.bool, torch.int16, torch.int64, torch.bfloat16, torch.float16, torch.float64):
            shown = view(torch.tensor([[0, 1], [1, 0]]).to(kind))
            np.testing.assert_array_equal(shown["pixels"][0], [[0, 1], [1, 0]], str(kind))
        np.testing.assert_array_equal(view(torch.tensor([[3 + 4j]]))["pixels"][0], [[5]])
        sparse = torch.tensor([[0.0, 2.0], [0.0, 0.0]]).to_sparse()
        np.testing.assert_array_equal(view(sparse)["pixels"][0], [[0, 2], [0, 0]])
        quantized = torch.quantize_per_tensor(torch.tensor([[0.5, 1.0]]), 0.5, 0, torch.qint8)
        np.testing.assert_array_equal(view(quantized)["pixels"][0], [[0.5, 1]])
        for mode in ("1", "L", "P", "RGBA", "CMYK", "I", "F", "I;16"):
            self.assertEqual(view(Image.new(mode, (3, 2)))["picture"]["height"], 2, mode)

    def test_values_that_stand_elsewhere_or_are_hidden(self):
        values = torch.arange(6.0).reshape(2, 3)
        turned = torch.conj(torch.complex(values, values)).imag
        self.assertTrue(turned.is_neg())
        for what in ("view", "item"):
            _, data = ask(what, turned, {"most": 8})
            np.testing.assert_array_equal(np.frombuffer(data, np.float32)[:3], [0, -1, -2])
        expanded, reversed_rows = torch.ones(1).expand(3, 4), np.arange(6.0).reshape(2, 3)[::-1]
        np.testing.assert_array_equal(view(expanded)["pixels"][0], np.ones((3, 4)))
        np.testing.assert_array_equal(view(reversed_rows)["pixels"][0], reversed_rows)
        frozen = np.arange(6.0).reshape(2, 3)
        frozen.flags.writeable = False
        np.testing.assert_array_equal(view(frozen)["pixels"][0], frozen)
        np.testing.assert_array_equal(view(np.arange(64.0).reshape((2,) * 6), item=1)["pixels"].ravel(), np.arange(8.0, 12.0))
        self.assertEqual(view(np.arange(3, dtype=">f4"))["pixels"].ravel().tolist(), [0, 1, 2])
        for dtype in (np.float64, np.int64):
            hidden = np.ma.masked_array(np.array([[1, 2, -9999]], dtype), mask=[[0, 0, 1]])
            found = view(hidden)
            self.assertEqual((found["statistics"]["min"], found["statistics"]["max"], found["statistics"]["nan"]), (1, 2, 1))
            # What a model is called with is all of it.
            self.assertEqual(np.frombuffer(ask("item", hidden, {})[1], np.float32).tolist(), [1, 2, -9999])

    def test_wrappers_of_tensors_are_not_read_as_memory(self):
        class Wrapper(torch.Tensor):
            @classmethod
            def __torch_dispatch__(cls, function, kinds, args=(), more=None):
                raise AssertionError("read")

        def wrapped(kind):
            return torch.Tensor._make_wrapper_subclass(kind, (2, 3))

        held = torch.arange(6.0).reshape(2, 3)
        local = type("DTensor", (Wrapper,), {"to_local": lambda self: held})
        masked = type("MaskedTensor", (Wrapper,), {"get_data": lambda self: held})
        for what in ("view", "item"):
            error = ask(what, wrapped(Wrapper), {"most": 8})[0]["error"]
            self.assertEqual(error["code"], "VARIABLE_UNREADABLE")
            self.assertIn("Wrapper wraps other tensors", error["message"])
            for kind in (local, masked):
                _, data = ask(what, wrapped(kind), {"most": 8})
                np.testing.assert_array_equal(np.frombuffer(data, np.float32)[:3], held[0])
        nested = torch.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)]) if hasattr(torch, "nested_tensor") else None
        nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)]) if nested is None else nested
        self.assertIn("nested", view(nested)["message"])

    def test_what_no_model_can_be_called_with(self):
        for value, code in [
            (torch.zeros(0, 3), "VARIABLE_EMPTY"),
            (np.zeros((0, 3)), "VARIABLE_EMPTY"),
            (torch.ones(2, 3) * 1j, "VARIABLE_NOT_NUMERIC"),
            (np.ones((2, 3)) * 1j, "VARIABLE_NOT_NUMERIC"),
            (np.zeros(3, [("a", "f4"), ("b", "i4")]), "VARIABLE_NOT_NUMERIC"),
            (np.array([[1, "a"]], object), "VARIABLE_NOT_NUMERIC"),
            (np.array(["2020-01-01"], "M8[D]"), "VARIABLE_NOT_NUMERIC"),
        ]:
            self.assertEqual(ask("item", value, {})[0]["error"]["code"], code, repr(value))

    def test_what_follows_the_array_protocol(self):
        class Other:
            def __array__(self, dtype=None):
                return np.eye(3)

        np.testing.assert_array_equal(view(Other())["pixels"][0], np.eye(3))

    def test_what_cannot_be_shown_has_a_code(self):
        class Silent:
            def __repr__(self):
                raise RuntimeError("no words")

        class Broken:
            def __array__(self, dtype=None):
                raise Silent

        for value, code in [
            (Silent(), "VARIABLE_NO_ARRAY"),
            (Broken(), "VARIABLE_UNREADABLE"),
            ([1, 2], "VARIABLE_NO_ARRAY"),
            (np.zeros((0, 3)), "VARIABLE_EMPTY"),
            (np.array(["a"]), "VARIABLE_NOT_NUMERIC"),
            (torch.empty(2, 2, device="meta"), "VARIABLE_LAZY"),
        ]:
            self.assertEqual(view(value)["code"], code)

    def test_a_lazy_picture_stays_unread(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "p.png"
            Image.fromarray(np.full((2, 2), 9, np.uint8)).save(file)
            with Image.open(file) as picture:
                self.assertEqual(view(picture)["pixels"].max(), 9)
                self.assertTrue(picture.tile)
                self.assertFalse(picture.fp.closed)

    def test_large_arrays_are_small_on_the_wire(self):
        _, data = ask("view", torch.zeros(16, 1024, 1024), {"most": 512})
        self.assertLessEqual(len(data), 512 * 512 * 4)

    def test_leaves_no_trace(self):
        given = torch.randn(1, 3, 4, 4, requires_grad=True)
        version, names, modules = given._version, dict(vars(builtins)), set(sys.modules)
        states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()
        grad_mode = torch.is_grad_enabled()
        view(given * 2)
        self.assertEqual(given._version, version)
        self.assertIsNone(given.grad)
        self.assertEqual(dict(vars(builtins)), names)
        self.assertEqual(set(sys.modules), modules)
        self.assertEqual(random.getstate(), states[0])
        self.assertTrue(torch.equal(torch.get_rng_state(), states[1]))
        self.assertTrue((np.random.get_state()[1] == states[2]).all())
        self.assertEqual(torch.is_grad_enabled(), grad_mode)


class Net(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.conv = nn.utils.weight_norm(nn.Conv2d(3, 4, 3))
        self.bn = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(4, 5)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.fc(self.drop(torch.relu(self.bn(self.conv(x)))).mean((2, 3)))


def digest(module):
    buffer = io.BytesIO()
    torch.save([module.state_dict(), [p.grad for p in module.parameters()]], buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


class Living(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)

    def test_export_leaves_the_module_as_it_was(self):
        net, seen = Net(0.5), []
        net.train()
        net.bn.eval()
        net.conv.register_forward_hook(lambda *_: seen.append(1))
        net.fc.register_full_backward_hook(lambda *_: seen.append(2))
        x = torch.randn(2, 3, 8, 8)
        loss = net(x).square().sum()
        loss.backward()
        seen.clear()
        before, calls = digest(net), net.calls
        states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()
        modes = [part.training for part in net.modules()]
        hooks = len(net.conv._forward_hooks), len(net.conv._forward_pre_hooks)
        header, data = ask("export", net, x, {"item": 1})
        self.assertNotIn("error", header)
        self.assertEqual(header["size"], len(data))
        self.assertEqual(digest(net), before)
        self.assertEqual(seen, [])
        self.assertEqual(net.calls, calls)
        self.assertEqual([part.training for part in net.modules()], modes)
        self.assertEqual((len(net.conv._forward_hooks), len(net.conv._forward_pre_hooks)), hooks)
        self.assertTrue(all(p.requires_grad for p in net.parameters()))
        self.assertEqual(random.getstate(), states[0])
        self.assertTrue(torch.equal(torch.get_rng_state(), states[1]))
        self.assertTrue((np.random.get_state()[1] == states[2]).all())
        self.assertTrue(torch.is_grad_enabled())
        self.assertIn("1 forward hook(s)", header["notes"][0])
        self.assertNotIn("__model_prism__", sys.modules)

    def test_large_exports_come_in_slices_and_nothing_stays(self):
        names = space(*LIVE)
        names["SLICE"] = 100
        header, data = unpacked(names["answer"]("ticket", names["export"], Net(), torch.randn(1, 3, 8, 8), {}))
        self.assertEqual(len(data), 100)
        while len(data) < header["size"]:
            _, part = unpacked(names["answer"]("ticket", names["more"], len(data)))
            data += part
        self.assertEqual(len(data), header["size"])
        self.assertNotIn("__model_prism__", sys.modules)
        names["answer"]("ticket", names["export"], Net(), torch.randn(1, 3, 8, 8), {})
        names["answer"]("ticket", names["more"], -1)
        self.assertNotIn("__model_prism__", sys.modules)

    def test_what_cannot_be_exported_has_a_code_and_a_place(self):
        class Odd(nn.Linear):
            def forward(self, x):
                raise ValueError("not today")

        class Uncopyable(nn.Linear):
            def __deepcopy__(self, memo):
                raise TypeError("mine")

        x = torch.zeros(1, 3)
        error = ask("export", Odd(3, 2), x, {})[0]["error"]
        self.assertEqual(error["code"], "MODULE_EXPORT_FAILED")
        self.assertRegex(error["message"], r"not today.*debuggee_test\.py:\d+")
        self.assertEqual(ask("export", Uncopyable(3, 2), x, {})[0]["error"]["code"], "MODULE_NOT_COPIED")
        self.assertEqual(ask("export", print, x, {})[0]["error"]["code"], "MODULE_NOT_TORCH")
        self.assertEqual(ask("export", nn.LazyLinear(2), x, {})[0]["error"]["code"], "VARIABLE_LAZY")
        self.assertEqual(ask("export", nn.Linear(3, 2), "x", {})[0]["error"]["code"], "VARIABLE_NO_ARRAY")

    def test_other_frameworks_are_told_what_they_need(self):
        x = np.zeros((2, 8, 8, 3), np.float32)
        kinds = {
            "keras.src.models.model": ("EXPORTER_MISSING", "pip install tf2onnx"),
            "flax.nnx.module": ("EXPORTER_MISSING", "pip install jax2onnx"),
        }
        for place, (code, word) in kinds.items():
            base = type("Base", (), {"__module__": place, "__call__": lambda self, x: x, "trainable_weights": []})
            model = type("Mine", (base,), {"__module__": "__main__"})()
            header, _ = ask("scope", [{"model": model, "x": x, "n": 3}, {}], model)
            self.assertTrue(header["module"])
            self.assertEqual(header["modules"], [{"expression": "model", "type": "__main__.Mine"}])
            self.assertEqual(header["tensors"], [{"expression": "x", "shape": [2, 8, 8, 3], "computed": False}])
            error = ask("export", model, x, {})[0]["error"]
            self.assertEqual(error["code"], code)
            self.assertIn(word, error["message"])

    def test_models_of_jax_are_called_as_they_are_applied(self):
        with jax_faked() as (exported, kinds):
            x, weights = np.ones((4, 8, 8, 3), np.float32), {"params": {"w": 2}}

            def told(model, scope):
                header, data = ask("export", model, x, {"item": 1}, [{"x": x, **scope}, {}])
                self.assertEqual(data, b"" if "error" in header else b"model")
                return header.get("error", {}).get("code") or exported.pop()

            module = kinds["nnx"]()
            self.assertEqual(told(module, {}), ("clone at rest", {"deterministic": True}, (1, 8, 8, 3)))
            self.assertFalse(module.rests)
            module = kinds["linen"]()
            for scope in ({"v": weights}, {"params": weights["params"]}, {"state": kinds["state"](module.apply, weights["params"])}):
                self.assertEqual(told(module, scope), ("applied", weights, {"train": False}, (1, 8, 8, 3)))
            self.assertEqual(told(kinds["state"](module.apply, weights["params"]), {})[0], "applied")
            self.assertEqual(told(module, {}), "NO_WEIGHTS")
            # One item at a time, as it was written for.
            self.assertEqual(told(kinds["equinox"](), {}), ("one item", {"key": None}, (8, 8, 3)))
            self.assertEqual(told(lambda given: ("mine", given.shape), {}), ("mine", (1, 8, 8, 3)))
            self.assertEqual(told(lambda a, b: None, {}), "MODULE_NOT_RUN")
            header, _ = ask("scope", [{"module": module, "x": x, "state": kinds["state"](module.apply, {})}, {}], told)
            self.assertTrue(header["module"])
            self.assertEqual([found["expression"] for found in header["modules"]], ["module", "state"])
            self.assertEqual(header["tensors"][0]["expression"], "x")
        self.assertFalse(ask("scope", [{}, {}], print)[0]["module"])

    def test_work_can_be_given_up(self):
        begun = threading.Event()

        class Slow(nn.Linear):
            def forward(self, x):
                begun.set()
                time.sleep(0.05)
                return super().forward(x)

        net = nn.Sequential(*[Slow(3, 3) for _ in range(100)])
        before, states = digest(net), (random.getstate(), torch.get_rng_state())
        start = time.monotonic()
        header, _ = giving_up("ticket", begun, lambda: ask("export", net, torch.zeros(1, 3), {}))
        self.assertEqual(header["error"]["code"], "CANCELLED")
        self.assertLess(time.monotonic() - start, 4)
        self.assertEqual(digest(net), before)
        self.assertEqual(random.getstate(), states[0])
        self.assertTrue(torch.equal(torch.get_rng_state(), states[1]))
        self.assertTrue(torch.is_grad_enabled())
        self.assertNotIn("__model_prism_work__", sys.modules)
        self.assertFalse(any(part._forward_pre_hooks for part in net.modules()))
        # The next one is not concerned, nor is one by another ticket.
        self.assertNotIn("error", ask("export", nn.Linear(3, 3), torch.zeros(1, 3), {})[0])
        begun.clear()
        few = nn.Sequential(Slow(3, 3), Slow(3, 3))
        self.assertNotIn("error", giving_up("other", begun, lambda: ask("export", few, torch.zeros(1, 3), {}))[0])

    def test_training_goes_on_as_if_nothing_had_been_asked(self):
        torch.manual_seed(3)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()))
        rounds = []
        for stop in (False, True):
            torch.manual_seed(4)
            random.seed(4)
            np.random.seed(4)
            model = copy.deepcopy(net).train()
            model[3][0].eval()
            model[0].weight.requires_grad_(False)
            calls = []
            model[1].register_forward_hook(lambda *_: calls.append("forward"))
            model[1].register_full_backward_hook(lambda *_: calls.append("backward"))
            optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1, momentum=0.9)
            for _ in range(3):
                x = torch.randn(2, 1, 6, 6)
                logits = model(x)
                loss = logits.square().mean()
                if stop:
                    scopes = [{"model": model, "x": x, "logits": logits, "loss": loss}, {}]
                    for work in (
                        lambda: ask("scope", scopes),
                        lambda: ask("export", model, x, {}),
                        lambda: ask("loss_gradient", loss, x, scopes, {"module": "model"}),
                        lambda: ask("item", x, {}),
                        lambda: ask("view", logits, {"most": 64}),
                    ):
                        self.assertNotIn("error", work()[0])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            modes = [part.training for part in model.modules()]
            grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
            rest = (torch.rand(3).tolist(), random.random(), np.random.rand(3).tolist())
            wanted = [p.requires_grad for p in model.parameters()]
            rounds.append((digest(model), modes, calls, rest, wanted, grads, torch.get_num_threads(), torch.is_grad_enabled()))
        for plain, stopped in zip(*rounds):
            if isinstance(plain, list) and any(isinstance(value, torch.Tensor) for value in plain):
                self.assertTrue(all(a is b or torch.equal(a, b) for a, b in zip(plain, stopped)))
            else:
                self.assertEqual(plain, stopped)

    def test_scope_names_modules_inputs_and_losses(self):
        net, x = Net(), torch.randn(2, 3, 8, 8)
        logits = net(x)
        holder = type("Trainer", (), {})()
        holder.net = net.fc
        loss = logits.sum()
        header, _ = ask("scope", [{"self": holder, "net": net, "x": x, "logits": logits, "loss": loss, "n": 3}, {}])
        self.assertEqual([m["expression"] for m in header["modules"]], ["net", "self.net"])
        self.assertEqual(header["tensors"][0], {"expression": "x", "shape": [2, 3, 8, 8], "computed": False})
        self.assertTrue(header["tensors"][1]["computed"])
        self.assertEqual(header["losses"], [{"expression": "loss"}])

    def test_items_in_full(self):
        values = np.random.default_rng(0).normal(size=(4, 3, 5, 5))
        for array in (values, torch.from_numpy(values)):
            header, data = ask("item", array, {"item": 2})
            self.assertEqual(header["shape"], [1, 3, 5, 5])
            np.testing.assert_array_equal(np.frombuffer(data, np.float32).reshape(3, 5, 5), values[2].astype(np.float32))
        header, data = ask("item", torch.from_numpy(values[0]), {})
        self.assertEqual(header["shape"], [1, 3, 5, 5])
        picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
        for array in (picture, Image.fromarray(picture)):
            header, data = ask("item", array, {})
            self.assertTrue(header["picture"])
            self.assertEqual(data, picture.tobytes())
        rows = np.arange(2 * 3 * 5 * 7, dtype=np.uint8).reshape(2, 3, 5, 7)
        for array in (rows, torch.from_numpy(rows)):
            header, data = ask("item", array, {"item": 1})
            self.assertEqual(header["shape"], [5, 7, 3])
            self.assertEqual(data, rows[1].transpose(1, 2, 0).tobytes())

    def test_loss_gradient_is_that_of_the_step(self):
        net = Net()
        net.train()
        x, target = torch.randn(4, 3, 8, 8), torch.tensor([0, 1, 2, 3])
        twin, leaf = copy_of(net), x.clone().requires_grad_()
        nn.functional.cross_entropy(twin(leaf), target).backward()

        logits = net(x)
        loss = nn.functional.cross_entropy(logits, target)
        before, calls = digest(net), net.calls
        header, data = ask("loss_gradient", loss, x, [{"net": net, "x": x, "logits": logits, "loss": loss}, {}], {"module": "net"})
        self.assertEqual(header["notes"], [])
        found = np.frombuffer(data, np.float32).reshape(x.shape)
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-4, atol=1e-7)
        self.assertEqual(digest(net), before)
        self.assertEqual(net.calls, calls)
        self.assertIsNone(x.grad)
        # The graph is still whole.
        loss.backward()
        error = ask("loss_gradient", loss, x, [{"net": net, "x": x, "logits": logits}, {}], {"module": "net"})[0]["error"]
        self.assertEqual(error["code"], "GRAPH_FREED")

    def test_loss_gradient_of_an_input_in_the_graph(self):
        x = torch.randn(2, 3, requires_grad=True)
        loss = (x**3).sum()
        _, data = ask("loss_gradient", loss, x, [{}, {}], {})
        np.testing.assert_allclose(np.frombuffer(data, np.float32).reshape(2, 3), 3 * x.detach().numpy() ** 2, rtol=1e-5)
        self.assertIsNone(x.grad)

    def test_loss_gradient_without_its_output_says_what_to_do(self):
        net, x = Net(), torch.randn(2, 3, 8, 8)
        loss = net(x).sum()
        error = ask("loss_gradient", loss, x, [{"net": net, "x": x, "loss": loss}, {}], {"module": "net"})[0]["error"]
        self.assertEqual(error["code"], "NO_OUTPUT")


class Parts(unittest.TestCase):
    """Texts and rows of tables, and how a notebook's kernel is asked for them."""

    def asked(self, work, names, *arguments):
        own = space(*LIVE, "kernel.py")
        return unpacked(own["ask"]("ticket", own[work] if isinstance(work, str) else work, names, list(arguments)))

    def test_text_and_rows_are_told_from_arrays(self):
        scopes = [{"x": torch.zeros(2, 2)}, {}]
        for value, part in (("words", "text"), ({"a": 1, "b": None}, "rows"), ({"a": [1]}, None), (np.zeros(3), None), (b"x", None)):
            self.assertEqual(ask("scope", scopes, value)[0]["part"], part)
        self.assertEqual(ask("part", "héllo\n\ud800"), ({}, "héllo\n?".encode()))
        header, data = ask("part", {"a": np.float64(1.5), "b, c": 'say "no"', "d": float("nan"), "e": None, "f": True})
        self.assertEqual(header, {"rows": 1, "all": 1})
        self.assertEqual(data.decode(), 'a,"b, c",d,e,f\n1.5,"say ""no""",,,True\n')

    def test_tables_of_pandas(self):
        class Series(list):
            def __init__(self, index, values):
                super().__init__(values)
                self.index = index

        class DataFrame:
            def __init__(self, columns, rows):
                self.columns, self.rows = columns, rows

            @property
            def iloc(self):
                return self

            def __getitem__(self, cut):
                return DataFrame(self.columns, self.rows[cut])

            def __len__(self):
                return len(self.rows)

            def itertuples(self, index, name):
                return iter(self.rows)

        sys.modules["pandas"] = types.SimpleNamespace(DataFrame=DataFrame, Series=Series)
        try:
            table = DataFrame(["a", 2], [(1, "x"), (2.5, None)])
            self.assertEqual(ask("scope", [{}, {}], table)[0]["part"], "rows")
            self.assertEqual(ask("part", table), ({"rows": 2, "all": 2}, b"a,2\n1,x\n2.5,\n"))
            long = DataFrame(["a"], [(i,) for i in range(6000)])
            self.assertEqual(ask("part", long)[0], {"rows": 5000, "all": 6000})
            self.assertEqual(ask("part", Series(["a", "b"], [1, "x"]))[1], b"a,b\n1,x\n")
            self.assertEqual(ask("part", Series([0, 1], [1, 2]))[0]["error"]["code"], "VARIABLE_NO_ROW")
            self.assertEqual(ask("part", DataFrame(["a"], []))[0]["error"]["code"], "VARIABLE_EMPTY")
        finally:
            del sys.modules["pandas"]

    def test_a_kernel_keeps_its_names_and_hears_of_no_error(self):
        names = {"grid": np.arange(6.0).reshape(2, 3), "__builtins__": builtins}
        before = dict(names)
        wish = {"data": {"item": 0, "most": 512}}
        self.assertEqual(self.asked("view", names, {"expression": "(grid * 2)[1:]"}, wish)[0]["shape"], [1, 3])
        for text, code in (("nope", "VARIABLE_GONE"), ("grid[9]", "VARIABLE_GONE"), ("1/0", "EVALUATION_FAILED"),
                           ("y = 3", "EVALUATION_FAILED"), ("exit()", "EVALUATION_FAILED"), ("'text'", "VARIABLE_NO_ARRAY")):
            self.assertEqual(self.asked("view", names, {"expression": text}, wish)[0]["error"]["code"], code)
        self.assertEqual(list(names), list(before))
        self.assertTrue(all(names[name] is value for name, value in before.items()))

        def interrupted():
            raise KeyboardInterrupt

        self.assertEqual(self.asked(interrupted, names)[0]["error"]["code"], "CANCELLED")


@contextlib.contextmanager
def jax_faked():
    """As much of JAX, its libraries and its exporter as the programs call. What is exported is what the call gives."""
    exported = []

    class Specified:
        def __init__(self, shape, dtype):
            self.shape = shape

    def vmap(call):
        return lambda given: call(Specified(given.shape[1:], None))

    def to_onnx(call, inputs, opset, input_names, output_names):
        exported.append(call(*inputs))
        return types.SimpleNamespace(SerializeToString=lambda: b"model")

    class Nnx:
        rests = False

        def eval(self):
            self.rests = True

        def __call__(self, x, deterministic=False):
            return "clone at rest" if self.rests else "disturbed", {"deterministic": deterministic}, x.shape

    class Linen:
        scope = None

        def __call__(self, x, train=True):
            raise AssertionError("called without weights")

        def apply(self, weights, x, **settings):
            return "applied", weights, settings, x.shape

    class State:
        def __init__(self, apply_fn, params):
            self.apply_fn, self.params = apply_fn, params

    class Equinox:
        rests = False

        def __call__(self, x, key):
            if len(x.shape) != 3 or not self.rests:
                raise ValueError("rank 3")
            return "one item", {"key": key}, x.shape

    def inference_mode(model):
        twin = copy.copy(model)
        twin.rests = True
        return twin

    places = {"nnx": (Nnx, "flax.nnx.module"), "linen": (Linen, "flax.linen.module"),
              "state": (State, "flax.training.train_state"), "equinox": (Equinox, "equinox._module")}
    kinds = {}
    for name, (kind, place) in places.items():
        kind.__module__ = place
        kinds[name] = type("Mine", (kind,), {"__module__": "__main__"})
    modules = {
        "jax": dict(ShapeDtypeStruct=Specified, eval_shape=lambda call, given: call(given), vmap=vmap, __version__="0"),
        "flax.nnx": dict(clone=copy.copy),
        "equinox": dict(nn=types.SimpleNamespace(inference_mode=inference_mode)),
        "jax2onnx": dict(to_onnx=to_onnx, __spec__=importlib.machinery.ModuleSpec("jax2onnx", None)),
    }
    for name, members in modules.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    try:
        yield exported, kinds
    finally:
        for name in modules:
            del sys.modules[name]


def copy_of(net):
    twin = Net()
    twin.load_state_dict(copy.deepcopy(net.state_dict()))
    return twin.train()


if __name__ == "__main__":
    unittest.main(verbosity=2)
