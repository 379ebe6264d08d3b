import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { float, int, ints } from '../../../src/graph/attributes';
import { PrismError } from '../../../src/graph/errors';
import { exportModel, writeModel } from '../../../src/graph/export';
import { importModel } from '../../../src/graph/import';
import { TARGET_OPSET } from '../../../src/graph/ir';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorAnnotationSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../../../src/graph/onnx/onnx.gen';
import { float32, toNumbers } from '../../../src/graph/tensor';
import { caseNames, loadCase, relativeError } from '../../support/cases';
import { feedsFor, graphOf, modelOf, node, noise, value } from '../../support/graphs';
import { run } from '../../support/run';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The code of the error that a call throws; anything but a PrismError fails the test. */
function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof PrismError) return error.code;
    throw error;
  }
  return 'none';
}

const x = value('x', [1, 3]);
const weights = float32(noise(3 * 2000), [3, 2000]);
const linear = graphOf({
  inputs: [x],
  outputs: ['y'],
  initializers: { w: weights },
  nodes: [node('MatMul', ['x', 'w'], ['y'])],
});

/** A model file after a change to its message. */
function edited(bytes: Uint8Array, change: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  change(model);
  return toBinary(ModelProtoSchema, model);
}

describe('files that are no models', () => {
  const file = (name: string, content: Uint8Array | string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  test.each([
    ['text', 'no model at all', /no ONNX graph/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', /git lfs pull/],
    ['a zip archive', 'PK\u0003\u0004abcd', /PyTorch/],
    ['JSON', '{"format": "layers-model"}', /JSON/],
    ['a web page', '<!doctype html>', /HTML/],
    ['an HDF5 file', Buffer.from('\u0089HDF\r\n\u001a\n', 'latin1'), /Keras/],
  ])('%s', (_title, content, message) => {
    const path = file('model.onnx', content);
    expect(codeOf(() => importModel(path))).toBe('MODEL_NOT_ONNX');
    expect(() => importModel(path)).toThrow(message);
    expect(() => importModel(path)).toThrow(/model\.onnx/);
  });

  test('an empty file', () => expect(codeOf(() => importModel(file('empty.onnx', '')))).toBe('MODEL_TRUNCATED'));
  test('no file', () => expect(codeOf(() => importModel(join(folder, 'missing.onnx')))).toBe('FILE_NOT_FOUND'));
  test('a folder', () => expect(codeOf(() => importModel(folder))).toBe('FILE_UNREADABLE'));

  test('a file that ends early, wherever it ends', () => {
    const bytes = exportModel(linear);
    for (const length of [20, 100, 5000, bytes.length - 100, bytes.length - 40]) {
      expect(
        codeOf(() => importModel(bytes.subarray(0, length))),
        `${length}`,
      ).toBe('MODEL_TRUNCATED');
    }
  });

  test('a file of 2 GB', () => {
    const path = file('large.onnx', '');
    truncateSync(path, 2 ** 31);
    expect(codeOf(() => importModel(path))).toBe('MODEL_TOO_LARGE');
    unlinkSync(path);
  });
});

describe('models that contradict themselves', () => {
  test.each([
    ['a value that nothing makes', [node('Add', ['x', 'z'], ['y'])]],
    ['a value made twice', [node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])]],
    ['an input made again', [node('Relu', ['x'], ['x']), node('Abs', ['x'], ['y'])]],
    ['a cycle', [node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b']), node('Abs', ['b'], ['y'])]],
    ['an output that nothing makes', [node('Relu', ['x'], ['z'])]],
  ])('%s', (_title, nodes) => {
    expect(codeOf(() => importModel(modelOf({ inputs: [x], outputs: ['y'], nodes })))).toBe('MODEL_INVALID');
  });

  test.each([
    ['too little data', { rawData: new Uint8Array(16) }],
    ['a negative dimension', { dims: [-3n, -2000n] }],
    ['a dimension beyond all memory', { dims: [2n ** 62n, 4n] }],
  ])('an initializer with %s, by its name', (_title, change) => {
    const bytes = edited(exportModel(linear), (model) => {
      Object.assign(model.graph!.initializer[0], change);
    });
    expect(codeOf(() => importModel(bytes))).toBe('MODEL_INVALID');
    expect(() => importModel(bytes)).toThrow(/"w"/);
  });

  test('nodes in any order are sorted', async () => {
    const nodes = [node('Abs', ['b'], ['y']), node('Exp', ['a'], ['b']), node('Relu', ['x'], ['a'])];
    const graph = importModel(modelOf({ inputs: [x], outputs: ['y'], nodes }));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Relu', 'Exp', 'Abs']);
  });
});

describe('bytes that were changed at random', () => {
  const files = caseNames('F-')
    .map((name) => loadCase(name).bytes())
    .filter((bytes) => bytes.length < 20_000);

  test('give a graph or an error with a code', () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) });
    const changes = fc.array(change, { minLength: 1, maxLength: 6 });
    const kept = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(files.length - 1), changes, fc.option(kept), (file, list, cut) => {
        const bytes = Uint8Array.from(files[file]);
        for (const { at, byte } of list) bytes[Math.floor(at * (bytes.length - 1))] = byte;
        const length = cut === null ? bytes.length : Math.floor(cut * bytes.length);
        expect(codeOf(() => importModel(bytes.subarray(0, length)))).toMatch(/^(none|[A-Z_]+)$/);
      }),
      { numRuns: 1500 },
    );
  });

  test('give the same where whole fields were changed', () => {
    type Holder = Record<string, unknown>;
    const strings = fc.constantFrom('', 'x', '__proto__', 'Constant', 'If', 'Loop', 'Upsample', 'Softmax');
    const whole = fc.constantFrom(-(2n ** 63n), -1n, 0n, 1n, 7n, 2n ** 62n);
    const spotsOf = (holder: Holder): [Holder, string][] =>
      Object.keys(holder).flatMap((key): [Holder, string][] => {
        const held = holder[key];
        if (key.startsWith('$')) return [];
        const inner =
          typeof held === 'object' && held !== null && !(held instanceof Uint8Array) ? spotsOf(held as Holder) : [];
        return [[holder, key], ...inner];
      });
    fc.assert(
      fc.property(
        fc.nat(files.length - 1),
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        strings,
        whole,
        (file, places, text, number) => {
          const model = fromBinary(ModelProtoSchema, files[file]);
          const spots = spotsOf(model as unknown as Holder);
          for (const place of places) {
            const [holder, key] = spots[place % spots.length];
            const held = holder[key];
            if (typeof held === 'string') holder[key] = text;
            else if (typeof held === 'bigint') holder[key] = number;
            else if (held instanceof Uint8Array) holder[key] = held.subarray(0, held.length >> 1);
            else if (Array.isArray(held)) held.pop();
          }
          expect(codeOf(() => importModel(toBinary(ModelProtoSchema, model)))).toMatch(/^(none|[A-Z_]+)$/);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('external data', () => {
  /** A model file whose only weight is described by the entries given. */
  function modelWith(entries: Readonly<Record<string, string>>): string {
    const bytes = edited(exportModel(linear), (model) => {
      const [tensor] = model.graph!.initializer;
      tensor.rawData = new Uint8Array(0);
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      tensor.externalData = Object.entries(entries).map(([key, text]) => ({
        $typeName: 'onnx.StringStringEntryProto',
        key,
        value: text,
      }));
    });
    const path = join(folder, 'home', 'external.onnx');
    mkdirSync(join(folder, 'home'), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  }

  test('is written and read again, at page boundaries', async () => {
    const path = join(folder, 'written.onnx');
    const two = {
      ...linear,
      initializers: new Map([...linear.initializers, ['v', float32(noise(1500, 5), [1500])], ['s', float32([1])]]),
    };
    writeModel(two, path, { externalThreshold: 1024, dataFile: 'written.bin' });
    const again = importModel(path);
    const sources = ['w', 'v', 's'].map((name) => again.initializers.get(name)!.source);
    expect(sources.map(({ kind }) => kind)).toEqual(['file', 'file', 'bytes']);
    for (const source of sources) if (source.kind === 'file') expect(source.offset % 4096).toBe(0);
    for (const name of ['w', 'v', 's']) {
      expect(toNumbers(again.initializers.get(name)!)).toEqual(toNumbers(two.initializers.get(name)!));
    }
    const feeds = feedsFor([x]);
    const [before, after] = [await run(linear, feeds), await run(again, feeds)];
    expect(after.y.data).toEqual(before.y.data);
  });

  test('a graph in the same folder refers to it; elsewhere it is copied in', () => {
    const path = join(folder, 'referred.onnx');
    writeModel(linear, path, { externalThreshold: 1024 });
    const again = importModel(path);
    const referring = exportModel(again, { folder });
    expect(referring.length).toBeLessThan(1000);
    expect(toNumbers(importModel(referring, { folder }).initializers.get('w')!)).toEqual(toNumbers(weights));
    expect(exportModel(again, { folder: join(folder, 'home') }).length).toBeGreaterThan(24_000);
  });

  test('of a golden case', async () => {
    const golden = loadCase('F-external_data');
    const graph = importModel(join(golden.folder, 'model.onnx'));
    const [{ of, array }] = golden.expect.filter(({ what }) => what === 'forward');
    const results = await run(graph, golden.inputs());
    expect(relativeError(results[of].data, array().data)).toBeLessThan(1e-5);
  });

  test.each([
    ['an absolute path', '/etc/passwd'],
    ['a path of another system', 'C:\\secret.bin'],
    ['a path upwards', '../written.bin'],
    ['a path upwards in the middle', 'a/../../written.bin'],
    ['a path upwards of another system', '..\\written.bin'],
  ])('%s is refused', (_title, location) => {
    expect(codeOf(() => importModel(modelWith({ location })))).toBe('EXTERNAL_DATA_ESCAPES');
  });

  test('a link out of the folder is refused', () => {
    writeFileSync(join(folder, 'outside.bin'), new Uint8Array(24_000));
    const path = modelWith({ location: 'link.bin' });
    symlinkSync('../outside.bin', join(folder, 'home', 'link.bin'));
    expect(codeOf(() => importModel(path))).toBe('EXTERNAL_DATA_ESCAPES');
  });

  test('a model that is itself a link finds its data beside the real file', () => {
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    mkdirSync(join(folder, 'snapshot'), { recursive: true });
    writeModel(linear, join(folder, 'blobs', 'aa'), { externalThreshold: 1024, dataFile: 'bb' });
    const renamed = edited(readFileSync(join(folder, 'blobs', 'aa')), (model) => {
      model.graph!.initializer[0].externalData[0].value = 'model.data';
    });
    writeFileSync(join(folder, 'blobs', 'aa'), renamed);
    symlinkSync('../blobs/aa', join(folder, 'snapshot', 'model.onnx'));
    symlinkSync('../blobs/bb', join(folder, 'snapshot', 'model.data'));
    const graph = importModel(join(folder, 'snapshot', 'model.onnx'));
    expect(toNumbers(graph.initializers.get('w')!)).toEqual(toNumbers(weights));
  });

  test('a missing file, by name', () => {
    const path = modelWith({ location: 'gone.bin' });
    expect(codeOf(() => importModel(path))).toBe('EXTERNAL_DATA_MISSING');
    expect(() => importModel(path)).toThrow(/"w".*gone\.bin/);
    expect(codeOf(() => importModel(readFileSync(path)))).toBe('EXTERNAL_DATA_MISSING');
  });

  test('a file that is too short', () => {
    writeFileSync(join(folder, 'home', 'short.bin'), new Uint8Array(23_999));
    expect(codeOf(() => importModel(modelWith({ location: 'short.bin' })))).toBe('EXTERNAL_DATA_TRUNCATED');
    expect(codeOf(() => importModel(modelWith({ location: 'short.bin', offset: '10', length: '24000' })))).toBe(
      'EXTERNAL_DATA_TRUNCATED',
    );
  });

  test.each([
    ['a length that is not the tensor’s', { location: 'short.bin', length: '100' }],
    ['a negative offset', { location: 'short.bin', offset: '-8' }],
    ['an offset that is no number', { location: 'short.bin', offset: 'start' }],
  ])('%s', (_title, entries) => {
    expect(codeOf(() => importModel(modelWith(entries)))).toBe('MODEL_INVALID');
  });

  test('a file that cannot be written is reported, and nothing is left behind', () => {
    expect(codeOf(() => writeModel(linear, join(folder, 'no', 'such', 'folder.onnx')))).toBe('FILE_UNWRITABLE');
  });
});

describe('what the IR does not model', () => {
  test('survives reading and writing', () => {
    const bytes = edited(exportModel(linear), (model) => {
      model.producerName = 'a tool';
      model.modelVersion = 7n;
      model.docString = 'about the model';
      model.metadataProps = [{ $typeName: 'onnx.StringStringEntryProto', key: 'author', value: 'somebody' }];
      const graph = model.graph!;
      graph.docString = 'about the graph';
      graph.quantizationAnnotation = [create(TensorAnnotationSchema, { tensorName: 'w' })];
      graph.input[0].docString = 'about the input';
      graph.input[0].type!.denotation = 'TENSOR';
      graph.initializer[0].docString = 'about the weight';
      graph.node[0].docString = 'about the node';
      graph.node[0].metadataProps = [{ $typeName: 'onnx.StringStringEntryProto', key: 'source', value: 'train.py:3' }];
      graph.node[0].attribute = [
        create(AttributeProtoSchema, {
          name: 'later',
          type: AttributeProto_AttributeType.INT,
          i: 3n,
          docString: 'about the attribute',
        }),
      ];
      // Fields of a newer ONNX than the one that the codec was generated from.
      model.$unknown = [{ no: 999, wireType: 0, data: Uint8Array.of(42) }];
      graph.node[0].$unknown = [{ no: 888, wireType: 0, data: Uint8Array.of(41) }];
    });
    const before = fromBinary(ModelProtoSchema, bytes);
    const after = fromBinary(ModelProtoSchema, exportModel(importModel(bytes)));
    expect(after.irVersion).toBe(10n);
    after.irVersion = before.irVersion;
    expect(after).toEqual(before);
  });

  test('nodes keep their source lines', () => {
    const golden = loadCase('A-resnet18').graph();
    expect(importModel(exportModel(golden)).nodes.map(({ metadata }) => metadata)).toEqual(
      golden.nodes.map(({ metadata }) => metadata),
    );
  });
});

describe('constants and initializers', () => {
  test('tensors of typed fields are those of raw bytes', () => {
    const types: readonly [TensorProto_DataType, object, readonly number[]][] = [
      [TensorProto_DataType.FLOAT, { floatData: [1.5, -2] }, [1.5, -2]],
      [TensorProto_DataType.DOUBLE, { doubleData: [1.5, -2] }, [1.5, -2]],
      [TensorProto_DataType.INT64, { int64Data: [5n, -7n] }, [5, -7]],
      [TensorProto_DataType.UINT64, { uint64Data: [5n, 7n] }, [5, 7]],
      [TensorProto_DataType.UINT32, { uint64Data: [5n, 4294967295n] }, [5, 4294967295]],
      [TensorProto_DataType.INT32, { int32Data: [5, -7] }, [5, -7]],
      [TensorProto_DataType.INT8, { int32Data: [5, -7] }, [5, -7]],
      [TensorProto_DataType.UINT8, { int32Data: [5, 250] }, [5, 250]],
      [TensorProto_DataType.INT16, { int32Data: [5, -700] }, [5, -700]],
      [TensorProto_DataType.BOOL, { int32Data: [1, 0] }, [1, 0]],
      [TensorProto_DataType.FLOAT16, { int32Data: [0x3c00, 0xc000] }, [1, -2]],
      [TensorProto_DataType.BFLOAT16, { int32Data: [0x3f80, 0xc000] }, [1, -2]],
    ];
    for (const [dataType, fields, wanted] of types) {
      const bytes = edited(modelOf({ inputs: [x], outputs: ['y'], nodes: [node('Relu', ['x'], ['y'])] }), (model) => {
        model.graph!.initializer = [create(TensorProtoSchema, { name: 't', dims: [2n], dataType, ...fields })];
      });
      expect([...toNumbers(importModel(bytes).initializers.get('t')!)], TensorProto_DataType[dataType]).toEqual(wanted);
    }
  });

  test('Constant nodes of every kind become initializers', () => {
    const bytes = modelOf({
      inputs: [x],
      outputs: ['y', 'n', 'list'],
      nodes: [
        node('Constant', [], ['f'], { value_float: float(2.5) }),
        node('Constant', [], ['n'], { value_int: int(4) }),
        node('Constant', [], ['list'], { value_ints: ints([1, 2]) }),
        node('Mul', ['x', 'f'], ['y']),
      ],
    });
    const graph = importModel(bytes);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Mul']);
    expect([...graph.initializers].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['f', 'float32', []],
      ['n', 'int64', []],
      ['list', 'int64', [2]],
    ]);
  });

  test('initializers that are also inputs are no inputs', () => {
    const graph = loadCase('F-initializers_as_inputs_floatdata').graph();
    for (const { name } of graph.inputs) expect(graph.initializers.has(name)).toBe(false);
    expect(graph.inputs).toHaveLength(1);
  });

  test('a sparse initializer is written out', () => {
    const bytes = edited(modelOf({ inputs: [x], outputs: ['y'], nodes: [node('Relu', ['x'], ['y'])] }), (model) => {
      const indices = (dims: bigint[], int64Data: bigint[]) =>
        create(TensorProtoSchema, { dims, dataType: TensorProto_DataType.INT64, int64Data });
      const values = (name: string) =>
        create(TensorProtoSchema, { name, dims: [2n], dataType: TensorProto_DataType.FLOAT, floatData: [5, 6] });
      model.graph!.sparseInitializer = [
        {
          $typeName: 'onnx.SparseTensorProto',
          dims: [2n, 3n],
          values: values('linear'),
          indices: indices([2n], [1n, 5n]),
        },
        {
          $typeName: 'onnx.SparseTensorProto',
          dims: [2n, 3n],
          values: values('pairs'),
          indices: indices([2n, 2n], [0n, 2n, 1n, 0n]),
        },
      ];
    });
    const { initializers } = importModel(bytes);
    expect([...toNumbers(initializers.get('linear')!)]).toEqual([0, 5, 0, 0, 0, 6]);
    expect([...toNumbers(initializers.get('pairs')!)]).toEqual([0, 0, 5, 6, 0, 0]);
  });
});

describe('functions of the model', () => {
  const domain = 'my.functions';
  const opsets = [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(TARGET_OPSET) })];
  const reference = (name: string, refAttrName: string, type: AttributeProto_AttributeType) =>
    create(AttributeProtoSchema, { name, refAttrName, type });
  const FLOAT = AttributeProto_AttributeType.FLOAT;

  /** leaky(x; slope = 0.5 by default) = LeakyRelu(x), twice(x; slope) = leaky(leaky(x)) + 1 */
  const functions = [
    create(FunctionProtoSchema, {
      domain,
      name: 'leaky',
      input: ['a'],
      output: ['b'],
      attributeProto: [create(AttributeProtoSchema, { name: 'slope', type: FLOAT, f: 0.5 })],
      node: [
        create(NodeProtoSchema, {
          opType: 'LeakyRelu',
          input: ['a'],
          output: ['b'],
          attribute: [reference('alpha', 'slope', FLOAT)],
        }),
      ],
      opsetImport: opsets,
    }),
    create(FunctionProtoSchema, {
      domain,
      name: 'twice',
      input: ['a'],
      output: ['b', 'unused'],
      attribute: ['slope'],
      node: [
        create(NodeProtoSchema, {
          opType: 'leaky',
          domain,
          name: 'first',
          input: ['a'],
          output: ['h'],
          attribute: [reference('slope', 'slope', FLOAT)],
        }),
        create(NodeProtoSchema, { opType: 'leaky', domain, name: 'second', input: ['h'], output: ['g'] }),
        create(NodeProtoSchema, {
          opType: 'Constant',
          output: ['one'],
          attribute: [create(AttributeProtoSchema, { name: 'value_float', type: FLOAT, f: 1 })],
        }),
        create(NodeProtoSchema, { opType: 'Add', input: ['g', 'one'], output: ['b'] }),
        create(NodeProtoSchema, { opType: 'Identity', input: ['h'], output: ['unused'] }),
      ],
      opsetImport: [...opsets, create(OperatorSetIdProtoSchema, { domain, version: 1n })],
    }),
  ];

  test('are written out: nested, with attributes and defaults, names kept apart', async () => {
    const call = (input: string, output: string) => ({
      ...node('twice', [input], [output], { slope: float(0.25) }, domain),
      name: 'call',
    });
    const plain = modelOf({
      inputs: [x],
      outputs: ['y'],
      opsets: { [domain]: 1 },
      nodes: [call('x', 'm'), call('m', 'y')],
    });
    const bytes = edited(plain, (model) => {
      model.functions = functions;
    });
    const graph = importModel(bytes);
    expect(graph.nodes.map(({ op, name }) => `${op} ${name}`)).toEqual([
      'LeakyRelu call/first/b',
      'LeakyRelu call/second/b',
      'Add call/b',
      'Identity call/unused',
      'LeakyRelu call~1/first/b',
      'LeakyRelu call~1/second/b',
      'Add call~1/b',
      'Identity call~1/unused',
    ]);
    const data = Float32Array.of(-8, -1, 3);
    const results = await run(graph, { x: data });
    const leaky = (slope: number, element: number): number => (element < 0 ? slope * element : element);
    const twice = (element: number): number => leaky(0.5, leaky(0.25, element)) + 1;
    expect([...(results.y.data as Float32Array)]).toEqual([...data].map((element) => twice(twice(element))));
  });

  test('overloads are told apart', () => {
    const overload = (name: string, opType: string) =>
      create(FunctionProtoSchema, {
        domain,
        name: 'f',
        overload: name,
        input: ['a'],
        output: ['b'],
        node: [create(NodeProtoSchema, { opType, input: ['a'], output: ['b'] })],
        opsetImport: opsets,
      });
    const plain = modelOf({
      inputs: [x],
      outputs: ['y'],
      opsets: { [domain]: 1 },
      nodes: [node('f', ['x'], ['y'], {}, domain)],
    });
    const bytes = edited(plain, (model) => {
      model.functions = [overload('', 'Abs'), overload('soft', 'Tanh')];
      model.graph!.node[0].overload = 'soft';
    });
    expect(importModel(bytes).nodes.map(({ op }) => op)).toEqual(['Tanh']);
  });

  test('of another opset than the model are brought to one', () => {
    const old = create(FunctionProtoSchema, {
      domain,
      name: 'old',
      input: ['a'],
      output: ['b'],
      node: [
        create(NodeProtoSchema, {
          opType: 'Clip',
          input: ['a'],
          output: ['b'],
          attribute: [create(AttributeProtoSchema, { name: 'max', type: FLOAT, f: 6 })],
        }),
      ],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 9n })],
    });
    const plain = modelOf({
      inputs: [x],
      outputs: ['y'],
      opsets: { [domain]: 1 },
      nodes: [node('old', ['x'], ['y'], {}, domain)],
    });
    const bytes = edited(plain, (model) => {
      model.functions = [old];
    });
    const [clip] = importModel(bytes).nodes.slice(-1);
    expect(clip.inputs).toHaveLength(3);
    expect(clip.attributes).toEqual({});
  });

  test('that call themselves are refused, and so are a few that would make millions of nodes', () => {
    const many = (name: string, callee: string) =>
      create(FunctionProtoSchema, {
        domain,
        name,
        input: ['a'],
        output: ['b'],
        node: Array.from({ length: 20 }, (_, i) =>
          create(NodeProtoSchema, {
            opType: callee,
            domain,
            input: [i === 0 ? 'a' : `v${i}`],
            output: [i === 19 ? 'b' : `v${i + 1}`],
          }),
        ),
        opsetImport: opsets,
      });
    const model = (definitions: ModelProto['functions']) =>
      edited(
        modelOf({
          inputs: [x],
          outputs: ['y'],
          opsets: { [domain]: 1 },
          nodes: [node('f0', ['x'], ['y'], {}, domain)],
        }),
        (proto) => {
          proto.functions = definitions;
        },
      );
    expect(codeOf(() => importModel(model([many('f0', 'f0')])))).toBe('MODEL_INVALID');
    expect(codeOf(() => importModel(model([0, 1, 2, 3, 4, 5, 6].map((i) => many(`f${i}`, `f${i + 1}`)))))).toBe(
      'MODEL_INVALID',
    );
  });

  test('of a golden case', () => {
    expect(
      loadCase('F-local_function')
        .graph()
        .nodes.every((made) => made.domain === ''),
    ).toBe(true);
  });
});
