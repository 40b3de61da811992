import { sayMachine } from './machine.ts';
import { sayGoal, sayNumber, sayQuantity } from './quantity.ts';
import type { ComparisonResult, GrowthResult, Report, Result, Verdict } from './result.ts';
import { sayName } from './run-benchmark.ts';
import { sayInterval, sayProfile } from './say-result.ts';

const marks: Readonly<Record<Verdict, string>> = {
  met: 'met',
  missed: '**missed**',
  broken: '**broken**',
  void: 'void',
  shown: '',
};

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? [] : ['', row(head), row(head.map(() => '---')), ...rows.map(row), ''];
const command = ({ id }: Report): string => `\`npm run bench -- ${id}\``;

const aim = ({ goal, difference }: ComparisonResult): string =>
  sayGoal(goal, difference ? 'ms' : '×');
const comparisons = ({ results }: Report): ComparisonResult[] =>
  results.filter((result) => result.kind === 'comparison');

/** All that is compared with a floor, one row each: of the page and of the README. */
export function comparisonTable(reports: readonly Report[]): string {
  const rows = reports.flatMap((report) =>
    comparisons(report).map((result) => [
      `${sayName(report)}: ${result.name}`,
      result.floor.name,
      `${sayQuantity(result.gate)} ${sayInterval(result.result, result.difference)}`,
      aim(result),
      marks[result.verdict],
      command(report),
    ]),
  );
  const head = ['benchmark', 'beside', 'ratio (interval)', 'goal', '', 'command'];
  return table(head, rows).join('\n').trim();
}

/** The page of all figures; `plots` are the ids that have a picture, `missing` those without a whole run. */
export function performancePage(
  reports: readonly Report[],
  plots: ReadonlySet<string>,
  missing: readonly string[],
): string {
  const without =
    missing.length === 0 ? [] : ['', `Without a whole run so far: ${missing.join(', ')}.`];
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- --write-docs` from the newest whole run of each benchmark. A ratio is ours to what it is',
    'measured beside, the median of pairs that ran in turns (ABBA), with the interval that holds the true median with 95 %',
    'at least; a goal is met only by the bad end. Counts are exact. A run is void where the floor differs from itself by',
    'more than a twentieth. `npm run bench` measures all of it again; seconds differ by machine, ratios little.',
    '',
    comparisonTable(reports),
    ...without,
    ...reports.flatMap((report) => section(report, plots.has(report.id))),
    '',
  ].join('\n');
}

function section(report: Report, plotted: boolean): string[] {
  const { says, machine, results, notes } = report;
  return [
    '',
    `## ${sayName(report)}`,
    '',
    `${capital(says)}. ${command(report)}; ${sayMachine(machine)}.`,
    ...(plotted ? ['', `![${sayName(report)}](performance/${report.id}.svg)`] : []),
    ...comparisons(report).flatMap(sides),
    ...table(['growth', 'exponent (interval)', 'goal', ''], results.flatMap(growthRow)),
    ...table(['count or figure', 'value', 'goal', ''], results.flatMap(plainRow)),
    ...notes.flatMap((note) => ['', note]),
  ];
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** What both sides took, and what they counted. */
function sides({ name, ours, floor, others, profile }: ComparisonResult): string[] {
  const rows = [ours, floor].map((side) => [
    side.name,
    `${sayNumber(side.wallMs)} ms`,
    Object.entries(side.cpuMs)
      .map(([of, ms]) => `${of} ${sayNumber(ms)}`)
      .join(', '),
    side.latency === undefined
      ? ''
      : `${sayNumber(side.latency.p50Ms)} / ${sayNumber(side.latency.p99Ms)} ms`,
    Object.entries(side.counts)
      .map(([what, count]) => `${sayNumber(count)} ${what}`)
      .join(', '),
  ]);
  const also = Object.entries(others).map(([what, of]) => `${what} ${sayInterval(of)}`);
  return [
    ...table([name, 'wall', 'CPU, ms', 'p50 / p99', 'counts'], rows),
    ...(also.length > 0 ? [`Ratios beside the one that is judged: ${also.join(', ')}.`, ''] : []),
    ...(profile ? [`${capital(sayProfile(profile))}.`, ''] : []),
  ];
}

function growthRow(result: Result): string[][] {
  if (result.kind !== 'growth') return [];
  return [
    [
      `${result.name} (${sayQuantity(result.gate)})`,
      sayExponent(result),
      result.exponent.join(' to '),
      marks[result.verdict],
    ],
  ];
}

const sayExponent = ({ result: { slope, low, high } }: GrowthResult): string =>
  `${slope.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

function plainRow(result: Result): string[][] {
  if (result.kind === 'count')
    return [[result.name, sayNumber(result.value), sayGoal(result.goal), marks[result.verdict]]];
  if (result.kind !== 'figure') return [];
  const { name, value, unit, goal, verdict } = result;
  return [
    [
      name,
      `${sayNumber(value)} ${unit}`,
      goal === undefined ? '' : sayGoal(goal, unit),
      marks[verdict],
    ],
  ];
}
