import torch
from torch import nn


class Unit(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__()
        self.add_module("norm", nn.BatchNorm2d(cin))
        self.add_module("relu", nn.ReLU(inplace=True))
        self.add_module("conv", nn.Conv2d(cin, cout, 3, padding=1))


class Dense(nn.ModuleDict):
    def __init__(self, cin, growth, n):
        super().__init__()
        for i in range(n):
            unit = Unit(cin + i * growth, growth)
            self.add_module("unit%d" % (i + 1), unit)

    def forward(self, x):
        features = [x]
        for name, unit in self.items():
            features.append(unit(torch.cat(features, 1)))
        return torch.cat(features, 1)


class Net(nn.Module):
    def __init__(self, widths=(8, 12), growth=4):
        super().__init__()
        cin = 3
        for i, w in enumerate(widths):
            setattr(self, f"conv{i}", nn.Conv2d(cin, w, 3, padding=1))
            setattr(self, "pool{}".format(i), nn.MaxPool2d(2))
            cin = w
        self.dense = Dense(cin, growth, 2)
        self.acts = nn.ModuleDict({
            "relu": nn.ReLU(),
            "tanh": nn.Tanh(),
        })
        heads = {}
        for name, n in (("colour", 3), ("shape", 4)):
            heads[name] = nn.Linear(cin + 2 * growth, n)
        self.heads = nn.ModuleDict(heads)
        self.more = nn.ModuleDict({k: nn.Linear(3, 2) for k in ("left", "right")})

    def forward(self, x):
        for i in range(2):
            x = getattr(self, f"pool{i}")(self.acts["relu"](getattr(self, f"conv{i}")(x)))
        x = self.acts["tanh"](self.dense(x)).mean((2, 3))
        a, b = self.heads["colour"](x), self.heads["shape"](x)
        return torch.cat([self.more["left"](a), self.more["right"](a), b], 1)


def make():
    return Net(), torch.randn(1, 3, 16, 16)
