import { basename } from 'node:path';
import type { Command } from 'commander';
import { topClasses } from '../engine/classes';
import { count, type namedFile } from './arguments';
import { addInputs, givenOf } from './explain';
import { classTable, duration } from './format';
import { type CommonOptions, Session } from './session';
import type { Terminal } from './terminal';

interface PredictOptions extends CommonOptions {
  readonly image?: string;
  readonly input?: ReturnType<typeof namedFile>;
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
      `${basename(model)}${given.image === undefined ? '' : ` · ${basename(given.image)}`}`,
      '',
      ...classTable(top),
      '',
      `provider  ${provider}`,
      `time      ${duration(ms.total)}`,
    ]);
  });
}
