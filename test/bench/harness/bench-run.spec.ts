import { describe, expect, test } from '@jest/globals';
import { BenchRun } from './bench-run.ts';
import type { Comparison, Measured, Side } from './benchmark.ts';

const took = (cpu: number, more: Partial<Measured> = {}): Measured => ({
  wallMs: cpu * 2,
  cpuMs: { central: cpu },
  ...more,
});

/** Each run takes the next of these, the last for good. */
function side(
  name: string,
  values: readonly number[],
  more: Partial<Measured> = {},
): Side & { runs: number } {
  const made = {
    name,
    runs: 0,
    run: () => Promise.resolve(took(values[Math.min(made.runs++, values.length - 1)] ?? 0, more)),
  };
  return made;
}

function benchRun(smoke = false): {
  readonly bench: BenchRun;
  readonly lines: string[];
  leave(): void;
} {
  const lines: string[] = [];
  const leaving = new AbortController();
  const print = (line: string): void => void lines.push(line);
  return {
    bench: new BenchRun({ smoke, print, signal: leaving.signal }),
    lines,
    leave: () => leaving.abort(),
  };
}

const halved = (more: Partial<Comparison> = {}): Comparison => ({
  name: 'halved',
  ours: side('ours', [10]),
  floor: side('floor', [20]),
  gate: { of: 'cpu' },
  goal: { atMost: 0.6 },
  ...more,
});
const verdicts = ({ bench }: ReturnType<typeof benchRun>): unknown[] =>
  bench.results.map(({ name, verdict }) => [name, verdict]);

describe('a comparison', () => {
  test('is the median of the ratios of pairs, each side first every other time', async () => {
    const order: string[] = [];
    const logged = (name: string, cpu: number): Side => ({
      name,
      run: () => {
        order.push(name);
        return Promise.resolve(took(cpu));
      },
    });
    const run = benchRun(true);
    await run.bench.compare(halved({ ours: logged('a', 10), floor: logged('b', 20) }));
    expect(order.slice(2)).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
    expect(run.bench.results).toMatchObject([{ pairs: [0.5, 0.5, 0.5], result: { median: 0.5 } }]);
  });

  test('meets its goal by the bad end alone', async () => {
    // After three rounds of warm-up: two of eleven pairs are bad, so the second largest is.
    const values = [10, 10, 10, ...Array.from({ length: 9 }, () => 10), 13, 13];
    const run = benchRun();
    await run.bench.compare(halved({ ours: side('ours', values) }));
    await run.bench.compare(halved({ ours: side('ours', [...values.slice(0, -2), 10, 13, 10]) }));
    await run.bench.compare(halved({ goal: { atLeast: 0.5 } }));
    expect(verdicts(run)).toEqual([
      ['halved', 'missed'],
      ['halved', 'met'],
      ['halved', 'met'],
    ]);
  });

  test('may be a difference in milliseconds', async () => {
    const run = benchRun();
    await run.bench.compare(
      halved({ difference: true, gate: { of: 'wall' }, goal: { atMost: -20 } }),
    );
    expect(run.bench.results).toMatchObject([{ result: { median: -20 }, verdict: 'met' }]);
  });

  test('is void where the floor is not itself, after a second try', async () => {
    const restless = side(
      'floor',
      Array.from({ length: 200 }, (_, at) => 20 + 20 * (at % 2)),
    );
    const run = benchRun();
    await run.bench.compare(halved({ floor: restless, pairs: 9 }));
    expect(verdicts(run)).toEqual([['halved', 'void']]);
    expect(run.lines[0]).toMatch(/halved: void, the floor was .* of itself.*; once more/);
    // Bound of the warm-up, nine pairs, and five pairs with itself; all of it twice.
    expect(restless.runs).toBe(2 * (8 + 9 + 10));
  });

  test('breaks when a single run of ours has a wrong count, or none', async () => {
    const run = benchRun(true);
    const ours = side('ours', [10], { counts: { statements: 4 } });
    const counts = { statements: { exactly: 4 }, lists: { atMost: 0 } };
    await run.bench.compare(halved({ ours, counts }));
    expect(verdicts(run)).toEqual([
      ['halved', 'shown'],
      ['halved: statements', 'met'],
      ['halved: lists', 'broken'],
    ]);
  });

  test('refuses sides that do not end in the same state', async () => {
    const ending = (name: string, state: string): Side => ({
      ...side(name, [1]),
      endState: () => Promise.resolve(state),
    });
    const compared = halved({ ours: ending('a', '9 objects'), floor: ending('b', '10 objects') });
    await expect(benchRun(true).bench.compare(compared)).rejects.toThrow(
      'a and b do not end in the same state: 9 objects and 10 objects',
    );
  });

  test('refuses a gate on what nobody measured', async () => {
    const gate = { of: 'latency', quantile: 0.99 } as const;
    await expect(benchRun().bench.compare(halved({ gate }))).rejects.toThrow(
      'did not tell its p99',
    );
    const cpu = { of: 'cpu', processes: ['etcd'] } as const;
    await expect(benchRun().bench.compare(halved({ gate: cpu }))).rejects.toThrow('CPU of etcd');
  });

  test('ends with its benchmark when somebody leaves', async () => {
    const run = benchRun();
    const hanging: Side = { name: 'hanging', run: () => new Promise(() => undefined) };
    const compared = run.bench.compare(halved({ ours: hanging }));
    run.leave();
    await expect(compared).rejects.toThrow('left by a signal');
    expect(() => run.bench.count('statements', 1, { exactly: 1 })).toThrow('left by a signal');
  });
});

describe('a growth', () => {
  const growth = (power: number, statements = (_size: number): number => 3) => ({
    name: 'load',
    sizes: [10, 100, 1_000],
    gate: { of: 'cpu' } as const,
    exponent: [0.9, 1.1] as const,
    countExponents: { statements: 0 },
    run: (size: number) =>
      Promise.resolve(took(size ** power, { counts: { statements: statements(size) } })),
  });

  test('is met within the bounds of its exponent', async () => {
    const run = benchRun();
    await run.bench.grow(growth(1));
    await run.bench.grow(growth(1.2));
    expect(verdicts(run)).toEqual([
      ['load', 'met'],
      ['load: exponent of statements', 'met'],
      ['load', 'missed'],
      ['load: exponent of statements', 'met'],
    ]);
  });

  test('breaks by one more where a count must not grow, in the smoke set too', async () => {
    const run = benchRun(true);
    await run.bench.grow(growth(1, (size) => (size === 1_000 ? 4 : 3)));
    expect(verdicts(run)).toEqual([
      ['load', 'shown'],
      ['load: exponent of statements', 'broken'],
    ]);
  });
});

describe('counts and figures', () => {
  test('a count is a hard gate in the smoke set too, a figure only a goal', () => {
    for (const smoke of [false, true]) {
      const run = benchRun(smoke);
      run.bench.count('exact', 4, { exactly: 4 });
      run.bench.count('more', 5, { exactly: 4 });
      run.bench.count('nothing', Number.NaN, { atMost: 4 });
      run.bench.figure('memory', 80, 'MiB', { atMost: 72 });
      run.bench.figure('rate', 80, '/s', { atLeast: 72 });
      run.bench.figure('plain', 80, 'ms');
      expect(verdicts(run)).toEqual([
        ['exact', 'met'],
        ['more', 'broken'],
        ['nothing', 'broken'],
        ['memory', smoke ? 'shown' : 'missed'],
        ['rate', smoke ? 'shown' : 'met'],
        ['plain', 'shown'],
      ]);
    }
  });
});
