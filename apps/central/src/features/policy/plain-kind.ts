import { apiVersion } from '@ambit/contracts';
import type { PolicyKindName } from '@ambit/contracts';
import { findPlain, listPlain } from '@ambit/persistence';
import type { PlainRecord } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';
import { auditPlainPut, auditRemoved } from './policy-audit.ts';
import { policyKind } from './policy-kind.ts';
import type { ServedKind } from './policy-kind.ts';

/**
 * A kind of which the spec is all that there is: it gives nobody access and refers to nothing. Service identities hold grants
 * beside that, which the grants say and not they.
 *
 * @public -- kinds to come are made with it; a copy of the checkout with such a kind tests it.
 */
export function plainKind<N extends PolicyKindName>(kind: N): ServedKind {
  return policyKind<N, PlainRecord>({
    kind,
    put: async ({ tx }, document, meta) => {
      const put = await tx.plain(kind).put({ ...meta, spec: { ...document.spec } });
      auditPlainPut(tx, put);
      return put;
    },
    remove: async (tx, name, options) => {
      const removed = await tx.plain(kind).remove(name, options);
      return auditRemoved(tx, { kind, type: 'policy.deleted' }, removed);
    },
    reading: {
      find: (database, name) => findPlain(database, kind, name),
      list: (database, query) => listPlain(database, kind, query),
      answer: (records) => records.map(plainResponse),
    },
  });
}

const plainResponse = (record: PlainRecord): object => ({
  apiVersion,
  kind: record.kind,
  metadata: objectMeta(record),
  spec: record.spec,
  status: { conditions: [] },
});
