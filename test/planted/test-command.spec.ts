import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { casebookClaims, casebookPage, casebookRows } from '../house/casebook.ts';
import { inTurns, type Turn } from '../house/in-turns.ts';
import { runStep } from '../house/run-step.ts';
import { copyHouse, type HouseCopy, type ToolRun } from './house-copy.ts';

let copy: HouseCopy;
beforeAll(() => {
  copy = copyHouse();
  copy.edit(
    'jest.config.mjs',
    /'<rootDir>\/\{apps,libs\}\/\*\/src\/\*\*\/\*\.spec\.ts',\s+'<rootDir>\/test\/\{bench,hostile\}\/\*\*\/\*\.spec\.ts',/,
    "'<rootDir>/planted/*.spec.ts',",
  );
}, 240_000);
afterAll(() => copy.remove());

const script = 'test/house/run.ts';
const run = (...steps: string[]): Promise<ToolRun> =>
  copy.run('node', '--conditions=@ambit/source', '--no-warnings', script, ...steps);
const lastLine = ({ stdout }: ToolRun): string | undefined => stdout.trimEnd().split('\n').at(-1);
const head = `import { expect, test } from '@jest/globals';\n`;

describe('the closing line of npm test', () => {
  test('sums checks and tests', async () => {
    copy.plant('planted/a.spec.ts', `${head}test('a', () => expect(1).toBe(1));\n`);
    copy.plant(
      'planted/b.spec.ts',
      `${head}test.skip('b', () => undefined);\ntest('c', () => undefined);\n`,
    );
    const done = await run('proto', 'unit');
    expect(lastLine(done)).toBe('3 passed, 0 failed, 1 skipped');
    expect(done.code).toBe(0);
  }, 240_000);

  test('counts a failed test, a suite that cannot run and a failed check', async () => {
    copy.plant('planted/c.spec.ts', `${head}test('d', () => expect(1).toBe(2));\n`);
    copy.plant('planted/d.spec.ts', `import './nowhere.ts';\n`);
    copy.edit('package.json', '"npm run --silent proto"', '"false"');
    const done = await run('proto', 'unit');
    expect(lastLine(done)).toBe('2 passed, 3 failed, 1 skipped');
    expect(done.code).toBe(1);
  }, 240_000);

  test('a file that failed is run once more, and told of even if it passes then', async () => {
    const once = `import { existsSync, writeFileSync } from 'node:fs';
const seen = 'planted/seen';
test('fails at first', () => {
  const before = existsSync(seen);
  writeFileSync(seen, '');
  expect(before).toBe(true);
});\n`;
    copy.plant('planted/c.spec.ts', `${head}${once}`);
    copy.plant('planted/d.spec.ts', `${head}test('e', () => expect('x'.length).toBe(2));\n`);
    const done = await run('unit');
    expect(lastLine(done)).toBe('3 passed, 1 failed, 1 skipped');
    expect(done.stdout).toContain(
      'passed at the second try only, which is a fault too: planted/c.spec.ts › fails at first\n',
    );
    expect(done.stdout).toMatch(/\nfailed: planted\/d\.spec\.ts › e\n +Error: expect\(received\)/);
    expect(done.code).toBe(1);
  }, 240_000);

  test('counts a tier without a single test as a failure', async () => {
    copy.edit('jest.config.mjs', 'planted/*', 'empty/*');
    const done = await run('unit');
    expect(lastLine(done)).toBe('0 passed, 1 failed');
    expect(done.code).toBe(1);
  }, 240_000);

  test('stands between two lines that name the Kubernetes in use, whatever was asked for', async () => {
    const lines = (await run('no-such-step')).stdout.trimEnd().split('\n');
    expect(lines.at(0)).toMatch(/^Kubernetes: (real, from |simulated )/);
    expect(lines.at(-2)).toBe(lines.at(0));
    expect(lines.at(-1)).toBe('0 passed, 1 failed');
  }, 240_000);
});

describe('steps in their turns', () => {
  const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

  /** Turns that end when their gate opens, and the names of those that have begun. */
  function gated(...alone: boolean[]): {
    turns: Turn[];
    gates: PromiseWithResolvers<void>[];
    begun: number[];
  } {
    const begun: number[] = [];
    const gates = alone.map(gate);
    const turns = alone.map((isAlone, index) => ({
      alone: isAlone,
      run: async (): Promise<void> => {
        begun.push(index);
        await gates[index]?.promise;
      },
    }));
    return { turns, gates, begun };
  }

  test('run two side by side, and one that is to be alone while nothing else does', async () => {
    const { turns, gates, begun } = gated(false, false, false, true, false, false);
    const all = inTurns(turns);
    const after = async (index: number): Promise<readonly number[]> => {
      gates[index]?.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      return begun;
    };
    expect(begun).toEqual([0, 1]);
    expect(await after(1)).toEqual([0, 1, 2]);
    expect(await after(2)).toEqual([0, 1, 2]);
    expect(await after(0)).toEqual([0, 1, 2, 3]);
    expect(await after(3)).toEqual([0, 1, 2, 3, 4, 5]);
    await after(4);
    await after(5);
    await all;
  });

  test('run all the same when one throws, and what it threw is told at the end', async () => {
    const { turns, gates, begun } = gated(false, true);
    for (const each of gates) each.resolve();
    const broken: Turn = { alone: false, run: () => Promise.reject(new Error('planted')) };
    await expect(inTurns([broken, ...turns])).rejects.toThrow('planted');
    expect(begun).toEqual([0, 1]);
  });

  test('side by side are told one after the other, each in one piece', async () => {
    // Each ends when the other has begun.
    const speaks = (name: string, other: string): string =>
      `"echo ${name}; touch ${name}.begun; until test -e ${other}.begun; do sleep 0.1; done; echo ${name}"`;
    copy.edit('package.json', '"npm run --silent lint"', speaks('lint', 'walls'));
    copy.edit('package.json', '"npm run --silent walls"', speaks('walls', 'lint'));
    const { code, stdout } = await run('lint', 'walls');
    expect(stdout).toMatch(/\n── lint\nlint\nlint\n── lint: 1 passed, 0 failed \(/);
    expect(stdout).toMatch(/\n── walls\nwalls\nwalls\n── walls: 1 passed, 0 failed \(/);
    expect(code).toBe(0);
  }, 240_000);
});

describe('a step', () => {
  const begin = (command: string, withinMs: number): ReturnType<typeof runStep> =>
    runStep(command, { cwd: copy.root, env: { PLANTED: 'yes' }, withinMs });

  test('gives its exit code and sees its variables', async () => {
    await expect(begin('exit 3', 60_000).code).resolves.toBe(3);
    await expect(begin('test "$PLANTED" = yes', 60_000).code).resolves.toBe(0);
  });

  test('that hangs has failed, and what it started is ended too', async () => {
    const file = join(copy.root, 'pid');
    const hanging = begin(`sleep 600 & echo $! > ${file}; wait`, 1_000);
    await expect(hanging.code).resolves.not.toBe(0);
    const pid = Number(readFileSync(file, 'utf8'));
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  });
});

describe('the page of the casebook', () => {
  test('lists every claim, also two of one test, in order', () => {
    copy.plant(
      'libs/kube/src/planted.spec.ts',
      `test('case 18, case b44: stays');\ntest("case 7: it's cut", f);\n`,
    );
    const claims = casebookClaims(copy.root).filter(({ file }) => file.includes('planted'));
    expect(
      claims.map(({ collection, number, says }) => [collection + number, says.trim()]),
    ).toEqual([
      ['7', "it's cut"],
      ['18', 'stays'],
      ['b44', 'stays'],
    ]);
    expect(casebookPage(copy.root)).toContain(`${casebookRows(copy.root)} rows have a test.`);
    expect(casebookPage(copy.root)).toContain('| b44 | ');
  });

  test('refuses a row that is not in the casebook', () => {
    copy.plant('libs/kube/src/planted.spec.ts', `test('case U31: x', f);\n`);
    expect(() => casebookClaims(copy.root)).toThrow(/planted\.spec\.ts claims case U31/);
  });
});
