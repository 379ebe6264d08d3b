from abc import ABC, abstractmethod

import torch
from torch import nn

from layers.blocks import Flatten, conv_bn


class BaseModel(nn.Module, ABC):
    """What all have in common."""

    width = 8

    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        self.stem = conv_bn(3, self.width)
        self.body = self.build_body()
        self.head = self._build_head()
        self._init_weights()

    @abstractmethod
    def build_body(self) -> nn.Module:
        ...

    def _build_head(self):
        return nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            Flatten(),
            nn.Linear(self.width, self.classes),
        )

    def _init_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.stem(x)))
