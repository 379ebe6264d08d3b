import { describe, expect, test } from 'vitest';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** The network view as a person comes to it, in a real VS Code with the real engine. */

const layer = '/_blocks.9/Add_output_0';

describe('the network of an explanation', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));

  test('opens beside the panel, unfolds, and a click on a box opens its layer there', async () => {
    await workbench().contextMenu('imagenet/photographs/chelsea.png', 'Explain with Model Prism');
    const panel = await explained(workbench(), 'class:282');
    await panel.frame.getByRole('button', { name: 'Show the network' }).click();
    const network = await workbench().webview('prism-network [role="treeitem"]');
    await workbench().page.getByRole('tab', { name: 'Network of chelsea.png' }).waitFor();
    await network.getByText('Drawn without contrast').waitFor();
    const box = (title: string) => network.locator(`[data-title="${title}"]`);
    // All relevance of a score sets out from the output; sharing ratios lose none of it.
    expect(await box('tiger cat').getAttribute('aria-label')).toMatch(/Sets out: 9\.21 \(100 %\)/);
    expect(await box('image').getAttribute('aria-label')).toMatch(/Arrives here: 9\.21 \(100 %\)/);
    // Enter finds it, wherever it lies, and opens what is around it.
    await network.getByRole('searchbox').fill('_blocks.9 add');
    await network.getByRole('searchbox').press('Enter');
    await until('the block', () =>
      box('Add')
        .first()
        .evaluate((element) => element.matches(':focus')),
    );
    await network.page().keyboard.press('Enter');
    await panel.painted('grid', `layer:${layer}`);
    await network.locator('prism-network-detail canvas[data-painted]').waitFor();
  });

  test('follows the panel to another class and another method', async () => {
    const panel = await explained(workbench());
    const network = await workbench().webview('prism-network [role="treeitem"]');
    await panel.frame.locator('[data-class="285"]').click();
    await network.locator('[data-title="Egyptian cat"]').waitFor();
    await panel.frame.getByRole('combobox', { name: 'Method' }).click();
    await panel.frame.getByRole('option', { name: 'Gradient', exact: true }).click();
    await network.getByText('Gradient does not tell how much relevance goes from node to node').waitFor();
  });
});
