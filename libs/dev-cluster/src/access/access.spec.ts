import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { rulesOf } from './agent-rights.ts';
import { createAuthority } from './certificates.ts';
import { kubeconfigText } from './kubeconfig.ts';

describe('certificates of a cluster', () => {
  test('a client certificate says user and groups, whatever characters they hold', async () => {
    const authority = await createAuthority('kubernetes');
    const { certPem } = await authority.client({
      user: 'ambit:ana+x@example.com, "CN=root"',
      groups: ['system:masters', 'b,c'],
    });
    const certificate = new X509Certificate(certPem);
    const ca = new X509Certificate(authority.certPem);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    const subject = certificate.toLegacyObject().subject as unknown as Record<string, unknown>;
    expect(subject['CN']).toBe('ambit:ana+x@example.com, "CN=root"');
    expect(subject['O']).toEqual(['system:masters', 'b,c']);
    expect(certificate.ca).toBe(false);
  });

  test('a serving certificate is good for loopback only', async () => {
    const authority = await createAuthority('kubernetes');
    const certificate = new X509Certificate((await authority.serving('kube-apiserver')).certPem);
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkHost('example.com')).toBeUndefined();
  });
});

test('a kubeconfig holds everything that is needed and selects its context', () => {
  const text = kubeconfigText({
    name: 'prod-eu',
    server: 'https://127.0.0.1:6443',
    caPem: 'CA',
    user: 'ana',
    client: { certPem: 'CERT', keyPem: 'KEY' },
  });
  expect(parse(text)).toMatchObject({
    'current-context': 'prod-eu',
    clusters: [{ cluster: { 'certificate-authority-data': btoa('CA') } }],
    users: [{ user: { 'client-certificate-data': btoa('CERT'), 'client-key-data': btoa('KEY') } }],
  });
});

describe('the rights of an agent', () => {
  test('are the rules of the ClusterRoles in what print-rbac prints', () => {
    const yaml = [
      'kind: ClusterRole\nrules:\n- {apiGroups: [""], resources: [namespaces], verbs: [get]}',
      'kind: ClusterRoleBinding\nroleRef: {kind: ClusterRole, name: x}',
    ].join('\n---\n');
    expect(rulesOf(yaml)).toEqual([{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }]);
  });

  test('are refused when there is no ClusterRole, instead of being none', () => {
    expect(() => rulesOf('kind: Role\nrules: []')).toThrow(/no ClusterRole/);
    expect(() => rulesOf('')).toThrow(/no ClusterRole/);
  });
});
