import { InvalidArgumentError } from 'commander';
import { AttentionHeads, attentionsOfAnswer } from '../engine/attention/attention';
import type { Heads } from '../engine/attention/heads';
import { findValue } from '../engine/layers';
import { renderMap } from '../engine/render';
import type { Explained } from '../engine/report';
import { formatOf } from '../engine/save';
import { replaceFile, writeAll } from '../graph/dataFile';
import { writeNpy } from '../inputs/npy';
import type { AttentionHead, AttentionLayer } from '../protocol/attention';
import { number, table } from './format';
import { type Session, usageError } from './session';

/** An attention as it is named in an argument. */
export interface NamedAttention {
  /** Its number among the model's attentions, or the name of its weights. */
  readonly layer: string;
  /** All of them, one by one, when absent. */
  readonly head?: number;
}

/** `LAYER` or `LAYER:HEAD`. */
export function attention(text: string): NamedAttention {
  const [, layer, head] = /^(.+?)(?::(\d+))?$/.exec(text) ?? [];
  if (!layer) throw new InvalidArgumentError('write LAYER or LAYER:HEAD, e.g. 0, 3:5 or /layer.0/Softmax_output_0:5');
  return { layer, ...(head !== undefined && { head: Number(head) }) };
}

/** What is told of one head. */
interface HeadReport {
  readonly head: number;
  /** How many tokens a token heeds, in the mean: e to the entropy of its weights. */
  readonly heeded: number;
  /** The largest weight of a token on another. */
  readonly strongest: { readonly query: number; readonly key: number; readonly weight: number };
}

/** What `--attention` adds to the report. */
export interface AttentionReport extends AttentionLayer {
  /** Counted from 0. */
  readonly layer: number;
  readonly layers: number;
  readonly head?: number;
  readonly reports: readonly HeadReport[];
}

/**
 * The weights of one attention of what was explained, written to the files given and described.
 *
 * @throws PrismError NO_ATTENTION, USAGE, PFV_OUT_OF_RANGE, UNKNOWN_VALUE, AMBIGUOUS_VALUE, FILE_UNWRITABLE
 */
export async function namedAttention(
  session: Session,
  { answer }: Explained,
  { layer, head }: NamedAttention,
  out: readonly string[],
): Promise<AttentionReport> {
  const { layers } = attentionsOfAnswer(answer);
  const at = indexOf(answer, layers, layer);
  const asked = { layer: layers[at].value, kind: 'weights' } as const;
  const { result: heads } = await session.engine.work(
    answer.model.path,
    (desk) => new AttentionHeads().of(desk, answer, asked),
    session.context,
  );
  const chosen: AttentionHead = head ?? 'all';
  const matrix = heads.matrix(chosen, 'mean');
  for (const file of out) {
    const bytes =
      formatOf(file) === 'png'
        ? await renderMap(matrix, false, { caption: `attention ${layers[at].value}, head ${chosen}` })
        : writeNpy(
            head === undefined
              ? { dtype: 'float32', shape: [heads.count, heads.queries, heads.keys], data: heads.data }
              : { dtype: 'float32', shape: [heads.queries, heads.keys], data: matrix.data },
          );
    replaceFile(file, (target) => writeAll(target, bytes, 0));
  }
  const which = head === undefined ? Array.from({ length: heads.count }, (_, one) => one) : [head];
  return {
    ...layers[at],
    layer: at,
    layers: layers.length,
    ...(head !== undefined && { head }),
    reports: which.map((one) => described(heads, one)),
  };
}

/** The files that hold the attention itself; the others hold the report. Throws USAGE for those that can hold neither. */
export function attentionFiles(files: readonly string[]): readonly string[] {
  for (const file of files) {
    if (['html', 'onnx'].includes(formatOf(file)))
      throw usageError(`--attention is written as .npy, .png or .json, not as ${file}`);
  }
  return files.filter((file) => formatOf(file) !== 'json');
}

function indexOf({ prepared }: Explained['answer'], layers: readonly AttentionLayer[], name: string): number {
  if (/^\d+$/.test(name)) {
    if (Number(name) < layers.length) return Number(name);
    throw usageError(`the model has ${layers.length} attentions, counted from 0; there is no ${name}`);
  }
  const value = findValue(prepared.specialised.graph, name);
  const at = layers.findIndex((layer) => layer.value === value);
  if (at >= 0) return at;
  throw usageError(`${value} holds no attention weights; these do: ${layers.map((layer) => layer.value).join(', ')}`);
}

function described(heads: Heads, head: number): HeadReport {
  const { width, height, data } = heads.matrix(head, 'mean');
  let heeded = 0;
  let strongest = { query: 0, key: 0, weight: Number.NEGATIVE_INFINITY };
  for (let query = 0; query < height; query++) {
    let entropy = 0;
    for (let key = 0; key < width; key++) {
      const weight = data[query * width + key];
      if (weight > 0) entropy -= weight * Math.log(weight);
      if (weight > strongest.weight && (query !== key || width === 1)) strongest = { query, key, weight };
    }
    heeded += Math.exp(entropy) / height;
  }
  return { head, heeded, strongest };
}

/** The heads as a table. */
export function attentionLines(
  { layer, layers, title, value, queries, keys, reports }: AttentionReport,
  tokens: readonly { readonly text: string }[] | undefined,
): string[] {
  const name = (at: number, count: number): string =>
    tokens?.length === count ? tokens[at].text.trim() || '␣' : String(at);
  return [
    `attention ${layer} of ${layers} (counted from 0): ${title}, ${queries} × ${keys} tokens`,
    `its weights are the value ${value}; --at gives their relevance`,
    ...table([
      ['head', 'heeds', 'strongest'],
      ...reports.map(({ head, heeded, strongest: { query, key, weight } }) => [
        String(head),
        `${number(heeded)} tokens`,
        `${name(query, queries)} → ${name(key, keys)} ${number(weight)}`,
      ]),
    ]),
  ];
}
