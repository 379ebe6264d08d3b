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

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** What a row is about, whatever was measured. */
const keyOf = (row: string): string => {
  const cells = row.split(' | ');
  return [cells[0], cells[1], cells.at(-1)].join();
};

/** The rows of a page by the titles of its sections. */
function rowsOf(page: string): Map<string, string[]> {
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((text) => {
      const [title, ...lines] = text.split('\n');
      return [title, lines.filter((each) => each.startsWith('| `'))];
    }),
  );
}

/** Rows of a page with those in place that were measured now. */
function merged(before: string, sections: readonly Section[]): Map<string, string[]> {
  const all = rowsOf(before);
  for (const { title, results } of sections) {
    const rows = results.map((result) => line(rowOf(result).map((cell, i) => (i === 0 ? `\`${cell}\`` : cell))));
    const now = new Map(rows.map((row) => [keyOf(row), row]));
    const known = all.get(title) ?? [];
    const kept = known.map((row) => now.get(keyOf(row)) ?? row);
    const keys = new Set(known.map(keyOf));
    all.set(title, [...kept, ...rows.filter((row) => !keys.has(keyOf(row)))]);
  }
  return all;
}

function sectionOf([title, rows]: readonly [string, readonly string[]]): string {
  const rule = HEAD.map((_, i) => (i >= 2 && i < 8 ? '---:' : '---'));
  return [`## ${title}`, '', line(HEAD), line(rule), ...rows].join('\n');
}

/**
 * docs/peers.md.
 *
 * @param before the page as it was: rows that were not measured now stay
 */
export function pageOf(
  sections: readonly Section[],
  versions: Readonly<Record<string, string>>,
  before: string,
): string {
  const told = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const processor = cpus()[0].model.trim();
  const tables = merged(before, sections);
  const missed = [...tables.values()].flat().filter((row) => row.includes(': missed)'));
  const names = missed.map((row) => row.split(' | ').slice(0, 2).join(' against ').slice(2));
  return `# Side by side with other packages

The same network, picture, class and method here and in the packages that people use with PyTorch, in one run. This page is written by the
benchmark itself: \`npm run bench:peers -- --write\` (once before: \`npm run bench:peers -- --install\`, which makes a Python environment in \`out/peers\`); a run of single methods
(\`--method\`) or networks (\`--network\`) puts their rows in place.

Measured on ${availableParallelism()} cores of a server's processor (${processor}), with ${told.join(', ')} on Python. Other work on the machine slows both sides.

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

${[...tables].map(sectionOf).join('\n\n')}

${missed.length === 0 ? 'No goal was missed.' : `Missed: ${names.join(', ')}.`}
`;
}
