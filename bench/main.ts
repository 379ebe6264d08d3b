import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { backtraceSection } from './backtrace';
import { gradientSection } from './gradient';
import { methodsSection } from './methods';
import { relevanceSection } from './relevance';
import { srdSection } from './srd';

/** What `npm run bench` times, one section a file. */
const SECTIONS: Readonly<Record<string, (rounds: number) => Promise<void>>> = {
  backtrace: backtraceSection,
  gradient: gradientSection,
  methods: methodsSection,
  relevance: relevanceSection,
  srd: srdSection,
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: 'string', default: '20' } },
    allowPositionals: true,
  });
  const rounds = Number(values.rounds);
  const chosen = positionals.length > 0 ? positionals : Object.keys(SECTIONS);
  const unknown = chosen.filter((name) => !SECTIONS[name]);
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`usage: npm run bench -- [--rounds N] [${Object.keys(SECTIONS).join('] [')}]`);
  }
  console.log(`Seeded weights, CPU, ${availableParallelism()} processors; medians of ${rounds} interleaved rounds.`);
  for (const name of chosen) await SECTIONS[name](rounds);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
