import { basename } from 'node:path';
import type { Command } from 'commander';
import { topClasses } from '../engine/classes';
import { count } from './arguments';
import { addInputs, givenOf, heading, type InputOptions, titleOf } from './explain';
import { classTable, duration } from './format';
import { type CommonOptions, Session } from './session';
import type { Terminal } from './terminal';

interface PredictOptions extends CommonOptions, InputOptions {
  readonly top: number;
}

export function predictCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('predict')
    .summary('show what a model says')
    .description('Runs a model on an input and shows its highest classes.')
    .argument('<model>', 'ONNX file');
  addInputs(command)
    .option('--top <n>', 'how many classes', count, 5)
    .action((model: string, _options, self: Command) =>
      predict(model, self.optsWithGlobals<PredictOptions>(), terminal),
    );
}

async function predict(model: string, options: PredictOptions, terminal: Terminal): Promise<void> {
  const given = givenOf(options);
  await Session.run(terminal, options, async (session) => {
    const { classes, provider, ms, warnings } = await session.engine.classes(model, given, session.context);
    const top = topClasses(classes, options.top);
    session.warn(warnings);
    const json = { model, top, provider, ms, ...(warnings.length > 0 && { warnings }) };
    await session.print(json, () => [
      heading(basename(model), titleOf(options)),
      '',
      ...classTable(top),
      '',
      `provider  ${provider}`,
      `time      ${duration(ms.total)}`,
    ]);
  });
}
