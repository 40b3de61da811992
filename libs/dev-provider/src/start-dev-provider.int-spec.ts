import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';
import type { DevFaults, DevProvider } from './dev-provider.ts';
import { dialectNames } from './dialects.ts';
import type { DialectName } from './dialects.ts';
import { logInByForm } from './log-in-by-form.ts';
import { startProviderProcess } from './process/provider-process.ts';
import { startDevProvider } from './start-dev-provider.ts';

const redirectUri = 'http://127.0.0.1:1/callback';
const many = Array.from({ length: 250 }, (_, at) => `group-${at}`);
const people = [
  { name: 'ada', email: 'ada@acme.io', groups: ['a', 'b'] },
  { name: 'max', email: 'max@acme.io', groups: many },
];
const running: DevProvider[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((provider) => provider.stop()));
});

async function start(dialect: DialectName, apart = false): Promise<DevProvider> {
  const options = { dialect, people, redirectUris: [redirectUri] };
  const provider = await (apart ? startProviderProcess(options) : startDevProvider(options));
  running.push(provider);
  return provider;
}

interface SignedIn {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly userinfo: Readonly<Record<string, unknown>>;
  readonly alg: string | undefined;
  readonly accessToken: string;
}

/** As any relying party would, with a library that this one does not use. */
async function signIn(provider: DevProvider, name = 'ada'): Promise<SignedIn> {
  const { issuer, clientId, clientSecret } = provider;
  const auth = issuer.endsWith('/v2.0') ? oidc.ClientSecretPost : oidc.ClientSecretBasic;
  const config = await oidc.discovery(
    new URL(issuer),
    clientId,
    undefined,
    auth(clientSecret),
    // The discovery document of each dialect is asked over plain HTTP here.
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] },
  );
  const [verifier, state, nonce] = ['v'.repeat(43), 'a-state', 'a-nonce'];
  const url = oidc.buildAuthorizationUrl(config, {
    ...{ redirect_uri: redirectUri, scope: 'openid profile email groups User.Read', state, nonce },
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const tokens = await oidc.authorizationCodeGrant(config, await logInByForm(url.href, name), {
    ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier },
  });
  const claims = tokens.claims() ?? { sub: '' };
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  const { alg } = decodeProtectedHeader(tokens.id_token ?? '');
  return { claims, userinfo, alg, accessToken: tokens.access_token };
}

test.each(dialectNames)('%s signs people in', async (dialect) => {
  const provider = await start(dialect);
  const { claims, userinfo } = await signIn(provider);
  expect(claims).toMatchObject({ iss: provider.issuer, aud: provider.clientId });
  const { sub } = claims;
  expect({ ...claims, ...userinfo }).toMatchObject({ sub, email: 'ada@acme.io' });
  expect({ ...claims, ...userinfo }['groups']).toEqual(
    dialect === 'google' ? undefined : ['a', 'b'],
  );
  // Okta's tokens say little; everybody else's are whole.
  expect(claims['email']).toBe(dialect === 'okta' ? undefined : 'ada@acme.io');
});

describe('Entra', () => {
  test('leaves more than 200 groups out, which Graph gives in pages', async () => {
    const provider = await start('entra');
    const { claims, accessToken } = await signIn(provider, 'max');
    expect(claims['groups']).toBeUndefined();
    expect(claims).toMatchObject({ _claim_names: { groups: 'src1' } });
    const found: string[] = [];
    const { origin } = new URL(provider.issuer);
    let next: string | undefined = `${origin}/v1.0/me/transitiveMemberOf`;
    while (next !== undefined) {
      const reply = await fetch(next, { headers: { authorization: `Bearer ${accessToken}` } });
      const body = (await reply.json()) as Record<string, unknown>;
      for (const one of body['value'] as Record<string, string>[])
        if (one['@odata.type'] === '#microsoft.graph.group') found.push(String(one['id']));
      next = body['@odata.nextLink'] as string | undefined;
    }
    expect(found).toEqual(many);
    expect((await fetch(`${origin}/v1.0/me/memberOf`)).status).toBe(403);
  });
});

describe('faults', () => {
  test.each<[string, DevFaults, RegExp]>([
    ['a wrong nonce', { tokenClaims: { nonce: 'another' } }, /nonce/],
    ['a wrong audience', { tokenClaims: { aud: 'another' } }, /aud/],
    ['tokens without a signature', { signing: 'none' }, /alg/],
    ['tokens signed by the secret', { signing: 'HS256' }, /alg/],
    ['tokens of another key', { signing: 'another key' }, /signature/],
    ['an answer of somebody else', { answersAs: 'https://evil.example' }, /iss/],
    ['no answer', { down: true }, /fetch failed/],
  ])('%s is what a relying party refuses, and passes', async (_, faults, says) => {
    const provider = await start('keycloak');
    await provider.misbehave(faults);
    const failed = await signIn(provider).catch((error: Error) => error);
    const cause = (failed as Error).cause as Error | undefined;
    expect(`${(failed as Error).message} ${cause?.message}`).toMatch(says);
    await provider.misbehave({});
    await signIn(provider);
  });

  test('claims that are changed and left out', async () => {
    const provider = await start('okta');
    await provider.misbehave({ claims: { groups: null, email_verified: false } });
    const { userinfo } = await signIn(provider);
    expect(userinfo).toMatchObject({ email_verified: false });
    expect(userinfo).not.toHaveProperty('groups');
  });
});

test('a process of its own does the same, rotates its keys, and is gone when stopped', async () => {
  const provider = await start('dex', true);
  expect((await signIn(provider)).alg).toBe('ES256');
  const keys = async (): Promise<string> => (await fetch(`${provider.issuer}/jwks`)).text();
  const before = await keys();
  await provider.rotateKeys();
  expect(await keys()).not.toBe(before);
  await signIn(provider);
  await provider.misbehave({ down: true });
  await expect(fetch(provider.issuer)).rejects.toThrow('fetch failed');
  await running.pop()?.stop();
  await expect(fetch(provider.issuer)).rejects.toThrow('fetch failed');
});

/** Processes of providers that this one started. */
function processes(): readonly string[] {
  const all = execFileSync('ps', ['-A', '-ww', '-o', 'ppid=,args='], { encoding: 'utf8' });
  const ours = new RegExp(`^ *${process.pid} .*/process/main`);
  return all.split('\n').filter((line) => ours.test(line));
}

test('a process that ended before is stopped at once, as after Ctrl-C in a terminal', async () => {
  const provider = await start('dex', true);
  expect(processes()).toHaveLength(1);
  await provider.stop();
  await provider.stop();
  expect(processes()).toEqual([]);
});

test('a process whose provider does not start says why and is gone', async () => {
  const port = Number(new URL((await start('dex')).issuer).port);
  const starting = startProviderProcess({ dialect: 'dex', people, redirectUris: [], port });
  await expect(starting).rejects.toThrow('EADDRINUSE');
  expect(processes()).toEqual([]);
});
