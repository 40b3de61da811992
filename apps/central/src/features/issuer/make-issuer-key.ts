import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { Millis } from '@ambit/kernel';
import type { NewIssuerKey } from '@ambit/persistence';
import type { Seal } from '../../platform/keys/sealing.ts';

/** A fresh ES256 key, its private half sealed. Its id is its thumbprint (RFC 7638), so that no two keys share one. */
export async function makeIssuerKey(seal: Seal, signsInMs: Millis): Promise<NewIssuerKey> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const privateKey = await exportJWK(pair.privateKey);
  const { kty = '', crv = '', x = '', y = '' } = privateKey;
  const kid = await calculateJwkThumbprint({ kty, crv, x, y });
  return {
    kid,
    publicKey: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' },
    sealed: seal.close(JSON.stringify(privateKey), kid),
    signsInMs,
  };
}
