import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const FOLDER = resolve('bench/peers');
const VENV = resolve('out/peers/python');
const INTERPRETER = process.platform === 'win32' ? join(VENV, 'Scripts', 'python.exe') : join(VENV, 'bin', 'python');

/** A failure that a person can act on. */
export class EnvironmentError extends Error {}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw new EnvironmentError(`${command} could not be started: ${error.message}`);
  if (status !== 0) throw new EnvironmentError(`${command} ${args.join(' ')} ended with exit code ${status}`);
}

/** Makes the Python environment of the other packages. */
export function install(python: string): void {
  run(python, ['-m', 'venv', VENV]);
  run(INTERPRETER, ['-m', 'pip', 'install', '--no-compile', '-r', join(FOLDER, 'requirements.txt')]);
}

/** The interpreter that has the other packages. Throws where there is none. */
export function interpreter(chosen: string | undefined): string {
  const python = chosen ?? (existsSync(INTERPRETER) ? INTERPRETER : undefined);
  const asked = python && spawnSync(python, ['-c', 'import captum, lime, onnx, pytorch_grad_cam, shap, zennit']);
  if (python && asked && asked.status === 0) return python;
  const missing = asked ? ` (${python} says: ${String(asked.stderr).trim().split('\n').at(-1)})` : '';
  throw new EnvironmentError(
    `the packages to compare with are not installed${missing}; npm run bench:peers -- --install puts them into out/peers (some GB with the GPU libraries of PyTorch; pip's settings may name an index of smaller builds), or name a Python that has them with --python`,
  );
}

/** The process of the other packages: answers one request at a time. */
export class Peers {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  constructor(python: string) {
    this.#child = spawn(python, [join(FOLDER, 'peers.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#said = `${this.#said}${text}`.slice(-2000);
    });
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Throws what the packages say went wrong. */
  async ask<R>(request: object): Promise<R> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new EnvironmentError(`Python ended: ${this.#said.trim()}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new EnvironmentError(`${JSON.stringify(request)}: ${answer.error}`);
    return answer;
  }

  close(): void {
    this.#child.stdin?.end();
  }
}
