import type { RequestCount } from '../dev-cluster.ts';

/** Sums the samples of `apiserver_request_total` in a Prometheus text by verb, group and resource; dry runs are left out. */
export function requestCountsOf(metrics: string): RequestCount[] {
  const sums = new Map<string, RequestCount>();
  for (const line of metrics.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const labels = labelsOf(line);
    if (labels.get('dry_run') === 'All') continue;
    const verb = labels.get('verb') ?? '';
    const group = labels.get('group') ?? '';
    const resource = labels.get('resource') ?? '';
    const key = `${verb} ${group} ${resource}`;
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    sums.set(key, { verb, group, resource, count: (sums.get(key)?.count ?? 0) + value });
  }
  return [...sums.values()];
}

function labelsOf(line: string): ReadonlyMap<string, string> {
  return new Map(
    [...line.matchAll(/([a-z_]+)="([^"]*)"/g)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
}
