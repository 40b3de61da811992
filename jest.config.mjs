// One configuration, one jest project per tier. `npm run unit|medium|e2e` select a project; see package.json.
const swc = (decorators) => [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators },
      transform: {
        legacyDecorator: decorators,
        decoratorMetadata: decorators,
        useDefineForClassFields: !decorators,
      },
    },
    module: { type: 'es6' },
    // Beside the code, where jest looks for it: in it, every spec file would read and compile three times as much.
    sourceMaps: true,
  },
];
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '/(apps/central|libs/persistence)/.+\\.ts$': swc(true),
    '\\.ts$': swc(false),
  },
  testEnvironmentOptions: { customExportConditions: ['@ambit/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
};
const withDatabase = {
  globalSetup: '<rootDir>/test/support/test-run-setup.mjs',
  globalTeardown: '<rootDir>/test/support/test-run-teardown.mjs',
  setupFiles: ['<rootDir>/test/support/jest-setup-grpc.mjs'],
  resolver: '<rootDir>/test/support/bundled-packages.mjs',
};
const tier = (displayName, testMatch, more = {}) => ({ ...base, displayName, testMatch, ...more });
export default {
  maxWorkers: 2,
  // Waits have deadlines of their own that say what they waited for: this is for a test that hangs. Jest heeds it here
  // only, not per project.
  testTimeout: 180_000,
  projects: [
    tier('unit', [
      '<rootDir>/{apps,libs}/*/src/**/*.spec.ts',
      '<rootDir>/test/{bench,hostile}/**/*.spec.ts',
    ]),
    tier(
      'medium',
      ['<rootDir>/{apps,libs}/*/src/**/*.int-spec.ts', '<rootDir>/test/bench/**/*.int-spec.ts'],
      withDatabase,
    ),
    tier('architecture', ['<rootDir>/test/architecture/**/*.spec.ts']),
    tier('simulation', ['<rootDir>/test/sim/**/*.spec.ts']),
    tier('planted', ['<rootDir>/test/planted/**/*.spec.ts']),
    tier('conformance', ['<rootDir>/test/{conformance,charts}/**/*.spec.ts'], withDatabase),
    tier('e2e', ['<rootDir>/test/e2e/**/*.e2e.ts'], withDatabase),
    tier('containers', ['<rootDir>/test/containers/**/*.container.ts'], withDatabase),
    tier('browser', ['<rootDir>/test/browser/**/*.browser.ts'], withDatabase),
  ],
};
