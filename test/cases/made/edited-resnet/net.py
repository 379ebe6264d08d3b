"""ResNet as torchvision has it, copied and changed."""
from typing import Any, Callable, List, Optional, Type, Union

import torch
import torch.nn as nn
from torch import Tensor


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    """3x3 convolution with padding"""
    return nn.Conv2d(
        in_planes,
        out_planes,
        kernel_size=3,
        stride=stride,
        padding=dilation,
        groups=groups,
        bias=False,
        dilation=dilation,
    )


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=stride, bias=False)


class Attention(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(conv1x1(c, c // 4), nn.ReLU(inplace=True), conv1x1(c // 4, c), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(self.pool(x))


class BasicBlock(nn.Module):
    expansion: int = 1

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Optional[nn.Module] = None,
                 norm_layer: Optional[Callable[..., nn.Module]] = None, attend: bool = False) -> None:
        super().__init__()
        if norm_layer is None:
            norm_layer = nn.BatchNorm2d
        self.convA = conv3x3(inplanes, planes, stride)
        self.bnA = norm_layer(planes)
        self.nonlinearity = nn.ReLU(inplace=True)
        self.convB = conv3x3(planes, planes)
        self.bnB = norm_layer(planes)
        self.attention = Attention(planes) if attend else None
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.nonlinearity(self.bnA(self.convA(x)))
        out = self.bnB(self.convB(out))
        if self.attention is not None:
            out = self.attention(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.nonlinearity(out)


class ResNet(nn.Module):
    def __init__(self, block: Type[BasicBlock], layers: List[int], num_classes: int = 10, attend: bool = False) -> None:
        super().__init__()
        self._norm_layer = nn.BatchNorm2d
        self.inplanes = 8
        self.backbone = nn.Sequential()
        self.backbone.add_module("conv1", nn.Conv2d(3, self.inplanes, kernel_size=3, padding=1, bias=False))
        self.backbone.add_module("bn1", self._norm_layer(self.inplanes))
        self.backbone.add_module("relu", nn.ReLU(inplace=True))
        for i, (planes, n) in enumerate(zip([8, 16, 32], layers)):
            self.backbone.add_module(f"layer{i + 1}", self._make_layer(block, planes, n, 1 if i == 0 else 2, attend and i > 0))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=0.2)
        self.classifier = nn.Linear(32 * block.expansion, num_classes)

    def _make_layer(self, block, planes: int, blocks: int, stride: int = 1, attend: bool = False) -> nn.Sequential:
        norm_layer = self._norm_layer
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(
                conv1x1(self.inplanes, planes * block.expansion, stride),
                norm_layer(planes * block.expansion),
            )
        layers = []
        layers.append(block(self.inplanes, planes, stride, downsample, norm_layer, attend))
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes, norm_layer=norm_layer, attend=attend))
        return nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x = self.backbone(x)
        x = torch.flatten(self.avgpool(x), 1)
        return self.classifier(self.dropout(x))


def resnet8(**kwargs: Any) -> ResNet:
    return ResNet(BasicBlock, [1, 1, 2], **kwargs)


def make():
    return resnet8(attend=True), torch.randn(1, 3, 16, 16)
