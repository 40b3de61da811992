import { mostObjects } from '../apply.ts';
import type { Permission } from '../permissions.ts';

/** One method of the gRPC API. */
export interface ApiMethod {
  /** `kind:read`: reading the kind of object that the request names. */
  readonly permission: Permission | 'kind:read';
  /** Longest that a call may take, in milliseconds; a caller's own deadline may be shorter. */
  readonly mostMs: number;
  /** Most messages and listed texts in one message of a caller, where it is more than `usualParts`. */
  readonly mostParts?: number;
  /** It goes on to its end although the credential of its caller ends: half of it would say nothing. */
  readonly writes?: true;
  /** Those who look after a team may call it too. */
  readonly ofTeams?: true;
}

const minute = 60_000;

/** Every method by service and name: what central serves and clients call. One that is not here is not callable. */
export const apiMethods = {
  DirectoryService: {
    SyncDirectory: { permission: 'users:write', mostMs: 30 * minute, mostParts: 100_000 },
    ListDirectoryUsers: { permission: 'users:read', mostMs: minute },
    ListDirectoryGroups: { permission: 'groups:read', mostMs: minute },
  },
  AccessService: {
    CheckAccess: { permission: 'access:read', mostMs: minute },
    // 1,000 questions, each with its target.
    CheckAccessMany: { permission: 'access:read', mostMs: minute, mostParts: 2_000 },
    WhoCan: { permission: 'access:read', mostMs: minute },
    ListHeldAccess: { permission: 'access:read', mostMs: minute },
    ListEffectiveAccess: { permission: 'access:read', mostMs: minute },
    ExplainAccess: { permission: 'access:read', mostMs: minute },
  },
  PolicyService: {
    ApplyPolicy: {
      permission: 'policy:apply',
      ofTeams: true,
      mostMs: 5 * minute,
      mostParts: mostObjects,
      writes: true,
    },
    PlanPolicy: {
      permission: 'policy:apply',
      ofTeams: true,
      mostMs: 5 * minute,
      mostParts: mostObjects,
    },
    GetPolicyObject: { permission: 'kind:read', mostMs: minute },
    ListPolicyObjects: { permission: 'kind:read', mostMs: minute },
  },
} as const satisfies Record<string, Readonly<Record<string, ApiMethod>>>;

export type ApiServiceName = keyof typeof apiMethods;

/** Parts of a message that has no list. */
export const usualParts = 16;

/** Largest message either way, in bytes. */
export const mostMessageBytes = 4 * 1024 * 1024;

/** The method of a path such as `/ambit.api.v1.AccessService/WhoCan`; undefined for any other. */
export function apiMethodOf(path: string): ApiMethod | undefined {
  const [, service = '', name = ''] = /^\/ambit\.api\.v1\.(\w+)\/(\w+)$/.exec(path) ?? [];
  if (!Object.hasOwn(apiMethods, service)) return undefined;
  const methods: Readonly<Record<string, ApiMethod>> = apiMethods[service as ApiServiceName];
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}
