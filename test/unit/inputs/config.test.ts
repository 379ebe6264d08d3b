import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import schema from '../../../media/prism.schema.json';
import { configError, type PrismConfig, parseConfig } from '../../../src/inputs/config';
import { guessSettings } from '../../../src/inputs/guess';
import { configLayer, formatConfig, parseScale } from '../../../src/inputs/settings';

const CONFIGS = path.resolve(__dirname, '../../cases/configs');
const files = readdirSync(CONFIGS, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.prism.json'),
);

describe('the sample models’ files', () => {
  it.each(files)('%s has nothing to complain about', (file) => {
    const { config, diagnostics } = parseConfig(readFileSync(path.join(CONFIGS, file), 'utf8'));
    expect(diagnostics).toEqual([]);
    expect(config?.task).toBeDefined();
  });

  it('describe what the models were trained with', () => {
    const layerOf = (file: string) =>
      configLayer(parseConfig(readFileSync(path.join(CONFIGS, file), 'utf8')).config as PrismConfig);
    // (x/255 − 0.2860) / 0.3530 for the clothes, x/127.5 − 1 for the drawings.
    const fashion = layerOf('fashion-resnet/model.prism.json');
    expect(fashion['input.channels']?.value).toBe('grey');
    expect([fashion['input.scale']?.value, fashion['input.mean']?.value, fashion['input.std']?.value]).toEqual([
      1 / 255,
      [0.286],
      [0.353],
    ]);
    for (const name of ['planted/hans', 'planted/vgg', 'planted/resnet', 'vit']) {
      const drawn = layerOf(`${name}/model.prism.json`);
      expect(drawn['input.size']?.value).toEqual([64, 64]);
      expect([drawn['input.scale']?.value, drawn['input.mean']?.value]).toEqual([1 / 127.5, [1, 1, 1]]);
    }
  });
});

describe('what is wrong', () => {
  const only = (text: string) => {
    const { config, diagnostics } = parseConfig(text);
    expect(diagnostics).toHaveLength(1);
    return { config, ...diagnostics[0] };
  };

  it.each([
    ['{"task": "tabulr"}', 1, 10, "task is 'tabulr', which is not known; did you mean 'tabular'?"],
    ['{"input": {"layout": "CWHN"}}', 1, 22, /input\.layout is 'CWHN', which is not known; use 'NCHW', 'NHWC'/],
    ['{\n  "input": {\n    "mean": "0.5"\n  }\n}', 3, 13, "input.mean is '0.5', but must be a number or an array"],
    ['{"input": {"size": [224]}}', 1, 20, 'input.size has 1 items, but must have at least 2'],
    ['{"input": {"size": 0}}', 1, 20, 'input.size is 0, but must be at least 1'],
    ['{"input": {"size": [224, 224.5]}}', 1, 26, /input\.size\.1 is 224\.5, but must be an integer/],
    ['{"input": {"crop": 1.5}}', 1, 20, 'input.crop is 1.5, but must be at most 1'],
    ['{"input": {"crop": 0}}', 1, 20, 'input.crop is 0, but must be more than 0'],
    ['{"input": {"std": [1, 0, 1]}}', 1, 23, 'input.std.1 is 0, but must be more than 0'],
    ['{"input": {"scale": "a third"}}', 1, 21, /must be a number or a fraction such as "1\/255"/],
    ['{"labels": [1, "b"]}', 1, 13, 'labels.0 is 1, but must be a string'],
    ['{"output": []}', 1, 12, 'output is an array, but must be an object'],
    ['[]', 1, 1, 'the file is an array, but must be an object'],
    ['{"input": {"name": ""}}', 1, 20, 'input.name must not be empty'],
  ])('%s', (text, line, column, message) => {
    const found = only(text);
    expect(found).toMatchObject({ config: undefined, severity: 'error', code: 'CONFIG_INVALID', line, column });
    expect(found.message).toMatch(message);
    if (typeof message === 'string') expect(found.message).toBe(message);
  });

  it('an unknown field is a warning at its name, and the rest is used', () => {
    const found = only('{\n  "input": {"interpolatoin": "nearest", "size": 8}\n}');
    expect(found).toMatchObject({
      severity: 'warning',
      code: 'CONFIG_UNKNOWN_FIELD',
      line: 2,
      column: 13,
      endColumn: 28,
    });
    expect(found.message).toBe("unknown field 'interpolatoin' is ignored; did you mean 'interpolation'?");
    expect(found.config?.input?.size).toBe(8);
  });

  it.each([
    ['', 1, 1, /the file is empty|value expected/],
    ['{"task": }', 1, 10, /value expected/],
    ['{"task": "tabular"', 1, 19, /close brace expected/],
    ['{\r\n"task": "tabular",,\r\n}', 2, 19, /not JSON/],
  ])('not JSON: %j', (text, line, column, message) => {
    const { config, diagnostics } = parseConfig(text);
    expect(config).toBeUndefined();
    expect(diagnostics[0]).toMatchObject({ severity: 'error', code: 'CONFIG_INVALID', line, column });
    expect(diagnostics[0].message).toMatch(message);
  });

  it('comments, a trailing comma and a byte order mark are let pass', () => {
    const { config, diagnostics } = parseConfig('\uFEFF{ // how it is fed\n "task": "tabular", /* a table */ }');
    expect(diagnostics).toEqual([]);
    expect(config?.task).toBe('tabular');
  });

  it('as an error it says file, line and column', () => {
    const { diagnostics } = parseConfig('{\n  "task": 3\n}');
    const error = configError('nets/a.prism.json', diagnostics);
    expect(error?.code).toBe('CONFIG_INVALID');
    expect(error?.message).toMatch(/^nets\/a\.prism\.json:2:11: task is 3/);
    expect(configError('a.prism.json', parseConfig('{"colour": 1}').diagnostics)).toBeUndefined();
  });
});

describe('positions', () => {
  const text = '{\n  "input": {\n    "mean": [1, 2]\n  }\n}';

  it('of a field, of an element, and of the nearest one that is written', () => {
    const { rangeOf } = parseConfig(text);
    expect(rangeOf(['input', 'mean'])).toEqual({ line: 3, column: 13, endLine: 3, endColumn: 19 });
    expect(rangeOf(['input', 'mean', 1])).toEqual({ line: 3, column: 17, endLine: 3, endColumn: 18 });
    expect(rangeOf(['input', 'std'])).toEqual({ line: 2, column: 12, endLine: 4, endColumn: 4 });
    expect(rangeOf(['labels'])).toMatchObject({ line: 1, column: 1 });
  });

  it('lie inside the text, whatever it is', () => {
    const json = fc.json().map((value) => `{"input": ${value}, "task": ${value}}`);
    const broken = fc.tuple(fc.constant(text), fc.nat(text.length), fc.string()).map(([whole, at, junk]) => {
      return whole.slice(0, at) + junk + whole.slice(at + 1);
    });
    fc.assert(
      fc.property(fc.oneof(json, broken, fc.string()), (source) => {
        const { config, diagnostics } = parseConfig(source);
        const lines = source.split(/\r\n|\n|\r/);
        for (const { line, column, endLine, endColumn } of diagnostics) {
          expect(lines[line - 1].length + 1).toBeGreaterThanOrEqual(column);
          expect(lines[endLine - 1].length + 2).toBeGreaterThanOrEqual(endColumn);
          expect(endLine > line || endColumn >= column).toBe(true);
        }
        expect(config === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
      }),
    );
  });
});

const number = fc.double({ min: 0.001, max: 300, noNaN: true });
const triple = fc.oneof(number, fc.array(number, { minLength: 1, maxLength: 3 }));
const side = fc.integer({ min: 1, max: 512 });
const optional = { requiredKeys: [] };
const anyConfig: fc.Arbitrary<PrismConfig> = fc.record(
  {
    task: fc.constantFrom(...(schema.properties.task.enum as PrismConfig['task'][])),
    input: fc.record(
      {
        name: fc.constant('image'),
        layout: fc.constantFrom('NCHW', 'NHWC', 'CHW', 'HWC', 'NHW', 'HW'),
        channels: fc.constantFrom('RGB', 'BGR', 'grey'),
        size: fc.oneof(side, fc.tuple(side, side), fc.constant(null)),
        crop: fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.constant(null)),
        resize: fc.constantFrom('stretch', 'shorter-side', 'letterbox', 'none'),
        shorterSide: fc.option(side),
        interpolation: fc.constantFrom('nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'),
        antialias: fc.boolean(),
        pad: fc.nat(255),
        scale: fc.oneof(number, fc.constantFrom('1/255', '1/127.5', '2 / 255', '.5/3')),
        mean: triple,
        std: triple,
      },
      optional,
    ),
    labels: fc.array(fc.string()),
    output: fc.record({ name: fc.constant('logits'), kind: fc.constantFrom('logits', 'probabilities') }, optional),
    tokenizer: fc.record(
      { regex: fc.constant('\\w+'), vocabulary: fc.constant('v.json'), unknown: fc.nat(), pad: fc.nat() },
      optional,
    ),
    features: fc.array(
      fc.oneof(
        fc.string({ minLength: 1 }),
        fc.record(
          {
            name: fc.string({ minLength: 1 }),
            mean: number,
            std: fc.double({ min: 0.01, max: 100, noNaN: true }),
            categories: fc.array(fc.string(), { minLength: 1 }),
            encoding: fc.constantFrom('index', 'one-hot'),
            missing: fc.oneof(number, fc.string()),
          },
          { requiredKeys: ['name'] },
        ),
      ),
      { minLength: 1 },
    ),
    source: fc.record({ root: fc.constant('..') }, optional),
  },
  optional,
) as fc.Arbitrary<PrismConfig>;

describe('what the type allows', () => {
  it('the schema allows', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const { config: read, diagnostics } = parseConfig(JSON.stringify(config));
        expect(diagnostics).toEqual([]);
        expect(read).toEqual(JSON.parse(JSON.stringify(config)));
      }),
    );
  });

  it('writing settings out and reading them gives the same settings', () => {
    const model = {
      inputs: [{ name: 'image', dtype: 'float32', shape: ['n', 3, 'h', 'w'] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: ['n', 10] }],
      metadata: {},
    } as const;
    fc.assert(
      fc.property(anyConfig, (config) => {
        const { origins: _, ...settings } = guessSettings({ model, config });
        const text = formatConfig({ ...settings, origins: {} });
        const again = parseConfig(text);
        expect(again.diagnostics).toEqual([]);
        const { origins: __, ...back } = guessSettings({ model, config: again.config });
        const input = back.input && {
          ...back.input,
          // Written only where they matter.
          ...(settings.input?.resize !== 'letterbox' && { pad: settings.input?.pad }),
          ...(settings.input?.resize !== 'shorter-side' && { shorterSide: settings.input?.shorterSide }),
        };
        expect({ ...back, input }).toEqual(settings);
      }),
    );
  });

  it('scales', () => {
    expect(parseScale('1/255')).toBe(1 / 255);
    expect(parseScale('2 / 255')).toBe(2 / 255);
    expect(parseScale(0.5)).toBe(0.5);
    expect(parseScale(undefined)).toBeUndefined();
  });
});

describe('the schema', () => {
  it('explains every field', () => {
    const undocumented: string[] = [];
    const visit = (node: { properties?: object; description?: string }, where: string): void => {
      if (!node.description) undocumented.push(where);
      for (const [name, child] of Object.entries(node.properties ?? {})) visit(child, `${where}.${name}`);
    };
    visit(schema, 'file');
    expect(undocumented).toEqual([]);
  });

  it('states the defaults that are used', () => {
    const model = {
      inputs: [{ name: 'image', dtype: 'float32', shape: ['n', 3, 32, 32] }],
      outputs: [{ name: 'out', dtype: 'float32', shape: ['n', 10] }],
      metadata: {},
    } as const;
    const { input, output, task, sourceRoot } = guessSettings({ model });
    const stated = schema.properties.input.properties;
    const one = (value: unknown) => (Array.isArray(value) ? value[0] : value);
    for (const [name, field] of Object.entries(stated)) {
      if (!('default' in field)) continue;
      const wanted = name === 'scale' ? parseScale(String(field.default)) : field.default;
      expect([name, one(input?.[name as keyof typeof input])]).toEqual([name, wanted]);
    }
    expect(output.kind).toBe(schema.properties.output.properties.kind.default);
    expect(task).toBe(schema.properties.task.default);
    expect(sourceRoot).toBe(schema.properties.source.properties.root.default);
  });
});
