import { setImmediate } from 'node:timers/promises';
import { duplicateObjects } from '@ambit/contracts';
import type { PolicyDocument } from '@ambit/contracts';

/** So many objects are read between two looks at what else is to do: a few milliseconds of work. */
export const objectsAtOnce = 100;
const mostObjects = 10_000;

/**
 * What `read` makes of a body; a long list of objects is read piece by piece, so that other calls go on meanwhile.
 * `pause` is called between pieces. Throws what `read` throws.
 */
export async function readPiecewise(
  read: (body: unknown) => unknown,
  body: unknown,
  pause: () => Promise<unknown> = setImmediate,
): Promise<unknown> {
  const objects = objectsOf(body);
  if (objects.length <= objectsAtOnce || objects.length > mostObjects) return read(body);
  const done: PolicyDocument[] = [];
  let envelope: object = {};
  for (let at = 0; at < objects.length; at += objectsAtOnce) {
    if (at > 0) await pause();
    try {
      envelope = read({
        ...(body as object),
        objects: objects.slice(at, at + objectsAtOnce),
      }) as object;
    } catch {
      // Problems are told with their places in the whole, as for any other body.
      return read(body);
    }
    done.push(...(objectsOf(envelope) as readonly PolicyDocument[]));
  }
  return duplicateObjects(done).length > 0 ? read(body) : { ...envelope, objects: done };
}

function objectsOf(body: unknown): readonly unknown[] {
  const { objects } = (typeof body === 'object' && body !== null ? body : {}) as {
    readonly objects?: unknown;
  };
  return Array.isArray(objects) ? objects : [];
}
