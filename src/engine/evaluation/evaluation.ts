import type { Estimate } from '../../metrics/statistics';
import type { OptionValues, RemoteError } from '../../protocol';
import type { MetricReport } from '../score';

/** What is asked: which methods to judge by which metrics on which pictures. */
export interface EvaluationQuestion {
  /** Folder of pictures. */
  readonly images: string;
  /** Folder of their masks. */
  readonly masks?: string;
  /** File of their classes. */
  readonly labels?: string;
  readonly methods: readonly string[];
  readonly methodOptions?: OptionValues;
  /** Unless somebody chooses: what is quick, and with masks where the relevance lies. */
  readonly metrics?: readonly string[];
  readonly options?: OptionValues;
  /** Which class is explained: the picture's own where it is known, or always the one that the model chose. */
  readonly target: 'label' | 'predicted';
  /** Leave out pictures whose class is known and is not the one that the model chose. */
  readonly onlyCorrect: boolean;
  /** Only so many pictures, from the first on. */
  readonly limit?: number;
  /** Folder of the results. */
  readonly out: string;
}

/** A class of a picture. */
export interface NamedClass {
  readonly index: number;
  readonly label: string;
}

/** What one method's explanation of one picture was found to be. */
export interface Entry {
  /** Names everything the result depends on. */
  readonly key: string;
  readonly image: string;
  readonly method: string;
  /** Absent for mosaics, which have several. */
  readonly target?: NamedClass & { readonly probability: number };
  readonly predicted?: NamedClass;
  /** The picture's own class, where it is known. */
  readonly label?: NamedClass;
  readonly metrics: Readonly<Record<string, MetricReport>>;
  /** Milliseconds that explaining took. */
  readonly explainMs: number;
}

/** Something that did not work; the rest went on. */
export interface Failure {
  readonly image?: string;
  readonly method?: string;
  readonly error: RemoteError;
}

/** One method over all pictures. */
export interface MethodSummary {
  readonly id: string;
  readonly title: string;
  readonly options: OptionValues;
  /** By metric; null where no picture has a value. */
  readonly metrics: Readonly<Record<string, Estimate | null>>;
  /** Milliseconds that an explanation took, the median. */
  readonly explainMs: number | null;
}

export interface Evaluation {
  readonly model: string;
  readonly images: {
    readonly folder: string;
    /** How many were asked for. */
    readonly count: number;
    /** How many some method was judged on. */
    readonly judged: number;
    readonly withLabel: number;
    readonly withMask: number;
    /** Of those with a label, how many the model takes for something else. */
    readonly misclassified: number;
    /** Misclassified ones that were left out. */
    readonly leftOut: number;
    /** The mean share of the picture that masks cover: what a map that knows nothing has inside. */
    readonly maskShare: number | null;
  };
  readonly target: EvaluationQuestion['target'];
  readonly metrics: Readonly<Record<string, { readonly options: OptionValues; readonly better: 'higher' | 'lower' }>>;
  readonly methods: readonly MethodSummary[];
  readonly failures: readonly Failure[];
  /** Files written, by what they are. */
  readonly files: Readonly<Record<string, string>>;
  readonly provider: string;
  readonly warnings?: readonly RemoteError[];
}
