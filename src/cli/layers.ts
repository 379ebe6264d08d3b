import { basename, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { SourceLine } from '../protocol/source';
import { shape, table } from './format';
import { type CommonOptions, Session } from './session';
import type { Terminal } from './terminal';

export function layersCommand(program: Command, terminal: Terminal): void {
  program
    .command('layers')
    .summary('list the layers of a model')
    .description("Lists the values that --at and --erf take, in the model's order.")
    .argument('<model>', 'ONNX file')
    .option('--source <path>', 'folder or file of the training code: tells the line that made each layer')
    .action((model: string, _options, self: Command) => layers(model, self.optsWithGlobals<LayersOptions>(), terminal));
}

interface LayersOptions extends CommonOptions {
  readonly source?: string;
}

/** `~`: not this line, but the nearest one that is certain. */
const place = (line: SourceLine | undefined, root: string): string =>
  line ? `${line.certainty === 'exact' ? '' : '~'}${relative(root, line.file) || basename(root)}:${line.line}` : '?';

async function layers(model: string, options: LayersOptions, terminal: Terminal): Promise<void> {
  await Session.run(terminal, options, async (session) => {
    const found = await session.engine.layers({ model }, session.context);
    const root = options.source === undefined ? undefined : resolve(options.source);
    const tied = root === undefined ? undefined : await session.engine.source({ model, root }, session.context);
    const lines = new Map(tied?.values.map(({ value, source }) => [value, source]));
    const listed = found.map((layer) => {
      const source = lines.get(layer.id);
      return { ...layer, ...(source && { source }) };
    });
    await session.print({ model, layers: listed }, () =>
      table([
        ['LAYER', 'OPERATOR', 'SHAPE', ...(tied ? ['SOURCE'] : []), 'VALUE'],
        ...listed.map(({ title, op, shape: dims, source, id }) => [
          title,
          op,
          shape(dims),
          ...(tied ? [place(source, tied.root)] : []),
          id,
        ]),
      ]),
    );
  });
}
