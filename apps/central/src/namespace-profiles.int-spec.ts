import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const put = (name: string, spec: object): Promise<Reply> =>
  central.call('PUT', `/teams/${name}`, { body: document('Team', name, spec) });
const owns = (clusters: object, ...namespaces: string[]): object => ({
  owns: [{ clusters, namespaces }],
});
const all = { all: true };

describe('a profile of namespaces', () => {
  const profile = (name: string, spec: object): Promise<Reply> =>
    central.call('PUT', `/namespaceprofiles/${name}`, {
      body: document('NamespaceProfile', name, spec),
    });
  const problems = async (spec: object): Promise<string[]> => {
    const { status, body } = await profile('wrong', spec);
    expect(status).toBe(422);
    return body.errors.map(({ pointer }: { pointer: string }) => pointer);
  };

  test('is answered as it was written, and with the team that names it', async () => {
    const spec = {
      create: true,
      labels: { tier: 'one' },
      podSecurity: {
        enforce: { level: 'restricted', version: 'v1.36' },
        warn: { level: 'baseline' },
      },
      resourceQuota: { hard: { pods: '4', 'requests.cpu': '500m' } },
      limitRange: { limits: [{ type: 'Container', default: { cpu: '1' } }] },
      networkPolicies: {
        preset: 'None',
        own: [{ name: 'in', spec: { podSelector: {}, ingress: [{ ports: [{ port: 'http' }] }] } }],
      },
    };
    expect((await profile('small', spec)).status).toBe(201);
    const { body } = await central.get('/namespaceprofiles/small');
    expect(body.spec).toEqual(spec);
    const kept = await put('profiled', { profile: 'small', ...owns(all, 'profiled') });
    expect(kept.status).toBe(201);
    expect((await central.get('/teams/profiled')).body.spec.profile).toBe('small');
    expect((await put('profiled', { profile: 'nobody', ...owns(all, 'profiled') })).status).toBe(
      422,
    );
  });

  test('stays while a team names it', async () => {
    const remove = () => central.call('DELETE', '/namespaceprofiles/small');
    const refused = await remove();
    expect([refused.status, refused.body.code]).toEqual([409, 'in_use']);
    expect(refused.body.detail ?? refused.body.title).toContain('profiled');
    expect((await put('profiled', owns(all, 'profiled'))).status).toBe(200);
    expect((await remove()).status).toBe(200);
  });

  test('is refused with the place of what is wrong', async () => {
    expect(
      await problems({ labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } }),
    ).toEqual(['/spec/labels/pod-security.kubernetes.io~1enforce']);
    expect(await problems({ resourceQuota: { hard: { pods: 'many' } } })).toEqual([
      '/spec/resourceQuota/hard/pods',
    ]);
    expect(
      await problems({ networkPolicies: { own: [{ name: 'default-deny', spec: {} }] } }),
    ).toEqual(['/spec/networkPolicies/own/0/name']);
    expect(await problems({ podSecurity: { enforce: { level: 'loose' } } })).toEqual([
      '/spec/podSecurity/enforce/level',
    ]);
  });
});
