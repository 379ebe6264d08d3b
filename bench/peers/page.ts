import { availableParallelism, cpus } from 'node:os';
import type { Agreement, Result } from './measure';

/** The results of one network. */
export interface Section {
  readonly title: string;
  readonly results: readonly Result[];
}

const PACKAGES: Readonly<Record<string, string>> = {
  torch: 'PyTorch',
  captum: 'Captum',
  grad_cam: 'pytorch-grad-cam',
  zennit: 'zennit',
  shap: 'SHAP',
  lime: 'LIME',
};

const milliseconds = (ms: number): string => (ms < 100 ? ms.toFixed(1) : ms.toFixed(0));
const small = (value: number | undefined): string => (value === undefined ? '' : value.toExponential(1));
const correlation = ({ ranks }: Agreement): string => (Number.isNaN(ranks) ? '—' : ranks.toFixed(4));

/** How the time compares with what the project wants. */
const ratioOf = ({ ratio, pair: { goal } }: Result): string =>
  `${ratio.toFixed(1)} ×${goal === undefined ? '' : ratio >= goal ? ` (goal ${goal})` : ` (goal ${goal}: missed)`}`;

const HEAD = [
  'method',
  'against',
  'ours, ms',
  'theirs, ms',
  'faster',
  'relative L2',
  'largest',
  'ranks',
  'note',
] as const;

const rowOf = (result: Result): string[] => {
  const { pair, ours, theirs, agreement } = result;
  const [peer, theirName] = pair.peer.split('/');
  const method = pair.options?.composite ? `${pair.method} ${pair.options.composite}` : pair.method;
  const note = pair.note ?? (theirName.endsWith('-folded') ? theirName : '');
  return [
    method,
    PACKAGES[peer],
    milliseconds(ours),
    milliseconds(theirs),
    ratioOf(result),
    small(agreement.relative),
    small(agreement.largest),
    correlation(agreement),
    note,
  ];
};

/** The results for a terminal. */
export function tableOf(results: readonly Result[]): string {
  const rows = [[...HEAD], ...results.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i >= 2 && i < 8 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function markdownOf({ title, results }: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = HEAD.map((_, i) => (i >= 2 && i < 8 ? '---:' : '---'));
  const rows = results.map((result) => rowOf(result).map((cell, i) => (i === 0 ? `\`${cell}\`` : cell)));
  return [`## ${title}`, '', ...[[...HEAD], rule, ...rows].map(line)].join('\n');
}

/** docs/peers.md. */
export function pageOf(sections: readonly Section[], versions: Readonly<Record<string, string>>): string {
  const told = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const processor = cpus()[0].model.trim();
  const missed = sections.flatMap(({ results }) => results).filter(({ ratio, pair: { goal } }) => goal && ratio < goal);
  return `# Side by side with other packages

The same network, picture, class and method here and in the packages that people use with PyTorch, in one run. This page is written by the
benchmark itself: \`npm run bench:peers -- --write\` (once before: \`npm run bench:peers -- --install\`, which makes a Python environment in \`out/peers\`).

Measured on ${availableParallelism()} cores of a server's processor (${processor}), with ${told.join(', ')} on Python.

- **Times** are of the fastest of up to 25 rounds in which both sides take turns, in milliseconds: a whole explanation of an input that is in memory, by a model that is
  loaded. What is made once (compiled graphs here, objects there) is not counted, hooks that a package puts on and takes off for each explanation are.
  Packages run as they come, on as many threads as there are cores.
- **faster** is theirs / ours.
- **Agreement** is ‖ours − theirs‖ / ‖theirs‖, the largest difference by the largest value, and Spearman's correlation of the two maps. Both
  sides compute in float32; where a ReLU's input lies within rounding of 0, the two may take different sides, which shows in single places of deep
  networks. Class activation maps are compared at the size of their layer, before they are scaled. Methods that draw at random on each side can agree
  only as far as their sampling allows; the order of places is compared.
- ResNet-50 has torchvision's architecture and BatchNorm layers in PyTorch, which an ONNX file has folded into its convolutions, as it always does.
  A row of its own says what remains when PyTorch's network is folded by hand.

${sections.map(markdownOf).join('\n\n')}

${missed.length === 0 ? 'No goal was missed.' : `${missed.length} ${missed.length === 1 ? 'goal was' : 'goals were'} missed: ${missed.map(({ pair }) => `\`${pair.method}\` against ${PACKAGES[pair.peer.split('/')[0]]}`).join(', ')}.`}
`;
}
