import { AppError, readDuration } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import type { ClusterWayIn } from '@ambit/domain';
import type { Transaction } from '@ambit/persistence';
import type { Actor } from '../../platform/actor.ts';
import { refusalOf } from '../sessions/public.ts';

/** Throws `session_ended` when the session does not run at this very moment, for whatever reason. */
export async function requireRunning(
  tx: Pick<Transaction, 'sessions'>,
  id: string,
  clock: Clock,
): Promise<void> {
  const session = await tx.sessions.find(id);
  if (session === undefined) throw sessionOver('The session is not there any more.');
  const refusal = refusalOf(session, clock);
  if (refusal !== undefined) throw refusal;
}

/** How long a credential may last from now on: as long as the cluster says, and never beyond the end of the session. */
export function lifeOf({ expiresAt }: Actor, { ttl }: ClusterWayIn, now: Millis): Millis {
  return Math.min(readDuration(ttl) ?? 0, (expiresAt ?? now) - now);
}

export const sessionOver = (message: string): AppError =>
  new AppError('session_ended', message, { nextCommand: 'ambit login' });
