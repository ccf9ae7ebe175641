/**
 * The house as rules: who may know whom. `npm run arch` checks them. Each rule carries a comment for whoever
 * trips it. A rule that stands in the way of something good may be changed, in a commit that says why, together
 * with ARCHITECTURE.md.
 */

const SEAMS = {
  store: '^src/store/store[.]ts$',
  hardware: '^src/hw/(contract|fence|index)[.]ts$',
  administration: '^src/server/administration[.]ts$',
};

/** Files that put the parts together. They may know everyone. */
const WIRING = [
  '^src/service[.]ts$',
  '^src/cli/(main|run|demo|store|test)[.]ts$',
  '^src/cli/(run|demo|test)/',
];

/** The bench panel of the simulated rack: it plays the world, not the administration server. */
const RACK_PANEL = '^src/cli/(print/)?rack[.]ts$';

/** The one list of the drivers of this build. */
const DRIVER_LIST = '^src/hw/drivers[.]ts$';

const ENGINE_PACKAGES = ['ajv', 'croner', 'fastest-levenshtein', 'json-rules-engine', 'yaml'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'engine-knows-only-itself',
      comment:
        'The engine decides from documents, an event and a view, all given to it as data. That is what makes a ' +
        'dry run the same code as production. Pass in what you need; do not fetch it from another room.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^(src|test|bench|scripts)/', pathNot: '^src/engine/' },
    },
    {
      name: 'engine-is-pure',
      comment:
        'The engine does no I/O and has no clock: equal input must give an equal decision. It may hash; the one ' +
        'file that reads the JSON Schemas when the program is loaded is src/engine/documents/schemas.ts.',
      severity: 'error',
      from: { path: '^src/engine/', pathNot: '^src/engine/documents/schemas[.]ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'engine-packages',
      comment:
        'Every package the engine uses is part of what decides. Look at a new one as closely as at our own code ' +
        `(no I/O, no clock, no randomness) before you add it to the list: ${ENGINE_PACKAGES.join(', ')}.`,
      severity: 'error',
      from: { path: '^src/engine/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: `node_modules/(${ENGINE_PACKAGES.join('|')})/`,
      },
    },
    {
      name: 'only-hw-reaches-hardware',
      comment:
        'Processes and sockets to hardware belong into a driver, behind the contract of src/hw/contract.ts, where ' +
        'they are journaled, timed out and simulated. (src/server speaks HTTP to clients, and that is all it may do ' +
        'with node:net and node:tls. The demo starts the built program as a process of its own, and the diff asks git for the ' +
        'documents of a revision.)',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/hw/', '^src/server/access/', '^src/cli/demo', '^src/cli/revision[.]ts$'],
      },
      to: { path: '^(node:)?(child_process|dgram|tls|cluster)$' },
    },
    {
      name: 'only-hw-and-server-open-sockets',
      comment: 'See only-hw-reaches-hardware.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/hw/', '^src/server/'] },
      to: { path: '^(node:)?net$' },
    },
    {
      name: 'only-store-speaks-sql',
      comment:
        'Everything that must survive goes through the interface Store (src/store/store.ts): one connection, one ' +
        'mutex, one place with transactions. Add a method there instead of a second connection.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'node_modules/sqlite3/' },
    },
    {
      name: 'only-watch-watches-files',
      comment:
        'File events get lost, so src/watch.ts treats them as hints and reads everything again. Ask it for the ' +
        'policy set instead of watching on your own.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/watch[.]ts$' },
      to: { path: 'node_modules/chokidar/' },
    },
    {
      name: 'watch-knows-the-engine',
      comment:
        'Hot reload turns files into a checked policy set and knows nothing of who uses it: what a new set means ' +
        'for others is told to them by its callbacks. Of the server it uses the type of the reload status only.',
      severity: 'error',
      from: { path: '^src/(watch|files|last-good|truncation)[.]ts$' },
      to: {
        path: '^src/',
        pathNot: ['^src/engine/', '^src/(clock|files|last-good|truncation)[.]ts$', SEAMS.administration],
      },
    },
    {
      name: 'a-driver-knows-its-hardware',
      comment:
        'A driver knows its own protocol, the hardware contract and the clock. It knows nothing of policies, the ' +
        'store or other drivers; what it needs to know of an operation stands in the order that it is given.',
      severity: 'error',
      from: { path: '^src/hw/([^/]+)/' },
      to: { path: '^src/', pathNot: ['^src/hw/$1/', '^src/hw/(contract|fence)[.]ts$', '^src/clock[.]ts$'] },
    },
    {
      name: 'the-contract-knows-no-driver',
      comment:
        'Drivers are handed in by the wiring, so that a new one changes no file but its own folder and the list in src/hw/drivers.ts.',
      severity: 'error',
      from: { path: '^src/hw/[^/]+[.]ts$', pathNot: DRIVER_LIST },
      to: {
        path: '^src/',
        pathNot: ['^src/hw/[^/]+[.]ts$', '^src/clock[.]ts$', '^src/engine/policy-set[.]ts$'],
      },
    },
    {
      name: 'drivers-are-reached-by-the-contract',
      comment:
        'Outside of its folder nobody but the wiring, the scenario stage, the simulation and the panel of the simulated rack may ' +
        'know which driver it is: ask the ' +
        'hardware contract instead.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/hw/', '^src/(scenario|simulation)/', RACK_PANEL, ...WIRING] },
      to: { path: '^src/hw/[^/]+/' },
    },
    {
      name: 'store-knows-the-engine',
      comment: 'The store keeps what the engine decided. What is to be done about it is decided elsewhere.',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/', pathNot: ['^src/(store|engine)/', '^src/clock[.]ts$'] },
    },
    {
      name: 'store-is-reached-by-its-interface',
      comment:
        'There will be more stores than SQLite. Only the wiring and the scenario stage open one; everyone else is ' +
        'given a Store.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/store/', '^src/scenario/', ...WIRING] },
      to: { path: '^src/store/', pathNot: SEAMS.store },
    },
    {
      name: 'actions-know-store-and-hardware',
      comment:
        'An action is a plain function over the step context. It executes a decision; it never makes one, and it ' +
        'does not know who asked for it.',
      severity: 'error',
      from: { path: '^src/actions/' },
      to: {
        path: '^src/',
        pathNot: ['^src/actions/', '^src/engine/', SEAMS.store, SEAMS.hardware, '^src/clock[.]ts$'],
      },
    },
    {
      name: 'control-serves-no-front-end',
      comment:
        'Control dispatches, schedules and runs operations. HTTP, the command line and the log are told by the ' +
        'journalist that it is given; it must not know them.',
      severity: 'error',
      from: { path: '^src/control/' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(control|engine|actions)/',
          SEAMS.store,
          SEAMS.hardware,
          '^src/(clock|virtual-clock)[.]ts$',
        ],
      },
    },
    {
      name: 'server-translates',
      comment:
        'Routes translate between HTTP and the interface Administration and hold no logic of their own. What a ' +
        'route needs to know or do is a method there.',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^src/', pathNot: ['^src/(server|engine)/', SEAMS.store] },
    },
    {
      name: 'check-reads-policies',
      comment:
        'The check looks at a policy set as data and says what it finds. It does no I/O and knows no more than the ' +
        'engine knows, so that it can run wherever a policy set can be loaded.',
      severity: 'error',
      from: { path: '^src/check/' },
      to: { path: '^(src|test|bench|scripts)/|^(node:)?[a-z_]+$', pathNot: '^src/(check|engine)/' },
    },
    {
      name: 'diff-replays-policies',
      comment:
        'The diff decides the same events under two policy sets, with the engine and nothing else, so that what it ' +
        'says is what the service would do. Who reads the events and the policies gives them to it as data. What single ' +
        'failures come to it has from the failure analysis of the check.',
      severity: 'error',
      from: { path: '^src/diff/' },
      to: {
        path: '^(src|test|bench|scripts)/|^(node:)?[a-z_]+$',
        pathNot: ['^src/(diff|engine)/', '^src/check/(governance|failures/(analyse|failure))[.]ts$'],
      },
    },
    {
      name: 'explain-decides-otherwise',
      comment:
        'An explanation is what the engine decided, and what it would have decided of something slightly else. It ' +
        'knows the engine and nothing more, so that it can be asked wherever a decision can be made.',
      severity: 'error',
      from: { path: '^src/explain/' },
      to: { path: '^(src|test|bench|scripts)/|^(node:)?[a-z_]+$', pathNot: '^src/(explain|engine)/' },
    },
    {
      name: 'coverage-and-mutation-watch-scenarios',
      comment:
        'What scenarios show of the policies, and which mistakes in them they find, is told from the documents and ' +
        'the scenarios, whatever files they come from and whoever asks.',
      severity: 'error',
      from: { path: '^src/(coverage|mutation)/' },
      to: {
        path: '^(src|test|bench|scripts)/|^(node:)?[a-z_]+$',
        pathNot: ['^src/$1/', '^src/engine/', '^src/scenario/index[.]ts$'],
      },
    },
    {
      name: 'cli-reads',
      comment:
        'A command is a thin reader of what the engine returns or the service answers. It reads events in the same ' +
        'forms as the server and knows its types, but reaches the store, the hardware and the operations only ' +
        'through the API or the wiring files (run, test, demo).',
      severity: 'error',
      from: { path: '^src/cli/', pathNot: [RACK_PANEL, ...WIRING] },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(cli|engine)/',
          '^src/(service|files|watch|clock)[.]ts$',
          '^src/server/(administration|json|problem)[.]ts$',
          '^src/server/access/access[.]ts$',
          '^src/server/formats/',
          '^src/(scenario|mutation|coverage|check|diff|explain)/index[.]ts$',
          '^src/hw/(index|fence)[.]ts$',
          DRIVER_LIST,
          SEAMS.store,
        ],
      },
    },
    {
      name: 'front-ends-apart',
      comment:
        'The service must run without a command line, and the command line is one client of the API among many.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'the-root-is-known-to-none',
      comment:
        'src/service.ts knows everyone, so nobody but the command line that starts it may know the service.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', '^src/service[.]ts$'] },
      to: { path: '^src/service[.]ts$' },
    },
    {
      name: 'product-knows-no-test',
      comment: 'What ships does not depend on what tests, measures or builds it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'product-knows-no-simulation',
      comment: 'The simulation proves the product and is not packed with it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/simulation/' },
      to: { path: '^src/simulation/' },
    },
    {
      name: 'product-runs-without-dev-dependencies',
      comment:
        'This package is missing where the program is installed for use. Make it a dependency, or a test helper.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circular',
      comment:
        'Files that need each other are one thing, or the needed part is a third. Types alone may go in a circle.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment:
        'Nobody uses this file and it uses nobody. Delete it, or say in this rule why it stands alone.',
      severity: 'error',
      from: { orphan: true, path: '^(src|test)/', pathNot: ['[.]d[.]ts$'] },
      to: {},
    },
    {
      name: 'unresolvable',
      comment: 'This import leads nowhere: a typing error, or a package that is not installed.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.all.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
    reporterOptions: { text: { highlightFocused: true } },
  },
};
