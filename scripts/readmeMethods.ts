import { METHODS } from '../src/methods/index';

const FAMILIES: Readonly<Record<string, string>> = {
  pfv: 'feature vectors',
  gradient: 'gradients',
  cam: 'class activation',
  relevance: 'relevance',
  attention: 'attention',
  perturbation: 'perturbation',
  learned: 'learned',
};

const START = '<!-- methods -->';
const END = '<!-- /methods -->';

/** The README with its table of methods made anew from the methods' own declarations. */
export function withMethods(readme: string): string {
  const rows = METHODS.map(({ info }) => {
    const title = info.paper ? `[${info.title}](${info.paper.url})` : info.title;
    return `| \`${info.id}\` | ${title} | ${FAMILIES[info.family]} | ${info.summary} |`;
  });
  const table = ['| method | | by | what it shows |', '| --- | --- | --- | --- |', ...rows].join('\n');
  const before = readme.slice(0, readme.indexOf(START) + START.length);
  return `${before}\n${table}\n${readme.slice(readme.indexOf(END))}`;
}
