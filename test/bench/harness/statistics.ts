/** A median, and the two samples between which the median of the population lies with this confidence. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** 0.988 of eleven samples; below 0.95 where there are too few. */
  readonly confidence: number;
}

/** The slope of a straight line, and its bounds at 95 %. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

const ascending = (samples: readonly number[]): number[] => samples.toSorted((a, b) => a - b);

/** The value below which this share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = ascending(samples);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = ascending(samples);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The chance that at most `most` of `n` fair coins show heads. */
function coins(n: number, most: number): number {
  let term = 0.5 ** n;
  let sum = 0;
  for (let heads = 0; heads <= most; heads++) {
    sum += term;
    term *= (n - heads) / (heads + 1);
  }
  return sum;
}

/**
 * The interval between the k-th smallest and the k-th largest sample that holds the median of the population with at
 * least 95 %, as narrow as that allows: 2nd to 10th of eleven, 6th to 16th of 21. It asks nothing of the distribution.
 */
export function medianInterval(samples: readonly number[]): Interval {
  const sorted = ascending(samples);
  const n = sorted.length;
  let left = 0;
  while (left + 1 < n / 2 && 1 - 2 * coins(n, left + 1) >= 0.95) left++;
  return {
    median: median(sorted),
    low: sorted[left] ?? Number.NaN,
    high: sorted[n - 1 - left] ?? Number.NaN,
    confidence: 1 - 2 * coins(n, left),
  };
}

/** 97.5 % of Student's distribution lies below this, by degrees of freedom from 1. */
const student = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The exponent with which a cost grows: the slope of log(cost) on log(size) by least squares. */
export function exponentOf(points: readonly (readonly [size: number, cost: number])[]): Slope {
  const x = points.map(([size]) => Math.log(size));
  const y = points.map(([, cost]) => Math.log(cost));
  const [middleX, middleY] = [mean(x), mean(y)];
  const spreadX = x.reduce((sum, at) => sum + (at - middleX) ** 2, 0);
  const slope =
    x.reduce((sum, at, i) => sum + (at - middleX) * ((y[i] ?? 0) - middleY), 0) / spreadX;
  const left = x.reduce(
    (sum, at, i) => sum + ((y[i] ?? 0) - middleY - slope * (at - middleX)) ** 2,
    0,
  );
  const freedom = points.length - 2;
  const factor = student[freedom - 1] ?? (freedom > 0 ? 1.96 : Number.POSITIVE_INFINITY);
  const half = freedom > 0 ? factor * Math.sqrt(left / freedom / spreadX) : factor;
  return { slope, low: slope - half, high: slope + half };
}

/** How many samples lie in each bucket; a bucket's bound is a twentieth above the one before it. */
export interface Histogram {
  /** Upper bounds in milliseconds of the buckets that hold something. */
  readonly upToMs: readonly number[];
  readonly counts: readonly number[];
}

/** Keeps the shape of many latencies in little room: every value to within five hundredths of itself. */
export function histogramOf(samplesMs: readonly number[]): Histogram {
  const buckets = new Map<number, number>();
  for (const sample of samplesMs) {
    const bucket = Math.ceil(Math.log(Math.max(sample, 1e-6)) / Math.log(1.05));
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  return {
    upToMs: sorted.map(([bucket]) => Number((1.05 ** bucket).toPrecision(6))),
    counts: sorted.map(([, count]) => count),
  };
}
