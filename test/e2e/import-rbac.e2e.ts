import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import type { BindingObject, RbacSubject, RoleRef } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { Fleet, runProgram } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;
const apiGroup = 'rbac.authorization.k8s.io';
const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'delete'] }];
const ceiling = `
spec:
  allowedClusterRoles: [view, edit, node-looker]
  customRoles: { rules: ${JSON.stringify(rules)} }
  clusterScope: true
`;
const namespaces = ['payments', 'shop', 'lab'];
const people = ['ambit:ada', 'bob@acme.io', 'carol', 'Carol'];
const groups = ['devs', 'Ops Team'];
interface Question {
  readonly verb: string;
  readonly resource: string;
  readonly namespace?: string;
}
const inNamespaces = [
  { verb: 'get', resource: 'pods' },
  { verb: 'delete', resource: 'pods' },
  { verb: 'delete', resource: 'configmaps' },
];
// Nodes lie in no namespace: a review that names one asks what no request ever is.
const questions: readonly Question[] = [
  { verb: 'list', resource: 'nodes' },
  ...inNamespaces.flatMap((question) => [
    question,
    ...namespaces.map((namespace) => ({ ...question, namespace })),
  ]),
];

const clusterRole = (name: string): RoleRef => ({ apiGroup, kind: 'ClusterRole', name });
const role = (name: string): RoleRef => ({ apiGroup, kind: 'Role', name });
const subjects: readonly RbacSubject[] = [
  ...people.map((name): RbacSubject => ({ apiGroup, kind: 'User', name })),
  ...groups.map((name): RbacSubject => ({ apiGroup, kind: 'Group', name })),
  { kind: 'ServiceAccount', namespace: 'lab', name: 'robot' },
  { apiGroup, kind: 'Group', name: 'system:nodes' },
];

/** Bindings as clusters have them after some years. */
const years = fc.array(
  fc.record({
    at: fc.constantFrom(undefined, undefined, ...namespaces, ...namespaces, ...namespaces),
    ref: fc.constantFrom(clusterRole('view'), clusterRole('edit'), clusterRole('node-looker')),
    own: fc.boolean(),
    subjects: fc.subarray([...subjects], { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 23, maxLength: 23 },
);

let fleet: Fleet;
let prod: Member;
let folder: string;

const ambit = (...args: readonly string[]): ReturnType<typeof runProgram> =>
  runProgram('cli', args, { env: { AMBIT_SERVER: fleet.url, AMBIT_TOKEN: fleet.token } });

/** What the API server itself decides, for every question. */
function decisions(user: string, group?: string): Promise<boolean[]> {
  return Promise.all(
    questions.map(async ({ verb, resource, namespace = '' }) => {
      const { allowed } = await prod.kube.createSubjectAccessReview({
        user,
        groups: ['system:authenticated', ...(group === undefined ? [] : [group])],
        resourceAttributes: { verb, resource, namespace },
      });
      return allowed;
    }),
  );
}

async function canI(user: string): Promise<boolean[]> {
  const checks = questions.map((question) => ({ user, cluster: 'prod-eu', ...question }));
  const { items } = await fleet.client().api.checkAccess({ body: { checks } });
  return items.map(({ allowed }) => allowed);
}

/** Every binding, so that nobody touched one shows. */
async function standing(): Promise<string[]> {
  const lists = await Promise.all(
    [kubeResources.roleBindings, kubeResources.clusterRoleBindings].map((resource) =>
      prod.kube.list<BindingObject>(resource, { labelSelector: 'ambit.dev/managed-by!=ambit' }),
    ),
  );
  return lists
    .flatMap(({ items }) =>
      items.map(({ metadata: { uid, resourceVersion } }) => `${uid} ${resourceVersion}`),
    )
    .sort();
}

(real ? describe : describe.skip)('a cluster that others ruled before', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-import-'));
    fleet = await Fleet.start(['prod-eu'], { 'prod-eu': ceiling });
    prod = fleet.member('prod-eu');
    const { kube } = prod;
    for (const name of namespaces) {
      await kube.create(kubeResources.namespaces, { metadata: { name } });
      const own = { metadata: { name: 'tuner', namespace: name }, rules };
      await kube.create(kubeResources.roles, own as KubeObject);
    }
    const looks = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }];
    const looker = { metadata: { name: 'node-looker' }, rules: looks };
    await kube.create(kubeResources.clusterRoles, looker as KubeObject);
    const [some = []] = fc.sample(years, { numRuns: 1, seed: 20_261_129 });
    const everywhere = { at: undefined, ref: clusterRole('node-looker'), own: false };
    const bindings = [...some, { ...everywhere, subjects: subjects.slice(3, 5) }];
    for (const [index, { at, ref, own, subjects: named }] of bindings.entries()) {
      const name = `old-${index}`;
      const metadata = at === undefined ? { name } : { name, namespace: at };
      const roleRef = at !== undefined && own ? role('tuner') : ref;
      const resource = at === undefined ? 'clusterRoleBindings' : 'roleBindings';
      const body = { metadata, roleRef, subjects: named } as unknown as KubeObject;
      await kube.create(kubeResources[resource], body);
    }
    await fleet.enrol('prod-eu');
  }, 240_000);
  afterAll(async () => {
    await fleet?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('is told by its agent: what is not ours, whose it is, and what Kubernetes binds itself', async () => {
    await eventually(
      async () => {
        const { stdout } = await ambit('get', 'unmanaged', 'prod-eu', '--no-system', '-o', 'name');
        expect(stdout.match(/old-\d+$/gm)).toHaveLength(24);
      },
      { withinMs: 60_000, what: 'the bindings being told' },
    );
    const all = await ambit('get', 'unmanaged', 'prod-eu');
    expect(all.stdout).toMatch(
      /cluster-admin +ClusterRole\/cluster-admin +group system:masters +Kubernetes/,
    );
    expect(all.stdout).toMatch(/ambit-agent/);
    const who = await ambit('who-can', 'list', 'nodes', '--in', 'prod-eu');
    expect(who.stderr).toContain('+ 1 binding not managed by ambit: ClusterRoleBinding/old-');
    expect(who.stderr).toContain('ambit cluster import-rbac prod-eu');
  }, 90_000);

  test('gives by imported policy what it gave before, and the old bindings stand untouched', async () => {
    const before = await standing();
    const proposed = await ambit('cluster', 'import-rbac', 'prod-eu', '-o', folder);
    expect(proposed).toMatchObject({ exitCode: 0 });
    const file = join(folder, 'prod-eu.yaml');
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# User "Carol" becomes user/carol-2');
    expect(text).toContain('serviceaccount lab/robot belongs to the cluster');
    const users = new Map([
      ['ambit:ada', 'ada'],
      ['bob@acme.io', 'bob@acme.io'],
      ['carol', 'carol'],
      ['Carol', 'carol-2'],
    ]);
    const had = new Map<string, boolean[]>();
    for (const [subject, name] of users) had.set(name, await decisions(subject));
    had.set('dev', await decisions('dev', 'devs'));
    had.set('op', await decisions('op', 'Ops Team'));
    for (const answers of had.values()) expect(new Set(answers)).toEqual(new Set([true, false]));

    const dry = await ambit('apply', '--dry-run', 'server', '-f', file);
    expect(dry).toMatchObject({ exitCode: 0 });
    const applied = await ambit('apply', '-f', file, '--wait', '60s');
    // The agent of this cluster is a user here, and no ceiling lets its own role be given.
    expect(applied.stderr.match(/^not in force .*/gm)).toEqual([
      expect.stringMatching(/grant\/prod-eu-ambit-agent ceiling_refused/),
    ]);
    const members = join(folder, 'members.yaml');
    const document = (kind: string, name: string, spec: object): string =>
      JSON.stringify({ apiVersion: 'ambit.dev/v1', kind, metadata: { name }, spec });
    await writeFile(
      members,
      [
        document('User', 'dev', {}),
        document('User', 'op', {}),
        document('Group', 'devs', { members: ['dev'] }),
        document('Group', 'ops-team', { members: ['op'] }),
      ].join('\n---\n'),
    );
    expect((await ambit('apply', '-f', members, '--wait', '60s')).stderr).not.toContain('refused:');

    for (const [name, answers] of had) expect([name, await canI(name)]).toEqual([name, answers]);
    await eventually(
      async () => {
        for (const [name, answers] of had) {
          // Ada was called by our name before: what she had, she has twice.
          expect([name, await decisions(`ambit:${name}`)]).toEqual([name, answers]);
        }
      },
      { withinMs: 60_000, what: 'the API server deciding by our bindings' },
    );
    expect(await standing()).toEqual(before);
    const again = await ambit('cluster', 'import-rbac', 'prod-eu');
    expect(again.stdout).toContain('is there already, and gives the same');
    expect(again.stdout).not.toMatch(/^kind:/m);
  }, 180_000);
});
