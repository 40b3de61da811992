import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { KubeconfigFile } from './kubeconfig-file.ts';

const foreign = `# mine, do not touch
apiVersion: v1
clusters:
- cluster:
    server: https://10.0.0.1:6443   # the old one
    x-unknown: {a: 1, b: [2, 3]}
  name: minikube
contexts:
- context:
    cluster: minikube
    user: mini
  name: minikube
current-context: minikube
kind: Config
preferences: {}
users:
# with a password that somebody chose
- name: mini
  user:
    password: "on"
    token: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
zzz: last
`;
const open = (text?: string) => new KubeconfigFile('config', text);

describe('a kubeconfig', () => {
  test('case U3: is written with all that it had, byte for byte, beside what is new', () => {
    const file = open(foreign);
    file.put('clusters', 'ambit-a', { server: 'https://a' });
    const text = file.changedText() ?? '';
    const added = '- name: ambit-a\n  cluster:\n    server: https://a\n';
    expect(text).toContain(added);
    expect(text.replace(added, '')).toBe(
      // Blanks before a comment are the one thing that is set anew.
      foreign.replace('6443   #', '6443 #').replace('{a: 1, b: [2, 3]}', '{a: 1, b: [2, 3]}'),
    );
  });

  test('in which nothing changed is not written', () => {
    const file = open(foreign);
    file.put('contexts', 'minikube', { cluster: 'minikube' });
    file.remove('users', 'nobody');
    expect(file.changedText()).toBeUndefined();
  });

  test.each([
    ['indented lists', 'clusters:\n  - name: a\n    cluster: {server: https://a}\n'],
    ['JSON', '{"clusters": [{"name": "a", "cluster": {"server": "https://a"}}], "users": []}'],
    ['an anchor', 'x: &c {server: https://a}\nclusters:\n- name: a\n  cluster: *c\n'],
    [
      'null lists',
      'clusters:\n- name: a\n  cluster: {server: https://a}\nusers: null\ncontexts:\n',
    ],
    ['a mark and CRLF', '\uFEFFclusters:\r\n- name: a\r\n  cluster: {server: https://a}\r\n'],
  ])('of %s keeps what it says', (_, text) => {
    const file = open(text);
    file.put('users', 'u', { token: 'x' });
    const after = parse(file.changedText() ?? '') as Record<string, unknown>;
    expect(after['clusters']).toEqual([{ name: 'a', cluster: { server: 'https://a' } }]);
    expect(after['users']).toEqual([{ name: 'u', user: { token: 'x' } }]);
  });

  test.each(['', '\n', '# only a comment\n', '---\n'])(
    'that is empty (%j) becomes a whole one',
    (text) => {
      const file = open(text);
      file.put('users', 'u', { token: 'x' });
      const after = file.changedText() ?? '';
      expect(parse(after)).toEqual({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [],
        contexts: [],
        users: [{ name: 'u', user: { token: 'x' } }],
      });
      expect(after).toContain(text.includes('#') ? '# only a comment' : '');
    },
  );

  test('takes texts that Kubernetes would read as something else in quotes', () => {
    const file = open();
    file.put('contexts', 'on', { namespace: 'yes' });
    expect(file.changedText()).toMatch(/name: "on"[\s\S]*namespace: "yes"/);
  });

  test.each([
    ['broken', 'clusters: [canary', 'it is not YAML'],
    ['of two documents', 'a: canary\n---\nb: 1\n', 'it holds a second document'],
    ['a list', '- canary', 'it is no map'],
    ['of strange lists', 'clusters: canary', 'its "clusters" is no list'],
    ['of strange entries', 'users: [canary]', 'its "users" is no list'],
    ['with a key twice', 'a: canary\na: 2\n', 'it is not YAML'],
  ])('that is %s is refused, and nothing of it is told', (_, text, why) => {
    let error: unknown;
    try {
      open(text);
    } catch (reason) {
      error = reason;
    }
    expect(error).toMatchObject({
      code: 'config_invalid',
      extras: { why: expect.stringContaining(why) as unknown },
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  });
});
