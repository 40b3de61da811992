import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyHouse, type HouseCopy } from './house-copy.ts';
import { noteFiles, noteLines, noteTest } from './note-kind.ts';

/** Generous, because a busy machine is no violation. */
const long = 600_000;
let copy: HouseCopy;
beforeAll(() => {
  copy = copyHouse();
  for (const [path, text] of Object.entries(noteFiles)) copy.plant(path, text);
  for (const [path, before, line] of noteLines) copy.edit(path, before, line);
  copy.plant('apps/central/src/note.int-spec.ts', noteTest);
}, long);
afterAll(() => copy.remove());

describe('a new kind of policy object', () => {
  test('takes fewer than ten lines outside its own files', () => {
    const lines = noteLines.map(([, , line]) => line.trim().split('\n').length);
    expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThan(10);
  });

  test(
    'passes the compiler',
    async () => {
      const { code, stdout } = await copy.run('tsc', '-p', 'tsconfig.spec.json');
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    },
    long,
  );

  test(
    'is stored, sealed, served, applied from a file, shown, described and told of',
    async () => {
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
      const only = ['--selectProjects', 'medium', '--testPathPatterns', 'note.int-spec'];
      const { code, stderr } = await copy.run('node', ...jest, ...only, '--ci');
      expect({ code, said: code === 0 ? '' : stderr }).toEqual({ code: 0, said: '' });
    },
    long,
  );
});
