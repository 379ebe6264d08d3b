import type { Estimate } from '../../metrics/statistics';
import type { OptionValues, RemoteError } from '../../protocol';
import type { MetricReport } from '../score';

/** What methods are judged on. */
export type Kind = 'images' | 'texts' | 'rows';

/** What is asked: which methods to judge by which metrics on which pictures, texts or rows; one kind of them. */
export interface EvaluationQuestion {
  /** Folder of pictures. */
  readonly images?: string;
  /** Folder of texts, or a table with a column of them. */
  readonly texts?: string;
  /** A table. */
  readonly rows?: string;
  /** Folder of masks of the pictures. */
  readonly masks?: string;
  /** File of the classes of pictures or texts; of a table the name of the column that tells them. */
  readonly labels?: string;
  readonly methods: readonly string[];
  readonly methodOptions?: OptionValues;
  /** Unless somebody chooses: what is quick, and with masks where the relevance lies. */
  readonly metrics?: readonly string[];
  readonly options?: OptionValues;
  /** Which class is explained: the input's own where it is known, or always the one that the model chose. */
  readonly target: 'label' | 'predicted';
  /** Leave out inputs whose class is known and is not the one that the model chose. */
  readonly onlyCorrect: boolean;
  /** Only so many inputs, from the first on. */
  readonly limit?: number;
  /** Folder of the results. */
  readonly out: string;
}

/** A class of an input. */
export interface NamedClass {
  readonly index: number;
  readonly label: string;
}

/** What one method's explanation of one input was found to be. */
export interface Entry {
  /** Names everything the result depends on. */
  readonly key: string;
  /** The name of the picture, text or row. */
  readonly image: string;
  readonly method: string;
  /** Absent for mosaics, which have several. */
  readonly target?: NamedClass & { readonly probability: number };
  readonly predicted?: NamedClass;
  /** The input's own class, where it is known. */
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

/** One method over all inputs. */
export interface MethodSummary {
  readonly id: string;
  readonly title: string;
  readonly options: OptionValues;
  /** By metric; null where no input has a value. */
  readonly metrics: Readonly<Record<string, Estimate | null>>;
  /** Milliseconds that an explanation took, the median. */
  readonly explainMs: number | null;
}

export interface Evaluation {
  readonly model: string;
  /** The inputs, of whatever kind. */
  readonly images: {
    readonly kind: Kind;
    /** Where they are: a folder or a file. */
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
    /** The mean share of a picture that masks cover: what a map that knows nothing has inside. */
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
