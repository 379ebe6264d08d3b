import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/run';
import type { Terminal } from '../../../src/cli/terminal';
import { readNpy, writeNpy } from '../../../src/inputs/npy';
import { METHODS } from '../../../src/methods/index';
import { BLUE, colours, RED, SIDE, Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function prism(args: readonly string[], place: Partial<Terminal> = {}): Promise<Outcome> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 80,
    env: { MODEL_PRISM_CACHE: workspace.path('cache') },
    ...place,
  };
  const code = await run(args, terminal);
  return { code, out, err };
}

/** What changes from run to run and from machine to machine. */
const steady = (text: string): string =>
  text
    .replaceAll(workspace.folder, 'DIR')
    .replace(/\d+(\.\d+)? m?s\b/g, 'N ms')
    .replace(/"ms":\{[^}]*\}/g, '"ms":{}');

const cpu = ['--provider', 'cpu'];

describe('explain', () => {
  it('tells people what decided', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { code, out, err } = await prism([
      'explain',
      workspace.colours(),
      '--image',
      image,
      '--method',
      'srd',
      ...cpu,
    ]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(steady(out).replace(/\(sum of.*\)/, '(…)')).toBe(`\
Sharing Ratio Decomposition · colours.onnx · p.png

  red (0)     49.8 %         5  ██████████
  blue (2)    49.8 %         5  ██████████
  green (1)    0.3 %         0  ▏

target        red (0), score 5
attribution   image 16×16, sum 5, from 0 to 0.039063
conservation  residual 0 (…)
provider      cpu
time          N ms (decode N ms, compile N ms, run N ms)
`);
  });

  it('tells programs one JSON object', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const model = workspace.colours();
    const args = ['explain', model, '--image', image, '--method', 'gradient', '--target', 'blue', '--json', ...cpu];
    const { code, out } = await prism(args);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(Object.keys(report)).toEqual([
      'model',
      'method',
      'options',
      'target',
      'attribution',
      'conservation',
      'provider',
      'ms',
    ]);
    expect(report).toMatchObject({
      model,
      method: 'gradient',
      target: { index: 2, label: 'blue', score: 5 },
      attribution: { of: 'image', shape: [1, 3, SIDE, SIDE], min: 0 },
      conservation: null,
      provider: 'cpu',
    });
    expect(report.attribution.sum).toBeCloseTo(5, 5);
    expect(out.trimEnd()).not.toContain('\n');
  });

  it('writes files as their names say', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const files = ['x.npy', 'x.png', 'x.json', 'x.onnx'].map((name) => workspace.path(name));
    const out = files.flatMap((file) => ['--out', file]);
    const args = ['explain', workspace.colours(), '--image', image, '--method', 'gradient', '--quiet', ...out, ...cpu];
    expect(await prism(args)).toEqual({ code: 0, out: '', err: '' });
    expect(readNpy(readFileSync(files[0]))).toMatchObject({ dtype: 'float32', shape: [1, 3, SIDE, SIDE] });
    expect((await sharp(files[1]).metadata()).format).toBe('png');
    expect(JSON.parse(readFileSync(files[2], 'utf8')).method).toBe('gradient');
    expect(existsSync(files[3])).toBe(true);
  });

  it('takes an inner value by the end of its name, and options of the method', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const base = ['explain', workspace.colours(), '--image', image, '--method', 'srd', '--json', ...cpu];
    const at = JSON.parse((await prism([...base, '--at', 'Relu_output_0', '--option', 'contrastive=true'])).out);
    expect(at.attribution).toMatchObject({ of: '/act/Relu_output_0', shape: [SIDE, SIDE] });
    expect(at.attribution.sum).toBeCloseTo(0, 5);
    expect(at.options.contrastive).toBe(true);
    const erf = JSON.parse((await prism([...base, '--erf', '/act/Relu_output_0@3,4'])).out);
    expect(erf.attribution).toMatchObject({ of: 'image', sum: 1, max: 1 });
    // Behind a kernel of 1 × 1 a vector has one source.
    const asked = ['--sources', '/act/Relu_output_0@3,4'];
    const { sources } = JSON.parse((await prism([...base, ...asked])).out);
    expect(sources).toMatchObject({ sources: [{ layer: 'image', x: 4, y: 3, share: 1 }], kept: 0, sum: 1 });
    const { out } = await prism([...base.filter((word) => word !== '--json'), ...asked]);
    expect(out).toMatch(/Relu_output_0@3,4 is made of +share\n *image@3,4 +1\n.*the shares add up to 1/);
  });

  it('takes arrays as they are', async () => {
    const pixels = new Float32Array(3 * SIDE * SIDE).fill(0.5, SIDE * SIDE, 2 * SIDE * SIDE);
    const file = workspace.write('a.npy', writeNpy({ dtype: 'float32', shape: [1, 3, SIDE, SIDE], data: pixels }));
    const args = ['explain', workspace.colours(), '--input', `image=${file}`, '--method', 'gradient', '--json', ...cpu];
    expect(JSON.parse((await prism(args)).out).target).toEqual({ index: 1, label: 'green', score: 5 });
  });

  it('explains a written score', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const args = ['explain', workspace.colours(), '--image', image, '--method', 'gradient', '--json', ...cpu];
    const { out } = await prism([...args, '--score', 'logits[0,:]']);
    expect(JSON.parse(out).target).toEqual({ index: null, label: 'logits[0,:]', score: 10 });
  });

  it('draws the map where the terminal can show it', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const args = ['explain', workspace.colours(), '--image', image, '--method', 'srd', ...cpu];
    const env = { MODEL_PRISM_CACHE: workspace.path('cache'), COLORTERM: 'truecolor' };
    const { out, err } = await prism(args, { outIsTerminal: true, columns: 33, env });
    expect(err).toBe('');
    const drawn = out.split('\n').filter((line) => line.includes('▀'));
    expect(drawn).toHaveLength(SIDE);
    // Left half: relevance for red over a red picture; right half: none over a blue one, whose colour stays.
    const cells = [...drawn[8].matchAll(/38;2;(\d+);(\d+);(\d+)m/g)].map((cell) => cell.slice(1).map(Number));
    expect(cells).toHaveLength(32);
    expect(cells[4][0]).toBeGreaterThan(cells[4][2] + 80);
    expect(cells[28][2]).toBeGreaterThan(cells[28][0] + 80);
    for (const other of [{ COLORTERM: '' }, { NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect((await prism(args, { outIsTerminal: true, env: { ...env, ...other } })).out).not.toContain('▀');
    }
  });

  it('reports progress to a terminal only, and not when quiet', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const args = ['explain', workspace.colours(), '--image', image, '--method', 'gradient', ...cpu];
    const { err } = await prism(args, { errIsTerminal: true });
    expect(err).toContain('\r\x1b[Kpreparing the model');
    expect(err.endsWith('\r\x1b[K')).toBe(true);
    expect((await prism([...args, '--quiet'], { errIsTerminal: true })).err).toBe('');
  });

  it('warns on standard error, or in the JSON', async () => {
    const model = workspace.colours();
    workspace.write('labels.txt', 'red\ngreen\n');
    const args = [
      'explain',
      model,
      '--image',
      await workspace.picture('p.png', RED, RED),
      '--method',
      'gradient',
      ...cpu,
    ];
    const { err, code } = await prism(args);
    expect(code).toBe(0);
    expect(err).toMatch(/^warning\[LABELS_COUNT\]: .*labels\.txt:1: there are 2 labels for 3 classes.*\n$/);
    const { out, err: none } = await prism([...args, '--json']);
    expect(none).toBe('');
    expect(JSON.parse(out).warnings).toMatchObject([{ code: 'LABELS_COUNT' }]);
  });

  it('says when the provider is another than asked for', async () => {
    const image = await workspace.picture('p.png', RED, RED);
    const missing = process.platform === 'win32' ? 'coreml' : 'dml';
    const args = ['explain', workspace.colours(), '--image', image, '--method', 'gradient', '--provider', missing];
    const { out, err } = await prism(args);
    expect(err).toMatch(/^warning\[PROVIDER_UNAVAILABLE\]: .*; using cpu\n$/);
    expect(out).toMatch(/provider +cpu/);
  });
});

describe('predict', () => {
  it('shows the highest classes', async () => {
    const image = await workspace.picture('p.png', RED, RED);
    const { out } = await prism(['predict', workspace.colours(), '--image', image, '--top', '2', ...cpu]);
    expect(steady(out)).toBe(`\
colours.onnx · p.png

  red (0)    100.0 %        10  ████████████████████
  green (1)    0.0 %         0

provider  cpu
time      N ms
`);
  });

  it('as JSON', async () => {
    const image = await workspace.picture('p.png', RED, RED);
    const { out } = await prism(['predict', workspace.colours(), '--image', image, '--json', ...cpu]);
    const { top, provider } = JSON.parse(out);
    expect(top).toHaveLength(3);
    expect(top[0]).toMatchObject({ index: 0, label: 'red', score: 10 });
    expect(provider).toBe('cpu');
  });
});

describe('layers', () => {
  it('tells the line of the training code that made each', async () => {
    const cases = join(__dirname, '../../cases');
    const source = join(cases, 'source/planted-vgg');
    const model = join(cases, 'models/planted/vgg.onnx');
    const { out } = await prism(['layers', model, '--source', source, ...cpu]);
    expect(out).toMatch(/features\.0\.relu .* train\.py:16 /);
    expect(out).toMatch(/^gap .* train\.py:28 /m);
    const other = await prism(['layers', workspace.colours(), '--source', source, '--json', ...cpu]);
    expect(JSON.parse(other.out).layers.some((layer: { source?: unknown }) => layer.source)).toBe(false);
  });

  it('lists the values', async () => {
    const { out } = await prism(['layers', workspace.colours(), ...cpu]);
    expect(out).toBe(`\
LAYER  OPERATOR           SHAPE      VALUE
image  Input              1×3×16×16  image
act    Relu               1×3×16×16  /act/Relu_output_0
pool   GlobalAveragePool  1×3×1×1    /pool/GlobalAveragePool_output_0
`);
  });

  it('as JSON', async () => {
    const { out } = await prism(['layers', workspace.colours(), '--json', ...cpu]);
    expect(JSON.parse(out).layers[1]).toMatchObject({ id: '/act/Relu_output_0', width: SIDE, height: SIDE });
  });
});

describe('methods', () => {
  it('lists all', async () => {
    const { out } = await prism(['methods']);
    expect(out.split('\n')[0]).toMatch(/^METHOD +TITLE +OPTIONS$/);
    for (const { info } of METHODS) expect(out).toMatch(new RegExp(`^${info.id.replaceAll('+', '\\+')} +`, 'm'));
    expect(JSON.parse((await prism(['methods', '--json'])).out).methods).toHaveLength(METHODS.length);
  });

  it('describes one with its options', async () => {
    const { out } = await prism(['methods', 'srd']);
    expect(out).toContain('Sharing Ratio Decomposition (srd)');
    expect(out).toContain('--option contrastive=true|false  (default: false)');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('doctor', () => {
  it('tells versions, providers, cache and editor', async () => {
    const { code, out } = await prism(['doctor', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
      onnxruntime: expect.stringMatching(/^1\.\d+/),
      cache: { folder: workspace.path('cache'), bytes: 0, writable: true },
    });
    expect(report.providers[0]).toMatchObject({ name: 'cpu', works: true });
    for (const { works, reason } of report.providers) expect(works).toBe(reason === undefined);
  });

  it('finds an editor on the search path and sees a cache that cannot be written', async () => {
    const name = process.platform === 'win32' ? 'code.cmd' : 'code';
    const editor = workspace.write(`bin/${name}`, '');
    const env = { PATH: workspace.path('bin'), MODEL_PRISM_CACHE: '/dev/null/cache' };
    const { out } = await prism(['doctor'], { env });
    expect(out).toMatch(new RegExp(`^editor +.*${name}$`, 'm'));
    expect(out).toContain(editor);
    expect(out).toMatch(/cache +.*, 0 B, cannot be written/);
  });
});

describe('failures', () => {
  it('are one line and exit code 1', async () => {
    const args = ['explain', workspace.path('no.onnx'), '--image', 'x.png', '--method', 'srd', ...cpu];
    const { code, out, err } = await prism(args);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(steady(err)).toBe('error[FILE_NOT_FOUND]: there is no file DIR/no.onnx\n');
  });

  it('are one JSON object when asked for', async () => {
    const graph = colours();
    const nodes = graph.nodes.map((node) => (node.op === 'Relu' ? { ...node, op: 'Det', name: 'strange' } : node));
    const odd = workspace.colours('odd.onnx', {
      ...graph,
      nodes: [
        ...nodes.slice(0, 2),
        { ...graph.nodes[3], op: 'Identity', attributes: {}, inputs: ['/act/Relu_output_0'] },
      ],
    });
    const image = await workspace.picture('p.png', RED, RED);
    const { code, out } = await prism(['explain', odd, '--image', image, '--method', 'gradient', '--json', ...cpu]);
    expect(code).toBe(1);
    const { error } = JSON.parse(out);
    expect(Object.keys(error)).toEqual(['code', 'message', 'node', 'op']);
    expect(error).toMatchObject({ code: 'UNSUPPORTED_OPERATOR', node: 'strange', op: 'Det' });
  });

  it.each([
    [['--nonsense'], 'USAGE', "unknown option '--nonsense'"],
    [['explin'], 'USAGE', "unknown command 'explin' (Did you mean explain?)"],
    [['explain', '--method', 'srd'], 'USAGE', "missing required argument 'model'"],
    [['explain', 'm.onnx', '--image', 'p.png'], 'USAGE', "required option '--method <id>' not specified"],
    [['explain', 'm.onnx', '--method', 'srd'], 'USAGE', 'give a picture with --image'],
    [['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--input', 'x=a.npy'], 'USAGE', 'not both'],
    [['explain', 'm.onnx', '--method', 'srd', '--input', 'a.npy'], 'USAGE', 'write NAME=FILE.npy'],
    [['explain', 'm.onnx', '--method', 'srd', '--input', 'x=a.txt'], 'USAGE', 'a.txt is no .npy file'],
    [['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--erf', 'relu'], 'USAGE', 'write VALUE@Y,X'],
    [['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--option', 'k'], 'USAGE', 'write KEY=VALUE'],
    [['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--target', '1', '--score', 'y[0]'], 'USAGE', 'not both'],
    [['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--at', 'v', '--erf', 'v@1,1'], 'USAGE', 'not both'],
    [
      ['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--out', 'a.gif'],
      'UNKNOWN_FORMAT',
      'end its name in .npy',
    ],
    [['explain', 'm.onnx', '--method', 'srd', '--image', 'a', '--provider', 'tpu'], 'USAGE', 'choose one of auto, cpu'],
    [['predict', 'm.onnx', '--image', 'a', '--top', '0'], 'USAGE', 'a whole number of at least 1'],
    [['methods', 'magic'], 'UNKNOWN_METHOD', 'known: srd'],
  ])('of usage %j exit with 2', async (args, code, words) => {
    const outcome = await prism(args);
    expect(outcome.code).toBe(2);
    expect(outcome.err).toMatch(new RegExp(`^error\\[${code}\\]: [^\n]*\n$`));
    expect(outcome.err).toContain(words);
    const json = await prism([...args, '--json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.out).error.code).toBe(code);
  });

  it('of method options exit with 2', async () => {
    const image = await workspace.picture('p.png', RED, RED);
    const args = ['explain', workspace.colours(), '--image', image, '--method', 'srd', ...cpu];
    const { code, err } = await prism([...args, '--option', 'hed=gap']);
    expect(code).toBe(2);
    expect(err).toContain('did you mean head? it has head, contrastive, ');
    expect((await prism([...args, '--score', 'logits'])).code).toBe(2);
  });
});

describe('help', () => {
  it('lists the commands', async () => {
    const { code, out } = await prism(['--help']);
    expect(code).toBe(0);
    expect(out).toBe(`\
Usage: model-prism [options] [command]

Shows why a neural network decided: attributions, layer by layer, for ONNX
models.

Options:
  -V, --version                   output the version number
  --provider <name>               auto, cpu, webgpu, cuda, dml or coreml
                                  (default: "auto")
  --json                          print one JSON object
  --quiet                         print errors only
  -h, --help                      display help for command

Commands:
  explain [options] <model>       show what a decision is based on
  predict [options] <model>       show what a model says
  layers [options] <model>        list the layers of a model
  compare [options] <model>       explain one input by several methods
  diff [options] <model> <other>  where two models part on one input
  score [options] <model>         judge an attribution by metrics
  evaluate [options] <model>      compare methods by metrics on pictures, texts
                                  or rows of a table
  methods [id]                    list the methods of explanation
  metrics [id]                    list the metrics of explanations
  doctor                          check the installation

Environment:
  MODEL_PRISM_CACHE           folder that prepared models are kept in
`);
  });

  it('of explain tells every option', async () => {
    const { out } = await prism(['explain', '--help']);
    expect(out).toBe(`\
Usage: model-prism explain [options] <model>

Explains a model's decision on an input by a method and writes the attribution
where asked to.

Arguments:
  model                       ONNX file

Options:
  --image <file>              picture to look at
  --text <text>               text to read
  --text-file <file>          file with the text to read, in UTF-8
  --row <cells|file[:n]>      row of a table: a=1,b=x, or the nth row of a CSV
                              file
  --input <name=file.npy>     array for an input, fed as it is; repeat for
                              several inputs
  --method <id>               how to explain; \`model-prism methods\` lists them
  --target <index|label>      class to explain (default: the one the model
                              chose)
  --score <output[i,:,…]>     one element of an output instead of a class; \`:\`
                              sums over an axis
  --region <mask>             count only the mask's positions of a dense output
                              (.npy or picture)
  --generate <n>              let a language model go on with the text by n
                              tokens, and explain each
  --token <n|all>             of a model that labels tokens: the one to explain
                              (0 is the first), or all
  --at <value>                attribution of an inner value: its name or a
                              unique end of it
  --erf <value@y,x>           effective receptive field of one vector of a layer
  --sources <value@y,x>       which vectors of the layers before one vector is
                              made of
  --attention <layer[:head]>  attention weights, token × token: .npy and .png
                              then hold those
  --option <key=value>        option of the method; repeat for several
  --out <file>                write the result: .npy (raw), .png (picture), .csv
                              (tokens or features), .json or .html (report) or
                              .onnx (graph); may be repeated
  -h, --help                  display help for command

Global Options:
  -V, --version               output the version number
  --provider <name>           auto, cpu, webgpu, cuda, dml or coreml (default:
                              "auto")
  --json                      print one JSON object
  --quiet                     print errors only
`);
  });

  it('is shown when nothing was asked, as wrong usage', async () => {
    const { code, out } = await prism([]);
    expect(code).toBe(2);
    expect(out).toContain('Usage: model-prism');
    expect((await prism(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
