import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { devClusterSettings, kubectl, obtainHelm, startDevClusters } from '@ambit/dev-cluster';
import type { DevClusters } from '@ambit/dev-cluster';
import { AppError, isAppError } from '@ambit/kernel';
import { ceilingToJson, defaultCeiling, parseCeilingDocument, withProtected } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import { parse } from 'yaml';
import { printPolicy } from '../../apps/agent/src/admission/print-policy.ts';
import { printRbac } from '../../apps/agent/src/print-rbac.ts';
import { house } from '../planted/house-copy.ts';
import { manifests, namespaceOf, podsOf, runHelm } from './render.ts';
import type { Chart, HelmCommand, Manifest, Render, Rendered } from './render.ts';
import { agentValues, centralValues, noteRows, wrongValues } from './values.ts';

// Building helm takes minutes, once.
jest.setTimeout(900_000);

const settings = devClusterSettings(process.env);
const helm = await obtainHelm(settings, () => undefined).catch((error: unknown) => {
  if (!isAppError(error) || settings.requireReal) throw error;
  console.log(`no helm, so the charts are not tested: ${error.message}`);
  return undefined;
});
const account = 'system:serviceaccount:ambit-system:ambit-agent';

function run(command: HelmCommand, render: Render): Promise<Rendered> {
  if (helm === undefined) throw new AppError('internal', 'There is no helm.');
  return runHelm(helm, command, render);
}

function ceilingOf(values: object): Ceiling {
  const spec = 'ceiling' in values ? values.ceiling : {};
  return { ...defaultCeiling, ...(spec as Partial<Ceiling>) };
}

const rows: Readonly<Record<Chart, Readonly<Record<string, object>>>> = {
  'ambit-agent': agentValues,
  'ambit-central': centralValues,
};
const good = Object.entries(rows).flatMap(([chart, each]) =>
  Object.entries(each).map(([name, values]) => [chart as Chart, name, values] as const),
);
const wrong = Object.entries(wrongValues).flatMap(([chart, each]) =>
  Object.entries(each).map(([name, [values, named]]) => ({
    chart: chart as Chart,
    name,
    values,
    named,
  })),
);

function renderOf(chart: Chart, values: object): Render {
  if (chart === 'ambit-central') return { chart, values };
  return { chart, values, printed: printPolicy(ceilingOf(values), { account }) };
}

const chartTests = helm === undefined ? describe.skip : describe;

chartTests('what helm makes of the charts', () => {
  test.each(good)('%s, %s: is linted and rendered', async (chart, _name, values) => {
    const linted = await run('lint', renderOf(chart, values));
    expect([linted.exitCode, linted.said]).toEqual([
      0,
      expect.stringContaining('0 chart(s) failed'),
    ]);
    const { exitCode, text, said } = await run('template', renderOf(chart, values));
    expect([exitCode, exitCode === 0 ? '' : said]).toEqual([0, '']);
    const named = manifests(text).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(named.sort()).toMatchSnapshot();
  });

  test.each(wrong)('$chart refuses $name', async ({ chart, values, named }) => {
    const { exitCode, said } = await run('template', { chart, values });
    expect([exitCode, said]).toEqual([1, expect.stringMatching(named)]);
  });

  test('no secret of anybody is a value: only names of Secrets are', async () => {
    const { text } = await run(
      'template',
      renderOf('ambit-central', centralValues['everything else'] ?? {}),
    );
    expect(manifests(text).filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  test('whatever speaks to the database has the files that its URL names', async () => {
    const values = centralValues['a backup every night, and a CA and a password in files'] ?? {};
    const { text } = await run('template', renderOf('ambit-central', values));
    const pods = podsOf(manifests(text)) as unknown as {
      spec: { containers: { volumeMounts: object[] }[]; volumes: object[] };
    }[];
    expect(pods).toHaveLength(3);
    for (const { spec } of pods) {
      const mountPath = '/etc/ambit/database';
      expect(spec.containers[0]?.volumeMounts).toContainEqual(
        expect.objectContaining({ name: 'database', mountPath, readOnly: true }),
      );
      // One file each would stay as it was when its Secret changes: a whole folder follows.
      expect(JSON.stringify(spec)).not.toContain('subPath');
      expect(spec.volumes).toContainEqual(
        expect.objectContaining({ secret: expect.objectContaining({ secretName: 'db-files' }) }),
      );
    }
  });

  test('the dashboards come whole into a ConfigMap that Grafana finds', async () => {
    const { text } = await run(
      'template',
      renderOf('ambit-central', centralValues['watched by Prometheus'] ?? {}),
    );
    const map = manifests(text).find(({ kind }) => kind === 'ConfigMap') as
      | (Manifest & {
          readonly data: Record<string, string>;
          readonly metadata: { labels: object };
        })
      | undefined;
    expect(map?.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const titles = Object.values(map?.data ?? {}).map(
      (each) => (JSON.parse(each) as { title: string }).title,
    );
    expect(titles.sort()).toEqual([
      'Ambit / Access',
      'Ambit / Agent',
      'Ambit / Audit trail',
      'Ambit / Fleet',
    ]);
    expect(manifests(text).some(({ kind }) => kind === 'PrometheusRule')).toBe(true);
  });
});

chartTests('the chart of the agent holds what the agent prints', () => {
  const printedRules = (ceiling: Ceiling): object[] =>
    manifestsOfRules(printRbac(ceiling, account));
  const manifestsOfRules = (text: string): object[] =>
    manifests(text)
      .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
      .map(({ kind, metadata: { name, namespace = '' }, rules }) => ({
        kind,
        name,
        namespace,
        rules,
      }))
      .sort((a, b) => `${a.kind}${a.namespace}`.localeCompare(`${b.kind}${b.namespace}`));

  test.each(Object.entries(agentValues))('%s: the same rules and policies', async (_, values) => {
    const render = renderOf('ambit-agent', values);
    const { text } = await run('template', render);
    expect(manifestsOfRules(text)).toEqual(printedRules(ceilingOf(values)));
    const policies = (from: string): Manifest[] =>
      manifests(from)
        .filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'))
        .sort((a, b) => `${a.kind}${a.metadata.name}`.localeCompare(`${b.kind}${b.metadata.name}`));
    expect(policies(text)).toEqual(policies(render.printed ?? ''));
    expect(policies(text).length).toBeGreaterThanOrEqual(4);
  });

  test('the ceiling that the agent reads is the one of the values', async () => {
    for (const values of Object.values(agentValues)) {
      const { text } = await run('template', renderOf('ambit-agent', values));
      const map = manifests(text).find(({ kind }) => kind === 'ConfigMap');
      const file = (map as { data?: Record<string, string> } | undefined)?.data?.['ceiling.yaml'];
      const read = parseCeilingDocument(parse(file ?? ''));
      const wanted = withProtected(ceilingOf(values), []);
      expect(read.ok && ceilingToJson(read.value)).toBe(ceilingToJson(wanted));
    }
  });

  test('the policies in the chart are those of the default ceiling, as printed', () => {
    const file = readFileSync(join(house, 'helm/ambit-agent/files/default-policies.yaml'), 'utf8');
    // Differs: ambit-agent print-policy --account ACCOUNT > helm/ambit-agent/files/default-policies.yaml
    expect(file).toBe(printPolicy(defaultCeiling, { account }));
  });

  const wide = agentValues['cluster scope'] ?? {};
  const rules = agentValues['rules of its own'] ?? {};
  const narrow = printPolicy(defaultCeiling, { account });
  const elsewhere = printPolicy(defaultCeiling, { account: 'system:serviceaccount:b:ambit-agent' });
  const refused: (readonly [string, Omit<Render, 'chart'>, RegExp])[] = [
    ['another ceiling, none given', { values: wide }, /another ceiling/],
    ['another ceiling than printed', { values: wide, printed: narrow }, /another ceiling/],
    ['rules of its own, none given', { values: rules }, /customRoles/],
    ['another namespace, none given', { values: {}, namespace: 'b' }, /another account/],
    ['another account than printed', { values: {}, printed: elsewhere }, /another account/],
  ];
  test.each(refused)('no policies but those that fit: %s', async (_, render, named) => {
    const { exitCode, said } = await run('template', { chart: 'ambit-agent', ...render });
    expect([exitCode, said]).toEqual([1, expect.stringMatching(named)]);
    expect(said).toContain('ambit-agent print-policy --ceiling ceiling.yaml --account');
  });

  test('printed for another namespace, it goes into that', async () => {
    const render = { values: {}, namespace: 'b', printed: elsewhere };
    expect((await run('template', { chart: 'ambit-agent', ...render })).exitCode).toBe(0);
  });
});

chartTests('a real API server', () => {
  let clusters: DevClusters | undefined;
  let real = false;
  /** Kinds that a cluster has only when somebody installed them. */
  const foreign = /^(monitoring\.coreos\.com|gateway\.networking\.k8s\.io)\//;

  async function apply(objects: readonly object[], ...more: string[]): Promise<string> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const cluster = clusters?.cluster('charts');
    if (cluster === undefined) throw new AppError('internal', 'There is no cluster.');
    const args = ['apply', '--server-side', ...more, '-f', '-'];
    const { exitCode, stderr } = await kubectl(cluster, args, { settings, input });
    return exitCode === 0 ? '' : stderr;
  }

  /** Helm takes over what is there only when it says so. */
  const madeByHelm = (release: string, namespace: string): object => ({
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: {
      'meta.helm.sh/release-name': release,
      'meta.helm.sh/release-namespace': namespace,
    },
  });

  beforeAll(async () => {
    clusters = await startDevClusters({ names: ['charts'], settings, forTests: true });
    real = clusters.kind === 'real';
    if (!real) return;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const made = [...Object.values(namespaceOf), 'ambit-access'].map((name) => {
      return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    });
    const accounts = Object.entries(namespaceOf).flatMap(([release, namespace]) =>
      [release, 'default'].map((name) => {
        const metadata = { name, namespace, ...madeByHelm(release, namespace) };
        return { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
      }),
    );
    expect(await apply([...made, ...accounts])).toBe('');
  });
  afterAll(() => clusters?.stop());

  test.each(good)('takes every object of %s, %s', async (chart, _name, values) => {
    if (!real) return console.log('simulated clusters judge no pods: not tested');
    const { text } = await run('template', renderOf(chart, values));
    const all = manifests(text).filter(({ apiVersion }) => !foreign.test(apiVersion));
    const pods = podsOf(all);
    expect(pods.length).toBeGreaterThanOrEqual(1);
    expect(await apply([...all, ...pods], '--dry-run=server')).toBe('');
  });

  test.each(noteRows)(
    'takes an install of $chart, $what, whose notes say what is next',
    async (row) => {
      if (!real) return console.log('helm installs nothing in simulated clusters: not tested');
      const { exitCode, text, said } = await looking(row.values, row.chart, 'install');
      expect([exitCode, exitCode === 0 ? '' : said]).toEqual([0, '']);
      const [, notes = ''] = text.split('\nNOTES:\n');
      for (const each of row.says) expect(notes).toContain(each);
      for (const each of row.never) expect(notes).not.toContain(each);
      expect(notes).not.toMatch(/<no value>|\n\n\n| $/m);
    },
  );

  test('and would refuse a pod of the chart that may be root', async () => {
    if (!real) return console.log('simulated clusters judge no pods: not tested');
    const { text } = await run('template', renderOf('ambit-agent', {}));
    const [pod] = podsOf(manifests(text));
    const spec = JSON.parse(
      JSON.stringify(pod?.spec).replace('"runAsNonRoot":true,', ''),
    ) as object;
    expect(await apply([{ ...pod, spec }], '--dry-run=server')).toContain('PodSecurity');
  });

  const looking = (
    values: object,
    chart: Chart = 'ambit-agent',
    command: HelmCommand = 'template',
  ): Promise<Rendered> => {
    const kubeconfig = clusters?.cluster('charts').adminKubeconfig ?? '';
    return run(command, { ...renderOf(chart, values), kubeconfig });
  };
  const sized = (size: string, storageClassName = ''): object => ({
    persistence: { size, storageClassName },
  });

  test('changes no volumes of an installed release, and says how; the same size in other words is none', async () => {
    if (!real) return console.log('simulated clusters have no StatefulSets: not tested');
    const setOf = async (values: object): Promise<Manifest[]> => {
      const { text } = await run('template', renderOf('ambit-agent', values));
      return manifests(text).filter(({ kind }) => kind === 'StatefulSet');
    };
    expect(await apply(await setOf(sized('1536Mi')))).toBe('');
    for (const size of ['1536Mi', '1.5Gi']) expect((await looking(sized(size))).exitCode).toBe(0);
    for (const other of [sized('2Gi'), sized('1536Mi', 'fast')]) {
      expect(await apply(await setOf(other), '--dry-run=server', '--force-conflicts')).toContain(
        'spec: Forbidden',
      );
      const { exitCode, said } = await looking(other);
      expect([exitCode, said]).toEqual([1, expect.stringContaining('persistence.size=1536Mi')]);
      expect(said).toContain('delete statefulset ambit-agent --cascade=orphan');
    }
    const cluster = clusters?.cluster('charts');
    if (cluster === undefined) throw new AppError('internal', 'There is no cluster.');
    const place = ['-n', namespaceOf['ambit-agent'], '--cascade=orphan'];
    await kubectl(cluster, ['delete', 'statefulset', 'ambit-agent', ...place], { settings });
    expect((await looking(sized('2Gi'))).exitCode).toBe(0);
    expect(await apply(await setOf(sized('2Gi')), '--dry-run=server')).toBe('');
  });

  test('keeps a StatefulSet from beside the Deployment of an earlier chart, and says what to do', async () => {
    if (!real) return console.log('simulated clusters have no Deployments: not tested');
    expect((await looking({})).exitCode).toBe(0);
    const metadata = { name: 'ambit-agent', namespace: namespaceOf['ambit-agent'] };
    const labels = { app: 'agent' };
    const containers = [{ name: 'agent', image: 'ambit-agent:1' }];
    const template = { metadata: { labels }, spec: { containers } };
    const spec = { selector: { matchLabels: labels }, template };
    expect(await apply([{ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }])).toBe('');
    const { exitCode, said } = await looking({});
    expect([exitCode, said]).toEqual([1, expect.stringContaining('delete deployment ambit-agent')]);
  });
});
