import type { PolicyCluster } from '../policy-objects.ts';

/** The key of the one entry by which the agent of a cluster judges tokens. */
export const webhookKey = 'CREDENTIALS/webhook';

/**
 * Kind and name of the object that says whose tokens webhooks let in: its spec holds the `issuer` and its public `keys` as
 * JWKs. Central writes it whenever its keys change; nobody else does.
 */
export const tokenIssuer = { kind: 'TokenIssuer', name: 'webhook' } as const;

/** Kind of a session that ended, under its id; its spec says `endedAt`, in milliseconds. It lasts as long as tokens may. */
export const endedSessionKind = 'EndedSession';

/**
 * Kind of a membership that ended, under the uid of the membership: its spec says `groupUid`, `userUid`, `group` (the name)
 * and `leftAt`, in milliseconds. It says nothing while the person is in the group again.
 */
export const leftGroupKind = 'LeftGroup';

/** True for a cluster whose API server asks its agent whose a token of central is. */
export function asksWebhook({ access }: Pick<PolicyCluster, 'access'>): boolean {
  return access?.credential === 'Token' && access.via === 'Webhook';
}
