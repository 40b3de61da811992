import type { PlainRecord, Transaction } from '@ambit/persistence';
import { plainKind } from '../policy/public.ts';
import type { ServedKind } from '../policy/public.ts';
import { endSession, endSessionsOf } from '../sessions/public.ts';
import { lettingRule, stillLetsIn } from './federation.ts';
import type { FederationRule } from './federation.ts';

const plain = plainKind('ServiceIdentity');

/** Pipelines and programs that come in with tokens of others. The end of one, or of a rule of it, ends the sessions by it. */
export const serviceIdentityKind: ServedKind = {
  ...plain,
  put: async (context, document, meta) => {
    const before = await context.tx.plain('ServiceIdentity').find(meta.name);
    const put = await plain.put(context, document, meta);
    const after = await context.tx.plain('ServiceIdentity').find(meta.name);
    if (before !== null && after !== null) await endOvertaken(context.tx, before, after);
    return put;
  },
  remove: async (tx, name, options) => {
    const removed = await plain.remove(tx, name, options);
    const principal = { kind: 'ServiceIdentity', uid: removed.record.uid, name } as const;
    await endSessionsOf(tx, principal, `ServiceIdentity ${name} was deleted.`);
    return removed;
  },
};

/** Ends the sessions that no rule lets in any more, as far as their rules tell; static tokens began by none. */
async function endOvertaken(
  tx: Transaction,
  before: PlainRecord,
  after: PlainRecord,
): Promise<void> {
  const rules = rulesOf(after);
  if (rulesOf(before).every((rule) => stillLetsIn(rules, lettingRule(rule)))) return;
  for (const session of await tx.sessions.runningOf(after.uid)) {
    const by = session.letInBy;
    if (by === undefined || by.some((rule) => stillLetsIn(rules, rule))) continue;
    await endSession(
      tx,
      session,
      `The rule of ServiceIdentity ${after.name} that let it in is another one now.`,
    );
  }
}

const rulesOf = ({ spec }: PlainRecord): readonly FederationRule[] =>
  spec['federation'] as readonly FederationRule[];
