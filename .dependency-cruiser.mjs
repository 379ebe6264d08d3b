// The house: which folder of src/ may import which. Arrows point one way, and a check keeps that true.
const explainers = ['methods', 'metrics', 'attacks', 'learn'];
const math = ['reverse', 'ops', 'graph'];
const engineRoom = [...explainers, ...math, 'inputs', 'source', 'protocol', 'rpc'];

const mayImport = {
  graph: [],
  inputs: ['graph'],
  source: ['graph'],
  ops: ['graph'],
  reverse: ['ops', 'graph'],
  methods: math,
  metrics: ['methods', ...math],
  attacks: ['methods', ...math],
  learn: ['methods', ...math],
  protocol: [],
  // Errors are rebuilt on the other side of the wire.
  rpc: ['protocol', 'graph/errors'],
  engine: engineRoom,
  cli: ['engine', ...engineRoom],
  editor: ['engine', ...engineRoom],
  extension: ['editor', 'engine', ...engineRoom],
};

/** Matches a folder of src/ or, as for `protocol`, `rpc` and `extension`, a file. */
const rooms = (names) => `^src/(${names.join('|')})(/|\\.ts$)`;

const arrows = Object.entries(mayImport).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other part of src'}`,
  severity: 'error',
  from: { path: rooms([room]) },
  to: { path: ['^src/', '^webview/', '^test/', '^bench/'], pathNot: rooms([room, ...allowed]) },
}));

export default {
  forbidden: [
    ...arrows,
    {
      name: 'unknown-room',
      comment: 'a new folder of src/ needs its arrows here',
      severity: 'error',
      from: { path: '^src/', pathNot: rooms(Object.keys(mayImport)) },
      to: {},
    },
    {
      name: 'webview-imports',
      comment: 'the panel shares the protocol with the other processes and nothing else',
      severity: 'error',
      from: { path: '^webview/' },
      to: { path: ['^src/', '^test/', '^bench/'], pathNot: rooms(['protocol', 'rpc']) },
    },
    {
      name: 'vscode-only-in-editor',
      severity: 'error',
      from: { path: '^(src|webview)/', pathNot: rooms(['editor', 'extension']) },
      to: { path: '^vscode$|@types/vscode/' },
    },
    {
      name: 'no-processes-below-engine',
      severity: 'error',
      from: { path: rooms([...explainers, ...math, 'inputs', 'source']) },
      to: { path: '^(node:)?(child_process|worker_threads|cluster)$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^vscode$' },
    },
    {
      name: 'shipped-code-needs-shipped-packages',
      comment: 'a package that src/ or webview/ imports belongs to dependencies',
      severity: 'error',
      from: { path: '^(src|webview)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
  ],
  options: {
    // TypeScript 7 has no API for JavaScript; swc reads the syntax, type-only imports included.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
