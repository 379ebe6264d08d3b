"""Notes where Python itself made each layer of the models beside, and how PyTorch's exporter names their nodes.

    python make.py FOLDER      needs torch 1.13 and onnx; writes FOLDER.json

Of every layer of the library: the lines that stood on the stack when it was made, from the one that called its class out to
the constructor that it was made in. Each of them is a line that made it.
"""
import importlib
import io
import json
import sys
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

warnings.filterwarnings("ignore")
made = {}
construct = nn.Module.__init__
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.Identity)


def noted(self, *args, **more):
    if id(self) not in made:
        lines, frame = [], sys._getframe(1)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if folder in path.parents and frame.f_locals.get("self") is not self:
                lines.append([str(path.relative_to(folder)), frame.f_lineno])
                if frame.f_code.co_name == "__init__":
                    break
            frame = frame.f_back
        made[id(self)] = self, lines
    construct(self, *args, **more)


nn.Module.__init__ = noted
folder = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(folder))
model, x = importlib.import_module("net").make()
buffer = io.BytesIO()
torch.onnx.export(model.eval(), (x,), buffer, opset_version=16)
nodes = [node.name for node in onnx.load_from_string(buffer.getvalue()).graph.node if node.name.startswith("/")]
layers = {
    name: made[id(module)][1]
    for name, module in model.named_modules(remove_duplicate=False)
    if type(module).__module__.startswith("torch.nn") and not isinstance(module, CONTAINERS)
}
folder.with_suffix(".json").write_text(json.dumps({"nodes": nodes, "made": layers}, separators=(",", ":")) + "\n")
