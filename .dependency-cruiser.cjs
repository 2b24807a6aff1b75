/**
 * The arrows of the house, as the test run holds them: which room may import which, who may touch the machine, and who may import the libraries
 * that belong to one room. `mayImport` is the whole truth about rooms: a new room needs a row here before anything may stand in it.
 * test/guards/arrows.test.ts plants each fault and sees it caught.
 */
const foundation = ['contracts', 'documents', 'platform'];

/** Room -> the rooms of ours that it may import (itself always). */
const mayImport = {
  contracts: [],
  documents: ['contracts'],
  platform: ['contracts'],
  cluster: ['contracts', 'documents'],
  clients: ['contracts', 'platform'],
  secrets: [...foundation, 'cluster', 'clients'],
  artifacts: [...foundation, 'cluster'],
  topics: [...foundation, 'clients'], // not cluster: its callers pass what it needs
  drivers: [...foundation, 'cluster', 'clients', 'provision'],
  provision: ['contracts', 'platform', 'cluster', 'artifacts'],
  stacks: [...foundation, 'cluster', 'artifacts', 'provision'],
  charts: [...foundation, 'cluster'],
  chaos: [...foundation, 'cluster', 'clients'],
  review: foundation,
  programs: ['contracts', 'clients', 'topics'],
};
const rooms = Object.keys(mayImport);
mayImport.operations = rooms; // the only room that joins rooms
mayImport.scripts = [...rooms, 'operations'];
/** Anything may be tried and measured. */
const free = ['test', 'bench', 'bin'];

/** Rooms that compute and never touch the machine, but for one module each that reads files for its room. */
const pure = '^(contracts|documents|cluster|provision)/';
const readers = '^(cluster/load|provision/user-data)\\.ts$';
const machine =
  '^(node:)?(fs|fs/promises|net|tls|dgram|dns|dns/promises|http|https|http2|child_process|worker_threads|cluster|os|readline|readline/promises)$';
const either = (names) => `^(${names.join('|')})/`;
const library = (pattern) => `(^|node_modules/)${pattern}(/|$)`;

const arrows = Object.entries(mayImport).map(([room, allowed]) => ({
  name: `${room}-imports-only-its-arrows`,
  comment: `${room}/ may import ${allowed.length === 0 ? 'nothing of ours' : allowed.map((name) => `${name}/`).join(', ')}. Join rooms in operations/.`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: { pathNot: [either([room, ...allowed]), 'node_modules/'], dependencyTypes: ['local'] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'room-in-the-table',
      comment: 'A room is made with its row in .dependency-cruiser.cjs, which says what it may import.',
      severity: 'error',
      from: { path: '^[^/]+/', pathNot: [either([...Object.keys(mayImport), ...free]), '(^|/)node_modules/'] },
      to: {},
    },
    {
      name: 'room-in-the-table-reached',
      comment: 'A room is made with its row in .dependency-cruiser.cjs, which says what it may import.',
      severity: 'error',
      from: {},
      to: {
        path: '^[^/]+/',
        pathNot: [either([...Object.keys(mayImport), ...free]), '(^|/)node_modules/'],
        dependencyTypes: ['local'],
      },
    },
    {
      name: 'only-the-topics-applier-imports-topics',
      comment:
        'A program reads its config.json and nothing else of the house; the topics applier carries the topics tool into the private network.',
      severity: 'error',
      from: { path: '^programs/', pathNot: '^programs/topics-applier/' },
      to: { path: '^topics/' },
    },
    {
      name: 'pure-rooms-touch-nothing',
      comment:
        'contracts/, documents/, cluster/ and provision/ compute: they say what should be; cluster/load.ts and provision/user-data.ts alone read files.',
      severity: 'error',
      from: { path: pure, pathNot: readers },
      to: { path: machine, dependencyTypes: ['core'] },
    },
    {
      name: 'the-loader-only-reads-files',
      comment: 'cluster/load.ts and provision/user-data.ts read files; they start and reach nothing.',
      severity: 'error',
      from: { path: readers },
      to: { path: machine, pathNot: '^(node:)?fs(/promises)?$', dependencyTypes: ['core'] },
    },
    {
      name: 'cdktf-only-in-stacks',
      comment: 'Terraform is the business of stacks/; others read the inventory and plain JSON.',
      severity: 'error',
      from: { pathNot: ['^(test/)?stacks/', 'node_modules/'] },
      to: { path: [library('cdktf'), library('@cdktf/[^/]+')] },
    },
    {
      name: 'cdk8s-only-in-charts',
      comment: 'Kubernetes objects are the business of charts/.',
      severity: 'error',
      from: { pathNot: ['^(test/)?charts/', 'node_modules/'] },
      to: { path: library('cdk8s[^/]*') },
    },
    {
      name: 'kafkajs-only-in-clients',
      comment: 'The traps of the wire are mended once, in clients/. A bench may measure against it as it is.',
      severity: 'error',
      from: { pathNot: ['^(test/)?clients/', '^bench/', 'node_modules/'] },
      to: { path: library('kafkajs') },
    },
    {
      name: 'mongodb-only-in-clients',
      comment: 'One driver, of the one line that speaks to the stand-in too, connected in one way: clients/mongo/.',
      severity: 'error',
      from: { pathNot: ['^(test/)?clients/', 'node_modules/'] },
      to: { path: library('mongodb') },
    },
    {
      name: 'aws-sdk-only-in-clients',
      comment:
        'Credentials, retries and what a refusal means are said once, in clients/aws/; programs/ run inside AWS and may ask it themselves.',
      severity: 'error',
      from: { pathNot: ['^(test/)?clients/', '^programs/', '^test/integration/', '^test/long/', 'node_modules/'] },
      to: { path: library('@aws-sdk/[^/]+') },
    },
    {
      name: 'no-circle',
      comment: 'Two modules that need each other are one module, or a third is missing. (A type alone may look back.)',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphan',
      comment: 'Nobody imports it and it imports nothing: use it or drop it.',
      severity: 'error',
      from: { orphan: true, pathNot: ['^(test|bench|bin|scripts|programs)/', '^[^/]+$', '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere: a wrong path, or a package that package.json does not name.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'listed-in-package-json',
      comment: 'A package that only another package brought along vanishes with it: npm i -E it.',
      severity: 'error',
      from: { pathNot: 'node_modules/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'development-packages-stay-in-tests',
      comment: 'What the product needs at run time belongs into dependencies.',
      severity: 'error',
      from: { path: either([...Object.keys(mayImport), 'bin']), pathNot: '^scripts/(test|generate)' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.ensemble|\\.build|\\.test-report|coverage|\\.git)/' },
    tsPreCompilationDeps: true, // an import of a type is an arrow too
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
