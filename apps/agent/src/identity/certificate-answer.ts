import { createPrivateKey, X509Certificate } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { certificatesToPem } from '@ambit/transport';

/** What central answers to a certificate request. */
export type CertificateAnswer = Pick<wire.RenewResponse, 'certificateChain' | 'ca' | 'stateKeys'>;

/**
 * The certificate of an answer as PEM, checked before anything of it is stored: it has to be for our key, by one of
 * the CAs that come with it, and those must not be none. Throws `internal`.
 */
export function readCertificateAnswer(
  answer: CertificateAnswer,
  privateKey: string,
): { readonly certificateChain: string; readonly ca: string } {
  const [first] = answer.certificateChain;
  if (first === undefined || answer.ca.length === 0 || answer.stateKeys.length === 0) {
    throw unusable('It lacks a certificate, a CA or a key to verify states with.');
  }
  let leaf: X509Certificate;
  let ca: X509Certificate[];
  try {
    leaf = new X509Certificate(first);
    ca = answer.ca.map((each) => new X509Certificate(each));
  } catch (cause) {
    throw unusable('Its certificates cannot be read.', cause);
  }
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey))) {
    throw unusable('Its certificate is not for the key of this agent.');
  }
  if (!ca.some((each) => leaf.checkIssued(each) && leaf.verify(each.publicKey))) {
    throw unusable('Its certificate is not by the CA that came with it.');
  }
  return {
    certificateChain: certificatesToPem(answer.certificateChain),
    ca: certificatesToPem(answer.ca),
  };
}

function unusable(why: string, cause?: unknown): AppError {
  return new AppError('internal', 'The answer of central cannot be used.', {
    why,
    hint: 'Central and agent may be of versions that do not fit.',
    ...(cause === undefined ? {} : { cause }),
  });
}
