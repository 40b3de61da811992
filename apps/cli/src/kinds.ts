import type { AmbitClient } from '@ambit/client';
import type {
  ApplyResult,
  Cluster,
  Grant,
  Group,
  ListQuery,
  PolicyKindName,
  Role,
  User,
  WriteQuery,
} from '@ambit/contracts';
import { AppError, didYouMean } from '@ambit/kernel';

export type PolicyResource = User | Group | Role | Grant | Cluster;

interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string | undefined };
  readonly items: readonly PolicyResource[];
}

/** How one kind is called and reached. */
export interface Kind {
  readonly kind: PolicyKindName;
  readonly plural: string;
  readonly list: (client: AmbitClient, query: Partial<ListQuery>) => Promise<ListPage>;
  readonly get: (client: AmbitClient, name: string) => Promise<PolicyResource>;
  readonly delete: (
    client: AmbitClient,
    name: string,
    query: Partial<WriteQuery>,
  ) => Promise<ApplyResult>;
}

export const kinds: readonly Kind[] = [
  {
    kind: 'User',
    plural: 'users',
    list: ({ api }, query) => api.listUsers({ query }),
    get: ({ api }, name) => api.getUser({ params: { name } }),
    delete: ({ api }, name, query) => api.deleteUser({ params: { name }, query }),
  },
  {
    kind: 'Group',
    plural: 'groups',
    list: ({ api }, query) => api.listGroups({ query }),
    get: ({ api }, name) => api.getGroup({ params: { name } }),
    delete: ({ api }, name, query) => api.deleteGroup({ params: { name }, query }),
  },
  {
    kind: 'Role',
    plural: 'roles',
    list: ({ api }, query) => api.listRoles({ query }),
    get: ({ api }, name) => api.getRole({ params: { name } }),
    delete: ({ api }, name, query) => api.deleteRole({ params: { name }, query }),
  },
  {
    kind: 'Grant',
    plural: 'grants',
    list: ({ api }, query) => api.listGrants({ query }),
    get: ({ api }, name) => api.getGrant({ params: { name } }),
    delete: ({ api }, name, query) => api.deleteGrant({ params: { name }, query }),
  },
  {
    kind: 'Cluster',
    plural: 'clusters',
    list: ({ api }, query) => api.listClusters({ query }),
    get: ({ api }, name) => api.getCluster({ params: { name } }),
    delete: ({ api }, name, query) => api.deleteCluster({ params: { name }, query }),
  },
];

/** Every word for a kind: singular and plural. */
export const kindWords = kinds.flatMap(({ kind, plural }) => [kind.toLowerCase(), plural]);

/** The kind a person means: singular or plural, in any case. Throws `usage` naming the nearest. */
export function findKind(word: string): Kind {
  const wanted = word.toLowerCase();
  const found = kinds.find(({ kind, plural }) => [kind.toLowerCase(), plural].includes(wanted));
  if (found !== undefined) return found;
  const [near] = didYouMean(wanted, kindWords, 1);
  throw new AppError('usage', `there is no kind "${word}"`, {
    hint:
      near === undefined
        ? `known: ${kinds.map(({ plural }) => plural).join(', ')}`
        : `did you mean ${near}?`,
  });
}

/** `KIND NAME` or `KIND/NAME`, as kubectl takes them. Throws `usage`. */
export function kindAndNames(args: readonly string[]): { kind: Kind; names: string[] } {
  const [first = '', ...names] = args;
  const slash = first.indexOf('/');
  if (slash < 0) return { kind: findKind(first), names };
  return { kind: findKind(first.slice(0, slash)), names: [first.slice(slash + 1), ...names] };
}
