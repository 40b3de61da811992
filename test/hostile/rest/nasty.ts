import type { SeededRandom } from '@ambit/testing';

/** Texts that have broken parsers, databases and terminals of others. */
const texts = [
  '',
  'a',
  'default',
  'system:masters',
  'SYSTEM:admin',
  '__proto__',
  'constructor',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202egnp.exe',
  '\u001b[2J',
  'ａｄｍｉｎ',
  '../../etc/passwd',
  '%00',
  "'; DROP TABLE users; --",
  '{{7*7}}',
  '${jndi:ldap://localhost}',
  'a'.repeat(300),
  'é'.repeat(5_000),
  '9007199254740993',
  '1e999',
  'NaN',
  '-1',
  '0x10',
  '2099-02-31T00:00:00Z',
] as const satisfies readonly string[];

const keys = [
  'apiVersion',
  'kind',
  'metadata',
  'name',
  'labels',
  'annotations',
  'spec',
  'subjects',
  'user',
  'group',
  'role',
  'scope',
  'clusters',
  'names',
  'matchLabels',
  'namespaces',
  'all',
  'clusterWide',
  'until',
  'members',
  'rules',
  'verbs',
  'objects',
  'dryRun',
  '__proto__',
  'constructor',
] as const;

export const nastyText = (random: SeededRandom): string => random.pick(texts);

function nastyValue(random: SeededRandom, depth: number): unknown {
  const kind = random.below(depth <= 0 ? 5 : 8);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.pick([0, -1, 1e308, 2 ** 53, 0.1, -0]);
  if (kind <= 4) return nastyText(random);
  const size = random.below(5);
  if (kind === 5) return Array.from({ length: size }, () => nastyValue(random, depth - 1));
  const entries = Array.from({ length: size }, () => [
    random.pick(keys),
    nastyValue(random, depth - 1),
  ]);
  return Object.fromEntries(entries) as unknown;
}

const policyKinds = ['User', 'Group', 'Role', 'Grant', 'Cluster', 'Nonsense'] as const;

/** Half of what a policy object should be, half of what it should not. */
function nastyObject(random: SeededRandom, name: string): object {
  return {
    apiVersion: random.chance(0.9) ? 'ambit.dev/v1' : nastyText(random),
    kind: random.pick(policyKinds),
    metadata: {
      name: random.chance(0.5) ? name : nastyText(random),
      labels: nastyValue(random, 2),
    },
    spec: nastyValue(random, 4),
  };
}

type PolicyKind = Exclude<(typeof policyKinds)[number], 'Nonsense'>;

/** What central takes, so that there is something to be confused about; one field in five is not. */
function goodObject(random: SeededRandom, kind: PolicyKind, name: string): object {
  const other = (): string => (random.chance(0.8) ? `n${random.below(20)}` : nastyText(random));
  const specs: Readonly<Record<PolicyKind, object>> = {
    User: {},
    Group: { members: [] },
    Role: { rules: [{ apiGroups: [''], resources: [other()], verbs: ['get'] }] },
    Grant: {
      subjects: [{ user: other() }],
      role: 'view',
      scope: { clusters: { names: [other()] }, namespaces: { names: ['default'] } },
    },
    Cluster: {},
  };
  return { apiVersion: 'ambit.dev/v1', kind, metadata: { name }, spec: specs[kind] };
}

const kindsByPath: Readonly<Record<string, PolicyKind>> = {
  users: 'User',
  groups: 'Group',
  roles: 'Role',
  grants: 'Grant',
  clusters: 'Cluster',
};

/** What the route at `path` takes, as far as its shape goes. */
function goodBody(random: SeededRandom, path: string): object {
  const [, plural = '', name = ''] = path.split('/');
  const kind = kindsByPath[plural];
  if (kind !== undefined) return goodObject(random, kind, decodeURIComponent(name));
  const kinds = ['User', 'User', 'Group', 'Role', 'Grant', 'Cluster'] as const;
  return { objects: [goodObject(random, random.pick(kinds), `n${random.below(20)}`)] };
}

const ofBytes = (random: SeededRandom): Buffer =>
  Buffer.from(Array.from({ length: 200 }, () => random.below(256)));

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const makers: readonly ((random: SeededRandom, name: string) => Buffer)[] = [
  () => Buffer.from('{"a":'.repeat(2_000)),
  () => Buffer.from(`${'['.repeat(5_000)}${']'.repeat(5_000)}`),
  () => Buffer.from('{"kind":"User","kind":"Grant","__proto__":{"admin":true}}'),
  () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]),
  ofBytes,
  () => Buffer.from(`{"objects":[${'{},'.repeat(3_000)}{}]}`),
  (random, name) => json({ objects: [nastyObject(random, name)] }),
  (random) => json(nastyValue(random, 5)),
  nastyObjectBody,
  nastyObjectBody,
];

function nastyObjectBody(random: SeededRandom, name: string): Buffer {
  return json(nastyObject(random, name));
}

/** A request body for `path`: what it takes, JSON that is wrong, and what is no JSON at all. */
export function someBody(random: SeededRandom, path: string): Buffer {
  if (random.chance(0.4)) return json(goodBody(random, path));
  return random.pick(makers)(random, `n${random.below(20)}`);
}
