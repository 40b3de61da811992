import type { PolicyWriter } from '@ambit/testing';
import { makeBearerToken } from '@ambit/transport';

/** The text of a session of somebody who is there, as a way in would begin it. */
export async function admittedSession(policy: PolicyWriter, name: string): Promise<string> {
  const { id, hash, text } = makeBearerToken('Session');
  await policy.change(async (tx) => {
    const { uid = '' } = (await tx.users.find(name)) ?? {};
    const principal = { kind: 'User', uid, name } as const;
    const session = { id, hash: Buffer.from(hash, 'hex'), principal, address: '' };
    await tx.sessions.insert({ ...session, ttlMs: 3_600_000, signedInBy: 'bench' });
  });
  return text;
}
