import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import type { Report } from './result.ts';

const folder = mkdtempSync(join(tmpdir(), 'ambit-bench-spec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = fileURLToPath(new URL('../run.ts', import.meta.url));
const withinMs = 120_000;

function start(...words: string[]): ChildProcess {
  const env = { ...process.env, AMBIT_BENCH_RESULTS: join(folder, 'results') };
  const args = ['--no-warnings', script, ...words];
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(...words: string[]): Promise<{ code: number; said: string; errors: string }> {
  const child = start(...words);
  const ended = new Promise<number>((resolve) =>
    child.once('close', (code) => resolve(code ?? -1)),
  );
  const [said, errors] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  return { code: await ended, said, errors };
}

/** A file with one benchmark, whose body is this text. */
function fake(name: string, body: string): string {
  const file = join(folder, `${name}.ts`);
  const head = `const side = (cpu) => ({ name: 'spin', run: async () => ({ wallMs: cpu(), cpuMs: { central: cpu() } }) });`;
  const of = `id: '${name}', name: '${name}', says: 'says ${name}'`;
  writeFileSync(file, `${head}\nexport const it = { ${of}, async run(bench) { ${body} } };\n`);
  return file;
}

const compare = (ours: string, floor: string): string =>
  `await bench.compare({ name: 'ratio', ours: side(() => ${ours}), floor: side(() => ${floor}), gate: { of: 'cpu' }, goal: { atMost: 0.6 } });`;

describe('npm run bench', () => {
  test(
    'runs one after another past those that fail, says how each ended, and keeps their reports',
    async () => {
      const files = [
        fake('met', compare('1', '2')),
        fake('missed', compare('1.5', '2')),
        fake('restless', `let n = 1; ${compare('1', '(n *= 2)')}`),
        fake('broken', `bench.count('statements', 11, { exactly: 10 });`),
        fake('thrown', `throw new Error('no room');`),
        fake('crashed', `process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});`),
        fake('last', `bench.count('statements', 10, { exactly: 10 });`),
      ];
      const json = join(folder, 'all.json');
      const { code, said } = await run(...files, '--json', json);
      expect(code).toBe(1);
      const closing = said.trimEnd().split('\n').slice(-8);
      expect(
        closing.map((line) => line.replace(/ +\d+ s +/, ': ').replace(/ in [\d.]+ min$/, '')),
      ).toEqual([
        'met: nothing amiss',
        'missed: missed ratio',
        'restless: void ratio',
        'broken: broken statements',
        'thrown: FAILED Error: no room',
        'crashed: FAILED it ended with SIGKILL',
        'last: nothing amiss',
        '2 met, 1 missed, 1 broken, 1 void, 2 failed',
      ]);
      const reports = JSON.parse(readFileSync(json, 'utf8')) as Report[];
      expect(reports.map(({ id }) => id)).toEqual(
        files.map((file) => file.slice(folder.length + 1, -3)),
      );
      expect(reports[0]).toMatchObject({
        smoke: false,
        machine: {
          cores: expect.any(Number),
          commit: expect.any(String),
          load: expect.any(Number),
        },
        results: [
          { verdict: 'met', goal: { atMost: 0.6 }, result: { median: 0.5 }, guard: { median: 1 } },
        ],
      });
    },
    withinMs,
  );

  test(
    'lets a missed goal pass in the smoke set, but no broken count',
    async () => {
      const missed = fake('slow', compare('1.5', '2'));
      expect(await run(missed, '--smoke')).toMatchObject({ code: 0 });
      const counts = `counts: { lists: { atMost: 0 } },`;
      const body = compare('1.5', '2').replace('{ name:', `{ ${counts} name:`);
      const { code, said } = await run(fake('counted', body), '--smoke');
      expect(code).toBe(1);
      expect(said).toContain('✗ BROKEN  ratio: lists: ? (≤ 0)');
    },
    withinMs,
  );

  test(
    'names what there is when asked for what there is not',
    async () => {
      const { code, said, errors } = await run('B99');
      expect(code).toBe(2);
      expect(errors).toContain('There is no benchmark B99.');
      expect(said).toContain('counts counts-of-a-change  SQL of a PUT');
      expect(await run('--list')).toMatchObject({ code: 0, said });
    },
    withinMs,
  );

  test(
    'tidies up when it is left by a signal, and begins no other',
    async () => {
      const [begun, tidied] = [join(folder, 'begun'), join(folder, 'tidied')];
      const hanging = fake(
        'hanging',
        `const { writeFileSync } = await import('node:fs');
       const hang = () => { writeFileSync('${begun}', ''); return new Promise(() => setInterval(() => {}, 1000)); };
       const side = { name: 'hanging', run: hang };
       try { await bench.compare({ name: 'never', ours: side, floor: side, gate: { of: 'wall' }, goal: { atMost: 1 } }); }
       finally { writeFileSync('${tidied}', ''); }`,
      );
      const child = start(hanging, fake('next', `bench.note('next has begun');`));
      const ended = new Promise((resolve) => child.once('close', resolve));
      const said = text(child.stdout!);
      await eventually(() => expect(existsSync(begun)).toBe(true), { withinMs: 60_000 });
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(existsSync(tidied)).toBe(true);
      expect(await said).not.toContain('next has begun');
    },
    withinMs,
  );
});
