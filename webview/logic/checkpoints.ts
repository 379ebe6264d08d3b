import type { ScalarMap } from '../../src/protocol';
import type {
  CheckpointCell,
  CheckpointChange,
  CheckpointHostApi,
  CheckpointState,
} from '../../src/protocol/checkpoints';
import type { Client } from '../../src/rpc';
import type { Translate } from './l10n';
import { number } from './numbers';

/** One image at one checkpoint. */
export interface Place {
  readonly step: string;
  readonly image: string;
}

export const samePlace = (a: Place | undefined, b: Place | undefined): boolean =>
  a?.step === b?.step && a?.image === b?.image;

const keyOf = ({ step, image }: Place): string => `${step}\n${image}`;

/** A cell in one line. */
export function describe({ status, error, target, change }: CheckpointCell, t: Translate): string {
  if (status === 'failed') return error?.message ?? t('failed');
  if (status !== 'ready' || !target) return status === 'working' ? t('explaining…') : t('waiting…');
  const said = t('{0}, score {1}', target.label, number(target.score));
  const { maps, samePrediction, otherReason } = change ?? {};
  const compared = maps
    ? t(
        'rank correlation {0}, {1} of the strongest places kept',
        maps.correlation === null ? '–' : number(maps.correlation, 2),
        `${Math.round(100 * maps.overlap)} %`,
      )
    : '';
  const verdict = otherReason
    ? t('same prediction, other reason')
    : samePrediction === false
      ? t('other prediction')
      : '';
  return [said, compared, verdict].filter(Boolean).join(' · ');
}

/** What the view knows: the host's state, the maps it has asked for, and what the person compares. */
export class CheckpointModel {
  state: CheckpointState | undefined;
  /** The cell that is looked at, and the one that it is held against: the checkpoint before unless chosen. */
  selected: Place | undefined;
  against: Place | undefined;
  readonly #maps = new Map<string, ScalarMap | 'asked'>();
  /** Between two checkpoints that the person chose. */
  readonly #changes = new Map<string, CheckpointChange | null>();

  constructor(
    private readonly host: Client<CheckpointHostApi>,
    private readonly changed: () => void,
  ) {}

  async start(): Promise<void> {
    this.update(await this.host.ready({}));
  }

  update(state: CheckpointState): void {
    this.state = state;
    const known = new Set(
      state.steps.flatMap(({ id, cells }) => Object.keys(cells).map((image) => keyOf({ step: id, image }))),
    );
    for (const key of this.#maps.keys()) if (!known.has(key)) this.#maps.delete(key);
    if (this.selected && !this.cell(this.selected)) this.selected = undefined;
    if (this.against && !this.cell(this.against)) this.against = undefined;
    this.changed();
  }

  cell({ step, image }: Place): CheckpointCell | undefined {
    return this.state?.steps.find(({ id }) => id === step)?.cells[image];
  }

  /** The map of a cell; undefined while it is on its way, or there is none. */
  map(place: Place): ScalarMap | undefined {
    const key = keyOf(place);
    const known = this.#maps.get(key);
    if (known !== undefined) return known === 'asked' ? undefined : known;
    if (this.cell(place)?.status !== 'ready') return undefined;
    this.#maps.set(key, 'asked');
    this.host.map(place).then(
      (map) => {
        this.#maps.set(key, map);
        this.changed();
      },
      // It is gone from the host, and so from the next state.
      () => this.#maps.delete(key),
    );
    return undefined;
  }

  /** The selected cell, with what changed since the one that it is held against. */
  get compared(): CheckpointCell | undefined {
    const { selected, reference } = this;
    const cell = selected && this.cell(selected);
    if (!selected || !cell || cell.status !== 'ready' || this.against === undefined || !reference) return cell;
    const { change: _, ...rest } = cell;
    const change = this.#changeBetween(reference.step, selected.step, selected.image);
    return { ...rest, ...(change && { change }) };
  }

  #changeBetween(from: string, to: string, image: string): CheckpointChange | undefined {
    const key = `${from}\n${to}\n${image}`;
    const known = this.#changes.get(key);
    if (known !== undefined) return known ?? undefined;
    this.#changes.set(key, null);
    this.host.change({ from, to, image }).then(
      (change) => {
        this.#changes.set(key, change);
        this.changed();
      },
      () => this.#changes.delete(key),
    );
    return undefined;
  }

  /** The checkpoint that a cell is held against. */
  get reference(): Place | undefined {
    const { selected, against, state } = this;
    if (!selected || !state) return undefined;
    if (against?.image === selected.image && against.step !== selected.step) return against;
    const at = state.steps.findIndex(({ id }) => id === selected.step);
    const before = state.steps.slice(0, at).findLast(({ cells }) => cells[selected.image]?.status === 'ready');
    return before && { step: before.id, image: selected.image };
  }

  select(place: Place, asReference: boolean): void {
    if (asReference && this.selected) this.against = place;
    else {
      this.selected = place;
      this.against = undefined;
    }
    this.changed();
  }

  open = (place: Place): Promise<void> => this.host.open(place);
  pin = (): Promise<void> => this.host.pin({});
  unpin = (image: string): Promise<void> => this.host.unpin({ image });
}
