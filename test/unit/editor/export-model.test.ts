import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportables, toldBy } from '../../../src/editor/exportables';

test('modules and functions of a file can be exported', () => {
  const code =
    'import torch\nfrom torch import nn\nclass A(nn.Module):\n    def f(self):\n        pass\nclass B:\n    pass\ndef make():\n    return A()\n';
  const offered = (text: string) => exportables(text.split('\n').map(toldBy), 'torch');
  expect(offered(code)).toEqual([
    { name: 'A', line: 2, kind: 'class' },
    { name: 'make', line: 7, kind: 'function' },
  ]);
  expect(offered('class A(Module):\n  pass\n')).toEqual([]);
  const keras = 'from tensorflow import keras\nclass A(keras.Model):\n  pass\nclass B(keras.layers.Layer):\n  pass\n';
  expect(offered(keras)).toEqual([]);
  expect(exportables(keras.split('\n').map(toldBy), 'keras')).toEqual([{ name: 'A', line: 1, kind: 'class' }]);
});

/** As much of torch as the exporting program calls; it writes down what it is asked. */
const torch = `
import json
import pickle
__version__ = "2.6.0"
float32 = "float32"
calls = []
class Tensor:
    def __init__(self, shape): self.shape = list(shape)
    def reshape(self, shape): return Tensor(shape)
def zeros(shape): return Tensor(shape)
def load(path, map_location, weights_only=True):
    if path.endswith("cut.pt"):
        raise RuntimeError("PytorchStreamReader failed reading zip archive:\\n failed finding central directory")
    if weights_only:
        raise pickle.UnpicklingError("Weights only load failed. In PyTorch 2.6, we changed the default value ...\\n"
            "\\tWeightsUnpickler error: Unsupported global: GLOBAL argparse.Namespace was not an allowed global by default. ...")
    return {"model": {"conv.weight": Tensor([5, 7])}, "args": None}
def frombuffer(data, dtype): return Tensor([len(data) // 4])
class no_grad:
    def __enter__(self): return self
    def __exit__(self, *error): return False
class nn:
    class Module:
        weights = {}
        def eval(self): return self
        def state_dict(self): return self.weights
        def load_state_dict(self, given): self.loaded = {name: t.shape for name, t in given.items()}
        def __call__(self, x): return self.forward(x)
class onnx:
    @staticmethod
    def export(model, args, path, **options):
        told = dict(shape=args[0].shape, loaded=getattr(model, "loaded", None), classes=model.classes, **options)
        open(path, "w").write(json.dumps(told))
`;

const net = `import torch
from beside import WIDTH


class Net(torch.nn.Module):
    weights = {"conv.weight": None}

    def __init__(self, classes=4):
        self.classes = classes

    def forward(self, x):
        if x.shape[1] != WIDTH:
            raise ValueError("three\\nchannels")
        return x


def two():
    return Net(classes=2)
`;

/** Name, shape and values, as safetensors lays them out. */
function safetensors(name: string): Buffer {
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(24)]);
}

describe('the exporting program', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'prism-export-'));
    mkdirSync(join(folder, 'lib/torch'), { recursive: true });
    writeFileSync(join(folder, 'lib/torch/__init__.py'), torch);
    writeFileSync(join(folder, 'net.py'), net);
    writeFileSync(join(folder, 'beside.py'), 'WIDTH = 3\n');
    writeFileSync(join(folder, 'good.safetensors'), safetensors('module.conv.weight'));
    writeFileSync(join(folder, 'other.safetensors'), safetensors('fc.weight'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...args: readonly string[]) => {
    const script = join(__dirname, '../../../media/python/export_onnx.py');
    const out = join(folder, 'net.onnx');
    const common = ['--file', join(folder, 'net.py'), '--out', out];
    const env = { ...process.env, PYTHONPATH: join(folder, 'lib'), PYTHONDONTWRITEBYTECODE: '1' };
    const { status, stderr } = spawnSync('python3', [script, ...common, ...args], { env, encoding: 'utf8' });
    const written = existsSync(out) ? JSON.parse(readFileSync(out, 'utf8')) : undefined;
    rmSync(out, { force: true });
    return { status, stderr, written };
  };

  test('exports a class with weights whose names a wrapper has changed', () => {
    const { status, stderr, written } = run(
      '--name',
      'Net',
      '--shape',
      '1,3,8,8',
      '--checkpoint',
      join(folder, 'good.safetensors'),
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(written).toMatchObject({
      shape: [1, 3, 8, 8],
      loaded: { 'conv.weight': [2, 3] },
      classes: 4,
      dynamo: false,
    });
  });

  test('exports what a function makes', () => {
    expect(run('--name', 'two', '--shape', '2,3,8,8').written).toMatchObject({ classes: 2, loaded: null });
  });

  test("tells an error at the person's own line", () => {
    const { status, stderr, written } = run('--name', 'Net', '--shape', '1,1,8,8');
    expect([status, written]).toEqual([1, undefined]);
    expect(stderr).toBe(`${join(folder, 'net.py')}:13: error: ValueError: three channels\n`);
  });

  test('loads a checkpoint that holds more than weights only when it is trusted', () => {
    const checkpoint = join(folder, 'more.pt');
    const args = ['--name', 'Net', '--shape', '1,3,8,8', '--checkpoint', checkpoint];
    const { status, stderr, written } = run(...args);
    expect([status, written]).toEqual([3, undefined]);
    expect(stderr).toMatch(
      /net\.py:5: error: \S+more\.pt holds more than weights \(argparse\.Namespace\): .{50,250}$/m,
    );
    expect(stderr).not.toContain('PyTorch 2.6');
    expect(run(...args, '--trust-checkpoint').written).toMatchObject({ loaded: { 'conv.weight': [5, 7] } });
    const cut = run('--name', 'Net', '--shape', '1,3,8,8', '--checkpoint', join(folder, 'cut.pt'));
    expect([cut.status, cut.written]).toEqual([1, undefined]);
    expect(cut.stderr).toMatch(/PyTorch cannot read \S+cut\.pt, which may be cut off .*central directory$/m);
  });

  test('refuses a checkpoint of another architecture', () => {
    const { stderr } = run('--name', 'Net', '--shape', '1,3,8,8', '--checkpoint', join(folder, 'other.safetensors'));
    expect(stderr).toContain(
      `${join(folder, 'net.py')}:5: error: the checkpoint is of another architecture: 1 missing, e.g. conv.weight; 1 unexpected, e.g. fc.weight`,
    );
  });
});

/** As much of Keras as the exporting program calls; it writes down what it is asked. */
const keras = `
import json
class Model:
    inputs = None
    loaded = None
    def __call__(self, x): self.shape = x.shape
    def load_weights(self, path): self.loaded = path
    def export(self, path, format, verbose):
        open(path, "w").write(json.dumps(dict(shape=self.shape, loaded=self.loaded, format=format)))
class models:
    @staticmethod
    def load_model(path, compile):
        model = Model()
        model.inputs = [type("Tensor", (), dict(shape=(None, 4, 4, 1)))()]
        return model
`;

const numpy = `
class zeros:
    def __init__(self, shape, dtype): self.shape = shape
`;

const kerasNet = `import keras


def build(size=2):
    return keras.Model()


def broken():
    return keras.Modell()


def needy():
    class Needy(keras.Model):
        def export(self, *args, **more):
            import tf2onnx
    return Needy()
`;

describe('the exporting program of Keras', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'prism-export-'));
    mkdirSync(join(folder, 'lib/keras'), { recursive: true });
    writeFileSync(join(folder, 'lib/keras/__init__.py'), keras);
    writeFileSync(join(folder, 'lib/numpy.py'), numpy);
    writeFileSync(join(folder, 'net.py'), kerasNet);
    writeFileSync(join(folder, 'saved.keras'), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (file: string, ...args: readonly string[]) => {
    const script = join(__dirname, '../../../media/python/export_keras.py');
    const out = join(folder, 'net.onnx');
    const env = { ...process.env, PYTHONPATH: join(folder, 'lib'), PYTHONDONTWRITEBYTECODE: '1' };
    const given = ['--file', join(folder, file), '--out', out, ...args];
    const { status, stderr } = spawnSync('python3', [script, ...given], { env, encoding: 'utf8' });
    const written = existsSync(out) ? JSON.parse(readFileSync(out, 'utf8')) : undefined;
    rmSync(out, { force: true });
    return { status, stderr, written };
  };

  test('exports what a function makes, with weights, called once at the shape', () => {
    expect(run('net.py', '--name', 'build', '--shape', '2,8,8,3', '--checkpoint', 'w.h5').written).toEqual({
      shape: [1, 8, 8, 3],
      loaded: 'w.h5',
      format: 'onnx',
    });
  });

  test('exports a saved model, which knows its shape', () => {
    expect(run('saved.keras').written).toEqual({ shape: [1, 4, 4, 1], loaded: null, format: 'onnx' });
  });

  test('asks for a shape that nothing tells', () => {
    const { status, stderr, written } = run('net.py', '--name', 'build');
    expect([status, written]).toEqual([1, undefined]);
    expect(stderr).toMatch(/net\.py:4: error: the model knows no shape of its input/);
  });

  test("tells an error at the person's own line", () => {
    expect(run('net.py', '--name', 'broken').stderr).toMatch(/net\.py:9: error: AttributeError: /);
  });

  test('names the packages that are missing', () => {
    expect(run('net.py', '--name', 'needy', '--shape', '1,4').stderr).toMatch(
      /net\.py:\d+: error: .* run: \S+ -m pip install tf2onnx onnx\n$/,
    );
  });
});
