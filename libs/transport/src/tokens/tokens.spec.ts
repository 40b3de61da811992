import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { sha256Hex } from '../digests.ts';
import { makeBearerToken, parseBearerToken, sameHash } from './bearer-token.ts';
import {
  hashJoinToken,
  joinProofKey,
  makeJoinToken,
  parseJoinToken,
  readPresentedJoinToken,
  signJoinRequest,
  verifyJoinRequest,
} from './join-token.ts';

function failureOf(parse: () => unknown): AppError {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('nothing was thrown');
}

/** Every text that differs from this one by one character, left out, doubled or replaced. */
function* nearly(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    const head = text.slice(0, at);
    yield head + text.slice(at + 1);
    yield head + (text[at] ?? '') + text.slice(at);
    yield `${head}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`;
  }
}

describe('a join token', () => {
  const pin = sha256Hex('ca');

  test('reads back, and what central stores gives nothing away', () => {
    const token = makeJoinToken(pin);
    expect(parseJoinToken(`${token.text}\n`)).toEqual(token);
    expect(token.caPin).toBe(pin);
    expect(token.presented).not.toContain(pin);
    expect(readPresentedJoinToken(token.presented)).toEqual({
      id: token.id,
      hash: hashJoinToken(token.presented),
    });
    expect(hashJoinToken(token.presented)).not.toContain(token.presented.split('.')[1]);
    expect(makeJoinToken(pin).text).not.toBe(token.text);
  });

  test('is proved to be held without being shown, for one request of one cluster', () => {
    const { id, presented } = makeJoinToken(pin);
    const request = { id, kubeSystemUid: 'ks-1', csr: Buffer.from('request') };
    const key = joinProofKey(presented);
    const proof = signJoinRequest(presented, request);
    expect(verifyJoinRequest(key, request, proof)).toBe(true);
    const other = makeJoinToken(pin).presented;
    expect(verifyJoinRequest(joinProofKey(other), request, proof)).toBe(false);
    expect(verifyJoinRequest(key, { ...request, csr: Buffer.from('mine') }, proof)).toBe(false);
    expect(verifyJoinRequest(key, { ...request, kubeSystemUid: 'ks-2' }, proof)).toBe(false);
    expect(verifyJoinRequest(key, { ...request, id: 'another' }, proof)).toBe(false);
    expect(verifyJoinRequest(new Uint8Array(), request, proof)).toBe(false);
    expect(Buffer.concat([key, proof]).toString('latin1')).not.toContain(presented);
  });

  test('case b36: in any other form is refused, and never repeated in the error', () => {
    const { text, presented } = makeJoinToken(pin);
    const secret = presented.split('.')[1] ?? '';
    const bad = [
      '',
      'ambj_',
      presented,
      text.toUpperCase(),
      `${text}/..`,
      `${text}%2e`,
      ` ${text}.`,
    ];
    for (const each of bad) {
      const error = failureOf(() => parseJoinToken(each));
      expect(error.code).toBe('join_token_invalid');
      expect(JSON.stringify([error.message, error.extras])).not.toContain(secret);
    }
    const ids = [
      '',
      '..',
      '../x',
      text,
      `${presented}/`,
      `${presented}\n`,
      presented.toUpperCase(),
    ];
    for (const each of ids) expect(readPresentedJoinToken(each)).toBeUndefined();
  });
});

describe('an API token', () => {
  test('reads back with its id and hash', () => {
    const token = makeBearerToken('ApiToken');
    expect(parseBearerToken(token.text)).toEqual(token);
    expect(token.text).toMatch(/^amb_[a-z2-7]{12}_[a-z2-7]{52}_[0-9a-f]{8}$/);
  });

  test('of a session has a prefix of its own, and is no API token', () => {
    const token = makeBearerToken('Session');
    expect(parseBearerToken(token.text)).toEqual(token);
    expect(token.text).toMatch(/^ambs_[a-z2-7]{12}_[a-z2-7]{52}_[0-9a-f]{8}$/);
    expect(failureOf(() => parseBearerToken(token.text.replace('ambs_', 'amb_'))).code).toBe(
      'token_invalid',
    );
  });

  test('with any one character wrong is told apart before a look-up', () => {
    const { text } = makeBearerToken('ApiToken');
    for (const each of nearly(text)) {
      if (each === text) continue;
      const error = failureOf(() => parseBearerToken(each));
      expect(error.code).toBe('token_invalid');
      expect(JSON.stringify([error.message, error.extras])).not.toContain(text.slice(20, 60));
    }
  });

  test('hashes are compared whole', () => {
    const { hash } = makeBearerToken('ApiToken');
    expect(sameHash(hash, hash)).toBe(true);
    expect(sameHash(hash, makeBearerToken('ApiToken').hash)).toBe(false);
    expect(sameHash(hash, hash.slice(0, 62))).toBe(false);
    expect(sameHash('', '')).toBe(false);
  });

  test('a check sum is eight digits however small it is', () => {
    // CRC-32 of one token in sixteen begins with a zero.
    const lengths = new Set(
      Array.from({ length: 200 }, () => makeBearerToken('ApiToken').text.length),
    );
    expect([...lengths]).toEqual([78]);
  });
});

describe('what is no token is said in words', () => {
  test('an API token', () => {
    const error = failureOf(() => parseBearerToken('x'));
    expect(error.message).toBe('This is not a whole API token.');
    expect(error.extras).toEqual({
      why: 'An API token looks like amb_ID_SECRET_SUM; something is missing or was changed.',
      hint: 'Copy the token again, or make a new one on the machine that runs central.',
      nextCommand: 'ambit-central token create --name NAME --role admin',
    });
  });

  test('a join token', () => {
    const error = failureOf(() => parseJoinToken('x'));
    expect(error.message).toBe('This is not a whole join token.');
    expect(error.extras).toEqual({
      why: 'A join token looks like ambj_ID.SECRET.FINGERPRINT; something is missing or was changed.',
      hint: 'Copy the token again, or make a new one.',
      nextCommand: 'ambit cluster join-token NAME',
    });
  });

  test('with something before it, a token is none', () => {
    const [api, join] = [makeBearerToken('ApiToken'), makeJoinToken('c'.repeat(64))];
    expect(failureOf(() => parseBearerToken(`x${api.text}`)).code).toBe('token_invalid');
    expect(failureOf(() => parseJoinToken(`x${join.text}`)).code).toBe('join_token_invalid');
    expect(readPresentedJoinToken(`x${join.presented}`)).toBeUndefined();
    expect(readPresentedJoinToken(join.presented)?.id).toBe(join.id);
  });
});
