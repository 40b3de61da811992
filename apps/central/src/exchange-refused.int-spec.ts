import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { base64url, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { audience, ExchangeScene, jobOf, mainBranch, seconds } from './exchange.test-support.ts';
import type { Claims } from './exchange.test-support.ts';

let scene: ExchangeScene;
beforeAll(async () => {
  scene = await ExchangeScene.start();
});
afterAll(() => scene?.stop());

type Made = (claims: (more?: Claims) => Claims) => Promise<string>;

/** What is wrong, the token, the claim that the trail names, and the one that the caller is told. */
const refusals: readonly (readonly [what: string, made: Made, told: string, answered: string])[] = [
  [
    'another repository',
    async (c) => scene.github.sign(c({ repository: 'acme/shop' })),
    'repository',
    'repository',
  ],
  [
    'a repository that begins alike',
    async (c) => scene.github.sign(c({ repository: 'acme/payments2' })),
    'repository',
    'repository',
  ],
  [
    'a repository in other letters',
    async (c) => scene.github.sign(c({ repository: 'Acme/payments' })),
    'repository',
    'repository',
  ],
  [
    'a repository and a space',
    async (c) => scene.github.sign(c({ repository: 'acme/payments ' })),
    'repository',
    'repository',
  ],
  [
    'a list with the repository',
    async (c) => scene.github.sign(c({ repository: ['acme/payments'] })),
    'repository',
    'repository',
  ],
  [
    'no repository',
    async (c) => scene.github.sign(c({ repository: undefined })),
    'repository',
    'repository',
  ],
  ['another branch', async (c) => scene.github.sign(c({ ref: 'refs/heads/dev' })), 'ref', 'ref'],
  ['a number for a branch', async (c) => scene.github.sign(c({ ref: 1 })), 'ref', 'ref'],
  [
    'another audience',
    async (c) => scene.github.sign(c({ aud: 'https://github.com/acme' })),
    'aud',
    'aud',
  ],
  [
    'an audience that begins alike',
    async (c) => scene.github.sign(c({ aud: `${audience}.evil` })),
    'aud',
    'aud',
  ],
  ['no audience', async (c) => scene.github.sign(c({ aud: undefined })), 'aud', 'aud'],
  ['an empty list of audiences', async (c) => scene.github.sign(c({ aud: [] })), 'aud', 'aud'],
  [
    'an end that is past',
    async (c) => scene.github.sign(c({ exp: seconds() - 300 })),
    'exp',
    'exp',
  ],
  [
    'an end that is past by a moment',
    async (c) => scene.github.sign(c({ exp: seconds() - 2 })),
    'exp',
    'exp',
  ],
  ['no end', async (c) => scene.github.sign(c({ exp: undefined })), 'exp', 'exp'],
  [
    'an end in two years',
    async (c) => scene.github.sign(c({ exp: seconds() + 63_072_000 })),
    'exp',
    'exp',
  ],
  [
    'a beginning to come',
    async (c) => scene.github.sign(c({ nbf: seconds() + 120 })),
    'nbf',
    'nbf',
  ],
  ['a making to come', async (c) => scene.github.sign(c({ iat: seconds() + 120 })), 'iat', 'iat'],
  ['no making', async (c) => scene.github.sign(c({ iat: undefined })), 'iat', 'iat'],
  [
    'another issuer',
    async (c) => scene.github.sign(c({ iss: 'https://token.actions.githubusercontent.com' })),
    'iss',
    'iss',
  ],
  [
    'its issuer with a slash',
    async (c) => scene.github.sign(c({ iss: `${scene.github.url}/` })),
    'iss',
    'iss',
  ],
  [
    'the key of somebody else',
    async (c) => {
      const { privateKey } = await generateKeyPair('RS256');
      return scene.github.sign(c(), { by: privateKey });
    },
    'signature',
    'iss',
  ],
  [
    'a key id that there is not',
    async (c) => scene.github.sign(c(), { header: { kid: 'none' } }),
    'signature',
    'iss',
  ],
  ['no signature', async (c) => new UnsecuredJWT(c()).encode(), 'signature', 'iss'],
  [
    'the public key as a secret',
    async (c) => {
      const secret = new TextEncoder().encode(JSON.stringify(await scene.github.publicJwk));
      return new SignJWT(c()).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    },
    'signature',
    'iss',
  ],
  [
    'a key of its own in the header',
    async (c) => {
      const { privateKey } = await generateKeyPair('RS256');
      const header = { jwk: await scene.github.publicJwk, jku: 'http://127.0.0.1:1/keys' };
      return scene.github.sign(c(), { by: privateKey, header });
    },
    'signature',
    'iss',
  ],
  [
    'claims that were changed after signing',
    async (c) => {
      const [head = '', , signature = ''] = (
        await scene.github.sign(c({ ref: 'refs/heads/x' }))
      ).split('.');
      return [head, base64url.encode(JSON.stringify(c())), signature].join('.');
    },
    'signature',
    'iss',
  ],
  [
    'an algorithm that its key cannot make',
    async (c) => {
      const [, claims = '', signature = ''] = (await scene.github.sign(c())).split('.');
      const head = base64url.encode(JSON.stringify({ alg: 'ES256' }));
      return [head, claims, signature].join('.');
    },
    'signature',
    'iss',
  ],
];

describe('a token is refused', () => {
  const told: { readonly from: string; readonly claim: string; readonly token: string }[] = [];

  test.each(refusals)('for %s', async (_, made, claim, answered) => {
    const from = scene.elsewhere();
    const token = await made((more) => jobOf(scene.github, more));
    const { status, body } = await scene.exchange(token, 'deploy', from);
    expect({ status, body }).toMatchObject({
      status: 401,
      body: { code: 'exchange_refused', details: { claim: answered } },
    });
    expect(body.why).toContain(`"${answered}"`);
    told.push({ from, claim, token });
    expectNothingOf(token, body);
  });

  test('with the claim in the trail each time, and never the token', async () => {
    expect(told).toHaveLength(refusals.length);
    for (const { from, claim, token } of told) {
      const event = await scene.toldOf(from);
      expect(event).toMatchObject({
        object: { name: 'deploy' },
        details: { service: 'deploy', claim, count: 1 },
      });
      expectNothingOf(token, [event, scene.central.logger.lines]);
    }
  });

  test('and the trail says what was expected, the caller only which claim it is', async () => {
    const from = scene.elsewhere();
    const { body } = await scene.exchange(await scene.job({ ref: 'refs/heads/x' }), 'deploy', from);
    expect(JSON.stringify(body)).not.toContain(mainBranch);
    expect((await scene.toldOf(from)).message).toContain(`ref is not "${mainBranch}"`);
  });

  test.each([
    ['no text', 7],
    ['nothing', ''],
    ['no JWT', 'amb_aaaaaaaaaaaa_bbbb_cccc'],
    ['three dots', 'a.b.c'],
    ['16 KiB and a letter', `a.${'b'.repeat(16_381)}.c`],
  ])('before anything of it is believed when it is %s', async (_, token) => {
    const { status, body } = await scene.exchange(token);
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid_request' });
  });

  test('the same for an identity that there is not, so that nobody learns their names', async () => {
    const foreign = await scene.github.sign(jobOf(scene.github), {
      by: (await generateKeyPair('RS256')).privateKey,
    });
    const from = scene.elsewhere();
    const answers = [
      await scene.exchange(foreign, 'deploy'),
      await scene.exchange(foreign, 'no-such-service', from),
      await scene.exchange(await scene.job(), 'no-such-service'),
    ];
    const [known, ...unknown] = answers.map(({ status, body }) => ({
      status,
      body: { ...body, requestId: '' },
    }));
    expect(unknown).toEqual([known, known]);
    expect((await scene.toldOf(from)).details['reason']).toBe('there is no such service identity');
  });

  test('with a wait after thirty of them from one address, while good ones come in', async () => {
    const from = scene.elsewhere();
    const bad = await scene.job({ ref: 'refs/heads/x' });
    for (let tries = 0; tries < 30; tries++)
      expect((await scene.exchange(bad, 'deploy', from)).status).toBe(401);
    const limited = await scene.exchange(bad, 'deploy', from);
    expect(limited).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect((await scene.exchange(await scene.job(), 'deploy', from)).status).toBe(201);
    const { details } = await scene.toldOf(from);
    expect(details['claim']).toBe('ref');
  });
});

function expectNothingOf(token: string, said: unknown): void {
  const parts = token.split('.').filter((text) => text.length > 20);
  for (const part of parts) expect(JSON.stringify(said)).not.toContain(part);
}
