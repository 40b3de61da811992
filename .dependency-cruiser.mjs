import {
  developmentRooms,
  libraries,
  platformLibs,
  rooms,
  testFiles,
} from './test/architecture/walls.ts';

const error = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const slug = (room) => room.replaceAll('/', '-');

// The room of a pure part inside a library has a table row of its own, so the library's row leaves it out.
const insideOf = (room) => {
  const nested = Object.keys(rooms).filter((other) => other.startsWith(`${room}/`));
  return [testFiles, ...nested.map((other) => `^${other}/`)];
};

function roomRules([room, { libs, never = [], pure = false }]) {
  const from = { path: `^${room}/`, pathNot: insideOf(room) };
  const own = `^${room.startsWith('libs/') ? room.split('/').slice(0, 2).join('/') : room}/`;
  const allowed = libs.map((lib) => `^libs/${lib}/`);
  const rules = [
    error(`wall-${slug(room)}`, `${room} may import: ${libs.join(', ') || 'nothing'}`, from, {
      path: '^(apps|libs|test)/',
      pathNot: [own, ...allowed],
    }),
  ];
  if (never.length > 0) {
    const path = never.map((name) => `node_modules/${name.replace(/^\^/, '').replace(/\$$/, '/')}`);
    rules.push(
      error(`never-${slug(room)}`, `${room} must not use ${never.join(', ')}`, from, { path }),
    );
  }
  if (pure) {
    rules.push(
      error(`pure-${slug(room)}`, `${room} is pure: no platform, no packages from npm`, from, {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: ['^libs/'],
      }),
    );
  }
  return rules;
}

const sideDoors = Object.entries(rooms).flatMap(([room, { doors = {} }]) =>
  Object.values(doors).map((file) => `^${room}/${file.replaceAll('.', '\\.')}$`),
);

const shipped = {
  path: '^(apps|libs)/',
  pathNot: [testFiles, ...developmentRooms.map((room) => `^${room}/`)],
};

export default {
  forbidden: [
    ...Object.entries(rooms).flatMap(roomRules),
    error(
      'pure-core',
      'The pure part of the protocol does not know the rest of it',
      {
        path: '^libs/protocol/src/core/',
        pathNot: testFiles,
      },
      { path: '^libs/protocol/', pathNot: '^libs/protocol/src/core/' },
    ),
    error('no-cycle', 'A cycle is a missing third module', {}, { circular: true }),
    error(
      'no-orphan',
      'Nothing imports this file and it imports nothing',
      {
        orphan: true,
        pathNot: [
          testFiles,
          '/src/(main|index|config)\\.ts$',
          '/bin/',
          '^(apps|libs)/[^/]+/[^/]+\\.mjs$',
          '\\.d\\.m?ts$',
          '^test/',
        ],
      },
      {},
    ),
    error(
      'slice-door',
      'Another slice is entered through its public.ts only',
      {
        path: '^apps/central/src/features/([^/]+)/',
      },
      {
        path: '^apps/central/src/features/([^/]+)/',
        pathNot: ['^apps/central/src/features/$1/', '/public\\.ts$'],
      },
    ),
    error(
      'use-cases-know-no-http',
      'Parse, use case, answer: only the edge of a slice knows HTTP and Nest',
      {
        path: '^apps/central/src/features/',
        pathNot: [
          testFiles,
          '\\.(controller|module)\\.ts$',
          '/(kind-endpoints|audit-watcher)\\.ts$',
        ],
      },
      {
        path: [
          '^apps/central/src/platform/(answer|call|endpoint|event-stream|problem\\.filter)\\.ts$',
          'node_modules/(@nestjs|@fastify|fastify)/',
        ],
      },
    ),
    error(
      'platform-knows-no-slice',
      'The platform holds no business rule',
      {
        path: '^apps/central/src/platform/',
        pathNot: testFiles,
      },
      {
        path: [
          '^apps/central/src/features/',
          ...libraries.filter((lib) => !platformLibs.includes(lib)).map((lib) => `^libs/${lib}/`),
        ],
        // The names of things are shared; the rules about them are not.
        dependencyTypesNot: ['type-only'],
      },
    ),
    error('development-stays-home', 'What tests and the demo need is never shipped', shipped, {
      path: developmentRooms.map((room) => `^${room}/`),
    }),
    error(
      'front-door',
      'A library is entered through its index.ts',
      {
        path: '^(apps|libs)/([^/]+)/',
      },
      {
        path: '^libs/[^/]+/src/',
        pathNot: ['^$1/$2/', '^libs/[^/]+/src/index\\.ts$', ...sideDoors],
      },
    ),
    error('resolvable', 'This import leads nowhere', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Stryker is a package of its own, which is installed when mutants are asked for.
    exclude: {
      path: ['^(apps|libs)/[^/]+/dist/', '(^|/)generated/', '^test/mutation/circus-runner'],
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.spec.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@ambit/source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
