import { expect, test } from '@jest/globals';
import { agentMetrics } from './agent-metrics.ts';
import { centralMetrics } from './central-metrics.ts';
import { createMeters, createRegistry } from './metrics.ts';

test('meters count under their public names', async () => {
  const registry = createRegistry({ version: '1.2.3' });
  const meters = createMeters(registry, centralMetrics);
  meters.httpRequests.inc({ method: 'GET', route: '/api/v1/users', code: '200' });
  meters.propagationDuration.observe({ cluster: 'prod-eu' }, 0.02);
  meters.agentsConnected.set(2);
  const text = await registry.metrics();
  expect(text).toContain('ambit_build_info{version="1.2.3"} 1');
  expect(text).toContain(
    'ambit_http_requests_total{method="GET",route="/api/v1/users",code="200"} 1',
  );
  expect(text).toContain(
    'ambit_propagation_duration_seconds_bucket{le="0.025",cluster="prod-eu"} 1',
  );
  expect(text).toContain('ambit_agents_connected 2');
});

test('process metrics are there only when asked for', async () => {
  const plain = createRegistry({ version: '1' });
  expect(await plain.metrics()).not.toContain('process_');
  const full = await createRegistry({ version: '1', processMetrics: 'all' }).metrics();
  expect(full).toContain('nodejs_eventloop_lag_p99_seconds');
  const few = await createRegistry({ version: '1', processMetrics: 'few' }).metrics();
  const names = Array.from(few.matchAll(/^(\w+) (\d\S*)$/gm), ([, name]) => name);
  expect(names).toEqual([
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
  ]);
  for (const name of names) expect(full).toContain(`${name} `);
});

test.each([
  ['central', centralMetrics],
  ['agent', agentMetrics],
])('names of %s follow the conventions of Prometheus', (program, table) => {
  const names = Object.values(table).map((one) => one.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, type, help } of Object.values(table)) {
    expect(name).toMatch(program === 'agent' ? /^ambit_agent_[a-z_]+$/ : /^ambit_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(help).toMatch(/\.$/);
  }
});
