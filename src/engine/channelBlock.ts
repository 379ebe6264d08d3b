import { exportModel } from '../graph/export';
import type { Graph } from '../graph/ir';
import { floatArray } from '../graph/ndarray';
import { BLOCKED_DOMAIN } from '../reverse/blocked/context';
import { createSession } from './session';

/** Channels of the probe: fewer than in any block, so that reordering rounds up to one block. */
const CHANNELS = 4;

const PROBE: Graph = {
  name: 'probe of blocks',
  opsets: { '': 21, [BLOCKED_DOMAIN]: 1 },
  inputs: [{ name: 'x', dtype: 'float32', shape: [1, CHANNELS, 1, 1] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: undefined }],
  initializers: new Map(),
  nodes: [
    { op: 'ReorderInput', domain: BLOCKED_DOMAIN, name: 'reorder', inputs: ['x'], outputs: ['y'], attributes: {} },
  ],
  types: new Map(),
  metadata: {},
};

/** How many channels onnxruntime's convolutions take together on this CPU; 0 where it has none that do. */
export async function channelBlock(): Promise<number> {
  try {
    const session = await createSession(exportModel(PROBE), 'cpu');
    const made = await session.run(new Map([['x', floatArray(new Float32Array(CHANNELS), [1, CHANNELS, 1, 1])]]));
    await session.release();
    const block = made.get('y')?.shape[1] ?? 0;
    return block > CHANNELS ? block : 0;
  } catch {
    // No such operators in this build: everything works without them.
    return 0;
  }
}
