import { describe, expect, test } from '@jest/globals';
import { BenchRun } from './bench-run.ts';
import type { Side } from './benchmark.ts';
import { comparisonTable, performancePage } from './performance-page.ts';
import { plotOf } from './plot.ts';
import type { Report } from './result.ts';
import { withFigures } from './write-docs.ts';

const side = (name: string, cpu: number): Side => ({
  name,
  run: () =>
    Promise.resolve({
      wallMs: cpu,
      cpuMs: { central: cpu },
      counts: { writes: 7 },
      latenciesMs: [cpu],
    }),
});

/** As a benchmark leaves it. */
async function report(): Promise<Report> {
  const bench = new BenchRun({
    smoke: false,
    print: () => {},
    signal: new AbortController().signal,
  });
  await bench.compare({
    name: 'load <all|one>',
    ours: side('central', 9),
    floor: side('bare compile', 18),
    gate: { of: 'cpu' },
    goal: { atMost: 0.4 },
    pairs: 9,
  });
  await bench.grow({
    name: 'grants',
    sizes: [10, 100, 1_000],
    gate: { of: 'wall' },
    exponent: [0.9, 1.1],
    run: (size) => side('', size).run(),
  });
  bench.count('statements', 4, { exactly: 4 });
  bench.figure('memory', 80, 'MiB', { atMost: 72 });
  bench.note('The rest is parsing.');
  const machine = {
    at: '',
    cores: 2,
    cpu: 'CPU',
    memoryGiB: 8,
    kernel: '',
    load: 1,
    versions: { node: '24' },
    commit: 'abc',
  };
  const { results, notes } = bench;
  return {
    id: 'B01',
    name: 'compile-full',
    says: 'loads',
    smoke: false,
    machine,
    seconds: 1,
    results,
    notes,
  };
}

describe('the page of figures', () => {
  test('says of each comparison what it is beside, its interval, its goal and the command', async () => {
    const table = comparisonTable([await report()]);
    expect(table.split('\n').at(-1)).toBe(
      '| B01 compile-full: load <all\\|one> | bare compile | CPU 0.5× (0.5–0.5) | ≤ 0.4 × | **missed** | `npm run bench -- B01` |',
    );
  });

  test('has counts, figures, growth, notes and the picture, and names what was not run', async () => {
    const page = performancePage([await report()], new Set(['B01']), ['B02', 'B07']);
    expect(page).toContain('![B01 compile-full](performance/B01.svg)');
    expect(page).toContain('| grants (wall) | 1.00 (1.00 to 1.00) | 0.9 to 1.1 | met |');
    expect(page).toContain('| statements | 4 | = 4 | met |');
    expect(page).toContain('| memory | 80 MiB | ≤ 72 MiB | **missed** |');
    expect(page).toContain('| bare compile | 18 ms | central 18 | 18 / 18 ms | 7 writes |');
    expect(page).toContain('The rest is parsing.');
    expect(page).toContain('Without a whole run so far: B02, B07.');
    expect(page).toContain('2 × CPU, load 1.0, Node 24, commit abc');
  });

  test('gives its table to a text that has a place for it, again and again', () => {
    const place = '<!-- figures: `npm run bench -- --write-docs` -->';
    const text = `a\n\n${place}\n\nold\n\n<!-- /figures -->\n\nb\n`;
    const filled = withFigures(text, '| new |');
    expect(filled).toBe(`a\n\n${place}\n\n| new |\n\n<!-- /figures -->\n\nb\n`);
    expect(withFigures(filled, '| new |')).toBe(filled);
    expect(withFigures('no place', '| new |')).toBe('no place');
    expect(withFigures(text, '')).toBe(text);
  });
});

describe('the picture of a benchmark', () => {
  test('shows every pair and every run, with names that are no markup', async () => {
    const picture = plotOf(await report()) ?? '';
    expect(picture.match(/<circle/g)).toHaveLength(9 + 9);
    expect(picture.match(/class="goal"/g)).toHaveLength(2);
    expect(picture).toContain('load &lt;all|one&gt;');
    expect(picture).not.toMatch(/NaN|Infinity|undefined/);
    // Every piece that is opened is closed.
    const opened = picture.match(/<(svg|g|title|style|text)\b/g)?.length;
    expect(picture.match(/<\/(svg|g|title|style|text)>/g)).toHaveLength(opened ?? 0);
  });

  test('is none where nothing is compared', async () => {
    const counted = { ...(await report()), results: [] };
    expect(plotOf(counted)).toBeUndefined();
  });
});
