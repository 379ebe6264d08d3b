import { run } from './run';
import { processTerminal } from './terminal';

// A reader that has seen enough closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

void run(process.argv.slice(2), processTerminal()).then((code) => {
  process.exitCode = code;
});
