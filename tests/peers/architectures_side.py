"""PyTorch's side: landmark networks made by hand of torch.nn, with torchvision's (or timm's) module paths."""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from drawn_weights import draw
from torch import nn


class ResNet(nn.Module):
    def __init__(self, block, counts, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.channels = 64
        self.layer1 = self.stage(block, 64, counts[0], 1)
        self.layer2 = self.stage(block, 128, counts[1], 2)
        self.layer3 = self.stage(block, 256, counts[2], 2)
        self.layer4 = self.stage(block, 512, counts[3], 2)
        self.fc = nn.Linear(512 * block.wide, classes)

    def stage(self, block, channels, count, stride):
        made = []
        for index in range(count):
            made.append(block(self.channels, channels, stride if index == 0 else 1))
            self.channels = channels * block.wide
        return nn.Sequential(*made)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def projection(inside, outside, stride):
    if stride == 1 and inside == outside:
        return None
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))


class Basic(nn.Module):
    wide = 1

    def __init__(self, inside, channels, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        self.downsample = projection(inside, channels, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    wide = 4

    def __init__(self, inside, channels, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, channels, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = (
            nn.Conv2d(channels, channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.conv3, self.bn3 = nn.Conv2d(channels, 4 * channels, 1, bias=False), nn.BatchNorm2d(4 * channels)
        self.downsample = projection(inside, 4 * channels, stride)

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class Plain(nn.Module):
    """Features, then a classifier."""

    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.classifier = features, classifier

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def vgg(plan, normed, inside, classes):
    layers, channels = [], 3
    for word in plan.split():
        if word == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, int(word), 3, padding=1))
        layers += [nn.BatchNorm2d(int(word))] if normed else []
        layers.append(nn.ReLU())
        channels = int(word)
    classifier = [
        nn.Linear(inside, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(),
    ]
    return Plain(nn.Sequential(*layers), nn.Sequential(*classifier, nn.Linear(4096, classes)))


def alexnet(classes):
    features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )
    dense = [nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    return Plain(features, nn.Sequential(*dense, nn.Linear(4096, classes)))


class TwoTowers(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 96, 11, 4), nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.fc6, self.fc7, self.fc8 = nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, classes)
        self.norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)

    def forward(self, x):
        x = F.relu(self.conv1(F.pad(x, (1, 2, 1, 2))))
        x = F.max_pool2d(self.norm(x), 3, 2)
        x = F.max_pool2d(self.norm(F.relu(self.conv2(x))), 3, 2)
        x = F.relu(self.conv4(F.relu(self.conv3(x))))
        x = F.max_pool2d(F.relu(self.conv5(x)), 3, 2).flatten(1)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


def relu6_unit(inside, outside, size, stride=1, groups=1):
    conv = nn.Conv2d(inside, outside, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outside), nn.ReLU6())


class Inverted(nn.Module):
    def __init__(self, inside, outside, stride, widening):
        super().__init__()
        wide = inside * widening
        layers = [relu6_unit(inside, wide, 1)] if widening > 1 else []
        layers.append(relu6_unit(wide, wide, 3, stride, wide))
        self.conv = nn.Sequential(*layers, nn.Conv2d(wide, outside, 1, bias=False), nn.BatchNorm2d(outside))
        self.added = stride == 1 and inside == outside

    def forward(self, x):
        return x + self.conv(x) if self.added else self.conv(x)


class MobileNetV2(nn.Module):
    plan = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(self, classes):
        super().__init__()
        layers, channels = [relu6_unit(3, 32, 3, 2)], 32
        for widening, outside, count, stride in self.plan:
            for index in range(count):
                layers.append(Inverted(channels, outside, stride if index == 0 else 1, widening))
                channels = outside
        self.features = nn.Sequential(*layers, relu6_unit(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


class Unit(nn.Module):
    def __init__(self, inside, outside, size, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, size, stride, size // 2, bias=False)
        self.bn = nn.BatchNorm2d(outside, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Biased(nn.Conv2d):
    def __init__(self, inside, outside, size, stride=1):
        super().__init__(inside, outside, size, stride, size // 2)

    def forward(self, x):
        return F.relu(super().forward(x))


class Inception(nn.Module):
    def __init__(self, unit, wide, inside, one, before, three, before_wide, five, pooled):
        super().__init__()
        self.branch1 = unit(inside, one, 1)
        self.branch2 = nn.Sequential(unit(inside, before, 1), unit(before, three, 3))
        self.branch3 = nn.Sequential(unit(inside, before_wide, 1), unit(before_wide, five, wide))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), unit(inside, pooled, 1))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class Auxiliary(nn.Module):
    def __init__(self, unit, inside, classes):
        super().__init__()
        self.conv, self.fc1, self.fc2 = unit(inside, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(self.conv(F.avg_pool2d(x, 5, 3)).flatten(1))))


BLOCKS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
"""Channels in, then table 1 of the paper."""


class GoogLeNet(nn.Module):
    def __init__(self, classes, paper=False):
        super().__init__()
        unit = Biased if paper else Unit
        self.conv1, self.conv2, self.conv3 = unit(3, 64, 7, 2), unit(64, 64, 1), unit(64, 192, 3)
        for name, numbers in BLOCKS.items():
            setattr(self, f"inception{name}", Inception(unit, 5 if paper else 3, *numbers))
        if paper:
            self.aux1, self.aux2 = Auxiliary(unit, 512, classes), Auxiliary(unit, 528, classes)
        self.fc = nn.Linear(1024, classes)
        self.norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0) if paper else nn.Identity()
        self.last, self.paper = 3 if paper else 2, paper

    def forward(self, x):
        x = self.norm(F.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True))
        x = F.max_pool2d(self.norm(self.conv3(self.conv2(x))), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.inception3b(self.inception3a(x)), 3, 2, ceil_mode=True)
        first = self.inception4a(x)
        second = self.inception4d(self.inception4c(self.inception4b(first)))
        x = F.max_pool2d(self.inception4e(second), self.last, 2, ceil_mode=True)
        x = self.inception5b(self.inception5a(x))
        x = self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return (x, self.aux1(first), self.aux2(second)) if self.paper else x


def same(x, size, stride):
    """TensorFlow's padding: as much as is needed, the odd zero at the far side."""
    sides = []
    for length in (x.shape[-1], x.shape[-2]):
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides)


class Lite(nn.Module):
    plan = (
        *((1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2)),
        *((6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1)),
    )

    def __init__(self, classes):
        super().__init__()
        self.conv_stem, self.bn1 = nn.Conv2d(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32, eps=1e-3)
        stages, channels = [], 32
        for widening, size, outside, count, stride in self.plan:
            blocks = []
            for index in range(count):
                blocks.append(LiteBlock(channels, outside, size, stride if index == 0 else 1, widening))
                channels = outside
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head, self.bn2 = nn.Conv2d(320, 1280, 1, bias=False), nn.BatchNorm2d(1280, eps=1e-3)
        self.classifier = nn.Linear(1280, classes)

    def forward(self, x):
        x = F.relu6(self.bn1(self.conv_stem(same(x, 3, 2))))
        x = F.relu6(self.bn2(self.conv_head(self.blocks(x))))
        return self.classifier(x.mean((2, 3)))


class LiteBlock(nn.Module):
    def __init__(self, inside, outside, size, stride, widening):
        super().__init__()
        wide, self.size, self.stride = inside * widening, size, stride
        self.widened, self.added = widening > 1, stride == 1 and inside == outside
        depthwise = nn.Conv2d(wide, wide, size, stride, groups=wide, bias=False)
        norms = [nn.BatchNorm2d(count, eps=1e-3) for count in (wide, outside)]
        if self.widened:
            self.conv_pw, self.bn1 = nn.Conv2d(inside, wide, 1, bias=False), nn.BatchNorm2d(wide, eps=1e-3)
            self.conv_dw, self.bn2 = depthwise, norms[0]
            self.conv_pwl, self.bn3 = nn.Conv2d(wide, outside, 1, bias=False), norms[1]
        else:
            self.conv_dw, self.bn1 = depthwise, norms[0]
            self.conv_pw, self.bn2 = nn.Conv2d(wide, outside, 1, bias=False), norms[1]

    def forward(self, x):
        if self.widened:
            y = F.relu6(self.bn1(self.conv_pw(x)))
            y = F.relu6(self.bn2(self.conv_dw(same(y, self.size, self.stride))))
            y = self.bn3(self.conv_pwl(y))
        else:
            y = F.relu6(self.bn1(self.conv_dw(same(x, self.size, self.stride))))
            y = self.bn2(self.conv_pw(y))
        return x + y if self.added else y


VGG11 = "64 M 128 M 256 256 M 512 512 M 512 512 M"
VGG16 = "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M"

MODELS = {
    "resnet18": lambda: ResNet(Basic, (2, 2, 2, 2), 1000),
    "resnet50": lambda: ResNet(Bottleneck, (3, 4, 6, 3), 1000),
    "vgg16": lambda: vgg(VGG16, False, 2 * 2 * 512, 1000),
    "vgg11-bn": lambda: vgg(VGG11, True, 512, 10),
    "alexnet": lambda: alexnet(1000),
    "alexnet-2012": lambda: TwoTowers(1000),
    "mobilenet-v2": lambda: MobileNetV2(1000),
    "googlenet": lambda: GoogLeNet(1000),
    "googlenet-2014": lambda: GoogLeNet(1000, paper=True),
    "efficientnet-lite0": lambda: Lite(1000),
}


def main(given, answers, name):
    torch.set_num_threads(2)
    model = MODELS[name]()
    state = model.state_dict()
    for key, tensor in state.items():
        if not key.endswith("_tracked"):
            tensor.copy_(torch.from_numpy(draw(key, tuple(tensor.shape))))
    model.eval()
    x = torch.from_numpy(np.moveaxis(np.load(given)["x"], -1, 1).copy())
    with torch.no_grad():
        outputs = model(x)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    shapes = {f"shape {key}": np.array(tensor.shape, np.int64) for key, tensor in state.items()}
    trained = np.array(sum(tensor.numel() for tensor in model.parameters()))
    logits = {f"logits {index}": output.numpy() for index, output in enumerate(outputs)}
    np.savez(answers, trained=trained, **shapes, **logits)


main(*sys.argv[1:])
