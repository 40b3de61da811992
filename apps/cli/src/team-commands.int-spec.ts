import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aResult, SmallCentral } from './small-central.test-support.ts';

let central: SmallCentral;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

function ambit(...args: string[]): Promise<Captured> {
  const env = {
    AMBIT_CONFIG_DIR: '/nonexistent',
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: central.token,
  };
  return runCaptured(args, { env });
}

const path = { grant: 'sre-prod', role: 'ops', scope: 'prod-eu', group: 'sre' };
const evidence = { cluster: 'prod-eu', connected: true, ageSeconds: 3, appliedRevision: 419 };
const checkResult = (item: object) => ({
  kind: 'AccessCheckResult',
  revision: 419,
  evidence: [evidence],
  items: [{ paths: [], refusals: [], ...item }],
});

describe('a way through a team', () => {
  const byTeam = { ...path, team: 'payments' };
  const { group: _, ...named } = byTeam;

  test('is told by can-i and who-can in the order in which it leads to the grant', async () => {
    central.answers = {
      checkAccess: () => checkResult({ allowed: true, paths: [byTeam, named] }),
      whoCan: () => ({
        kind: 'WhoCanResult',
        revision: 419,
        evidence,
        items: [{ user: 'alice', paths: [byTeam] }],
      }),
    };
    const can = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu/pay', '--as', 'alice');
    expect(can.err).toBe(
      '  by grant/sre-prod (ops) through group/sre team/payments\n' +
        '  by grant/sre-prod (ops) through team/payments\n',
    );
    const who = await ambit('who-can', 'get', 'pods', '--in', 'prod-eu/pay');
    expect(who.out).toContain('group/sre team/payments grant/sre-prod');
  });

  test('is what revoke says remains, and a team is granted and revoked as team/NAME', async () => {
    central.answers = {
      revokeAccess: () => ({
        ...aResult({ changed: false }),
        kind: 'RevokeResult',
        remaining: [{ ...named, nextCommand: 'ambit describe team payments' }],
      }),
      apply: () => aResult({ changed: false }),
    };
    const run = await ambit('revoke', 'team/payments');
    expect(run.err).toContain('ops in prod-eu through team/payments (grant/sre-prod)');
    expect(central.bodyOf('revokeAccess')).toEqual({ subject: { team: 'payments' } });
    await ambit('grant', 'team/payments', 'view', 'prod-eu');
    expect(central.bodyOf('apply')).toMatchObject({
      objects: [{ spec: { subjects: [{ team: 'payments' }] } }],
    });
    const asked = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu', '--as', 'team/payments');
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('team/payments')]);
  });
});
