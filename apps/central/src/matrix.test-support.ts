import type { DelegationRole } from '@ambit/contracts';
import { PolicyWriter } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, signIn, user } from './central.test-support.ts';
import type { TestCentral } from './central.test-support.ts';

/** Callers of every sort of which a matrix of rights asks what they may. */
export type MatrixTokens = Readonly<
  Record<'viewer' | 'sync' | 'revoked' | 'expired' | 'person' | 'ended', string>
>;

/** Tokens of the roles beside admin, one that was revoked, one that is over, and sessions of the person `ada`. */
export async function matrixTokens(central: TestCentral, db: TestDatabase): Promise<MatrixTokens> {
  const made = async (name: string, role: string): Promise<{ token: string; id: string }> => {
    const { body } = await central.call('POST', '/tokens', { body: { name, role } });
    return { token: body.token, id: body.apiToken.id };
  };
  const [viewer, sync] = [await made('viewer', 'viewer'), await made('sync', 'sync')];
  const [revoked, expired] = [await made('revoked', 'admin'), await made('expired', 'admin')];
  await central.call('DELETE', `/tokens/${revoked.id}`);
  await central.apply(user('ada'));
  const policy = new PolicyWriter(db.database);
  const [person, ended] = [await signIn(policy, 'ada'), await signIn(policy, 'ada')];
  await central.call('DELETE', `/sessions/${ended.id}`);
  await db.database.query(
    `UPDATE api_tokens SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour' WHERE name = 'expired'`,
  );
  return {
    viewer: viewer.token,
    sync: sync.token,
    revoked: revoked.token,
    expired: expired.token,
    person: person.token,
    ended: ended.token,
  };
}

/** A new person whom a Delegation gives the role; one who looks after a team looks after `matrix`. */
export async function makeDelegate(central: TestCentral, role: DelegationRole): Promise<string> {
  const name = `matrix-${role}`;
  const team = role === 'team-admin' ? { team: 'matrix' } : {};
  await central.apply(
    user(name),
    document('Team', 'matrix', {}),
    document('Delegation', name, { role, subjects: [{ user: name }], ...team }),
  );
  return name;
}
