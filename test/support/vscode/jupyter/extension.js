const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const vscode = require('vscode');

/** A Python process with the interface of a kernel. */
class Kernel {
  #changed = new vscode.EventEmitter();
  #listeners = new Set();
  onDidChangeStatus = this.#changed.event;
  status = 'idle';

  constructor(python, language) {
    this.language = language;
    this.process = spawn(python, [path.join(__dirname, 'kernel.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => {
      for (const listener of this.#listeners) listener(JSON.parse(line));
    });
    this.process.on('exit', () => {
      this.become('dead');
      for (const listener of this.#listeners) listener({ mime: 'done' });
    });
  }

  become(status) {
    this.status = status;
    this.#changed.fire(status);
  }

  async *executeCode(code) {
    const waiting = [];
    let wake = () => {};
    const listener = (output) => {
      waiting.push(output);
      wake();
    };
    this.#listeners.add(listener);
    this.become('busy');
    this.process.stdin.write(`${JSON.stringify(code)}\n`);
    try {
      for (;;) {
        while (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
        const { mime, text } = waiting.shift();
        if (mime === 'done') return;
        yield { items: [{ mime, data: new TextEncoder().encode(text) }] };
      }
    } finally {
      this.#listeners.delete(listener);
      if (this.status === 'busy') this.become('idle');
    }
  }
}

exports.activate = ({ subscriptions }) => {
  const kernels = new Map();
  subscriptions.push({
    dispose: () => {
      for (const kernel of kernels.values()) kernel.process.kill();
    },
  });
  return {
    kernels: { getKernel: async (uri) => kernels.get(uri.toString()) },
    /** What people do by running a cell. */
    start: (uri, python, language = 'python') => {
      const kernel = new Kernel(python, language);
      kernels.set(uri.toString(), kernel);
      return kernel;
    },
  };
};
