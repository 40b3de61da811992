import { sayGoal, sayNumber, sayQuantity } from './quantity.ts';
import type { ComparisonResult, FigureResult, GrowthResult, Report, Result } from './result.ts';
import { sayInterval } from './say-result.ts';

const width = 720;
const left = 24;
const right = width - 24;
const stripHeight = 84;
const growthHeight = 240;

/** Readable on a light page and on a dark one. */
const style = `text{font:13px system-ui,sans-serif;fill:#57606a}.name{fill:#1f2328;font-weight:600}.axis{stroke:#8c959f}
.dot{fill:#0969da;fill-opacity:.55}.range{stroke:#0969da;stroke-width:6;stroke-opacity:.35}.middle{stroke:#0969da;stroke-width:3}
.goal{stroke:#bc4c00;stroke-width:2;stroke-dasharray:5 4}.aim{fill:#bc4c00}
@media (prefers-color-scheme:dark){text{fill:#9198a1}.name{fill:#e6edf3}.dot{fill:#4493f8}.range,.middle{stroke:#4493f8}.goal{stroke:#f0883e}.aim{fill:#f0883e}}`;

type Scale = (value: number) => number;

/** One picture of all that was compared, and of how it grows; undefined where there is nothing of either. */
export function plotOf(report: Report): string | undefined {
  const panels = report.results.map(panelOf).filter((panel) => panel !== undefined);
  if (panels.length === 0) return undefined;
  let top = 8;
  const drawn = panels.map(({ height, draw }) => {
    const piece = `<g transform="translate(0 ${top})">${draw}</g>`;
    top += height;
    return piece;
  });
  const title = `<title>${escaped(`${report.id} ${report.name}`)}</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">${title}<style>${style}</style>${drawn.join('')}</svg>\n`;
}

interface Panel {
  readonly height: number;
  readonly draw: string;
}

function panelOf(result: Result): Panel | undefined {
  if (result.kind === 'comparison') return { height: stripHeight, draw: strip(result) };
  if (result.kind === 'growth') return { height: growthHeight, draw: growth(result) };
  if (result.kind === 'figure' && result.goal !== undefined)
    return { height: stripHeight, draw: single(result, result.goal) };
  return undefined;
}

/** Every pair a dot, the interval a bar, the median a stroke, the goal a dashed line. */
function strip(result: ComparisonResult): string {
  const { name, gate, goal, difference, pairs, result: interval } = result;
  const bound = 'atMost' in goal ? goal.atMost : goal.atLeast;
  const unit = difference ? 'ms' : '×';
  const scale = scaleOf([...pairs, bound]);
  const says = `${sayQuantity(gate)} ${sayInterval(interval, difference)}`;
  return [
    heading(name, says),
    axis(56),
    line('range', [scale(interval.low), 44], [scale(interval.high), 44]),
    ...pairs.map((value) => dot(scale(value), 44)),
    line('middle', [scale(interval.median), 36], [scale(interval.median), 52]),
    goalMark(scale(bound), sayGoal(goal, unit)),
  ].join('');
}

function single(
  { name, value, unit }: FigureResult,
  goal: NonNullable<FigureResult['goal']>,
): string {
  const bound = 'atMost' in goal ? goal.atMost : goal.atLeast;
  const scale = scaleOf([value, bound]);
  const mark = line('middle', [scale(value), 36], [scale(value), 52]);
  const says = `${sayNumber(value)} ${unit}`;
  return [heading(name, says), axis(56), mark, goalMark(scale(bound), sayGoal(goal, unit))].join(
    '',
  );
}

/** Both axes by logarithm, so that the exponent is the slope of the line. */
function growth({ name, gate, points, result, exponent }: GrowthResult): string {
  const x = scaleOf(points.map(([size]) => size));
  const y = scaleOf(
    points.map(([, cost]) => cost),
    [growthHeight - 48, 44],
  );
  const sizes = [...new Set(points.map(([size]) => size))];
  const middle = (at: number): number =>
    Math.exp(points.reduce((sum, point) => sum + Math.log(point[at] ?? 1), 0) / points.length);
  const fit = (size: number): number => middle(1) * (size / middle(0)) ** result.slope;
  const [first, last] = [Math.min(...sizes), Math.max(...sizes)];
  const bounds = `${result.low.toFixed(2)}–${result.high.toFixed(2)}; goal ${exponent.join(' to ')}`;
  return [
    heading(name, `${sayQuantity(gate)} ∝ size^${result.slope.toFixed(2)} (${bounds})`),
    axis(growthHeight - 36),
    line('middle', [x(first), y(fit(first))], [x(last), y(fit(last))]),
    ...points.map(([size, cost]) => dot(x(size), y(cost))),
    ...sizes.map((size) => words([x(size), growthHeight - 18], sayNumber(size), 'middle')),
    ...sizes.map((size) =>
      words([x(size), y(fit(size)) - 12], `${sayNumber(fit(size))} ms`, 'middle'),
    ),
  ].join('');
}

/** By logarithm where everything is above zero, as ratios are. */
function scaleOf(values: readonly number[], [from, to] = [left + 40, right - 40]): Scale {
  const by = values.every((value) => value > 0) ? Math.log : (value: number): number => value;
  const [least, most] = [Math.min(...values.map(by)), Math.max(...values.map(by))];
  const span = most - least;
  const share = (value: number): number => (span === 0 ? 0.5 : (by(value) - least) / span);
  return (value) => Number((from + share(value) * (to - from)).toFixed(1));
}

type Place = readonly [x: number, y: number];

const line = (kind: string, [x1, y1]: Place, [x2, y2]: Place): string =>
  `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
const dot = (x: number, y: number): string => `<circle class="dot" cx="${x}" cy="${y}" r="4"/>`;
const words = (
  [x, y]: Place,
  text: string,
  anchor: 'start' | 'middle' | 'end',
  kind = '',
): string =>
  `<text${kind && ` class="${kind}"`} x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;
const axis = (y: number): string => line('axis', [left, y], [right, y]);
const heading = (name: string, says: string): string =>
  words([left, 18], name, 'start', 'name') + words([right, 18], says, 'end');
const goalMark = (x: number, says: string): string =>
  line('goal', [x, 28], [x, 60]) + words([x, 74], `goal ${says}`, 'middle', 'aim');

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
