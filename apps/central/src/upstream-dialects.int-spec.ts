import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startProviderProcess } from '@ambit/dev-provider';
import type { DialectName } from '@ambit/dev-provider';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { group, TestCentral } from './central.test-support.ts';
import {
  knownAs,
  membersOf,
  signInWith,
  startUpstream,
  stopUpstreams,
} from './upstream.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(group('oncall', []), group('auditors', []));
});
afterEach(stopUpstreams);
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const guid = '6f3a1c52-0d1e-4b8a-9d0e-1f2a3b4c5d6e';

describe('a person signs in with a provider that runs by itself, and gets the groups that its claims give', () => {
  test.each<[DialectName, string, readonly string[]]>([
    ['entra', guid, [guid, 'another']],
    ['okta', 'On call', ['On call', 'Everyone']],
    ['keycloak', '/platform/oncall', ['/platform/oncall', '/platform']],
    ['dex', 'oncall', ['oncall']],
    ['github', 'acme:oncall', ['acme:oncall', 'acme']],
  ])('%s', async (dialect, value, groups) => {
    const email = `ada@${dialect}.example`;
    const upstream = await startUpstream(central, {
      dialect,
      people: [{ name: 'ada', groups }],
      spec: { groups: [{ value, group: 'oncall' }] },
      start: startProviderProcess,
    });
    const { browser, page } = await signInWith(central, upstream, 'ada');
    expect(page).toMatchObject({ status: 303 });
    expect(page.headers.get('location')).toBe('/sign-in');
    expect(await knownAs(browser)).toBe(email);
    expect(await membersOf(central, 'oncall')).toContain(email);
  });

  test('O3: google, which tells no groups', async () => {
    const upstream = await startUpstream(central, {
      dialect: 'google',
      people: [{ name: 'gus', groups: ['oncall'] }],
      spec: { groups: [{ when: "claims.hd == 'google.example'", group: 'auditors' }] },
      start: startProviderProcess,
    });
    const { browser, page } = await signInWith(central, upstream, 'gus');
    expect(page).toMatchObject({ status: 303 });
    expect(await knownAs(browser)).toBe('gus@google.example');
    expect(await membersOf(central, 'oncall')).not.toContain('gus@google.example');
    // What it does say counts as anything else.
    expect(await membersOf(central, 'auditors')).toContain('gus@google.example');
  });
});

test('logins are counted by provider and by what came of them', async () => {
  const people = [{ name: 'kim', groups: [] }];
  const upstream = await startUpstream(central, { dialect: 'okta', name: 'counted', people });
  await signInWith(central, upstream, 'kim');
  await upstream.misbehave({ claims: { email_verified: false, sub: 'another' } });
  await signInWith(central, upstream, 'kim');
  const count = (result: string): Promise<number | undefined> =>
    central.metric(`ambit_logins_total{provider="counted",flow="oidc",result="${result}"}`);
  expect(await count('ok')).toBe(1);
  expect(await count('failed')).toBe(1);
});

test('a client secret may stand in a variable of central', async () => {
  const upstream = await startUpstream(central, {
    dialect: 'dex',
    name: 'by-variable',
    people: [{ name: 'eve', groups: [] }],
    spec: { clientSecret: { env: 'IDP_OF_A_TEST' } },
  });
  process.env['IDP_OF_A_TEST'] = upstream.clientSecret;
  const { browser } = await signInWith(central, upstream, 'eve');
  expect(await knownAs(browser)).toBe('eve@by-variable.example');
});

test('case U29: a path of Keycloak is never taken for its last part (O4)', async () => {
  const upstream = await startUpstream(central, {
    dialect: 'keycloak',
    name: 'paths',
    people: [{ name: 'pat', groups: ['/tenant-b/oncall', '/tenant-b'] }],
    spec: {
      groups: [
        { value: '/oncall', group: 'oncall' },
        { value: 'oncall', group: 'oncall' },
      ],
    },
  });
  const { browser } = await signInWith(central, upstream, 'pat');
  expect(await knownAs(browser)).toBe('pat@paths.example');
  expect(await membersOf(central, 'oncall')).not.toContain('pat@paths.example');
});

describe('case U28: more groups than a token of Entra names (O1)', () => {
  const groups = Array.from({ length: 250 }, (_, at) => `${guid.slice(0, -3)}${at + 100}`);
  const people = [{ name: 'max', groups }];
  const rules = [{ value: groups.at(-1), group: 'auditors' }];
  const start = (name: string, overage: string): ReturnType<typeof startUpstream> =>
    startUpstream(central, {
      dialect: 'entra',
      name,
      people,
      spec: { preset: 'entra', groups: rules, entra: { overage } },
    });

  test('are read from Graph, page by page', async () => {
    const upstream = await start('entra-graph', 'Graph');
    const { browser } = await signInWith(central, upstream, 'max');
    expect(await knownAs(browser)).toBe('max@entra-graph.example');
    expect(await membersOf(central, 'auditors')).toContain('max@entra-graph.example');
  });

  test('are refused loudly where they may not be read', async () => {
    const upstream = await start('entra-refuse', 'Refuse');
    const { browser, page } = await signInWith(central, upstream, 'max');
    expect(page).toMatchObject({ status: 403, text: expect.stringContaining('groups') });
    expect(await knownAs(browser)).toBeUndefined();
    expect(
      await central.metric('ambit_idp_errors_total{provider="entra-refuse",reason="groups"}'),
    ).toBe(1);
  });

  test('change nothing and are told when Graph says no', async () => {
    const upstream = await start('entra-closed', 'Graph');
    await upstream.misbehave({ graph: 'refused' });
    const { page } = await signInWith(central, upstream, 'max');
    expect(page.text).toMatch(/groups/);
    expect(
      await central.metric('ambit_idp_errors_total{provider="entra-closed",reason="groups"}'),
    ).toBe(1);
  });
});
