import { replaceFile, writeAll } from '../graph/dataFile';
import { METHODS } from '../methods/index';
import { METRICS } from '../metrics/index';
import type {
  EngineApi,
  EvaluationOutcome,
  EvaluationParams,
  JudgedMetric,
  MetricSummary,
  ModelDivergence,
  PictureFolder,
  Sheet,
  Unfit,
} from '../protocol';
import type { CallContext } from '../rpc';
import { pictureOfSheet } from './compare';
import { divergenceOf } from './divergence/divergence';
import { Engine } from './engine';
import { evaluate } from './evaluation/evaluate';
import { pictureFolder } from './evaluation/folder';
import { unfitMethods } from './fit';
import { judgeAnswer, summaryOf } from './judgeAnswer';
import type { Model } from './model';

/** The engine with what an editor asks beside single explanations. */
export class Service extends Engine implements EngineApi {
  readonly #unfit = new WeakMap<Model, readonly Unfit[]>();

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

  async saveSheet({ path, sheet }: { path: string; sheet: Sheet }): Promise<void> {
    const picture = await pictureOfSheet(sheet);
    replaceFile(path, (file) => writeAll(file, picture, 0));
  }
}
