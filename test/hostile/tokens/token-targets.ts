import { verifyClusterToken } from '../../../apps/agent/src/token-webhook/cluster-token.ts';
import { rulesFor } from '../../../apps/central/src/features/services/federation.ts';
import type { OutsideKeys } from '../../../apps/central/src/features/services/outside-keys.ts';
import { verifyToken } from '../../../apps/central/src/features/services/verify-token.ts';
import type { TokenTarget } from './token-dice.ts';
import { TokenForge } from './token-forge.ts';

const kid = 'key-1';
const noText = [undefined, null, 1, true, [], {}, ''];

/** The webhook of an agent, with what its signed state tells it. */
export function webhookTarget(now: number): TokenTarget {
  const trusted = new TokenForge(kid);
  const issuer = 'urn:ambit:0197:webhook';
  const audience = 'ambit:8d1f9d0e-5d0b-7c55-9a52-0f7d5f2f7a01';
  const seconds = Math.floor(now / 1_000);
  const facts = {
    issuer,
    audience,
    userPrefix: 'ambit:',
    keys: new Map([[kid, trusted.publicKey]]),
    endedSessions: new Set(['endedsession']),
    issuedFrom: seconds - 3_600,
    denied: new Set(['ambit:mallory']),
    departures: new Map<string, number>(),
    groupsFrom: 0,
    subjectPrefixes: ['ambit:'],
  };
  const times = [...noText, 'soon', -1, 0.5, seconds - 4_000, seconds + 100_000];
  return {
    name: 'webhook of the agent',
    trusted,
    claims: {
      iss: issuer,
      aud: audience,
      sub: '0197-ada',
      name: 'ambit:ada',
      groups: ['ambit:group:devs'],
      sid: 'abcdefghijkl',
      jti: 'credential-1',
      iat: seconds,
      nbf: seconds,
      exp: seconds + 600,
    },
    wrong: {
      iss: [...noText, `${issuer}/`, 'https://ambit.example/oidc', [issuer]],
      aud: [...noText, [audience], `${audience} `, 'ambit:other'],
      sub: [...noText, 'a b', 'a'.repeat(200)],
      name: [
        ...noText,
        'ada',
        'ambit:',
        'ambit:mallory',
        'system:masters',
        'ambit:Ada',
        'ambit:a b',
      ],
      sid: [...noText, 'endedsession', 'a b'],
      jti: [...noText, 'a b', 'a\n'],
      iat: times,
      // A beginning long ago is one.
      nbf: ['soon', -1, 0.5, null, '', [], {}, true, seconds + 100_000],
      exp: times,
      azp: ['anybody'],
      cnf: [{ jkt: 'x' }],
      scope: ['all'],
    },
    accepts: async (token) => verifyClusterToken(token, facts, { low: now, high: now }).ok,
    sameToken: (token, good) => token === good,
  };
}

/** The exchange of central: signature and times, and then the rules of the identity. */
export function exchangeTarget(now: number): TokenTarget {
  const trusted = new TokenForge(kid);
  const issuer = 'https://token.actions.example';
  const audience = 'ambit.acme.io';
  const seconds = Math.floor(now / 1_000);
  const jwks = { keys: [trusted.jwk] };
  const keys = { of: async () => jwks, renewed: async () => jwks } as unknown as OutsideKeys;
  const ports = { keys, clock: { now: () => now, monotonic: () => now } };
  const rules = [
    { issuer, audience, claims: { repository: 'acme/payments', ref: 'refs/heads/main' } },
  ];
  const past = [...noText, 'soon', seconds - 4_000];
  return {
    name: 'exchange of central',
    trusted,
    claims: {
      iss: issuer,
      aud: audience,
      sub: 'repo:acme/payments',
      repository: 'acme/payments',
      ref: 'refs/heads/main',
      jti: '0197',
      iat: seconds,
      nbf: seconds - 5,
      exp: seconds + 300,
    },
    wrong: {
      iss: [...noText, `${issuer}/`, [issuer], 'https://evil.example'],
      aud: [...noText, 'ambit', ['other'], `${audience} `],
      repository: [...noText, 'acme/shop', 'Acme/payments', ['acme/payments'], 'acme/payments '],
      ref: [...noText, 'refs/heads/dev', 'refs/heads/main\n'],
      exp: [...past, seconds + 400 * 86_400],
      iat: [undefined, null, 'now', [], {}, seconds + 1_000, seconds - 400 * 86_400],
    },
    accepts: async (token) => {
      const verified = await verifyToken(token, { issuer, internal: false }, ports);
      return !('claim' in verified) && !('claim' in rulesFor(rules, verified.payload));
    },
    // Base64 has several spellings of one signature; what was signed is compared letter by letter.
    sameToken: (token, good) => bytesOf(token) === bytesOf(good),
  };
}

function bytesOf(token: string): string {
  const at = token.lastIndexOf('.');
  return `${token.slice(0, at)}.${Buffer.from(token.slice(at + 1), 'base64url').toString('hex')}`;
}
