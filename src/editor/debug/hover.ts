import * as vscode from 'vscode';
import { encodePicture } from '../../inputs/image';
import type { ArrayView } from '../../protocol/array';
import { commands } from '../contributions';
import { currentStop, type Debuggee } from './debuggee';
import { expressionAt } from './expression';

/** Elements on the longer side of the picture in a hover. */
const SMALL = 96;

type Header = Omit<ArrayView, 'picture'> & { readonly picture: Omit<ArrayView['picture'], 'data'> };

/** A small picture of the array under the mouse while the program stands still, with what can be done with it. */
export class VariableHover implements vscode.HoverProvider {
  constructor(private readonly debuggee: Debuggee) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    if (!vscode.debug.activeStackItem || !vscode.workspace.isTrusted) return undefined;
    const found = expressionAt(document.lineAt(position.line).text, position.character);
    if (!found) return undefined;
    const controller = new AbortController();
    token.onCancellationRequested(() => controller.abort());
    try {
      const stop = await currentStop();
      const args = [{ expression: found.text }, { data: { item: 0, most: SMALL } }];
      const { header, payload } = await this.debuggee.ask<Header>(stop, 'view', 'view', args, controller.signal);
      const text = await described(found.text, header, payload);
      return new vscode.Hover(text, new vscode.Range(position.line, found.start, position.line, found.end));
    } catch {
      // No array, or the program goes on: other hovers have the word.
      return undefined;
    }
  }
}

async function described(expression: string, header: Header, payload: Uint8Array): Promise<vscode.MarkdownString> {
  const { width, height } = header.picture;
  const png = Buffer.from(await encodePicture({ width, height, data: asBytes(header, payload) }, 'png'));
  const link = (command: string, title: string): string =>
    `[${title}](command:${command}?${encodeURIComponent(JSON.stringify([{ expression }]))})`;
  const { statistics: numbers, dtype, shape } = header;
  const text = new vscode.MarkdownString();
  text.isTrusted = { enabledCommands: [commands.viewVariable, commands.explainVariable] };
  const shown = (value: number | null): string => (value === null ? '–' : value.toPrecision(4));
  const odd = numbers.nan + numbers.positive + numbers.negative;
  const facts = [`${dtype} ${shape.join(' × ')}`, `${shown(numbers.min)} … ${shown(numbers.max)}`];
  if (odd > 0) facts.push(vscode.l10n.t('{0} NaN or infinite', odd));
  text.appendMarkdown(`![](data:image/png;base64,${png.toString('base64')}|height=${SMALL})\n\n`);
  text.appendText(facts.join(' · '));
  const links = [
    link(commands.viewVariable, vscode.l10n.t('View as Image')),
    link(commands.explainVariable, vscode.l10n.t('Explain')),
  ];
  text.appendMarkdown(`\n\n${links.join(' · ')}`);
  return text;
}

/** Greys, or the first three planes as colours, from the lowest value to the highest. */
function asBytes({ picture, range }: Header, payload: Uint8Array): Uint8Array {
  const { element, planes, width, height } = picture;
  const area = width * height;
  const values = element === 'uint8' ? payload : new Float32Array(payload.slice().buffer);
  const [low, high] = element === 'uint8' ? [0, 255] : [range.min ?? 0, range.max ?? 1];
  const scale = high > low ? 255 / (high - low) : 0;
  const colours = planes >= 3 ? 3 : 1;
  const bytes = new Uint8ClampedArray(colours * area);
  for (let place = 0; place < area; place++) {
    for (let plane = 0; plane < colours; plane++) {
      bytes[colours * place + plane] = (values[plane * area + place] - low) * scale;
    }
  }
  return new Uint8Array(bytes.buffer);
}
