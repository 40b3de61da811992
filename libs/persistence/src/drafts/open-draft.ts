import { groupRows } from '../kinds/group/group-row.ts';
import { plainRows } from '../kinds/plain/plain-row.ts';
import type {
  ClusterStore,
  GrantStore,
  GroupStore,
  PlainStore,
  RoleStore,
  Transaction,
  UserStore,
} from '../transaction.ts';
import type { DraftContext } from './draft-context.ts';
import { DraftGroups } from './draft-groups.ts';
import { DraftNames } from './draft-names.ts';
import { DraftRows } from './draft-rows.ts';
import { clusterShape, grantShape, plainShape, roleShape, userShape } from './draft-shapes.ts';
import { DraftStore } from './draft-store.ts';
import { NeedsTransaction } from './not-drafted.ts';

/**
 * The stores of a draft, as a transaction has them. They read outside of any transaction and write nothing; the first
 * use of something that cannot be drafted throws `NeedsTransaction`.
 */
export function openDraft(context: DraftContext): Transaction {
  const grants = grantShape(context);
  const rows = {
    User: new DraftRows(context, userShape.stored),
    Group: new DraftRows(context, groupRows),
    Role: new DraftRows(context, roleShape.stored),
    Cluster: new DraftRows(context, clusterShape.stored),
    Grant: new DraftRows(context, grants.stored),
  };
  const plain = new Map<string, Plain>();
  const plainOf = (kind: string): Plain => {
    const found = plain.get(kind) ?? openPlain(context, kind);
    plain.set(kind, found);
    return found;
  };
  const rowsOf = (kind: string): Pick<DraftRows<never>, 'expect'> =>
    Object.hasOwn(rows, kind) ? rows[kind as keyof typeof rows] : plainOf(kind).rows;
  const { changes } = context;
  const names = new DraftNames(context, rowsOf);
  return onlyDrafted<Transaction>({
    names,
    users: onlyDrafted<UserStore>(new DraftStore(context, rows.User, userShape)),
    groups: onlyDrafted<GroupStore>(new DraftGroups(context, rows.Group, names)),
    roles: onlyDrafted<RoleStore>(new DraftStore(context, rows.Role, roleShape)),
    clusters: onlyDrafted<ClusterStore>(new DraftStore(context, rows.Cluster, clusterShape)),
    grants: openGrants(context, new DraftStore(context, rows.Grant, grants)),
    plain: (kind) => plainOf(kind).store,
    audit: { record: (event) => changes.addEvent(event) },
    policy: changes,
  });
}

interface Plain {
  readonly rows: DraftRows<never>;
  readonly store: PlainStore;
}

function openPlain(context: DraftContext, kind: string): Plain {
  const rows = new DraftRows(context, plainRows, kind);
  const drafts = new DraftStore(context, rows, plainShape(kind));
  return {
    rows: rows as unknown as DraftRows<never>,
    store: onlyDrafted<PlainStore>(drafts),
  };
}

type Grants = DraftStore<
  Awaited<ReturnType<GrantStore['remove']>>,
  Parameters<GrantStore['put']>[0]
>;

function openGrants({ changes }: DraftContext, drafts: Grants): GrantStore {
  return onlyDrafted<GrantStore>({
    find: (name) => drafts.find(name),
    put: (input) => drafts.put(input),
    remove: async (name, options) => {
      const record = await drafts.take(name, options);
      if (record.match !== undefined) throw new NeedsTransaction();
      changes.delete('Grant', record.uid, name);
      return record;
    },
  });
}

/** A store of which nothing else can be drafted. */
function onlyDrafted<S extends object>(drafted: Partial<S>): S {
  // Bound once and not for each of thousands of objects.
  const bound = new Map<PropertyKey, unknown>();
  return new Proxy(drafted as S, {
    get: (target, key): unknown => {
      const known = bound.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key, target);
      if (value === undefined) throw new NeedsTransaction();
      if (typeof value !== 'function') return value;
      const method: unknown = value.bind(target);
      bound.set(key, method);
      return method;
    },
  });
}
