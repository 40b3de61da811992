import { endedSessionKind } from '@ambit/domain';
import type { PolicyPlain } from '@ambit/domain';
import type { SnapshotSource } from '../kinds/stored-kind.ts';
import type { EndedSession } from '../records.ts';

/** A session that ended, as the policy knows it: webhooks of clusters refuse its tokens. */
export function endedSession({ uid, id, endedAt }: EndedSession): PolicyPlain {
  return { kind: 'Plain', of: endedSessionKind, uid, name: id, labels: {}, spec: { endedAt } };
}

interface Row {
  readonly uid: string;
  readonly id: string;
  readonly ended_at: Date;
}

/**
 * Condition on a session `s` that ended: clusters are told, as a webhook may still take a token of it. The minute is how
 * far the clocks of central and of the database may differ. What it gives never changes once a session has ended.
 */
export const isTold = `s.token_until > s.ended_at - interval '1 minute'`;

/** Those of the hour before the last one that ended: no token outlives them longer. */
export const endedSessions: SnapshotSource = {
  select: `SELECT uid, id, ended_at FROM sessions s WHERE ${isTold}
    AND ended_at > (SELECT max(ended_at) FROM sessions s WHERE ${isTold}) - interval '61 minutes'`,
  toObject: ({ uid, id, ended_at: at }: Row) => endedSession({ uid, id, endedAt: at.getTime() }),
};
