"""The networks of the comparison in PyTorch, with the weights of their ONNX files: both sides compute the same."""

import copy
from types import MethodType

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torchvision.models import resnet50


def load(path, architecture):
    """The network of an ONNX file and the layer whose maps class activation looks at."""
    graph = onnx.load(path).graph
    weights = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    parameters = iter([(weights[node.input[1]], weights[node.input[2]]) for node in layers])
    if architecture == "resnet50":
        network = torchvision_resnet50(parameters)
        return network.eval(), network.layer4[-1]
    network, last = chain(graph, parameters)
    return network.eval(), last


def torchvision_resnet50(parameters):
    """
    torchvision's network as people use it, with its BatchNorm layers, which exporters fold into the convolutions:
    here they only add the bias.
    """
    network = resnet50(weights=None)
    fill(network.conv1, network.bn1, *next(parameters))
    for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
        for block in stage:
            if block.downsample is not None:
                fill(block.downsample[0], block.downsample[1], *next(parameters))
            fill(block.conv1, block.bn1, *next(parameters))
            fill(block.conv2, block.bn2, *next(parameters))
            fill(block.conv3, block.bn3, *next(parameters))
    weight, bias = next(parameters)
    network.fc.weight.data, network.fc.bias.data = weight, bias
    return network


def fill(convolution, normalisation, weight, bias):
    convolution.weight.data = weight
    normalisation.running_mean.zero_()
    normalisation.running_var.fill_(1 - normalisation.eps)
    normalisation.weight.data.fill_(1)
    normalisation.bias.data = bias


def chain(graph, parameters):
    """A network without branches, layer by layer, and its last activation."""
    layers = []
    last = None
    for node in graph.node:
        given = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type == "Conv":
            weight, bias = next(parameters)
            layer = nn.Conv2d(
                weight.shape[1], weight.shape[0], tuple(given["kernel_shape"]), tuple(given["strides"]), tuple(given["pads"][:2])
            )
            layer.weight.data, layer.bias.data = weight, bias
        elif node.op_type == "Relu":
            layer = last = nn.ReLU()
        elif node.op_type == "MaxPool":
            layer = nn.MaxPool2d(tuple(given["kernel_shape"]), tuple(given["strides"]))
        elif node.op_type == "GlobalAveragePool":
            layer = nn.AdaptiveAvgPool2d(1)
        elif node.op_type == "Flatten":
            layer = nn.Flatten()
        elif node.op_type == "Gemm":
            weight, bias = next(parameters)
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight.data, layer.bias.data = weight, bias
        else:
            raise ValueError(f"{node.op_type} is in no chain")
        layers.append(layer)
    return nn.Sequential(*layers), last


def with_own_activations(network):
    """A copy whose blocks use each activation once, as Captum's DeepLift and hooks on activations ask for."""
    network = copy.deepcopy(network)
    for block in network.modules():
        if type(block).__name__ == "Bottleneck":
            block.relu1, block.relu2, block.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
            del block.relu
            block.forward = MethodType(bottleneck, block)
    return network


def bottleneck(self, x):
    y = self.relu1(self.bn1(self.conv1(x)))
    y = self.relu2(self.bn2(self.conv2(y)))
    y = self.bn3(self.conv3(y))
    return self.relu3(y + (x if self.downsample is None else self.downsample(x)))


def without_normalisation(network):
    """A copy with BatchNorm folded into the convolutions, as the exported file has it."""
    network = copy.deepcopy(network)
    for block in network.modules():
        for convolution, normalisation in (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3")):
            if hasattr(block, convolution) and hasattr(block, normalisation):
                fold(block, convolution, normalisation)
        if getattr(block, "downsample", None) is not None:
            fold(block.downsample, "0", "1")
    return network


def fold(block, convolution, normalisation):
    fused = nn.utils.fusion.fuse_conv_bn_eval(getattr(block, convolution), getattr(block, normalisation))
    setattr(block, convolution, fused)
    setattr(block, normalisation, nn.Identity())
