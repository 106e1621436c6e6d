// The rooms of the house, and who may go where. One table for the SDK, one for the node:
// a room may import itself and what its row names, nothing else of ours.
const SDK = {
  protocol: [],
  answer: ['protocol'],
  chain: ['protocol', 'answer'],
  client: ['protocol', 'answer'],
};

// `sdk` stands for the SDK's entry points. Types of a room above may be imported by none.
const NODE = {
  keys: [],
  store: [],
  intake: ['store'],
  registers: ['store', 'keys'],
  chain: ['store', 'keys'],
  witness: ['store', 'chain'],
  answers: ['store', 'registers'],
  exchange: ['store', 'keys', 'answers', 'chain'],
  letters: ['store', 'keys', 'registers', 'chain', 'exchange'],
  subjects: ['store', 'keys', 'registers', 'chain', 'exchange'],
  cases: ['store', 'keys', 'registers', 'chain', 'exchange'],
  publicity: ['store', 'registers', 'chain'],
  backup: ['store', 'keys'],
  api: [
    ...['keys', 'store', 'intake', 'registers', 'chain', 'witness', 'answers', 'exchange'],
    ...['letters', 'subjects', 'cases', 'publicity', 'backup'],
  ],
  cli: ['api', 'intake', 'backup', 'keys'],
};

const rule = (base, room, allowed) => ({
  name: `${base}-${room}`,
  comment: `${base}/${room} may import: ${allowed.join(', ') || 'no other room'}`,
  severity: 'error',
  from: { path: `^${base}/src/${room}/` },
  to: {
    path: `^${base}/src/[^/]+/`,
    pathNot: [room, ...allowed].map((name) => `^${base}/src/${name}/`),
  },
});

export default {
  forbidden: [
    ...Object.entries(SDK).map(([room, allowed]) => rule('sdk', room, allowed)),
    ...Object.entries(NODE).map(([room, allowed]) => rule('node', room, allowed)),
    {
      name: 'sdk-alone',
      comment: 'The SDK knows nothing of the node.',
      severity: 'error',
      from: { path: '^sdk/' },
      to: { path: '^node/' },
    },
    {
      name: 'sql-in-store-only',
      comment: 'Database drivers are opened in node/src/store alone.',
      severity: 'error',
      from: { path: '^node/src/', pathNot: '^node/src/store/' },
      to: { path: 'node_modules/(pg|@electric-sql)/' },
    },
    {
      name: 'no-node-built-ins-in-the-sdk',
      severity: 'error',
      from: { path: '^sdk/src/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
