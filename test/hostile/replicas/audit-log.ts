import { readFile } from 'node:fs/promises';

/** What the API server keeps of requests: who, what, and from when to when. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'Request',
      verbs: ['create', 'update', 'patch'],
      resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }],
    },
    {
      level: 'Metadata',
      verbs: ['create', 'update', 'patch', 'delete'],
      resources: [
        { group: 'rbac.authorization.k8s.io', resources: ['*'] },
        { group: '', resources: ['secrets'] },
      ],
    },
    { level: 'None' },
  ],
};

interface AuditLine {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: {
    readonly username: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef: { readonly resource: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly requestObject?: { readonly spec?: { readonly holderIdentity?: string } };
}

/** One request that the API server carried out; times in milliseconds by its clock, to the microsecond. */
export interface DoneWrite {
  /** The credential it was made with: one replica has one. */
  readonly by: string;
  readonly what: string;
  readonly from: number;
  readonly to: number;
  /** Of a write of the Lease: whom it names; empty when it was given back. */
  readonly holder?: string;
}

/** Every write of an account that was carried out, in the order in which they were answered. */
export async function writesOf(path: string, account: string): Promise<DoneWrite[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as AuditLine)
    .filter(({ user, responseStatus, requestURI }) => {
      const done = (responseStatus?.code ?? 500) < 300 && !requestURI.includes('dryRun');
      return done && user.username === account;
    })
    .map(toWrite)
    .sort((a, b) => a.to - b.to);
}

function toWrite(line: AuditLine): DoneWrite {
  const { verb, objectRef, user, requestObject } = line;
  const [by = ''] = user.extra?.['authentication.kubernetes.io/credential-id'] ?? [];
  const lease = objectRef.resource === 'leases';
  return {
    by,
    what: `${verb} ${objectRef.resource}/${objectRef.name ?? ''}`,
    from: micros(line.requestReceivedTimestamp),
    to: micros(line.stageTimestamp),
    ...(lease && { holder: requestObject?.spec?.holderIdentity ?? '' }),
  };
}

/** `Date.parse` drops what is below a millisecond. */
function micros(time: string): number {
  const below = Number(/\.\d{3}(\d{3})Z$/.exec(time)?.[1] ?? 0);
  return Date.parse(time) + below / 1_000;
}
