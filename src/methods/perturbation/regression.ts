import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import type { Coalition } from './game';

/** A weighted linear regression on coalitions, of which only sums are kept. */
export class CoalitionRegression {
  readonly #features: number;
  /** Σ w z zᵀ, Σ w z, Σ w z y, Σ w, Σ w y. */
  readonly #products: Float64Array[];
  readonly #sums: Float64Array;
  readonly #moments: Float64Array;
  #weight = 0;
  #total = 0;

  constructor(features: number) {
    this.#features = features;
    this.#products = Array.from({ length: features }, () => new Float64Array(features));
    this.#sums = new Float64Array(features);
    this.#moments = new Float64Array(features);
  }

  add(shown: Coalition, y: number, weight: number): void {
    const members: number[] = [];
    shown.forEach((isShown, feature) => {
      if (isShown) members.push(feature);
    });
    for (const i of members) {
      const row = this.#products[i];
      for (const j of members) row[j] += weight;
      this.#sums[i] += weight;
      this.#moments[i] += weight * y;
    }
    this.#weight += weight;
    this.#total += weight * y;
  }

  /** Ridge regression: Σ w (y − a − β·z)² + α‖β‖², the intercept a free. */
  ridge(alpha: number): { coefficients: Float64Array; intercept: number } {
    const weight = this.#weight;
    const mean = this.#total / weight;
    const system = Matrix.zeros(this.#features, this.#features);
    for (let i = 0; i < this.#features; i++) {
      for (let j = 0; j < this.#features; j++) {
        const covariance = this.#products[i][j] - (this.#sums[i] * this.#sums[j]) / weight;
        system.set(i, j, covariance + (i === j ? alpha : 0));
      }
    }
    const right = Float64Array.from(this.#moments, (moment, i) => moment - this.#sums[i] * mean);
    // α alone makes the system positive definite.
    const [coefficients] = solve(system, [right]) as Float64Array[];
    const explained = coefficients.reduce((sum, value, i) => sum + (value * this.#sums[i]) / weight, 0);
    return { coefficients, intercept: mean - explained };
  }

  /**
   * Σ w (y − β·z)² under Σβ = total, by Lagrange's multiplier.
   *
   * @returns undefined as long as the coalitions do not tell the features apart
   */
  constrained(total: number): Float64Array | undefined {
    const solution = solve(new Matrix(this.#products), [this.#moments, new Float64Array(this.#features).fill(1)]);
    if (!solution) return undefined;
    const [free, direction] = solution;
    const sum = (values: Float64Array): number => values.reduce((partial, value) => partial + value, 0);
    const step = (total - sum(free)) / sum(direction);
    return free.map((value, i) => value + step * direction[i]);
  }
}

/** Solves a symmetric system for several right-hand sides; undefined where it is not positive definite. */
function solve(system: Matrix, right: readonly Float64Array[]): Float64Array[] | undefined {
  const cholesky = new CholeskyDecomposition(system);
  if (!cholesky.isPositiveDefinite()) return undefined;
  const solution = cholesky.solve(new Matrix(right).transpose());
  return right.map((_, column) => Float64Array.from(solution.getColumn(column)));
}
