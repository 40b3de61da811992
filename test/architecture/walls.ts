// The one table of who may import what. The compiler's references, dependency-cruiser and oxlint are checked against it
// or made from it; the README of every room repeats its row.

export interface Room {
  /** Libraries it may import, by short name. */
  readonly libs: readonly string[];
  /** Compiled without Node's types; no clock, no randomness, no package from npm. */
  readonly pure?: true;
  /** npm packages, as regular expressions, that it must not reach. */
  readonly never?: readonly string[];
  /** Entrances beside its index.ts, as package.json exports them: the file behind each name. */
  readonly doors?: Readonly<Record<string, string>>;
  /** Never part of a shipped program. */
  readonly development?: true;
}

const kubernetesClient = '^@kubernetes/client-node$';
const serverOnly = [
  '^@nestjs/',
  '^typeorm$',
  '^pg($|-)',
  '^bullmq$',
  '^ioredis$',
  '^fastify$',
  '^@fastify/',
];

export const rooms: Readonly<Record<string, Room>> = {
  'libs/kernel': { pure: true, libs: [] },
  'libs/rbac': { pure: true, libs: ['kernel'] },
  'libs/domain': { pure: true, libs: ['kernel', 'rbac'] },
  'libs/protocol/src/core': { pure: true, libs: ['kernel', 'rbac', 'domain'] },
  'libs/contracts': {
    libs: ['kernel', 'rbac', 'domain'],
    never: [kubernetesClient, ...serverOnly],
    // Whoever speaks REST alone loads nothing of gRPC.
    doors: { grpc: 'src/grpc/grpc-api.ts' },
  },
  'libs/protocol': { libs: ['kernel', 'domain', 'rbac'], never: [kubernetesClient, ...serverOnly] },
  'libs/transport': {
    libs: ['kernel', 'protocol'],
    never: [kubernetesClient, ...serverOnly],
  },
  'libs/persistence': {
    libs: ['kernel', 'domain', 'rbac'],
    never: [kubernetesClient, '^@nestjs/', '^bullmq$'],
    // Starting the server needs none of the mapper, which costs a test run half a second.
    doors: { embedded: 'src/embedded/embedded-postgres.ts' },
  },
  'libs/kube': {
    libs: ['kernel', 'rbac', 'config'],
    never: [kubernetesClient, ...serverOnly],
  },
  'libs/client': {
    libs: ['kernel', 'contracts'],
    never: [kubernetesClient, ...serverOnly],
    // What kubectl starts for every command cannot wait for schemas.
    doors: { exchange: 'src/plain-exchange.ts', grpc: 'src/grpc/grpc-sdk.ts' },
  },
  'libs/config': { libs: ['kernel'], never: [kubernetesClient, ...serverOnly] },
  'libs/observability': { libs: ['kernel'], never: [kubernetesClient, ...serverOnly] },
  'libs/testing': { development: true, libs: ['kernel', 'domain', 'persistence'] },
  'libs/dev-provider': { development: true, libs: [] },
  'libs/dev-cluster': { development: true, libs: ['kernel', 'rbac', 'config'] },
  'apps/central': {
    libs: [
      'kernel',
      'domain',
      'rbac',
      'contracts',
      'protocol',
      'transport',
      'persistence',
      'config',
      'observability',
    ],
    never: [kubernetesClient],
  },
  'apps/agent': {
    libs: ['kernel', 'domain', 'rbac', 'protocol', 'transport', 'kube', 'config', 'observability'],
    never: [kubernetesClient, ...serverOnly],
  },
  'apps/cli': { libs: ['kernel', 'contracts', 'client', 'config'], never: serverOnly },
  'apps/demo': {
    development: true,
    libs: ['kernel', 'contracts', 'client', 'config', 'dev-cluster', 'dev-provider', 'kube'],
    never: serverOnly,
  },
};

/** Libraries of `apps/central/src/platform`, which holds no business rule. */
export const platformLibs = [
  'kernel',
  'contracts',
  'config',
  'observability',
  'persistence',
  // The metrics, health and shutdown of the agents' listener belong to the plumbing.
  'transport',
];

/** Every library there is, by short name. */
export const libraries = Object.keys(rooms).flatMap((room) => {
  const [, name] = /^libs\/([^/]+)$/.exec(room) ?? [];
  return name === undefined ? [] : [name];
});

/** Files that are no part of a program, as a regular expression over paths. */
export const testFiles = '\\.(spec|int-spec|test-support)\\.ts$|^(apps|libs)/[^/]+/test/';

/** Rooms that a shipped program must not reach. */
export const developmentRooms = Object.keys(rooms).filter((room) => rooms[room]?.development);
