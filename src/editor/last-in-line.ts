import { readdirSync } from 'node:fs';
import * as os from 'node:os';

/**
 * Puts a process of our own behind everything else that the machine has to do. On Linux every thread has a priority of its
 * own: all that run now are put back, and later ones take the priority of the thread that starts them.
 *
 * @throws Error where the system does not allow it
 */
export function putLastInLine(pid: number): void {
  const threads = process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [];
  os.setPriority(pid, os.constants.priority.PRIORITY_LOW);
  for (const thread of threads) {
    try {
      os.setPriority(thread, os.constants.priority.PRIORITY_LOW);
    } catch {
      // It has ended meanwhile.
    }
  }
}
