import type { RawRequest } from '../support/raw-kube.ts';
import type { Dice } from './api-server-dice.ts';
import type { OwnersWill } from './api-server-world.ts';

/** One write that the owner never allowed. */
export interface Attack {
  readonly says: string;
  readonly request: RawRequest;
}

/** A route to more power: makes up one of its attacks. */
export type Route = (dice: Dice, will: OwnersWill) => Attack;

const fieldManager = 'fieldManager=hostile&force=true';

/** The same write as a rehearsal now and then: what a dry run lets through, a real run would too. */
export function sometimesDry(dice: Dice, { says, request }: Attack): Attack {
  if (request.method === 'GET' || !dice.chance(0.25)) return { says, request };
  const path = `${request.path}${request.path.includes('?') ? '&' : '?'}dryRun=All`;
  const { body } = request;
  const rehearsed =
    request.method === 'DELETE' && body !== undefined
      ? { ...(body as object), dryRun: ['All'] }
      : body;
  return { says: `${says}, as a dry run`, request: { ...request, path, body: rehearsed } };
}

interface Named {
  readonly metadata: { readonly name: string };
}

/** Makes an object of this body in one of the ways there are. */
export function creating(dice: Dice, collection: string, body: Named): RawRequest {
  const at = `${collection}/${encodeURIComponent(body.metadata.name)}`;
  return dice.pick<RawRequest>([
    { method: 'POST', path: collection, body },
    { method: 'POST', path: collection, body },
    { method: 'PUT', path: at, body },
    {
      method: 'PATCH',
      path: `${at}?${fieldManager}`,
      body,
      contentType: 'application/apply-patch+yaml',
    },
  ]);
}

const patched = ['subjects', 'rules', 'aggregationRule'] as const;
const patchedMeta = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** Changes a standing object into this body in one of the ways there are. */
export function changing(dice: Dice, collection: string, body: Named): RawRequest {
  const path = `${collection}/${encodeURIComponent(body.metadata.name)}`;
  const fields = body as unknown as Readonly<Record<string, unknown>>;
  const meta = body.metadata as unknown as Readonly<Record<string, unknown>>;
  const operations = [
    ...patched.filter((key) => key in fields).map((key) => [`/${key}`, fields[key]]),
    ...patchedMeta.filter((key) => key in meta).map((key) => [`/metadata/${key}`, meta[key]]),
  ].map(([at, value]) => ({ op: 'add', path: at, value }));
  return dice.pick<RawRequest>([
    { method: 'PUT', path, body },
    { method: 'PATCH', path, body, contentType: 'application/merge-patch+json' },
    { method: 'PATCH', path, body, contentType: 'application/strategic-merge-patch+json' },
    { method: 'PATCH', path, body: operations, contentType: 'application/json-patch+json' },
    {
      method: 'PATCH',
      path: `${path}?${fieldManager}`,
      body,
      contentType: 'application/apply-patch+yaml',
    },
  ]);
}
