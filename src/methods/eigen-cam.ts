import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { activationsOf, attributionOf } from './cam/forwardCam';
import { camOptions } from './cam/options';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';

/** The first principal component of the places: [channels, places] centred a channel, projected on it. */
function firstComponent(rows: Matrix): number[] {
  const centred = rows.clone().subColumnVector(rows.mean('row'));
  // The smaller of the two Gram matrices has the same largest eigenvalue.
  const [channels, places] = [rows.rows, rows.columns];
  const largest = (gram: Matrix): number[] => {
    const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
    return eigenvectorMatrix.getColumn(realEigenvalues.indexOf(Math.max(...realEigenvalues)));
  };
  if (channels <= places) {
    const direction = Matrix.rowVector(largest(centred.mmul(centred.transpose())));
    return direction.mmul(centred).getRow(0);
  }
  const left = Matrix.columnVector(largest(centred.transpose().mmul(centred)));
  const size = centred.mmul(left).norm('frobenius');
  return left.mul(size).getColumn(0);
}

/** Eigen-CAM (Muhammad, Yeasin 2020), with centred activations; the sign is that of the sum of all channels. */
export const eigenCam: Method = {
  info: {
    id: 'eigen-cam',
    title: 'Eigen-CAM',
    summary: 'What the last feature maps have most in common. The same for every class: it shows what the model sees.',
    paper: {
      title: 'Eigen-CAM: Class Activation Map using Principal Components',
      url: 'https://arxiv.org/abs/2008.00299',
    },
    family: 'cam',
    signed: false,
    needs: 'forward',
    layers: false,
    options: camOptions,
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const seen = await activationsOf(subject, options, runtime);
    const { data, shape } = seen.rows;
    const rows = Matrix.from1DArray(shape[0], shape[1], data);
    const component = firstComponent(rows);
    // The component has mean 0, so its product with the sums is their covariance.
    const together = rows.sum('column').reduce((total, sum, place) => total + sum * component[place], 0);
    const raw = Float32Array.from(component, (value) => (together < 0 ? -value : value));
    return attributionOf(subject, options, seen, raw, runtime);
  },

  graph: notOneGraph('eigen-cam'),
};
