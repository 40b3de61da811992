import { writeSync } from 'node:fs';
import type { KeptCredential } from './kept-credential.ts';

/** What kubectl reads: an ExecCredential of `client.authentication.k8s.io/v1`, as one line. */
export function execCredential(kept: KeptCredential): string {
  const shown =
    'token' in kept
      ? { token: kept.token }
      : { clientCertificateData: kept.certificate, clientKeyData: kept.key };
  const status = { expirationTimestamp: new Date(kept.expiresAt).toISOString(), ...shown };
  const apiVersion = 'client.authentication.k8s.io/v1';
  return `${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\n`;
}

/** Writes straight to the descriptor: to set up the stream of the process takes longer than all else that is done here. */
export function writeOutput(text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      // A pipe that does not block is full for a moment.
      if ((error as { code?: string }).code !== 'EAGAIN') throw error;
    }
  }
}
