import * as path from 'node:path';

/**
 * The model that a picture lies with: going up from its folder, the first folder that holds models holds just that one.
 * The workspace folders themselves do not count, since they hold what belongs to nobody in particular.
 *
 * @param models full paths
 * @param roots the workspace folders
 */
export function modelBeside(image: string, models: readonly string[], roots: readonly string[]): string | undefined {
  let folder = path.dirname(image);
  while (!roots.includes(folder) && path.dirname(folder) !== folder) {
    const here = models.filter((model) => path.dirname(model) === folder);
    if (here.length > 0) return here.length === 1 ? here[0] : undefined;
    folder = path.dirname(folder);
  }
  return undefined;
}
