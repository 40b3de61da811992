import { describe, expect, test } from '@jest/globals';
import { isAppError } from '@ambit/kernel';
import { stringify } from 'yaml';
import { parseKubeconfig } from './parse-kubeconfig.ts';

const good = {
  'current-context': 'prod',
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', 'tls-server-name': 'api' } }],
  users: [{ name: 'u', user: { token: 'secret-token' } }],
  contexts: [
    { name: 'prod', context: { cluster: 'c', user: 'u', namespace: 'team' } },
    { name: 'broken', context: { cluster: 'nowhere', user: 'u' } },
  ],
};

function refused(file: unknown, context?: string): { message: string; hint: string } {
  try {
    parseKubeconfig(typeof file === 'string' ? file : stringify(file), 'F', context);
  } catch (error) {
    if (!isAppError(error, 'config_invalid')) throw error;
    return { message: error.message, hint: error.extras.hint ?? '' };
  }
  throw new Error('it was accepted');
}
const withUser = (user: object): object => ({ ...good, users: [{ name: 'u', user }] });
const withCluster = (more: object): object => ({
  ...good,
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1', ...more } }],
});

describe('parseKubeconfig', () => {
  test('finds cluster, user and namespace of the current context', () => {
    expect(parseKubeconfig(stringify(good), 'F')).toMatchObject({
      cluster: { server: 'https://10.0.0.1:6443', 'tls-server-name': 'api' },
      user: { token: 'secret-token' },
      namespace: 'team',
    });
  });

  test('says which name is missing, and what is near', () => {
    expect(refused(good, 'prof').hint).toBe('Did you mean prod?');
    expect(refused(good, 'broken').message).toContain('no cluster "nowhere"');
    expect(refused({ ...good, 'current-context': '' }).message).toContain(
      'names no current-context',
    );
  });

  test('an unchecked server certificate is refused', () => {
    expect(refused(withCluster({ 'insecure-skip-tls-verify': true })).message).toContain(
      "turns the check of the server's certificate off",
    );
    expect(refused(withCluster({ server: 'http://10.0.0.1' })).message).toContain(
      'no https server',
    );
  });

  test('case b22: an identity that would be lost is refused instead of acting as a wider one', () => {
    for (const field of ['as', 'as-groups', 'as-uid', 'username', 'password', 'auth-provider']) {
      expect(refused(withUser({ token: 't', [field]: 'x' })).message).toContain(`"${field}"`);
    }
    expect(refused(withCluster({ 'proxy-url': 'http://proxy' })).message).toContain('proxy');
  });

  test('no text of the file gets into an error, for it may be a token', () => {
    const broken = 'users: [{user: {token: very-secret}';
    expect(refused(broken).message).toBe('The file F is not YAML.');
    expect(refused('- a list').message).toContain('not a kubeconfig');
    expect(refused(withUser({ exec: { args: [] } })).message).toContain('no command');
  });
});
