import { plainKind } from '../policy/public.ts';
import type { ServedKind } from '../policy/public.ts';
import { endSessionsOf } from '../sessions/public.ts';

const plain = plainKind('ServiceIdentity');

/** Pipelines and programs that come in with tokens of others. The end of one ends its sessions. */
export const serviceIdentityKind: ServedKind = {
  ...plain,
  remove: async (tx, name, options) => {
    const removed = await plain.remove(tx, name, options);
    const principal = { kind: 'ServiceIdentity', uid: removed.record.uid, name } as const;
    await endSessionsOf(tx, principal, `ServiceIdentity ${name} was deleted.`);
    return removed;
  },
};
