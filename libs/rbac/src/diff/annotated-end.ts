import type { Millis } from '@ambit/kernel';
import { parseInstant } from '../desired/instant.ts';
import { ambitAnnotations, type RbacObject } from '../model.ts';

/** Moments that were read of late, by their text: an object that is written is asked several times for its end. */
const recent = new Map<string, Millis>();
const mostRecent = 256;

/**
 * When a live object ends by its own annotation, so that an agent without any state can end it; undefined when it has
 * no end. A text that is no moment in time counts as 1970: whoever spoilt it must not have made it last.
 */
export function annotatedEnd(object: RbacObject): Millis | undefined {
  const text = object.metadata.annotations?.[ambitAnnotations.notAfter];
  if (text === undefined) return undefined;
  const known = recent.get(text);
  if (known !== undefined) return known;
  const end = parseInstant(text) ?? 0;
  if (recent.size >= mostRecent) recent.clear();
  recent.set(text, end);
  return end;
}
