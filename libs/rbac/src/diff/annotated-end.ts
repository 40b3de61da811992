import type { Millis } from '@ambit/kernel';
import { parseInstant } from '../desired/instant.ts';
import { ambitAnnotations, type RbacObject } from '../model.ts';

/**
 * When a live object ends by its own annotation, so that an agent without any state can end it; undefined when it has
 * no end. A text that is no moment in time counts as 1970: whoever spoilt it must not have made it last.
 */
export function annotatedEnd(object: RbacObject): Millis | undefined {
  const text = object.metadata.annotations?.[ambitAnnotations.notAfter];
  return text === undefined ? undefined : (parseInstant(text) ?? 0);
}
