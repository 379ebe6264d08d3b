import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../src/engine/engine';
import { evaluate } from '../src/engine/evaluation/evaluate';
import type { Evaluation, MethodSummary } from '../src/engine/evaluation/evaluation';
import { METHODS } from '../src/methods/index';

/**
 * Writes docs/planted.md: where methods see the evidence on pictures of which it is known where the evidence is.
 * `npm run planted`; a run that was stopped goes on.
 */

const CASES = 'test/cases/models';
const PICTURES = join(CASES, 'planted/pictures');
const OUT = 'out/planted';

const MODELS = [
  { name: 'VGG-like', file: 'planted/vgg.onnx', about: 'Five convolutions, max-pooling, global average' },
  { name: 'ResNet', file: 'planted/resnet.onnx', about: 'Bottleneck blocks, global average' },
  { name: 'ViT', file: 'vit/model.onnx', about: 'Patches of 8 × 8, four layers, class token' },
] as const;

/** Metrics of where relevance lies, with the heads of their columns. */
const METRICS = {
  'attribution-localisation': 'inside the mask',
  'relevance-rank': 'highest places inside',
  'pointing-game': 'pointing game',
} as const;

type MetricId = keyof typeof METRICS;

/** Fewer draws than usual, where they take minutes. */
const METHOD_OPTIONS = {
  'rise.samples': 500,
  'lime.samples': 500,
  'kernel-shap.samples': 512,
  'shapley-sampling.samples': 8,
};

/** The model with the settings and labels that all of them share. */
function laidOut(file: string): string {
  const folder = join(OUT, file.replaceAll('/', '-').replace('.onnx', ''));
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(CASES, file), join(folder, 'model.onnx'));
  copyFileSync(join(CASES, 'planted/vgg.prism.json'), join(folder, 'model.prism.json'));
  copyFileSync(join(CASES, 'planted/labels.txt'), join(folder, 'labels.txt'));
  return folder;
}

const meanOf = ({ metrics }: MethodSummary): number => metrics['attribution-localisation']?.mean ?? -1;

function rowOf(summary: MethodSummary, judged: number): string {
  const cells = (Object.keys(METRICS) as MetricId[]).map((id) => {
    const found = summary.metrics[id];
    if (!found) return '—';
    const [mean, low, high] = [found.mean, found.low, found.high].map((share) => (100 * share).toFixed(1));
    const some = found.count < judged ? ` of ${found.count}` : '';
    return `${mean} (${low} – ${high})${some}`;
  });
  const ms = summary.explainMs === null ? '—' : summary.explainMs.toFixed(summary.explainMs < 10 ? 1 : 0);
  return `| \`${summary.id}\` | ${cells.join(' | ')} | ${ms} |`;
}

function sectionOf({ name, about }: (typeof MODELS)[number], { images, methods, failures }: Evaluation): string {
  const unfit = failures.map(({ method, image, error }) => `- \`${method ?? image}\`: ${error.message.split('\n')[0]}`);
  const judged = methods.filter((summary) => meanOf(summary) >= 0).sort((a, b) => meanOf(b) - meanOf(a));
  const chance = (100 * (images.maskShare ?? 0)).toFixed(1);
  return [
    `## ${name}`,
    '',
    `${about}. ${images.judged} of ${images.count} pictures, ${images.leftOut} that the model takes for something else left out. A map that knows nothing`,
    `has ${chance} % inside.`,
    '',
    `| method | ${Object.values(METRICS).join(' | ')} | ms |`,
    '| --- | ---: | ---: | ---: | ---: |',
    ...judged.map((summary) => rowOf(summary, images.judged)),
    ...(unfit.length > 0 ? ['', 'Not judged:', '', ...unfit] : []),
  ].join('\n');
}

function pageOf(sections: readonly string[]): string {
  return `# Where methods see the evidence

Pictures of which it is known where the evidence is: a drawn glyph, the class, on a piece of a photograph, and a mask of the glyph. The background
says nothing of the class. What a method puts outside the mask is therefore either its own noise, or something that the model really
looks at beside the glyph; the numbers cannot tell the two apart. They are as measured, by the usual options of every method but for fewer
draws (${Object.entries(METHOD_OPTIONS)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')}), and this page is written by \`npm run planted\`. The same is printed for pictures of your own by

    model-prism evaluate MODEL --images FOLDER --labels FILE --only-correct --method … --metric ${Object.keys(METRICS).join(',')}

- **inside the mask**: share of the map's absolute values in the mask, in %. Maps of few places (class activation maps, tokens, windows, superpixels) are spread
  over the picture and cannot be finer than they are.
- **highest places inside**: of as many highest places as the mask has, the share in the mask, in %.
- **pointing game**: how often the highest place is in the mask, in %.
- In brackets the 95 % bootstrap interval of the mean over pictures; *of N*: the other maps are zero everywhere (nothing was left of them after the
  last ReLU). **ms**: the median time of an explanation, on ${availableParallelism()} cores of a server's
  processor (${cpus()[0].model.trim()}) that had other work to do at the same time.

${sections.join('\n\n')}

The pictures, masks and models are in \`test/cases/models\`; [where they come from](../test/cases/README.md).
`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { limit: { type: 'string' } } });
  const engine = new Engine({ version: '0' });
  let told = 0;
  const context = {
    signal: new AbortController().signal,
    progress: ({ message }: { message?: string }) => {
      if (message === undefined || performance.now() - told < 5000) return;
      told = performance.now();
      console.error(message);
    },
  };
  try {
    await engine.initialize({ cacheDir: join(OUT, 'cache'), provider: 'cpu' });
    const sections: string[] = [];
    for (const model of MODELS) {
      const folder = laidOut(model.file);
      const question = {
        images: PICTURES,
        labels: join(PICTURES, 'index.json'),
        methods: METHODS.map(({ info }) => info.id),
        methodOptions: METHOD_OPTIONS,
        metrics: Object.keys(METRICS),
        target: 'label' as const,
        onlyCorrect: true,
        out: join(folder, 'results'),
        ...(values.limit !== undefined && { limit: Number(values.limit) }),
      };
      sections.push(sectionOf(model, await evaluate(engine, join(folder, 'model.onnx'), question, context)));
      console.log(`\n${sections.at(-1)}`);
    }
    if (values.limit === undefined) writeFileSync('docs/planted.md', pageOf(sections));
  } finally {
    engine.dispose();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
