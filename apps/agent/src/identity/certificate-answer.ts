import { createPrivateKey, X509Certificate } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import { certificatesToPem, extendedKeyUsage } from '@ambit/transport';
import type { AgentIdentityRecord } from './agent-identity.ts';

/** Whose certificate it has to be, and by whom. */
export interface CertificateClaims extends Pick<
  AgentIdentityRecord,
  'installationUid' | 'clusterUid' | 'agentUid' | 'privateKey'
> {
  /** DER of the CAs that are trusted already; those that come with an answer count for nothing. */
  readonly ca: readonly Uint8Array[];
}

/**
 * The certificate of an answer as PEM, checked before anything of it is stored: it has to be for our key and our name,
 * for clients, and by a CA that is trusted. Throws `internal`.
 */
export function readCertificate(chain: readonly Uint8Array[], claims: CertificateClaims): string {
  const [first] = chain;
  if (first === undefined) throw unusable('It lacks a certificate.');
  let leaf: X509Certificate;
  let pem: string;
  try {
    leaf = new X509Certificate(first);
    pem = certificatesToPem(chain);
  } catch (cause) {
    throw unusable('Its certificates cannot be read.', cause);
  }
  const problem = problemOf(leaf, claims);
  if (problem !== undefined) throw unusable(problem);
  return pem;
}

function problemOf(leaf: X509Certificate, claims: CertificateClaims): string | undefined {
  const { installationUid, clusterUid, agentUid, privateKey } = claims;
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey))) {
    return 'Its certificate is not for the key of this agent.';
  }
  const cas = claims.ca.map((each) => new X509Certificate(each));
  if (!cas.some((each) => leaf.checkIssued(each) && leaf.verify(each.publicKey))) {
    return 'Its certificate is not by a CA that this agent trusts.';
  }
  const purposes: readonly string[] = leaf.keyUsage ?? [];
  if (leaf.ca || !purposes.includes(extendedKeyUsage.clientAuth)) {
    return 'Its certificate is not one of an agent.';
  }
  if (leaf.subject !== `O=${installationUid}\nOU=${clusterUid}\nCN=${agentUid}`) {
    return 'Its certificate names another agent.';
  }
  return undefined;
}

function unusable(why: string, cause?: unknown): AppError {
  return new AppError('internal', 'The answer of central cannot be used.', {
    why,
    hint: 'Central and agent may be of versions that do not fit, or somebody stands in the place of central.',
    ...(cause === undefined ? {} : { cause }),
  });
}
