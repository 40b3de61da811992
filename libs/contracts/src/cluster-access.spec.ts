import { describe, expect, test } from '@jest/globals';
import { ClusterAccessWrite } from './cluster-access.ts';

/** Of nobody: made for this test. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUX8xJgmQHmM30bjs3GosRsgWmlWkwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjgyMjEwNDBaGA8yMTI2MTEwNDIy
MTA0MFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABOCf0jzBEp+l0vaB3kRYLMFxgu7fb47u5Ep8un0M/kdCNrjm+uVhv1/ovAEt
oPspkKnPVvnAk8rJL4pO4jrbClajUzBRMB0GA1UdDgQWBBSzr2x+fTe5f79CSYUD
upEsih1z2TAfBgNVHSMEGDAWgBSzr2x+fTe5f79CSYUDupEsih1z2TAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDx7fY63rE1rB1l2znkLz59qFjb
0XimESdctQijQvnRiAIgOM5ua1MOr/7Y+4dLyIQpASEYt9srrWfO9DI/hieam+8=
-----END CERTIFICATE-----
`;
const key = `-----BEGIN PRIVATE KEY-----
MIIBezCCASGgAwIBAgIUX8xJgmQHmM30bjs3GosRsgWmlWkwCgYIKoZIzj0EAwIw
-----END PRIVATE KEY-----
`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const problem = (access: object): string | undefined =>
  ClusterAccessWrite.safeParse(access).error?.issues[0]?.message;

describe('access of a cluster', () => {
  test('gives nothing unless it says so', () => {
    expect(ClusterAccessWrite.parse({})).toEqual({
      credential: 'None',
      via: 'Webhook',
      ttl: '10m',
    });
  });

  test.each([
    'https://api.example.com:6443',
    'https://10.0.0.1',
    'https://[::1]:6443/',
    'https://rancher.example.com/k8s/clusters/c-1',
  ])('takes the server %s', (server) => {
    expect(problem({ server })).toBeUndefined();
  });

  test.each([
    ['http://api.example.com', 'https URL'],
    ['api.example.com:6443', 'https URL'],
    ['', 'https URL'],
    ['https://', 'https URL'],
    ['https://ada@api.example.com', 'without user'],
    ['https://:secret@api.example.com', 'without user'],
    ['https://api.example.com/?x=1', 'without query'],
    ['https://api.example.com/#x', 'without query'],
    ['https://api.example.com?', 'without query'],
    ['https://api.example.com/a b', 'white space'],
    [' https://api.example.com', 'white space'],
    ['https://api.example.com\\x', 'white space'],
    [`https://${'a'.repeat(2048)}`, 'at most 2048'],
  ])('refuses the server %j: %s', (server, said) => {
    expect(problem({ server })).toContain(said);
  });

  test('takes one certificate and several', () => {
    expect(problem({ caData: base64(certificate) })).toBeUndefined();
    expect(problem({ caData: base64(`${certificate}\n${certificate}`) })).toBeUndefined();
  });

  test.each([
    ['', 'base64'],
    [certificate, 'base64'],
    [base64('text'), 'PEM certificates and nothing else'],
    [base64(key), 'nothing else'],
    [base64(certificate + key), 'nothing else'],
    [base64(`a note\n${certificate}`), 'nothing else'],
    [base64(certificate.replace('MII', 'MIA')), 'certificate 1 in it cannot be read'],
    ['A'.repeat(64 * 1024 + 4), 'at most 64 KiB'],
  ])('refuses the CA %#: %s', (caData, said) => {
    expect(problem({ caData })).toContain(said);
  });

  test.each(['10m', '1h', '30m', '600s', '59m59s'])('takes tokens of %s', (ttl) => {
    expect(problem({ ttl })).toBeUndefined();
  });

  test.each([
    ['9m59s', 'from 10m to 1h'],
    ['61m', 'from 10m to 1h'],
    ['0s', 'from 10m to 1h'],
    ['', 'a duration'],
    ['ten minutes', 'a duration'],
  ])('refuses tokens of %j: %s', (ttl, said) => {
    expect(problem({ ttl })).toContain(said);
  });

  test.each([{ credential: 'token' }, { via: 'oidc' }, { nonsense: 1 }])('refuses %j', (access) => {
    expect(problem(access)).toBeDefined();
  });
});
