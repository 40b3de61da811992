import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { registerFewProcessMetrics } from './process-metrics.ts';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Declaration of a metric: its name is API, its labels are bounded sets. */
export type MetricDefinition =
  | (Described & { readonly type: 'counter' | 'gauge' })
  | (Described & { readonly type: 'histogram'; readonly buckets: readonly number[] });

/** The meter that a definition makes. */
export type MeterOf<M extends MetricDefinition> = M['type'] extends 'counter'
  ? Counter<M['labels'][number]>
  : M['type'] extends 'gauge'
    ? Gauge<M['labels'][number]>
    : Histogram<M['labels'][number]>;

/** All meters of a table of definitions, by the table's keys. */
export type Meters<T extends Readonly<Record<string, MetricDefinition>>> = {
  readonly [K in keyof T]: MeterOf<T[K]>;
};

/** Seconds, for what should take milliseconds and may take a minute. */
export const secondsBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

/**
 * A registry of this program; `processMetrics` adds what Node and the system say about the process. For all of it Node
 * times its event loop a hundred times a second and tells of each collection of garbage: a program that is to be idle
 * takes a few, which are looked at when they are asked for.
 */
export function createRegistry(options: {
  readonly version: string;
  readonly processMetrics?: 'all' | 'few';
}): Registry {
  const registry = new Registry();
  const build = new Gauge({
    name: 'ambit_build_info',
    help: 'Version of the program; always 1.',
    labelNames: ['version'],
    registers: [registry],
  });
  build.set({ version: options.version }, 1);
  if (options.processMetrics === 'all') collectDefaultMetrics({ register: registry });
  if (options.processMetrics === 'few') registerFewProcessMetrics(registry);
  return registry;
}

/** Registers every metric of a table and gives its meters by the table's keys. */
export function createMeters<const T extends Readonly<Record<string, MetricDefinition>>>(
  registry: Registry,
  definitions: T,
): Meters<T> {
  const meters: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries(definitions)) {
    meters[key] = createMeter(registry, definition);
  }
  return meters as Meters<T>;
}

function createMeter(registry: Registry, definition: MetricDefinition): unknown {
  const { name, help, labels } = definition;
  const shared = { name, help, labelNames: [...labels], registers: [registry] };
  if (definition.type === 'histogram') {
    return new Histogram({ ...shared, buckets: [...definition.buckets] });
  }
  return definition.type === 'counter' ? new Counter(shared) : new Gauge(shared);
}

export type { Registry };
