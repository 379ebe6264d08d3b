import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { importModel } from '../../../src/graph/import';
import type { Graph } from '../../../src/graph/ir';
import { readFile } from '../../../src/source/file';
import { ParsedFiles } from '../../../src/source/parsed';
import { Project } from '../../../src/source/project';
import { loadPython, type ParsePython } from '../../../src/source/python';
import { readProject } from '../../../src/source/read';
import { tieToSource } from '../../../src/source/tie';
import { loadCase } from '../../support/cases';
import { count, graphOf, lineAt, type Truth } from '../../support/ties';

const cases = join(__dirname, '../../cases');
let parse: ParsePython;
let parsed: ParsedFiles;
beforeAll(async () => {
  parse = await loadPython();
  parsed = new ParsedFiles(parse);
});

const residual: Truth = [
  [/^\/conv1\/Conv$/, /self\.conv1 = nn\.Conv2d\(3, self\.inplanes/],
  [/^\/relu\/Relu$/, /self\.relu = nn\.ReLU/],
  [/^\/maxpool\//, /self\.maxpool = /],
  [/downsample\.0\/Conv$/, /conv1x1\(self\.inplanes, planes \* block\.expansion, stride\),/],
  [/layer\d\.\d+\/conv1\/Conv$/, /self\.conv1 = conv3x3\(inplanes, planes, stride\)/],
  [/layer\d\.\d+\/conv2\/Conv$/, /self\.conv2 = conv3x3\(planes, planes\)/],
  [/layer\d\.\d+\/relu(_1)?\/Relu$/, /self\.relu = nn\.ReLU/],
  [/layer\d\.\d+\/Add$/, /out \+= identity/],
  [/^\/avgpool\//, /self\.avgpool = /],
  [/^\/bn1\//, /self\.bn1 = norm_layer\(self\.inplanes\)/],
  [/\/bn1\//, /self\.bn1 = norm_layer\(planes\)/],
  [/\/bn2\//, /self\.bn2 = norm_layer\(planes\)/],
  [/downsample\.1\//, /norm_layer\(planes \* block\.expansion\),/],
  [/^\/Flatten$/, /x = torch\.flatten\(x, 1\)/],
  [/^\/fc\//, /self\.fc = nn\.Linear/],
];

const vgg: Truth = [
  [/^\/features\/.*\/Conv$/, /conv2d = nn\.Conv2d\(in_channels, v/],
  [/^\/features\/.*\/Relu$/, /layers \+= \[conv2d, nn\.BatchNorm2d\(v\), nn\.ReLU/],
  [/^\/features\/.*\/BatchNormalization$/, /layers \+= \[conv2d, nn\.BatchNorm2d\(v\), nn\.ReLU/],
  [/^\/features\/.*\/MaxPool$/, /layers \+= \[nn\.MaxPool2d/],
  [/^\/classifier\/classifier\.0\//, /nn\.Linear\(512 \* 7 \* 7, 4096\)/],
  [/^\/classifier\/classifier\.[14]\//, /nn\.ReLU\(True\)/],
  [/^\/classifier\/classifier\.3\//, /nn\.Linear\(4096, 4096\)/],
  [/^\/classifier\/classifier\.6\//, /nn\.Linear\(4096, num_classes\)/],
  [/^\/Flatten$/, /x = torch\.flatten\(x, 1\)/],
];

const efficient: Truth = [
  [/block\.\d\/(avgpool)\//, /self\.avgpool = torch\.nn\.AdaptiveAvgPool2d/],
  [/block\.\d\/fc1\//, /self\.fc1 = torch\.nn\.Conv2d/],
  [/block\.\d\/fc2\//, /self\.fc2 = torch\.nn\.Conv2d/],
  [/block\.\d\/activation\//, /self\.activation = activation\(\)/],
  [/block\.\d\/scale_activation\//, /self\.scale_activation = scale_activation\(\)/],
  [/block\.\d\.0\/Conv$|features\.[08]\.0\/Conv$/, /conv_layer\($/],
  [/block\.\d\.1\/BatchNorm/, /layers\.append\(norm_layer\(out_channels\)\)/],
  [/block\.\d\.2\/|features\.[08]\.2\//, /layers\.append\(activation_layer\(\*\*params\)\)/],
  [/block\.\d\/Mul$/, /return scale \* input/],
  [/features\.\d\.\d\/Add$/, /result \+= input/],
  [/^\/classifier\/classifier\.1\//, /nn\.Linear\(lastconv_output_channels, num_classes\)/],
];

const convnext: Truth = [
  [/features\.0\.0\/Conv$/, /conv_layer\($/],
  [/features\.0\.1\//, /layers\.append\(norm_layer\(out_channels\)\)/],
  [/features\.[246]\.0\//, /^ *norm_layer\(cnf\.input_channels\),$/],
  [/features\.[246]\.1\//, /nn\.Conv2d\(cnf\.input_channels, cnf\.out_channels, kernel_size=2, stride=2\)/],
  [/block\.0\//, /nn\.Conv2d\(dim, dim, kernel_size=7/],
  [/block\.[16]\//, /return torch\.permute\(x, self\.dims\)/],
  [/block\.2\//, /^ *norm_layer\(dim\),$/],
  [/block\.3\//, /nn\.Linear\(in_features=dim, out_features=4 \* dim/],
  [/block\.4\//, /nn\.GELU\(\)/],
  [/block\.5\//, /nn\.Linear\(in_features=4 \* dim, out_features=dim/],
  [/features\.\d\.\d\/Mul$/, /self\.layer_scale \* self\.block\(input\)/],
  [/features\.\d\.\d\/Add$/, /result \+= input/],
  [/^\/avgpool\//, /self\.avgpool = /],
  [/^\/classifier\//, /norm_layer\(lastconv_output_channels\), nn\.Flatten\(1\), nn\.Linear/],
];

const regnet: Truth = [
  [/(stem|proj|\/[abc])\.0\/Conv$/, /conv_layer\($/],
  [/\.1\/BatchNormalization$/, /layers\.append\(norm_layer\(out_channels\)\)/],
  [/\.2\/Relu$/, /layers\.append\(activation_layer\(\*\*params\)\)/],
  [/se\/avgpool\//, /self\.avgpool = torch\.nn\.AdaptiveAvgPool2d\(1\)/],
  [/se\/fc1\//, /self\.fc1 = /],
  [/se\/fc2\//, /self\.fc2 = /],
  [/se\/activation\//, /self\.activation = activation\(\)/],
  [/se\/scale_activation\//, /self\.scale_activation = /],
  [/se\/Mul$/, /return scale \* input/],
  // The first block of each stage changes the size, so it has a projection.
  [/-0\/Add$/, /x = self\.proj\(x\) \+ self\.f\(x\)/],
  [/-\d+\/Add$/, /x = x \+ self\.f\(x\)/],
  [/-\d+\/activation\//, /self\.activation = activation_layer\(inplace=True\)/],
  [/^\/avgpool\//, /self\.avgpool = nn\.AdaptiveAvgPool2d\(\(1, 1\)\)/],
  [/^\/Flatten$/, /x = x\.flatten\(start_dim=1\)/],
  [/^\/fc\//, /self\.fc = nn\.Linear/],
];

const inception: Truth = [
  [/\/conv\/Conv$/, /self\.conv = nn\.Conv2d\(in_channels, out_channels, bias=False/],
  [/\/bn\/BatchNormalization$/, /self\.bn = nn\.BatchNorm2d\(out_channels, eps=0\.001\)/],
  [/\/Relu$/, /return F\.relu\(x, inplace=True\)/],
  [/^\/maxpool1\//, /self\.maxpool1 = /],
  [/^\/maxpool2\//, /self\.maxpool2 = /],
  [/^\/maxpool3\//, /self\.maxpool3 = /],
  [/^\/maxpool4\//, /self\.maxpool4 = /],
  [/branch4\.0\/MaxPool$/, /nn\.MaxPool2d\(kernel_size=3, stride=1/],
  [/Mixed_\d\w\/MaxPool$/, /branch_pool = F\.max_pool2d\(/],
  [/AveragePool$/, /branch_pool = F\.avg_pool2d\(|self\.avgpool = /],
  [/\/Concat$/, /return torch\.cat\(outputs, 1\)/],
  [/^\/Flatten$/, /x = torch\.flatten\(x, 1\)/],
  [/^\/fc\//, /self\.fc = nn\.Linear/],
];

describe('torchvision', () => {
  test.each([
    ['resnet', 'A-resnet18', residual, 1],
    ['vgg', 'A-vgg11_bn', vgg, 1],
    ['efficientnet', 'A-efficientnet_b0', efficient, 0.98],
    ['convnext', 'A-convnext_tiny', convnext, 1],
    ['regnet', 'A-regnet_y_400mf', regnet, 1],
    ['googlenet', 'A-googlenet', inception, 1],
    ['inception', 'A-inception_v3', inception, 0.99],
  ] as const)('%s is tied to its builders', (_, name, truth, share) => {
    const graph = loadCase(name).graph();
    const project = readProject(join(cases, 'source/torchvision'), parsed);
    const { all, exact, wrong } = count(graph, tieToSource(graph, project, join(cases, 'model.onnx')), truth);
    expect(wrong).toEqual([]);
    // The truth speaks of nearly every node.
    expect(all / graph.nodes.length).toBeGreaterThan(0.85);
    expect(exact / all).toBeGreaterThanOrEqual(share);
  });
});

const planted: Truth = [
  [/^\/stem\//, /self\.stem = /],
  [/\/conv1\/Conv$/, /self\.conv1, self\.bn1 =/],
  [/\/conv2\/Conv$/, /self\.conv2, self\.bn2 =/],
  [/\/conv3\/Conv$/, /self\.conv3, self\.bn3 =/],
  [/downsample\.0\//, /self\.downsample = nn\.Sequential/],
  [/\/relu(_\d)?\//, /self\.relu = /],
  [/\/Add$/, /\+ skip/],
  [/^\/avgpool\//, /self\.avgpool/],
  [/^\/fc\//, /self\.fc/],
];

const plantedVgg: Truth = [
  [/\/conv\/Conv$/, /self\.conv = /],
  [/\/relu\//, /self\.relu = /],
  [/\/pool\//, /self\.pool = /],
  [/^\/gap\//, /self\.gap = /],
  [/^\/classifier\//, /self\.classifier = /],
];

const glyphVit: Truth = [
  [/^\/patch_embed\//, /self\.patch_embed = /],
  [/\/qkv\//, /self\.qkv = /],
  [/\/softmax\//, /self\.softmax = /],
  [/\/proj\//, /self\.proj = /],
  [/\/attn\/MatMul$/, /q @ k\.transpose/],
  [/\/attn\/MatMul_1$/, /attention @ v/],
  [/blocks\.\d\/Add$/, /x = x \+ self\.attn/],
  [/blocks\.\d\/Add_1$/, /return x \+ self\.mlp/],
  [/\/norm1\//, /self\.norm1, self\.attn/],
  [/\/norm2\/|\/mlp\//, /self\.norm2, self\.mlp/],
  [/^\/norm\/|^\/head\//, /self\.norm, self\.head/],
];

test.each([
  ['planted-resnet', 'planted/resnet.onnx', planted],
  ['planted-vgg', 'planted/vgg.onnx', plantedVgg],
  ['vit', 'vit/model.onnx', glyphVit],
] as const)('own training code: %s', (source, model, truth) => {
  const graph = importModel(join(cases, 'models', model));
  // All of it at once: the class is found by its parts.
  const project = readProject(join(cases, 'source'), parsed);
  const ties = tieToSource(graph, project, join(cases, 'source', source, 'model.onnx'));
  const { all, exact, wrong } = count(graph, ties, truth);
  expect(wrong).toEqual([]);
  expect(all).toBeGreaterThan(10);
  expect(exact / all).toBeGreaterThanOrEqual(0.95);
});

test("what the dynamo exporter wrote agrees with the code's lines", () => {
  const graph = importModel(join(cases, 'source/fashion/model.dynamo.onnx'));
  const project = readProject(join(cases, 'source'), parsed);
  const ties = tieToSource(graph, project, join(cases, 'source/fashion/model.dynamo.onnx'));
  const tied = graph.nodes.map((node) => [node, ties.get(node.outputs[0])] as const);
  expect(tied.filter(([, tie]) => tie?.certainty !== 'exact')).toEqual([]);
  for (const [node, tie] of tied) {
    expect(tie?.file).toContain('fashion');
    const [weight] = node.inputs.filter((input) => input.endsWith('.weight'));
    const attribute = weight
      ?.split('.')
      .filter((part) => !/^\d+$/.test(part))
      .at(-2);
    if (attribute !== undefined) expect(lineAt(tie!)).toContain(`self.${attribute} = `);
    // The exporter's own trace says on which line the sum is.
    if (node.op === 'Add') expect(tie?.line).toBe(28);
  }
});

/** Lines of the nodes, `~` before those that only surround; `?` for what is unknown. */
function tie(graph: Graph, ...texts: readonly string[]): string[] {
  const files = texts.map((text, index) => readFile(`/code/file${index}.py`, text, parse(text)));
  const ties = tieToSource(graph, new Project(files), '/code/model.onnx');
  return graph.nodes.map(({ outputs }) => {
    const found = ties.get(outputs[0]);
    return found ? `${found.certainty === 'exact' ? '' : '~'}${found.line}` : '?';
  });
}

const head = 'import torch\nfrom torch import nn\nfrom collections import OrderedDict\n';

test('a named Sequential, a loop over a ModuleList, a dictionary of modules', () => {
  const code = `${head}
class Net(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        self.stem = nn.Sequential(OrderedDict([
            ("conv", nn.Conv2d(3, 8, 3)),
            ("act", nn.ReLU()),
        ]))
        self.blocks = nn.ModuleList()
        for i in range(depth):
            self.blocks.append(nn.Sequential(
                nn.Conv2d(8, 8, 3),
                nn.Tanh()))
        self.heads = nn.ModuleDict({
            "age": nn.Linear(8, 1),
            "sex": nn.Linear(8, 2)})

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return torch.cat([self.heads["age"](x), self.heads["sex"](x)], 1)
`;
  const graph = graphOf(
    '/stem/conv/Conv',
    '/stem/act/Relu',
    '/blocks.0/blocks.0.0/Conv',
    '/blocks.0/blocks.0.1/Tanh',
    '/Add',
    '/blocks.1/blocks.1.0/Conv',
    '/blocks.1/blocks.1.1/Tanh',
    '/Add_1',
    '/age/Gemm',
    '/sex/Gemm',
    '/Concat',
  );
  expect(tie(graph, code)).toEqual(['9', '10', '15', '16', '24', '15', '16', '24', '18', '19', '25']);
});

test('a factory that is given classes, across files', () => {
  const blocks = `${head}
class ConvAct(nn.Module):
    def __init__(self, cin, cout, act_layer=nn.ReLU):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3)
        self.act = act_layer()

    def forward(self, x):
        return self.act(self.conv(x))

class Wide(nn.Module):
    def __init__(self, cin, cout, act_layer=nn.ReLU):
        super().__init__()
        self.a = ConvAct(cin, cout, act_layer=act_layer)
        self.b = ConvAct(cout, cout, act_layer=act_layer)

    def forward(self, x):
        return self.b(self.a(x))
`;
  const net = `${head}from file0 import ConvAct, Wide

class Stages(nn.Module):
    def __init__(self, block, widths, stem_block=ConvAct):
        super().__init__()
        self.stem = stem_block(3, widths[0])
        self.stages = self.make_stages(block, widths)
        self.fc = nn.Linear(8, 10)

    def make_stages(self, block, widths):
        stages = []
        for index, width in enumerate(widths):
            stages.append((f"stage{index}",
                block(width, width)))
        return nn.Sequential(OrderedDict(stages))

    def forward(self, x):
        return self.fc(self.stages(self.stem(x)))

def wide(**kwargs):
    return Stages(Wide, [8, 8], **kwargs)
`;
  const graph = graphOf(
    '/stem/conv/Conv',
    '/stem/act/Relu',
    '/stages/stage0/a/conv/Conv',
    '/stages/stage0/a/act/Relu',
    '/stages/stage0/b/conv/Conv',
    '/stages/stage0/b/act/Relu',
    '/stages/stage1/a/conv/Conv',
    '/stages/stage1/a/act/Relu',
    '/stages/stage1/b/conv/Conv',
    '/stages/stage1/b/act/Relu',
    '/fc/Gemm',
  );
  expect(tie(graph, blocks, net)).toEqual(['8', '9', '8', '9', '8', '9', '8', '9', '8', '9', '11']);
});

test('modules of equal weights keep their own names, whichever of them the exporter stored', () => {
  const code = `${head}
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)

    def forward(self, x):
        return self.norm(self.fc(x))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(2)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
`;
  const graph = graphOf('fc0', 'norm0', 'fc1', 'norm1');
  const weights = ['blocks.0.fc.weight', 'blocks.0.norm.weight', 'blocks.1.fc.weight', 'blocks.0.norm.weight'];
  const nodes = graph.nodes.map((node, index) => {
    const [block, layer] = [Math.floor(index / 2), index % 2 === 0 ? 'fc' : 'norm'];
    const scopes = ['', `blocks.${block}`, `blocks.${block}.${layer}`, layer === 'fc' ? 'linear' : 'layer_norm'];
    const classes = ['a.Net', 'a.Block', `torch.nn.${layer === 'fc' ? 'Linear' : 'LayerNorm'}`, 'aten'];
    const listed = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(', ')}]`;
    return {
      ...node,
      op: layer === 'fc' ? 'Gemm' : 'LayerNormalization',
      inputs: [...node.inputs, weights[index]],
      metadata: { 'pkg.torch.onnx.name_scopes': listed(scopes), 'pkg.torch.onnx.class_hierarchy': listed(classes) },
    };
  });
  const initializers = new Map([...new Set(weights)].map((name) => [name, {} as never]));
  expect(tie({ ...graph, nodes, initializers }, code)).toEqual(['8', '9', '8', '9']);
});

test('a module of an unknown function is tied to its call, not to a class that it may be', () => {
  const code = `${head}
import library

class Other(nn.Module):
    def forward(self, x):
        return x + 1

class Net(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.stem = library.stem(3)
        self.act = make()
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        return self.fc(self.act(self.stem(x)))
`;
  expect(tie(graphOf('/stem/Conv', '/act/Relu', '/fc/Gemm'), code)).toEqual(['14', '15', '16']);
});

describe('code that was edited after the export', () => {
  const code = (first: string, between = ''): string => `${head}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.${first} = nn.Conv2d(3, 8, 3)
${between}        self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU())
        self.a = nn.Conv2d(8, 8, 3)
        self.b = nn.Conv2d(8, 8, 3)
        self.c = nn.Conv2d(8, 8, 3)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        return self.fc(self.c(self.b(self.a(self.body(self.${first}(x))))))
`;
  const graph = graphOf(
    '/stem/Conv',
    '/body/body.0/Conv',
    '/body/body.1/Relu',
    '/a/Conv',
    '/b/Conv',
    '/c/Conv',
    '/fc/Gemm',
  );

  test('lines that moved are found', () => {
    expect(tie(graph, code('stem'))).toEqual(['8', '9', '9', '10', '11', '12', '13']);
    expect(tie(graph, code('stem', '        self.flag = 1\n'))).toEqual(['8', '10', '10', '11', '12', '13', '14']);
  });

  test('a renamed attribute leaves the class', () => {
    expect(tie(graph, code('entry'))).toEqual(['~5', '9', '9', '10', '11', '12', '13']);
  });

  test('a layer of another kind at the same name is not taken', () => {
    expect(tie(graph, code('stem').replace('self.b = nn.Conv2d(8, 8, 3)', 'self.b = nn.MaxPool2d(2)'))[4]).toBe('~5');
  });

  test('another model is not taken', () => {
    const other = graphOf('/stem/Conv', '/neck/Conv', '/neck2/Conv', '/top/Gemm');
    expect(tie(other, code('stem'))).toEqual(['?', '?', '?', '?']);
    expect(tie(graph)).toEqual(['?', '?', '?', '?', '?', '?', '?']);
  });
});
