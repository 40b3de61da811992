import { sign, verify, X509Certificate, type KeyObject } from 'node:crypto';
import { nodeDigests } from '../digests.ts';

/** What the CA vouches for at an enrolment, beside the certificate that it gives. */
export interface EnrolmentFacts {
  /** The request that is answered: an answer to another one proves nothing. */
  readonly csr: Uint8Array;
  readonly clusterName: string;
  /** Payload of the newest trust bundle. */
  readonly trust: Uint8Array;
}

function enrolmentBytes({ csr, clusterName, trust }: EnrolmentFacts): Buffer {
  const { sha256, utf8 } = nodeDigests;
  return Buffer.concat([utf8('ambit-enrolled\n'), sha256(csr), sha256(utf8(clusterName)), trust]);
}

/** Proof for an agent that has nothing but the pin of the CA: the listener's key cannot make it. */
export function signEnrolment(caKey: KeyObject, facts: EnrolmentFacts): Buffer {
  return sign('sha256', enrolmentBytes(facts), caKey);
}

/** True when the CA with this certificate (PEM) signed exactly these facts. */
export function verifyEnrolment(
  caPem: string,
  facts: EnrolmentFacts,
  signature: Uint8Array,
): boolean {
  try {
    const { publicKey } = new X509Certificate(caPem);
    return verify('sha256', enrolmentBytes(facts), publicKey, signature);
  } catch {
    return false;
  }
}
