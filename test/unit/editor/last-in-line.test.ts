import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { putLastInLine } from '../../../src/editor/last-in-line';

const child = spawn(process.execPath, ['-e', 'process.stdin.on("data", () => process.stdout.write("."))']);
afterEach(() => child.kill());

/** Fields after the name, which may hold blanks; the 19th of the line is the nice value. */
const niceOf = (thread: string): number => {
  const stat = readFileSync(`/proc/${child.pid}/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
};

test('every thread of a process goes behind all others', async () => {
  child.stdin.write('.');
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  expect(os.getPriority(pid)).toBeLessThan(os.constants.priority.PRIORITY_LOW);
  putLastInLine(pid);
  expect(os.getPriority(pid)).toBe(os.constants.priority.PRIORITY_LOW);
  if (process.platform !== 'linux') return;
  const threads = readdirSync(`/proc/${pid}/task`);
  // Those that collect garbage and compile are there from the beginning.
  expect(threads.length).toBeGreaterThan(3);
  expect([...new Set(threads.map(niceOf))]).toEqual([19]);
});
