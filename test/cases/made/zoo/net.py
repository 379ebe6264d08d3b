"""A family of networks in the manner of a model zoo."""
from functools import partial
from typing import Any, Dict, List, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F

_REGISTRY: Dict[str, Any] = {}


def register_model(fn):
    _REGISTRY[fn.__name__] = fn
    return fn


def make_divisible(v, divisor=8):
    return max(divisor, int(v + divisor / 2) // divisor * divisor)


def create_conv2d(in_chs, out_chs, kernel_size, stride=1, groups=1, bias=False):
    return nn.Conv2d(in_chs, out_chs, kernel_size, stride=stride, padding=kernel_size // 2, groups=groups, bias=bias)


class ConvNormAct(nn.Module):
    def __init__(self, in_chs, out_chs, kernel_size=1, stride=1, groups=1,
                 norm_layer=nn.BatchNorm2d, act_layer: Optional[Any] = nn.ReLU, apply_act=True):
        super().__init__()
        self.conv = create_conv2d(in_chs, out_chs, kernel_size, stride, groups)
        self.bn = norm_layer(out_chs)
        self.act = act_layer() if apply_act else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class SqueezeExcite(nn.Module):
    def __init__(self, chs, rd_ratio=0.25, act_layer=nn.ReLU, gate_layer=nn.Sigmoid):
        super().__init__()
        rd = make_divisible(chs * rd_ratio)
        self.conv_reduce = nn.Conv2d(chs, rd, 1)
        self.act1 = act_layer()
        self.conv_expand = nn.Conv2d(rd, chs, 1)
        self.gate = gate_layer()

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True)
        s = self.conv_expand(self.act1(self.conv_reduce(s)))
        return x * self.gate(s)


class InvertedResidual(nn.Module):
    def __init__(self, in_chs, out_chs, stride=1, exp=4, se_layer=None, **kw):
        super().__init__()
        mid = make_divisible(in_chs * exp)
        self.has_skip = in_chs == out_chs and stride == 1
        self.conv_pw = ConvNormAct(in_chs, mid, 1, **kw)
        self.conv_dw = ConvNormAct(mid, mid, 3, stride=stride, groups=mid, **kw)
        self.se = se_layer(mid) if se_layer is not None else nn.Identity()
        self.conv_pwl = ConvNormAct(mid, out_chs, 1, apply_act=False, **kw)

    def forward(self, x):
        shortcut = x
        x = self.conv_pwl(self.se(self.conv_dw(self.conv_pw(x))))
        if self.has_skip:
            x = x + shortcut
        return x


class DepthwiseSeparable(nn.Module):
    def __init__(self, in_chs, out_chs, stride=1, se_layer=None, **kw):
        super().__init__()
        self.conv_dw = ConvNormAct(in_chs, in_chs, 3, stride=stride, groups=in_chs, **kw)
        self.se = nn.Identity() if se_layer is None else se_layer(in_chs)
        self.conv_pw = ConvNormAct(in_chs, out_chs, 1, **kw)

    def forward(self, x):
        return self.conv_pw(self.se(self.conv_dw(x)))


BLOCKS = {"ir": InvertedResidual, "ds": DepthwiseSeparable}


class Builder:
    def __init__(self, **kw):
        self.kw = kw
        self.in_chs = 0

    def __call__(self, in_chs, arch):
        self.in_chs = in_chs
        stages = []
        for stack in arch:
            blocks: List[nn.Module] = []
            for i in range(stack["repeats"]):
                args = dict(stride=stack["stride"] if i == 0 else 1, **self.kw)
                block = BLOCKS[stack["type"]](self.in_chs, stack["chs"], **args)
                blocks.append(block)
                self.in_chs = stack["chs"]
            stages.append(nn.Sequential(*blocks))
        return stages


class Net(nn.Module):
    def __init__(self, arch, num_classes=10, stem=8, act_layer=nn.SiLU, norm_layer=None, se_layer=None, drop=0.0):
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        self.conv_stem = create_conv2d(3, stem, 3, stride=2)
        self.bn1 = norm_layer(stem)
        self.act1 = act_layer(inplace=True)
        builder = Builder(act_layer=act_layer, norm_layer=norm_layer, se_layer=se_layer)
        self.blocks = nn.Sequential(*builder(stem, arch))
        self.conv_head = nn.Conv2d(builder.in_chs, 32, 1)
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(32, num_classes) if num_classes > 0 else nn.Identity()

    def forward_features(self, x):
        x = self.act1(self.bn1(self.conv_stem(x)))
        x = self.blocks(x)
        return F.relu(self.conv_head(x))

    def forward(self, x):
        x = self.forward_features(x)
        x = self.global_pool(x).flatten(1)
        return self.classifier(x)


def _create(variant, **kwargs):
    defaults = dict(num_classes=10)
    defaults.update(kwargs)
    return Net(**defaults)


@register_model
def tiny_net(**kwargs):
    arch = [
        dict(type="ds", repeats=1, stride=1, chs=8),
        dict(type="ir", repeats=2, stride=2, chs=16),
    ]
    se = partial(SqueezeExcite, rd_ratio=0.5)
    return _create("tiny_net", arch=arch, se_layer=se, norm_layer=partial(nn.BatchNorm2d, eps=1e-3), **kwargs)


def create_model(name, **kwargs):
    return _REGISTRY[name](**kwargs)


def make():
    return create_model("tiny_net"), torch.randn(1, 3, 32, 32)
