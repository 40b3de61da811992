import { libraries, rooms } from '../architecture/walls.ts';

const specs = ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.test-support.ts', '{apps,libs}/*/test/**'];
const sideDoors = Object.entries(rooms).flatMap(([room, { doors = {} }]) =>
  Object.keys(doors).map((name) => `!@ambit/${room.slice('libs/'.length)}/${name}`),
);

/** The red line in the editor: what oxlint says about imports, one override for each room of the table. */
export function oxlintWalls(): object {
  // A later override wins, so the pure part of a library comes after the library.
  const inOrder = Object.entries(rooms).sort(([a], [b]) => (a < b ? -1 : 1));
  const overrides = inOrder.map(([room, { libs, never = [], pure = false }]) => {
    const own = room.startsWith('libs/') ? room.split('/')[1] : undefined;
    const closed = libraries.filter((lib) => !libs.includes(lib) && lib !== own);
    const message = `${room} may import: ${libs.join(', ') || 'nothing'} (test/architecture/walls.ts)`;
    const patterns = [
      ...(closed.length === 0 ? [] : [{ group: closed.map((lib) => `@ambit/${lib}`), message }]),
      {
        group: ['@ambit/*/*', '**/dist/**', ...sideDoors],
        message: 'A library is entered by its name alone.',
      },
      ...never.map((regex) => ({ regex, message: `${room} must not use this package.` })),
      ...(pure
        ? [
            {
              regex: '^(node:|[a-z])',
              message: `${room} is pure: no platform, no packages from npm.`,
            },
          ]
        : []),
    ];
    return {
      files: [`${room}/src/**/*.ts`.replace('/src/core/src/', '/src/core/')],
      rules: { 'no-restricted-imports': ['error', { patterns }] },
    };
  });
  return { overrides: [...overrides, { files: specs, rules: { 'no-restricted-imports': 'off' } }] };
}
