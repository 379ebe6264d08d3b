import type { Command } from 'commander';
import { shape, table } from './format';
import { type CommonOptions, Session } from './session';
import type { Terminal } from './terminal';

export function layersCommand(program: Command, terminal: Terminal): void {
  program
    .command('layers')
    .summary('list the layers of a model')
    .description("Lists the values that --at and --erf take, in the model's order.")
    .argument('<model>', 'ONNX file')
    .action((model: string, _options, self: Command) => layers(model, self.optsWithGlobals<CommonOptions>(), terminal));
}

async function layers(model: string, options: CommonOptions, terminal: Terminal): Promise<void> {
  await Session.run(terminal, options, async (session) => {
    const found = await session.engine.layers({ model }, session.context);
    await session.print({ model, layers: found }, () =>
      table([
        ['LAYER', 'OPERATOR', 'SHAPE', 'VALUE'],
        ...found.map(({ title, op, shape: dims, id }) => [title, op, shape(dims), id]),
      ]),
    );
  });
}
