import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parser } from '@prometheus-io/lezer-promql';
import { agentMetrics, centralMetrics } from '@ambit/observability';
import type { MetricDefinition } from '@ambit/observability';

const chart = fileURLToPath(new URL('../../helm/ambit-central/', import.meta.url));
const definitions: readonly MetricDefinition[] = [
  ...Object.values<MetricDefinition>(centralMetrics),
  ...Object.values<MetricDefinition>(agentMetrics),
];

/** What Prometheus calls the series of a metric, with their labels. */
const series = new Map<string, readonly string[]>(
  definitions.flatMap(({ type, name, labels }): [string, readonly string[]][] =>
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...labels, 'le']],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ]
      : [[name, labels]],
  ),
);

interface Panel {
  readonly title: string;
  readonly datasource: unknown;
  readonly targets: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: unknown;
  }[];
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly datasource?: unknown;
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const dashboards = readdirSync(`${chart}dashboards`).map((name) => ({
  name,
  text: readFileSync(`${chart}dashboards/${name}`, 'utf8'),
}));
const rules = readFileSync(`${chart}templates/monitoring.yaml`, 'utf8');
const alertExpressions = [...rules.matchAll(/expr: (.*)/g)].map(
  ([, expression = '']) => expression,
);

/** What Prometheus could not read of an expression, by the grammar of Prometheus itself. */
function unreadable(expression: string): string[] {
  const faults: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from }) => {
      if (type.isError) faults.push(`no PromQL from "${expression.slice(from, from + 20)}" on`);
    },
  });
  return faults;
}

/** Names of ours in an expression that nothing exports, and labels that its metrics do not have. */
function faultsOf(expression: string): string[] {
  const names = expression.match(/\bambit_\w+/g) ?? [];
  const unknown = names.filter((name) => !series.has(name));
  const labels = new Set(names.flatMap((name) => series.get(name) ?? []));
  const used = [
    ...[...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    ...[...expression.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  ];
  const odd = used.filter((label) => !labels.has(label)).map((label) => `label ${label}`);
  const nothing = names.length === 0 ? ['no metric of ours'] : [];
  return [...nothing, ...unknown, ...odd, ...unreadable(expression)];
}

describe('what is watched', () => {
  test.each(dashboards)('$name asks for metrics and labels that there are', ({ text }) => {
    const { panels } = JSON.parse(text) as Dashboard;
    const targets = panels.flatMap((panel) => panel.targets.map((target) => ({ panel, target })));
    expect(targets.length).toBeGreaterThanOrEqual(5);
    const faults = targets.flatMap(({ panel, target }) => {
      const legend = [...target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(
        ([, label = '']) => label,
      );
      const lost = legend.filter(
        (label) => !new RegExp(`\\bby \\([^)]*\\b${label}\\b`).test(target.expr),
      );
      return [...faultsOf(target.expr), ...lost].map((fault) => `${panel.title}: ${fault}`);
    });
    expect(faults).toEqual([]);
  });

  test.each(dashboards)('$name asks whichever Prometheus is chosen in it', ({ text }) => {
    const { panels, templating } = JSON.parse(text) as Dashboard;
    const [chosen, ...others] = templating.list;
    expect(chosen).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    const asked = [...others, ...panels, ...panels.flatMap(({ targets }) => targets)];
    for (const { datasource } of asked)
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
    const known = new Set(templating.list.map(({ name }) => name));
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  test('dashboards have identities of their own, and variables ask for what there is', () => {
    const uids = dashboards.map(({ text }) => (JSON.parse(text) as Dashboard).uid);
    expect(new Set(uids).size).toBe(dashboards.length);
    for (const { text } of dashboards)
      for (const [, name = '', label = ''] of text.matchAll(/label_values\((\w+), (\w+)\)/g))
        expect([name, series.get(name)]).toEqual([name, expect.arrayContaining([label])]);
  });

  test('alerts ask for metrics and labels that there are', () => {
    expect(alertExpressions.length).toBeGreaterThanOrEqual(10);
    expect(alertExpressions.flatMap(faultsOf)).toEqual([]);
  });

  test.each([
    'sum(ambit_no_such_total)',
    'sum by (colour) (ambit_agents_connected)',
    'sum(ambit_http_requests_total{colour="red"})',
    'sum(rate(ambit_http_request_duration_seconds[5m]))',
    'up',
    'sum by (state) ambit_queue_jobs)',
    'sum(rate(ambit_http_requests_total[5 m]))',
    'ambit_agents_connected >',
    'max(ambit_policy_revision) ambit_policy_revision',
  ])('%s would be found', (expression) => {
    expect(faultsOf(expression)).not.toEqual([]);
  });
});
