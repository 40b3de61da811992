import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { departureId } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { verifyClusterToken } from './cluster-token.ts';
import {
  TestIssuer,
  ada,
  atIssue,
  audience,
  encoded,
  factsOf,
  goodClaims,
  issuedAt,
  issuer,
} from './cluster-tokens.test-support.ts';
import type { WebhookRefusal } from './token-refusal.ts';

const ours = new TestIssuer();
const stranger = new TestIssuer();
const facts = factsOf(ours);
const good = ours.token();
const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = ours.publicKey.export({ type: 'spki', format: 'pem' });
const publicDer = ours.publicKey.export({ type: 'spki', format: 'der' });

const judged = (token: string, more = facts, now = atIssue) => verifyClusterToken(token, more, now);

const header = (more: object): string => ours.token(goodClaims, { ...ours.header, ...more });
const rawPayload = (text: string): string => ours.token(text);
const rawHeader = (text: string): string => ours.token(goodClaims, text);
const text = JSON.stringify(goodClaims);
const headerText = JSON.stringify(ours.header);

function signedWithSecret(secret: string | Buffer, alg = 'HS256'): string {
  const signed = `${encoded({ ...ours.header, alg })}.${goodPayload}`;
  const mac = createHmac('sha256', secret).update(signed).digest('base64url');
  return `${signed}.${mac}`;
}

function signedByRsa(alg: string): string {
  const signed = `${encoded({ ...ours.header, alg })}.${goodPayload}`;
  return `${signed}.${createSign('sha256').update(signed).sign(rsa.privateKey, 'base64url')}`;
}

function signedAsDer(): string {
  const signed = `${goodHeader}.${goodPayload}`;
  return `${signed}.${createSign('sha256').update(signed).sign(ours.privateKey, 'base64url')}`;
}

const withSignature = (bytes: Buffer): string =>
  `${goodHeader}.${goodPayload}.${bytes.toString('base64url')}`;
const signatureBytes = (): Buffer => Buffer.from(goodSignature, 'base64url');
const order = Buffer.from(
  'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  'hex',
);
const swap = (from: string, to: string): string => text.replace(from, to);

/** The character that differs from the last one in bits that no byte takes. */
function otherLast(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.slice(-1)) ^ 1];
}

type Case = readonly [what: string, reason: WebhookRefusal, token: string];

const forms: readonly Case[] = [
  ['nothing', 'malformed', ''],
  ['garbage', 'malformed', 'garbage'],
  ['two dots', 'malformed', '..'],
  ['one part', 'malformed', goodHeader],
  ['two parts', 'malformed', `${goodHeader}.${goodPayload}`],
  ['four parts', 'malformed', `${good}.${goodSignature}`],
  ['five parts, as of an encrypted token', 'malformed', `${good}.a.b`],
  ['a trailing dot', 'malformed', `${good}.`],
  ['a leading dot', 'malformed', `.${good}`],
  ['100 KB', 'too_long', `${good}${'A'.repeat(100_000)}`],
  ['100 KB of dots', 'too_long', '.'.repeat(100_000)],
  ['a signed payload of 100 KB', 'too_long', ours.with({ sub: 'a'.repeat(100_000) })],
  ['one character over the limit', 'too_long', 'a'.repeat(8_193)],
  ['a deep payload', 'malformed', rawPayload('['.repeat(5_000))],
  ['white space before', 'malformed', ` ${good}`],
  ['a line break behind', 'wrong_signature', `${good}\n`],
  ['a line break in the signature', 'malformed', `${good.slice(0, -1)}\n`],
  ['"Bearer " before', 'malformed', `Bearer ${good}`],
  ['padding', 'malformed', `${goodHeader}=.${goodPayload}.${goodSignature}`],
  ['padding of the signature', 'wrong_signature', `${good}==`],
  ['the other base64 alphabet', 'malformed', `${goodHeader}.${goodPayload}+/.${goodSignature}`],
  ['left-over bits in the signature', 'malformed', otherLast(good)],
  ['a zero byte', 'malformed', `${goodHeader}\0.${goodPayload}.${goodSignature}`],
  ['full-width characters', 'malformed', good.replace('e', 'ｅ')],
  ['a JSON serialisation', 'malformed', JSON.stringify({ payload: goodPayload, signatures: [] })],
  ['a header that is no JSON', 'malformed', rawHeader('{')],
  ['a header that is a list', 'malformed', rawHeader('[]')],
  ['a header that is null', 'malformed', rawHeader('null')],
  ['a header with a byte order mark', 'malformed', rawHeader(`\u{feff}${headerText}`)],
  ['a payload that is no JSON', 'malformed', rawPayload('{"iss":')],
  ['a payload that is a text', 'malformed', rawPayload('"iss"')],
  ['a payload that is a list', 'malformed', rawPayload(`[${text}]`)],
  ['two payloads', 'malformed', rawPayload(text + text)],
  ['a payload with a comment', 'malformed', rawPayload(swap('{', '{/**/'))],
  ['a payload that is no UTF-8', 'malformed', ours.token(goodClaims).replace(goodPayload, '_w')],
];

const headers: readonly Case[] = [
  ['alg none', 'wrong_algorithm', header({ alg: 'none' })],
  ['alg None', 'wrong_algorithm', header({ alg: 'None' })],
  [
    'alg none without a signature',
    'wrong_algorithm',
    `${encoded({ ...ours.header, alg: 'none' })}.${goodPayload}.`,
  ],
  ['no alg', 'wrong_algorithm', header({ alg: undefined })],
  ['an empty alg', 'wrong_algorithm', header({ alg: '' })],
  ['alg in lower case', 'wrong_algorithm', header({ alg: 'es256' })],
  ['alg in a list', 'wrong_algorithm', header({ alg: ['ES256'] })],
  ['HS256 with the public key in PEM', 'wrong_algorithm', signedWithSecret(publicPem)],
  ['HS256 with the public key in DER', 'wrong_algorithm', signedWithSecret(publicDer)],
  ['HS256 with the public x', 'wrong_algorithm', signedWithSecret(ours.jwk.x)],
  ['HS256 with an empty secret', 'wrong_algorithm', signedWithSecret('')],
  ['an HMAC called ES256', 'wrong_signature', signedWithSecret(publicPem, 'ES256')],
  ['RS256', 'wrong_algorithm', signedByRsa('RS256')],
  ['PS256', 'wrong_algorithm', signedByRsa('PS256')],
  ['RSA called ES256', 'wrong_signature', signedByRsa('ES256')],
  ['ES384', 'wrong_algorithm', header({ alg: 'ES384' })],
  ['ES256K', 'wrong_algorithm', header({ alg: 'ES256K' })],
  ['EdDSA', 'wrong_algorithm', header({ alg: 'EdDSA' })],
  ['no kid', 'unknown_key', header({ kid: undefined })],
  ['an empty kid', 'unknown_key', header({ kid: '' })],
  ['the kid of nobody', 'unknown_key', header({ kid: 'key-2' })],
  ['a kid in upper case', 'unknown_key', header({ kid: 'KEY-1' })],
  ['a kid with a space', 'unknown_key', header({ kid: 'key-1 ' })],
  ['a kid that climbs folders', 'unknown_key', header({ kid: '../../../dev/null' })],
  ['a kid that is an address', 'unknown_key', header({ kid: 'https://evil.example/key-1' })],
  ['a kid that is SQL', 'unknown_key', header({ kid: "key-1' UNION SELECT 'x" })],
  ['a kid of a prototype', 'unknown_key', header({ kid: '__proto__' })],
  ['a kid that every object has', 'unknown_key', header({ kid: 'constructor' })],
  ['a kid in a list', 'unknown_key', header({ kid: ['key-1'] })],
  ['a kid that is a number', 'unknown_key', header({ kid: 1 })],
  ['a kid with a zero byte', 'unknown_key', header({ kid: 'key-1\0' })],
  [
    'a key of its own in jwk',
    'header_field',
    stranger.token(goodClaims, { ...ours.header, jwk: stranger.jwk }),
  ],
  ['a key elsewhere in jku', 'header_field', header({ jku: 'https://evil.example/keys' })],
  ['a certificate in x5c', 'header_field', header({ x5c: ['MIIB'] })],
  ['a certificate elsewhere in x5u', 'header_field', header({ x5u: 'https://evil.example/' })],
  ['crit', 'header_field', header({ crit: ['exp'] })],
  ['an empty crit', 'header_field', header({ crit: [] })],
  ['b64', 'header_field', header({ b64: false, crit: ['b64'] })],
  ['zip', 'header_field', header({ zip: 'DEF' })],
  ['a nested token', 'header_field', header({ cty: 'JWT' })],
  ['enc of an encrypted token', 'header_field', header({ enc: 'A128GCM' })],
  ['the type of another kind of token', 'wrong_type', header({ typ: 'at+jwt' })],
  ['a type in a list', 'wrong_type', header({ typ: ['JWT'] })],
  ['alg twice', 'malformed', rawHeader(headerText.replace('{', '{"alg":"none",'))],
  ['kid twice', 'malformed', rawHeader(headerText.replace('{', '{"kid":"key-2",'))],
];

const signatures: readonly Case[] = [
  ['no signature', 'wrong_signature', `${goodHeader}.${goodPayload}.`],
  ['another key under our kid', 'wrong_signature', stranger.token()],
  [
    'the signature of another token',
    'wrong_signature',
    `${goodHeader}.${encoded({ ...goodClaims, name: 'ambit:root' })}.${goodSignature}`,
  ],
  ['a signature of zeros', 'wrong_signature', withSignature(Buffer.alloc(64))],
  [
    'r of zero',
    'wrong_signature',
    withSignature(Buffer.concat([Buffer.alloc(32), signatureBytes().subarray(32)])),
  ],
  [
    's of zero',
    'wrong_signature',
    withSignature(Buffer.concat([signatureBytes().subarray(0, 32), Buffer.alloc(32)])),
  ],
  [
    'r and s of the order of the curve',
    'wrong_signature',
    withSignature(Buffer.concat([order, order])),
  ],
  ['all ones', 'wrong_signature', withSignature(Buffer.alloc(64, 0xff))],
  [
    'r and s exchanged',
    'wrong_signature',
    withSignature(Buffer.concat([signatureBytes().subarray(32), signatureBytes().subarray(0, 32)])),
  ],
  ['the DER form', 'wrong_signature', signedAsDer()],
  ['a byte too few', 'wrong_signature', withSignature(signatureBytes().subarray(0, 63))],
  [
    'a byte too many',
    'wrong_signature',
    withSignature(Buffer.concat([signatureBytes(), Buffer.alloc(1)])),
  ],
  ['the signature twice', 'wrong_signature', `${good}${goodSignature}`],
];

const claims: readonly Case[] = [
  ['no issuer', 'wrong_issuer', ours.without('iss')],
  ['another issuer', 'wrong_issuer', ours.with({ iss: 'https://evil.example/webhook' })],
  ['the issuer of the OIDC way', 'wrong_issuer', ours.with({ iss: 'https://ambit.example/oidc' })],
  ['the issuer with a slash', 'wrong_issuer', ours.with({ iss: `${issuer}/` })],
  ['the issuer in upper case', 'wrong_issuer', ours.with({ iss: issuer.toUpperCase() })],
  ['the issuer in a list', 'wrong_issuer', ours.with({ iss: [issuer] })],
  ['the issuer twice', 'malformed', rawPayload(swap('{', '{"iss":"https://evil.example",'))],
  [
    'the issuer twice, once in escapes',
    'malformed',
    rawPayload(swap('{', String.raw`{"\u0069ss":"x",`)),
  ],
  ['no audience', 'wrong_audience', ours.without('aud')],
  ['the audience of another cluster', 'wrong_audience', ours.with({ aud: 'ambit:other' })],
  ['our audience in a list', 'wrong_audience', ours.with({ aud: [audience] })],
  ['our audience among others', 'wrong_audience', ours.with({ aud: [audience, 'ambit:other'] })],
  [
    'the audience of the API server',
    'wrong_audience',
    ours.with({ aud: 'https://kubernetes.default.svc' }),
  ],
  ['an audience that begins like ours', 'wrong_audience', ours.with({ aud: `${audience}1` })],
  ['azp', 'unknown_claim', ours.with({ azp: 'kubectl' })],
  ['a claim that narrows', 'unknown_claim', ours.with({ cnf: { jkt: 'x' } })],
  ['a claim named __proto__', 'malformed', rawPayload(swap('{', '{"__proto__":{},'))],
  [
    'an end that has come',
    'expired',
    ours.with({ iat: issuedAt - 600, nbf: issuedAt - 600, exp: issuedAt }),
  ],
  [
    'an end a second ago',
    'expired',
    ours.with({ iat: issuedAt - 600, nbf: issuedAt - 600, exp: issuedAt - 1 }),
  ],
  ['no end', 'wrong_time', ours.without('exp')],
  ['an end that is a text', 'wrong_time', ours.with({ exp: `${issuedAt + 600}` })],
  ['an end that is null', 'wrong_time', ours.with({ exp: null })],
  [
    'an end that no number holds',
    'wrong_time',
    rawPayload(swap(`"exp":${issuedAt + 600}`, '"exp":1e999')),
  ],
  ['an end between seconds', 'wrong_time', ours.with({ exp: issuedAt + 0.5 })],
  ['an end before the issue', 'wrong_time', ours.with({ exp: issuedAt - 1 })],
  ['an end below zero', 'wrong_time', ours.with({ exp: -1 })],
  ['no issue', 'wrong_time', ours.without('iat')],
  ['an issue that is a text', 'wrong_time', ours.with({ iat: 'now' })],
  ['no beginning', 'wrong_time', ours.without('nbf')],
  ['a beginning that is a list', 'wrong_time', ours.with({ nbf: [issuedAt] })],
  ['a life of an hour and a second', 'lives_too_long', ours.with({ exp: issuedAt + 3_601 })],
  ['a life of a year', 'lives_too_long', ours.with({ exp: issuedAt + 31_536_000 })],
  ['a beginning in 61 seconds', 'not_yet_valid', ours.with({ nbf: issuedAt + 61 })],
  [
    'an issue in 61 seconds',
    'not_yet_valid',
    ours.with({ iat: issuedAt + 61, exp: issuedAt + 661 }),
  ],
  ['no subject', 'wrong_claim', ours.without('sub')],
  ['an empty subject', 'wrong_claim', ours.with({ sub: '' })],
  ['a subject in a list', 'wrong_claim', ours.with({ sub: ['0197-ada'] })],
  ['no session', 'wrong_claim', ours.without('sid')],
  ['an empty session', 'wrong_claim', ours.with({ sid: '' })],
  ['a session that is a number', 'wrong_claim', ours.with({ sid: 1 })],
  ['an ended session', 'session_ended', ours.with({ sid: 'endedsession' })],
  ['an ended session, with a space', 'wrong_claim', ours.with({ sid: 'endedsession ' })],
  ['no credential id', 'wrong_claim', ours.without('jti')],
  ['a credential id in a list', 'wrong_claim', ours.with({ jti: ['credential-1'] })],
  ['a credential id with a line break', 'wrong_claim', ours.with({ jti: 'a\nJTI=b' })],
];

const names: readonly Case[] = [
  ['no name', 'wrong_name', ours.without('name')],
  ['an empty name', 'wrong_name', ours.with({ name: '' })],
  ['the prefix alone', 'wrong_name', ours.with({ name: 'ambit:' })],
  ['a name without the prefix', 'wrong_name', ours.with({ name: 'ada' })],
  ['the prefix in upper case', 'wrong_name', ours.with({ name: 'AMBIT:ada' })],
  ['a name in a list', 'wrong_name', ours.with({ name: ['ambit:ada'] })],
  ['a name that is an object', 'wrong_name', ours.with({ name: { toString: 'ambit:ada' } })],
  ['system:masters', 'reserved_name', ours.with({ name: 'system:masters' })],
  ['system: behind a space', 'reserved_name', ours.with({ name: ' system:admin' })],
  ['system: in full width', 'reserved_name', ours.with({ name: 'ｓystem:admin' })],
  [
    'a service account',
    'reserved_name',
    ours.with({ name: 'system:serviceaccount:kube-system:x' }),
  ],
  ['a name with a Cyrillic letter', 'wrong_name', ours.with({ name: 'ambit:аda' })],
  ['a name with an invisible character', 'wrong_name', ours.with({ name: 'ambit:a\u{200b}da' })],
  ['a name written right to left', 'wrong_name', ours.with({ name: 'ambit:\u{202e}ada' })],
  ['a name that is only composed', 'wrong_name', ours.with({ name: 'ambit:e\u{301}' })],
  ['half of a pair', 'wrong_name', rawPayload(swap('ambit:ada', String.raw`ambit:\ud800`))],
  ['a name with a line break', 'wrong_name', ours.with({ name: 'ambit:ada\n' })],
  ['a name of 600 characters', 'wrong_name', ours.with({ name: `ambit:${'a'.repeat(600)}` })],
  ['the name twice', 'malformed', rawPayload(swap('"name"', '"name":"ambit:root","name"'))],
  ['a denied person', 'denied', ours.with({ name: 'ambit:mallory' })],
  ['a group that is no list', 'wrong_group', ours.with({ groups: 'ambit:dev' })],
  ['a group without the prefix', 'wrong_group', ours.with({ groups: ['dev'] })],
  [
    'the group system:masters',
    'reserved_name',
    ours.with({ groups: ['ambit:dev', 'system:masters'] }),
  ],
  ['the prefix alone as a group', 'wrong_group', ours.with({ groups: ['ambit:'] })],
  ['an empty group', 'wrong_group', ours.with({ groups: [''] })],
  ['a group that is a number', 'wrong_group', ours.with({ groups: [1] })],
  ['a group in a group', 'wrong_group', ours.with({ groups: [['ambit:dev']] })],
  ['groups that are null', 'wrong_group', ours.with({ groups: null })],
  [
    '201 groups',
    'wrong_group',
    ours.with({ groups: Array.from({ length: 201 }, (_, n) => `ambit:${n}`) }),
  ],
];

const cases = [...forms, ...headers, ...signatures, ...claims, ...names];

describe('a token for a cluster', () => {
  test('lets its person in, with uid and the id that the audit log of the API server shows', () => {
    expect(judged(good)).toEqual({ ok: true, user: ada });
    const service = ours.with({ name: 'ambit:service:deploy', groups: ['ambit:grant:1'] });
    expect(judged(service)).toEqual({
      ok: true,
      user: { ...ada, username: 'ambit:service:deploy', groups: ['ambit:grant:1'] },
    });
  });

  test('is refused in each of its forged and damaged forms', () => {
    expect(cases.length).toBeGreaterThanOrEqual(120);
    expect(new Set(cases.map(([what]) => what)).size).toBe(cases.length);
  });

  test.each(cases)('with %s is refused: %s', (_what, reason, token) => {
    expect(judged(token)).toEqual({ ok: false, reason });
  });

  test('holds to its last second and to the edges of the clocks', () => {
    const at = (low: number, high = low) => ({ low: low * 1_000, high: high * 1_000 });
    expect(judged(good, facts, at(issuedAt + 599.9)).ok).toBe(true);
    expect(judged(good, facts, at(issuedAt + 600))).toMatchObject({ reason: 'expired' });
    // No clock that is behind prolongs a token.
    expect(judged(good, facts, at(issuedAt, issuedAt + 600))).toMatchObject({ reason: 'expired' });
    expect(judged(good, facts, at(issuedAt - 60)).ok).toBe(true);
    expect(judged(good, facts, at(issuedAt - 61))).toMatchObject({ reason: 'not_yet_valid' });
    expect(judged(ours.with({ exp: issuedAt + 3_600 })).ok).toBe(true);
  });

  test('of a session that is not listed any more is refused by its time of issue', () => {
    const from = (issuedFrom: number) => judged(good, { ...facts, issuedFrom });
    expect(from(issuedAt).ok).toBe(true);
    expect(from(issuedAt + 1)).toEqual({ ok: false, reason: 'session_ended' });
  });

  test('of who left a group does not give it any more, and gives the rest', () => {
    const token = ours.with({ groups: ['ambit:group:red', 'ambit:group:blue'] });
    const groups = (more: Partial<typeof facts>): unknown => {
      const judgement = judged(token, { ...facts, ...more });
      return judgement.ok ? judgement.user.groups : judgement.reason;
    };
    const [red, blue] = ['ambit:group:red', 'ambit:group:blue'];
    const left = (group: string, user = goodClaims.sub, before = issuedAt + 1) => ({
      departures: new Map([[departureId(nodeDigests, group, user), before]]),
    });
    expect(groups(left('group:red'))).toEqual([blue]);
    expect(groups(left('group:red', ''))).toEqual([blue]);
    // Issued after they were in it again, of somebody else, of a group of another name.
    expect(groups(left('group:red', goodClaims.sub, issuedAt))).toEqual([red, blue]);
    expect(groups(left('group:red', '0197-bob'))).toEqual([red, blue]);
    expect(groups(left('ambit:group:red'))).toEqual([red, blue]);
    expect(groups({ groupsFrom: issuedAt + 1 })).toEqual([]);
    expect(groups({ groupsFrom: issuedAt })).toEqual([red, blue]);
  });

  test('lets in no name that the owner of the cluster does not allow', () => {
    const owned = { ...facts, subjectPrefixes: ['people:'] };
    expect(judged(good, owned)).toEqual({ ok: false, reason: 'beyond_ceiling' });
    expect(judged(good, { ...facts, subjectPrefixes: [] })).toMatchObject({ ok: false });
    expect(judged(good, { ...facts, userPrefix: '' })).toMatchObject({ reason: 'wrong_name' });
  });

  test('is believed of a key as long as that is listed, and of no other', () => {
    expect(judged(stranger.token(), factsOf(stranger)).ok).toBe(true);
    expect(judged(good, { ...facts, keys: new Map() })).toMatchObject({ reason: 'unknown_key' });
  });

  // (r, n - s) is a signature of the same text as (r, s): it is the same token, with the same id, and lets in nobody else.
  test('says the same under the other signature that the same key allows', () => {
    const bytes = signatureBytes();
    const s = BigInt(`0x${order.toString('hex')}`) - BigInt(`0x${bytes.toString('hex', 32)}`);
    const turned = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
    const token = withSignature(Buffer.concat([bytes.subarray(0, 32), turned]));
    expect(judged(token)).toEqual(judged(good));
  });

  test('changed anywhere lets in nobody', () => {
    const characters = 'ABCxyz019-_.=+/ \n\0é';
    const change = fc.record({
      at: fc.nat(good.length - 1),
      cut: fc.integer({ min: 0, max: 3 }),
      put: fc.string({ unit: fc.constantFrom(...characters), maxLength: 3 }),
    });
    fc.assert(
      fc.property(change, ({ at, cut, put }) => {
        const token = good.slice(0, at) + put + good.slice(at + cut);
        fc.pre(token !== good);
        expect(judged(token).ok).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });

  test('of any text at all never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.json(), (noise, json) => {
        expect(judged(noise).ok).toBe(false);
        expect(judged(rawPayload(json)).ok).toBe(false);
        expect(judged(rawHeader(json)).ok).toBe(false);
      }),
    );
  });
});
