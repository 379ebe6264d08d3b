from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}


@dataclass
class StageConfig:
    width: int
    depth: int = 2
    act: str = "relu"
    pool: bool = True


@dataclass(frozen=True)
class NetConfig:
    stages: list[StageConfig] = field(default_factory=lambda: [StageConfig(8), StageConfig(16, 1, "gelu", False)])
    classes: int = 7
    norm: str = "BatchNorm2d"


def get_norm(name):
    return getattr(nn, name)


def get_activation(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise ValueError(name)
    return ACTIVATIONS[name]()


class Stage(nn.Module):
    def __init__(self, cin: int, cfg: StageConfig, norm) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(cfg.depth):
            layers.append(nn.Conv2d(cin, cfg.width, kernel_size=3, padding=1))
            layers.append(norm(cfg.width))
            layers.append(get_activation(cfg.act))
            cin = cfg.width
        if cfg.pool:
            layers.append(nn.MaxPool2d(kernel_size=2))
        self.layers = nn.Sequential(*layers)
        self.proj = (
            nn.Conv2d(cin, cfg.width, 1)
            if cfg.pool
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(self.layers(x))


class Net(nn.Module):
    def __init__(self, cfg: NetConfig | None = None) -> None:
        super().__init__()
        cfg = cfg or NetConfig()
        self.cfg = cfg
        norm = get_norm(cfg.norm)
        self.stages = nn.ModuleList()
        cin = 3
        for stage in cfg.stages:
            self.stages.append(Stage(cin, stage, norm))
            cin = stage.width
        self.norm = norm(cin)
        self.head, self.aux = nn.Linear(cin, cfg.classes), nn.Linear(cin, 2)

    @classmethod
    def from_config(cls, **overrides) -> "Net":
        return cls(dataclasses.replace(NetConfig(), **overrides))

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x)
        x = self.norm(x).mean(dim=(-2, -1))
        return torch.cat([self.head(x), self.aux(x)], dim=1)


def make():
    return Net.from_config(classes=4), torch.randn(1, 3, 16, 16)
