import type { ScalarMap } from '../../src/protocol';
import type { HostApi } from '../../src/protocol/panel';
import type { Client } from '../../src/rpc';
import type { Point } from './geometry';
import { Latest } from './latest';
import { MapCache } from './map-cache';

/** A location of a layer, or of the input. */
export interface Place extends Point {
  readonly layer: string;
}

/** An answer about one location: the ERF of a PFV, or the readers of a place of the input. */
export interface PlaceMap extends Place {
  readonly map: ScalarMap;
}

/** ERFs kept for a pointer that comes back: 8 million values, 32 MiB. */
const fieldLimit = 1 << 23;

const keyOf = ({ layer, x, y }: Place): string => `${layer}@${y},${x}`;

const isAt = (known: Place | undefined, place: Place): boolean => known !== undefined && keyOf(known) === keyOf(place);

/** What a PFV has seen, and which PFVs have seen a place: asked of the host as fast as it answers. */
export class Places {
  /** The ERF on show, of the pinned PFV or the one pointed at. */
  field: PlaceMap | undefined;
  /** How much each PFV of the open layer draws on the place of the photograph that is pointed at. */
  readers: PlaceMap | undefined;

  readonly #fields = new MapCache(fieldLimit);
  readonly #field: Latest<Place, ScalarMap>;
  readonly #readers: Latest<Place, ScalarMap>;

  /**
   * @param came after an answer came
   * @param failed with the reason that there is none
   */
  constructor(
    host: Pick<Client<HostApi>, 'receptiveField' | 'readers'>,
    came: () => void,
    failed: (reason: unknown) => void,
  ) {
    this.#field = new Latest(
      (place) => host.receptiveField(place),
      (place, map) => {
        this.#fields.set(keyOf(place), map);
        // The pointer may be further by now; what came is still nearer to it than what is on show.
        this.field = { ...place, map };
        came();
      },
      (_place, reason) => failed(reason),
    );
    this.#readers = new Latest(
      (place) => host.readers(place),
      (place, map) => {
        this.readers = { ...place, map };
        came();
      },
      (_place, reason) => failed(reason),
    );
  }

  /** Shows the ERF of a PFV, asking for it when need be. */
  follow(wanted: Place | undefined): void {
    const known = wanted && this.#fields.get(keyOf(wanted));
    if (wanted === undefined || known) this.#field.drop();
    else this.#field.request(wanted);
    if (wanted === undefined) this.field = undefined;
    else if (known) this.field = { ...wanted, map: known };
  }

  /** Asks who reads a place of the input; undefined: nobody asks any more. Whether what is shown has changed. */
  read(place: Place | undefined): boolean {
    if (place && isAt(this.readers, place)) return false;
    if (place) {
      this.#readers.request(place);
      return false;
    }
    this.#readers.drop();
    const shown = this.readers !== undefined;
    this.readers = undefined;
    return shown;
  }

  /** Shows nothing, and waits for nothing. */
  leave(): void {
    this.#field.drop();
    this.#readers.drop();
    this.field = undefined;
    this.readers = undefined;
  }

  /** Forgets everything: it was that of another explanation. */
  clear(): void {
    this.leave();
    this.#fields.clear();
  }
}
