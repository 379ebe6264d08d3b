import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import type { PrismError } from '../graph/errors';
import { toPrismError } from '../rpc';
import { provider } from './arguments';
import { compareCommand } from './compare';
import { diffCommand } from './diff';
import { doctorCommand } from './doctor';
import { evaluateCommand } from './evaluate';
import { explainCommand } from './explain';
import { layersCommand } from './layers';
import { methodsCommand } from './methods';
import { metricsCommand } from './metrics';
import { predictCommand } from './predict';
import { scoreCommand } from './score';
import { oneLine } from './session';
import type { Terminal } from './terminal';

const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/** Codes of what was asked wrongly, as opposed to what went wrong. */
const USAGE: ReadonlySet<string> = new Set([
  'BAD_OPTION',
  'BAD_SCORE',
  'UNKNOWN_FORMAT',
  'UNKNOWN_METHOD',
  'UNKNOWN_METRIC',
  'UNKNOWN_OPTION',
  'UNKNOWN_PROVIDER',
  'USAGE',
]);

function createProgram(terminal: Terminal): Command {
  const program = new Command('model-prism')
    .description('Shows why a neural network decided: attributions, layer by layer, for ONNX models.')
    .version(version)
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.max(60, Math.min(100, terminal.columns)) });
  program
    .option('--provider <name>', 'auto, cpu, webgpu, cuda, dml or coreml', provider, 'auto')
    .option('--json', 'print one JSON object')
    .option('--quiet', 'print errors only');
  program.addHelpText('after', '\nEnvironment:\n  MODEL_PRISM_CACHE           folder that prepared models are kept in');
  const commands = [
    explainCommand,
    predictCommand,
    layersCommand,
    compareCommand,
    diffCommand,
    scoreCommand,
    evaluateCommand,
    methodsCommand,
    metricsCommand,
    doctorCommand,
  ];
  for (const add of commands) add(program, terminal);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text),
      // Errors are written in one place, below.
      writeErr: () => {},
      outputError: () => {},
    });
    // The common options are understood after the command as well.
    if (command !== program) command.copyInheritedSettings(program);
  }
  return program;
}

/** Commander's words without its prefix. */
const usageMessage = ({ message }: CommanderError): string =>
  oneLine(message.replace(/^error: /, '')).replace(/\.?$/, '');

function report(error: PrismError, json: boolean, terminal: Terminal): void {
  const { code, message, details } = error;
  if (json) {
    const place = {
      ...(details.node !== undefined && { node: details.node }),
      ...(details.op !== undefined && { op: details.op }),
    };
    terminal.out(`${JSON.stringify({ error: { code, message, ...place } })}\n`);
  } else terminal.err(`error[${code}]: ${oneLine(message)}\n`);
}

/**
 * The command line.
 *
 * @param args without the program's own name
 * @returns the exit code: 0 done, 1 the work failed, 2 wrong usage
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const json = args.includes('--json');
  const program = createProgram(terminal);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return WRONG_USAGE;
    }
    await program.parseAsync([...args], { from: 'user' });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return DONE;
      report(
        { code: 'USAGE', message: `${usageMessage(error)}; --help shows what can be given`, details: {} } as PrismError,
        json,
        terminal,
      );
      return WRONG_USAGE;
    }
    const failure = toPrismError(error);
    report(failure, json, terminal);
    return USAGE.has(failure.code) ? WRONG_USAGE : FAILED;
  }
}
