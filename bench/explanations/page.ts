import { cpus } from 'node:os';
import { metricById } from '../../src/metrics/index';
import { estimateOf, type Row, type Section, verdict } from './results';
import { type Field, SUBJECTS, VARIANTS } from './subjects';

/** Metrics of one table. */
interface Group {
  readonly title: string;
  readonly metrics: readonly string[];
  readonly costs: boolean;
}

const GROUPS: readonly Group[] = [
  {
    title: 'Does the map find what the score depends on?',
    metrics: ['token-deletion', 'morf', 'lerf', 'faithfulness-correlation', 'attribution-localisation'],
    costs: false,
  },
  {
    title: 'How concentrated it is, what changes it, what it takes',
    metrics: ['gini', 'complexity', 'max-sensitivity', 'mprt'],
    costs: true,
  },
];

const FIELDS: Readonly<Record<Field, string>> = { tabular: 'Tables', image: 'Pictures', text: 'Texts' };
const SIGNS = { better: ' ▲', worse: ' ▼', open: '' } as const;

const number = (value: number): string => {
  const size = Math.abs(value);
  const written = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return written === '-0.00' ? '0.00' : written;
};

const betterOf = (metric: string): 'higher' | 'lower' => metricById(metric).info.better;
const arrow = (metric: string): string => (betterOf(metric) === 'higher' ? '↑' : '↓');

function cell(row: Row, first: Row, metric: string, judged: number): string {
  const values = row.values[metric];
  const found = estimateOf(values);
  if (!found) return '—';
  const some = found.count < judged ? ` of ${found.count}` : '';
  const sign = row === first ? '' : SIGNS[verdict(values, first.values[metric], betterOf(metric))];
  return `${number(found.mean)} (${number(found.low)} – ${number(found.high)})${some}${sign}`;
}

function groupOf({ title, metrics, costs }: Group, { subject, rows, counts }: Section): string[] {
  const own = metrics.filter((metric) => subject.metrics.includes(metric));
  if (own.length === 0) return [];
  const fitting = rows.filter(({ refusal }) => refusal === undefined);
  const [first] = fitting;
  const heads = [...own.map((metric) => `${metric} ${arrow(metric)}`), ...(costs ? ['forward passes', 'ms'] : [])];
  const lines = fitting.map((row) => {
    const cells = own.map((metric) => cell(row, first, metric, counts.judged));
    const { forwards = Number.NaN, ms = Number.NaN } = row.cost ?? {};
    return `| ${[row.variant.name, ...cells, ...(costs ? [number(forwards), number(ms)] : [])].join(' | ')} |`;
  });
  return [
    `**${title}**`,
    '',
    `| method | ${heads.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(heads.length)}`,
    ...lines,
    '',
  ];
}

const told = (options: object): string =>
  Object.entries(options)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');

/** A model's part of the page. */
export function sectionOf(section: Section): string {
  const { subject, counts, rows } = section;
  const { asked, judged, misclassified, labelled } = counts;
  const wrong =
    labelled > 0 ? `; the model takes ${misclassified} of ${labelled} for another class than they are of` : '';
  const refused = rows.flatMap(({ variant, refusal }) =>
    refusal === undefined ? [] : [`- ${variant.name}: ${refusal.split(/[;\n]/)[0]}`],
  );
  const methodOptions = told(subject.methodOptions);
  return [
    `### ${subject.name}`,
    '',
    `${subject.about.charAt(0).toUpperCase()}${subject.about.slice(1)}. n = ${judged}${judged < asked ? ` of ${asked}` : ''}${wrong}.`,
    `Metrics with ${told(subject.options)}${methodOptions && `; methods with ${methodOptions}`}; all else by the usual options, every seed 0.`,
    '',
    ...GROUPS.flatMap((group) => groupOf(group, section)),
    ...(refused.length > 0 ? ['Beyond this model:', '', ...refused, ''] : []),
  ].join('\n');
}

/** How often each method was found better or worse than the first, by field. */
function tally(sections: readonly Section[]): string[] {
  const fields = (Object.keys(FIELDS) as Field[]).filter((field) =>
    sections.some(({ subject }) => subject.field === field),
  );
  const lines = VARIANTS.slice(1).map((variant) => {
    const cells = fields.map((field) => {
      const count = { better: 0, worse: 0, open: 0 };
      for (const { subject, rows } of sections) {
        const row = rows.find((one) => one.variant === variant);
        if (subject.field !== field || !row || row.refusal !== undefined) continue;
        for (const metric of GROUPS[0].metrics.filter((id) => subject.metrics.includes(id))) {
          count[verdict(row.values[metric], rows[0].values[metric], betterOf(metric))]++;
        }
      }
      const all = count.better + count.worse + count.open;
      return all === 0 ? '—' : `${count.better} ▲ ${count.worse} ▼ ${count.open}`;
    });
    return `| ${[variant.name, ...cells].join(' | ')} |`;
  });
  const heads = fields.map((field) => FIELDS[field].toLowerCase());
  return [`| method | ${heads.join(' | ')} |`, `| --- |${' ---: |'.repeat(heads.length)}`, ...lines];
}

/** The whole page. */
export function pageOf(sections: readonly Section[]): string {
  const parts = (Object.keys(FIELDS) as Field[]).flatMap((field) => {
    const own = sections.filter(({ subject }) => subject.field === field);
    return own.length === 0 ? [] : [`## ${FIELDS[field]}`, '', ...own.map(sectionOf)];
  });
  return `# DLBacktrace beside other methods

What [metrics](metrics.md) say of DLBacktrace and of methods that people use instead, on small trained models that come with the project: ${SUBJECTS.map(({ name }) => name).join(', ')}.
This page is written by \`npm run bench:backtrace\` (\`--only tabular|image|text\`, \`--items N\` print without writing; a run that was stopped goes on); on inputs of your own

    model-prism evaluate MODEL --images FOLDER | --texts FOLDER | --rows FILE.csv --method backtrace,kernel-shap,…,random --metric …

does the same.

## How to read it

- Cells are means over n inputs, in brackets the 95 % bootstrap interval of the mean; *of k*: only k inputs have a value. The class that the model chose is explained.
- ▲ and ▼: better or worse than **DLBacktrace, default** on the same inputs: the 95 % bootstrap interval of the mean *paired* difference leaves out 0. No sign: the data do not tell (of fewer than five inputs they never do). There is no correction for the number of
  comparisons: of signs that mean nothing, one in twenty comes up.
- ↑: higher is better, ↓: lower. *random map*: normal noise, the floor.
- *forward passes*: processor time of an explanation over that of the model itself on the same input, medians of at most five rounds in turns, on a machine with other work (${cpus()[0].model.trim()}). What is compiled once is left out.
  Models this small run in a millisecond or less, so that arithmetic outside of the network counts as forward passes as well.

## What it does not show

- **No method is the best one here**, and none could be: there is no truth to compare with but in the pictures with masks, and even there the model may look beside the evidence.
- Removing puts zeros in place of what is removed, which a model has hardly seen in training. KernelSHAP, LIME and occlusion hide by zeros (or means)
  themselves and are judged by what they measured: where a set of the faithfulness correlation is a single location (rows, short texts), occlusion has 1 by definition.
- DLBacktrace's default mode does not tell evidence for a class from evidence against it (attention excepted, its maps have no signs). Metrics that order places by signed relevance hold that against it: with evidence against a class removed late, LeRF and the
  correlation cannot be high. Contrast mode has two streams, *for* the class and against it; *for − against* is a map with signs.
- SmoothGrad is no contribution but a slope; summed over channels with its sign, as it is here, it orders places badly. SmoothGrad² is without sign.
- A low rank correlation under randomised parameters is needed of a method that shows what a model has learned, and is not enough: noise has it as well. Concentrated maps (Gini, complexity) are easier to read, not truer.
- A few models, each trained once, of at most 20 inputs each: what holds for them need not hold for others, least of all for larger ones. The reviews are made from a small grammar.
- This is the project's own implementation of each method: DLBacktrace by its formulas, with attention that knows positions and with branches, not the published library (which differs there).

## In short

How often the first table of each model finds a method better (▲) or worse (▼) than DLBacktrace's default, and how often it leaves that open (last number):

${tally(sections).join('\n')}

${parts.join('\n')}
The models and inputs are in \`test/cases/models\` and \`media/sample\`; [where they come from](../test/cases/README.md), [and the sample's](../media/sample/LICENSES.md).
`;
}
