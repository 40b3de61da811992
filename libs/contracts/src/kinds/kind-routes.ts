import type { KindContract } from './kind-contract.ts';
import { policyKinds, type PolicyKindName, type PolicyKindOf } from './policy-kinds.ts';

/** The four operations every kind of policy object has. */
const routesOf = <P extends string, K extends string>({
  plural,
  kind,
}: {
  readonly plural: P;
  readonly kind: K;
}) =>
  ({
    list: {
      method: 'GET',
      path: `/${plural}`,
      permission: `${plural}:read`,
      summary: `List ${plural}.`,
      query: 'ListQuery',
      response: `${kind}List`,
      status: 200,
    },
    get: {
      method: 'GET',
      path: `/${plural}/{name}`,
      permission: `${plural}:read`,
      summary: `Read one of the ${plural}.`,
      query: 'NoQuery',
      response: kind,
      status: 200,
    },
    put: {
      method: 'PUT',
      path: `/${plural}/{name}`,
      permission: `${plural}:write`,
      summary: `Create or replace one of the ${plural}; If-Match and If-None-Match: * are honoured.`,
      query: 'WriteQuery',
      request: `${kind}Write`,
      response: kind,
      status: 200,
      dryRun: true,
    },
    delete: {
      method: 'DELETE',
      path: `/${plural}/{name}`,
      permission: `${plural}:write`,
      summary: `Delete one of the ${plural}; If-Match is honoured.`,
      query: 'WriteQuery',
      response: 'ApplyResult',
      status: 200,
      dryRun: true,
    },
  }) as const;

type PluralOf<N extends PolicyKindName> = PolicyKindOf<N>['plural'];
type RoutesOf<N extends PolicyKindName> = ReturnType<typeof routesOf<PluralOf<N>, N>>;

/** The operationIds of one kind: `listUsers`, `getUser`, `putUser`, `deleteUser`. */
export interface KindOperations<N extends PolicyKindName = PolicyKindName> {
  readonly list: `list${Capitalize<PluralOf<N>>}`;
  readonly get: `get${N}`;
  readonly put: `put${N}`;
  readonly delete: `delete${N}`;
}

export function operationsOf<N extends PolicyKindName>({
  kind,
  plural,
}: {
  readonly kind: N;
  readonly plural: string;
}): KindOperations<N> {
  const title = `${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
  return {
    list: `list${title}`,
    get: `get${kind}`,
    put: `put${kind}`,
    delete: `delete${kind}`,
  } as KindOperations<N>;
}

type KindRoutes = {
  readonly [N in PolicyKindName as KindOperations<N>['list']]: RoutesOf<N>['list'];
} & { readonly [N in PolicyKindName as KindOperations<N>['get']]: RoutesOf<N>['get'] } & {
  readonly [N in PolicyKindName as KindOperations<N>['put']]: RoutesOf<N>['put'];
} & { readonly [N in PolicyKindName as KindOperations<N>['delete']]: RoutesOf<N>['delete'] };

/** The operations of all kinds, by operationId. */
export const kindRoutes = Object.fromEntries(
  policyKinds.flatMap((kind) => {
    const routes = routesOf(kind);
    const ids = operationsOf(kind);
    return (['list', 'get', 'put', 'delete'] as const).map((step) => [
      ids[step],
      { ...routes[step], ...(isOfTeams(kind, step) ? { ofTeams: true } : {}) },
    ]);
  }),
) as unknown as KindRoutes;

function isOfTeams({ ofTeams }: KindContract, step: 'list' | 'get' | 'put' | 'delete'): boolean {
  return ofTeams === 'write' || (ofTeams === 'read' && (step === 'list' || step === 'get'));
}
