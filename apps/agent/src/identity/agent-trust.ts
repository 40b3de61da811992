import type { wire } from '@ambit/protocol';
import { certificatesFromPem, certificatesToPem, followTrust, sameTrust } from '@ambit/transport';
import type { HeldTrust, TrustRefusal } from '@ambit/transport';
import type { AgentIdentityRecord } from './agent-identity.ts';

/** Something about whom to trust that central said and this agent does not believe. */
export interface RefusedTrust {
  readonly code: TrustRefusal['code'] | 'unsigned';
  readonly message: string;
}

type TrustOfIdentity = Pick<
  AgentIdentityRecord,
  'installationUid' | 'ca' | 'stateKeys' | 'epochKeys' | 'trustVersion'
>;

/** The fields of an identity that say whom it believes. */
export function identityTrust(trust: HeldTrust): TrustOfIdentity {
  return { ...trust, ca: certificatesToPem(trust.ca) };
}

/**
 * Whom to believe after an answer of central: what stands in its signed bundles, and nothing else. CAs and keys that an
 * answer merely names move nothing; when they differ somebody may stand in the place of central.
 */
export function trustAfter(
  identity: TrustOfIdentity,
  answer: Pick<wire.RenewResponse, 'trust' | 'ca' | 'stateKeys'>,
): { readonly trust: HeldTrust; readonly refused: readonly RefusedTrust[] } {
  const { installationUid, ca, stateKeys, epochKeys, trustVersion } = identity;
  const held = { installationUid, trustVersion, ca: certificatesFromPem(ca), stateKeys, epochKeys };
  const { trust, refusals } = followTrust(held, answer.trust);
  const named = answer.ca.length + answer.stateKeys.length > 0;
  if (!named || sameTrust(answer, trust)) return { trust, refused: refusals };
  const message = 'it names CAs or state keys that no trusted key signed';
  return { trust, refused: [...refusals, { code: 'unsigned', message }] };
}
