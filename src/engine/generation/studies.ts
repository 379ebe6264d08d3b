import { randomUUID } from 'node:crypto';
import { PrismError } from '../../graph/errors';
import { methodById } from '../../methods/index';
import type { TokenStudy, TokenStudyParams } from '../../protocol/tokens';
import type { CallContext } from '../../rpc';
import type { Worked, Workshop } from '../desk';
import { Lru } from '../lru';
import type { TextGiven } from '../text';
import { type KeptStudy as Kept, saveStudy, type TokenReport, tokenReport } from './save';
import { openStudy, type Study } from './study';

const MAX_STUDIES = 8;

/** Texts that are explained token by token, each until it is released or others take its place. */
export class TokenStudies {
  readonly #kept = new Lru<Kept>({ maxSize: MAX_STUDIES, sizeOf: () => 1, dispose: () => {} });

  constructor(private readonly workshop: Workshop) {}

  /** Throws what {@link openStudy} throws. */
  async open({ model, method, text, textFile, options }: TokenStudyParams, context?: CallContext): Promise<TokenStudy> {
    const given = givenText(text, textFile);
    const worked = await this.workshop.work(
      model,
      (desk) => openStudy(desk, methodById(method), given, options),
      context,
    );
    return this.#keep(randomUUID(), worked, { ms: {}, warnings: [] });
  }

  /** Explains the next token. Throws TOKENS_GONE and those of running and explaining. */
  async next(id: string, context?: CallContext): Promise<TokenStudy> {
    const kept = this.#get(id);
    const { study } = kept;
    const worked = await this.workshop.work(
      study.model.path,
      async ({ request }) => {
        study.model.requireUnchanged();
        await study.next(request);
        return study;
      },
      context,
    );
    return this.#keep(id, worked, kept);
  }

  /** Throws TOKENS_GONE, UNKNOWN_FORMAT, FILE_UNWRITABLE. */
  async save(id: string, path: string): Promise<void> {
    await saveStudy(this.#get(id), path);
  }

  /** What is told of a study as JSON. Throws TOKENS_GONE. */
  report(id: string): TokenReport {
    return tokenReport(this.#get(id));
  }

  release(id: string): void {
    this.#kept.delete(id);
  }

  #get(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    throw new PrismError('TOKENS_GONE', 'this text is no longer in memory; explain it again', { study: id });
  }

  #keep(
    id: string,
    { result: study, provider, ms, warnings }: Worked<Study>,
    before: Pick<Kept, 'ms' | 'warnings'>,
  ): TokenStudy {
    const told = [...before.warnings];
    for (const warning of warnings) {
      if (told.every(({ code, message }) => code !== warning.code || message !== warning.message)) told.push(warning);
    }
    const times = Object.fromEntries(
      [...new Set([...Object.keys(before.ms), ...Object.keys(ms)])].map((stage) => [
        stage,
        Math.round(10 * ((before.ms[stage] ?? 0) + (ms[stage] ?? 0))) / 10,
      ]),
    );
    this.#kept.set(id, { study, provider, ms: times, warnings: told });
    return {
      id,
      ...study.studied,
      model: study.model.info(provider),
      method: study.method.info,
      provider,
      ms: times,
      warnings: told,
    };
  }
}

function givenText(text: string | undefined, textFile: string | undefined): TextGiven {
  if (text !== undefined) return { text };
  if (textFile !== undefined) return { textFile };
  throw new PrismError('INPUT_MISSING', 'no text was given; name one or its file');
}
