import { replaceFile, writeAll } from '../graph/dataFile';
import { METHODS } from '../methods/index';
import { METRICS } from '../metrics/index';
import type { ScalarMap } from '../protocol';
import type { AttentionHead, AttentionMatrix, Attentions } from '../protocol/attention';
import type { Network, NetworkStream } from '../protocol/flow';
import type { AlikePfv, PfvChannels, PfvPlace, PfvQuery, PfvSources } from '../protocol/pfv';
import type { ServiceApi } from '../protocol/service';
import type { SilentUnits } from '../protocol/source';
import type {
  EvaluationOutcome,
  EvaluationParams,
  JudgedMetric,
  MetricSummary,
  ModelDivergence,
  PictureFolder,
  Sheet,
  Unfit,
} from '../protocol/study';
import type { TokenLayer, TokenStudy, TokenStudyParams } from '../protocol/tokens';
import type { CallContext } from '../rpc';
import { type AskedAttention, AttentionHeads, attentionsOfAnswer } from './attention/attention';
import { pictureOfSheet } from './compare';
import type { Desk } from './desk';
import { divergenceOf } from './divergence/divergence';
import { Engine } from './engine';
import { evaluate } from './evaluation/evaluate';
import { pictureFolder } from './evaluation/folder';
import { inputsOf } from './evaluation/tables';
import { unfitMethods } from './fit';
import { TokenStudies } from './generation/studies';
import { judgeAnswer, summaryOf } from './judgeAnswer';
import type { Model } from './model';
import { mapOfValue, networkOfAnswer } from './network/answer';
import { alikeIn, queryOf, type Search } from './pfv/alike';
import { LayerChannels } from './pfv/channels';
import { sourcesOf } from './pfv/sources';
import { silentUnits } from './silent';
import { tokenLayers } from './tokenLayers';

/** The engine with what an editor asks beside single explanations. */
export class Service extends Engine implements ServiceApi {
  readonly #attentions = new AttentionHeads();
  readonly #channels = new LayerChannels();
  readonly #unfit = new WeakMap<Model, readonly Unfit[]>();
  readonly #tokens = new TokenStudies(this);

  async unfit({ model: path }: { model: string }, context?: CallContext): Promise<readonly Unfit[]> {
    const { result } = await this.work(
      path,
      async ({ model, request }) => {
        const known = this.#unfit.get(model) ?? (await unfitMethods(model, METHODS, request));
        this.#unfit.set(model, known);
        return known;
      },
      context,
    );
    return result;
  }

  async metrics(_params: Record<string, never>): Promise<readonly MetricSummary[]> {
    return METRICS.map(summaryOf);
  }

  async judge(
    { explanation, metrics, mask }: { explanation: string; metrics: readonly string[]; mask?: string },
    context?: CallContext,
  ): Promise<readonly JudgedMetric[]> {
    const { answer } = this.living(explanation);
    const { result } = await this.work(answer.model.path, (desk) => judgeAnswer(desk, answer, metrics, mask), context);
    return result;
  }

  async folder({ images }: { images: string }): Promise<PictureFolder> {
    return pictureFolder(images);
  }

  async countInputs(sources: Pick<EvaluationParams, 'texts' | 'rows'>): Promise<number> {
    return inputsOf(sources).length;
  }

  async evaluate({ model, ...question }: EvaluationParams, context?: CallContext): Promise<EvaluationOutcome> {
    const asked = { target: 'label', onlyCorrect: false, ...question } as const;
    const { images, failures } = await evaluate(this, model, asked, context);
    return { judged: images.judged, count: images.count, failures: failures.length };
  }

  async diverge({ first, second }: { first: string; second: string }, context?: CallContext): Promise<ModelDivergence> {
    const sides = [this.kept(first), this.kept(second)] as const;
    const { result } = await this.work(sides[0].answer.model.path, () => divergenceOf(sides), context);
    return result;
  }

  async pfvSources(
    { explanation, count, ...place }: { explanation: string; count: number } & PfvPlace,
    context?: CallContext,
  ): Promise<PfvSources> {
    return this.about(explanation, (answer) => sourcesOf(answer, place, count), context);
  }

  async pfvChannels(
    { explanation, count, ...place }: { explanation: string; count: number } & PfvPlace,
    context?: CallContext,
  ): Promise<PfvChannels> {
    return this.about(explanation, (answer) => this.#channels.strongest(answer, place, count), context);
  }

  async channelMap(
    { explanation, layer, channel }: { explanation: string; layer: string; channel: number },
    context?: CallContext,
  ): Promise<ScalarMap> {
    return this.about(explanation, (answer) => this.#channels.map(answer, layer, channel), context);
  }

  async pfvQuery(
    { explanation, ...place }: { explanation: string } & PfvPlace,
    context?: CallContext,
  ): Promise<PfvQuery> {
    return this.about(explanation, (answer) => queryOf(answer, place), context);
  }

  async alikeIn(search: Search, context?: CallContext): Promise<readonly AlikePfv[]> {
    const { result } = await this.work(search.query.model, (desk) => alikeIn(desk, search), context);
    return result;
  }

  async openTokens(params: TokenStudyParams, context?: CallContext): Promise<TokenStudy> {
    return this.#tokens.open(params, context);
  }

  async nextToken({ study }: { study: string }, context?: CallContext): Promise<TokenStudy> {
    return this.#tokens.next(study, context);
  }

  async saveTokens({ study, path }: { study: string; path: string }): Promise<void> {
    await this.#tokens.save(study, path);
  }

  async releaseTokens({ study }: { study: string }): Promise<void> {
    this.#tokens.release(study);
  }

  async tokenLayers({ explanation }: { explanation: string }, context?: CallContext): Promise<readonly TokenLayer[]> {
    const { answer } = this.living(explanation);
    const { result } = await this.work(answer.model.path, (desk) => tokenLayers(desk, answer), context);
    return result;
  }

  async silent({ explanation }: { explanation: string }, context?: CallContext): Promise<readonly SilentUnits[]> {
    return this.about(explanation, silentUnits, context);
  }

  async network({ explanation }: { explanation: string }, context?: CallContext): Promise<Network> {
    const { answer } = this.living(explanation);
    const { result } = await this.work(answer.model.path, (desk) => networkOfAnswer(desk, answer), context);
    return result;
  }

  async valueMap(
    { explanation, value, stream }: { explanation: string; value: string; stream?: NetworkStream },
    context?: CallContext,
  ): Promise<ScalarMap> {
    const { answer } = this.living(explanation);
    const { result } = await this.work(answer.model.path, (desk) => mapOfValue(desk, answer, value, stream), context);
    return result;
  }

  async attentions({ explanation }: { explanation: string }, context?: CallContext): Promise<Attentions> {
    return this.about(explanation, async (answer) => attentionsOfAnswer(answer), context);
  }

  async attentionHeads(
    { explanation, size, ...asked }: { explanation: string; size: number } & AskedAttention,
    context?: CallContext,
  ): Promise<readonly ScalarMap[]> {
    const { answer } = this.living(explanation);
    const task = (desk: Desk) => this.#attentions.small(desk, answer, asked, size);
    return (await this.work(answer.model.path, task, context)).result;
  }

  async attentionHead(
    { explanation, head, ...asked }: { explanation: string; head: AttentionHead } & AskedAttention,
    context?: CallContext,
  ): Promise<AttentionMatrix> {
    const { answer } = this.living(explanation);
    const task = (desk: Desk) => this.#attentions.one(desk, answer, asked, head);
    return (await this.work(answer.model.path, task, context)).result;
  }

  async saveSheet({ path, sheet }: { path: string; sheet: Sheet }): Promise<void> {
    const picture = await pictureOfSheet(sheet);
    replaceFile(path, (file) => writeAll(file, picture, 0));
  }
}
