import { describe, expect, test } from '@jest/globals';
import { parsePolicyFile } from './policy-file.ts';

const alice = `apiVersion: ambit.dev/v1
kind: User
metadata: {name: alice}
`;

function problemsOf(text: string) {
  const parsed = parsePolicyFile(text);
  return parsed.ok ? [] : parsed.problems;
}

function namesOf(text: string) {
  const parsed = parsePolicyFile(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.objects.map(({ object }) => `${object.kind}/${object.metadata.name}`);
}

/** Time on the processor, so that a busy machine does not count. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('what is read', () => {
  test('many documents, empty ones and comments among them', () => {
    const text = `# people\n---\n${alice}---\n---\n${alice.replace('alice', 'bob')}...\n`;
    expect(namesOf(text)).toEqual(['User/alice', 'User/bob']);
  });

  test('JSON, and a list as `get -o json` prints it', () => {
    const user = { apiVersion: 'ambit.dev/v1', kind: 'User', metadata: { name: 'alice' } };
    const list = { apiVersion: 'ambit.dev/v1', kind: 'UserList', items: [user] };
    expect(namesOf(JSON.stringify(user))).toEqual(['User/alice']);
    expect(namesOf(JSON.stringify(list, null, 2))).toEqual(['User/alice']);
  });

  test('a time without quotes stays the text it is', () => {
    const parsed = parsePolicyFile(`apiVersion: ambit.dev/v1
kind: Grant
metadata: {name: g}
spec:
  subjects: [{user: alice}]
  role: view
  scope: {clusters: {all: true}, clusterWide: true}
  until: 2027-06-30T00:00:00Z
`);
    expect(parsed).toMatchObject({
      objects: [{ object: { spec: { until: '2027-06-30T00:00:00Z' } } }],
    });
  });

  test('case 34: the text "false" is not a boolean', () => {
    expect(problemsOf(`${alice}spec: {active: "false"}\n`)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('spec.active'), line: 4 }),
    ]);
  });
});

describe('what is refused, and where', () => {
  test('an unknown field, at its line and column', () => {
    const text = `apiVersion: ambit.dev/v1
kind: Group
metadata:
  name: sre
spec:
  membrs:
    - alice
`;
    expect(problemsOf(text)).toEqual([
      {
        pointer: '/spec/membrs',
        message: 'unknown field spec.membrs',
        didYouMean: 'members',
        line: 6,
        column: 3,
      },
    ]);
  });

  test('a fault deep in a list, in the second document', () => {
    const text = `${alice}---
apiVersion: ambit.dev/v1
kind: Role
metadata: {name: r}
spec:
  rules:
    - {apiGroups: [""], resources: [pods], verbs: [get]}
    - apiGroups: [""]
      resources: [pods]
      verbs: [get, escalate]
`;
    expect(problemsOf(text)).toEqual([
      expect.objectContaining({ pointer: '/spec/rules/1/verbs/1', line: 13, column: 20 }),
    ]);
  });

  test.each([
    ['no resource', `{apiGroups: [''], resources: [], verbs: [get]}`, 23],
    ['both kinds', `{apiGroups: [''], nonResourceURLs: ['/metrics'], verbs: [get]}`, 23],
    ['a blank verb', `{apiGroups: [''], resources: [pods], verbs: [list, 'get ']}`, 56],
    ['a version as group', `{apiGroups: [v1], resources: [pods], verbs: [get]}`, 18],
    ['no group', `{resources: [pods], verbs: [get]}`, 5],
    ['no verbs', `{apiGroups: [''], resources: [pods], verbs: []}`, 42],
  ])(
    'outside case 15: a rule that no cluster takes: %s, at its line and column',
    (_, rule, column) => {
      const rules = `spec:\n  rules:\n  - ${rule}\n`;
      const text = `apiVersion: ambit.dev/v1\nkind: Role\nmetadata: {name: r}\n${rules}`;
      expect(problemsOf(text)).toEqual([expect.objectContaining({ line: 6 })]);
      expect(problemsOf(text)[0]?.column).toBe(column);
    },
  );

  test('a field that is missing, at the object that lacks it', () => {
    const text = `apiVersion: ambit.dev/v1\nkind: Role\nmetadata: {name: r}\n`;
    expect(problemsOf(text)).toEqual([
      expect.objectContaining({ message: 'spec is required', line: 1 }),
    ]);
  });

  test('a field of a later version', () => {
    expect(problemsOf(`${alice}spec:\n  source: scim\n`)).toEqual([
      expect.objectContaining({
        message: 'spec.source is not in this version',
        line: 5,
        column: 3,
      }),
    ]);
  });

  test('case b46: the same key twice, however far apart and however nested', () => {
    const text = `${alice}spec:\n  active: false\n  displayName: A\n  active: true\n`;
    expect(problemsOf(text)).toEqual([
      { message: 'the key "active" stands here a second time', line: 7, column: 3 },
    ]);
    expect(problemsOf('{"kind": "User", "kind": "Group"}')).toEqual([
      expect.objectContaining({ message: 'the key "kind" stands here a second time' }),
    ]);
    expect(problemsOf('{"kind": "User", "\\u006bind": "Group"}')).toEqual([
      expect.objectContaining({ message: 'the key "kind" stands here a second time' }),
    ]);
  });

  test('the same object twice', () => {
    expect(problemsOf(`${alice}---\n${alice}`)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('stands here twice'), line: 7 }),
    ]);
  });

  test('broken YAML, at its line', () => {
    expect(problemsOf(`${alice}spec: {active: true\n`)[0]).toMatchObject({ line: 5 });
    expect(problemsOf(`${alice}\tspec: x\n`)[0]).toMatchObject({ line: 4 });
  });

  test.each([
    ['an alias', `${alice}spec: &a {active: true}\nstatus: *a\n`],
    ['a merge key', `${alice}spec:\n  <<: {active: false}\n`],
    ['a tag', `${alice}spec: !!js/function "x"\n`],
    ['a binary tag', `apiVersion: ambit.dev/v1\nkind: User\nmetadata: {name: !!binary YWxpY2U=}\n`],
    ['a key that is no text', `${alice}? [a]\n: b\n`],
    ['a plain text', 'hello\n'],
    ['a list', '- a\n'],
    ['__proto__', `${alice}spec: {"__proto__": {"active": false}}\n`],
  ])('%s', (_, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });
});

describe('case b65: what is too much is refused before it is built', () => {
  const bomb = [
    'a: &a [x]',
    ...'bcdefghij'.split('').map((key, index) => {
      const before = 'abcdefghi'[index] ?? 'a';
      return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`;
    }),
  ].join('\n');
  const mebibyte = 1024 * 1024;
  test.each([
    ['aliases of aliases', bomb],
    ['100,000 levels of brackets', '['.repeat(100_000)],
    ['100,000 levels of braces', '{"a":'.repeat(100_000)],
    [
      'levels by indentation',
      Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    ],
    ['levels by dashes', '- '.repeat(100_000)],
    ['a million empty things', `[${'{},'.repeat(349_000)}]`],
    ['200,000 keys', `{${Array.from({ length: 200_000 }, () => '"":1').join(',')}}`],
    ['more than a mebibyte', `# ${'x'.repeat(mebibyte)}`],
  ])('%s', (_, text) => {
    const before = process.memoryUsage().heapUsed;
    expect(cpuMs(() => expect(problemsOf(text).length).toBeGreaterThan(0))).toBeLessThan(250);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * mebibyte);
  });

  test('eight times the keys take about eight times the time, not sixty-four', () => {
    const parse = (keys: number) => {
      const text = Array.from({ length: keys }, (_, key) => `k${key}: 1`).join('\n');
      return cpuMs(() => expect(problemsOf(text)).not.toEqual([]));
    };
    parse(2_000);
    expect(parse(12_000)).toBeLessThan(30 * Math.max(parse(1_500), 10));
  });

  test('honest files of many objects are taken', () => {
    const one = (index: number) => alice.replace('alice', `user-${index}`);
    const text = Array.from({ length: 2_000 }, (_, index) => one(index)).join('---\n');
    expect(namesOf(text)).toHaveLength(2_000);
  });
});

test('a label named __proto__ is refused with line and column instead of being left out', () => {
  const parsed = parsePolicyFile(`apiVersion: ambit.dev/v1
kind: Grant
metadata: {name: payments}
spec:
  subjects: [{user: alice}]
  role: view
  scope:
    clusters: {all: true}
    namespaces: {matchLabels: {app: dev, __proto__: db}}
`);
  expect(parsed).toMatchObject({
    ok: false,
    problems: [{ line: 9, column: 42, message: 'a key named "__proto__" is not allowed' }],
  });
});

test('a label named constructor is an ordinary one', () => {
  const parsed = parsePolicyFile(`apiVersion: ambit.dev/v1
kind: User
metadata: {name: alice, labels: {constructor: a, toString: b, prototype: c}}
`);
  expect(parsed).toMatchObject({ ok: true });
  if (parsed.ok) {
    expect(Object.entries(parsed.objects[0]?.object.metadata.labels ?? {})).toEqual([
      ['constructor', 'a'],
      ['toString', 'b'],
      ['prototype', 'c'],
    ]);
  }
});
