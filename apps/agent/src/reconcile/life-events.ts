import { ambitAnnotations } from '@ambit/rbac';
import type { AccessGap, LifeTelling, ObjectKey, RbacObject } from '@ambit/rbac';
import { driftEvent, objectEvent } from './object-audit.ts';
import type { AgentAuditEvent } from './object-audit.ts';
import { splitKey } from './observed-objects.ts';
import type { LiveObject } from './observed-objects.ts';

const mostSubjects = 32;
const mostGrants = 16;

/** What is known of an object when the trail is told of it. */
export interface Told {
  readonly gap: AccessGap;
  readonly found: RbacObject | undefined;
  /** As the API server just sent it. */
  readonly live: LiveObject | undefined;
}

/** What happens in the life of an object beside writes, as an event of the trail. */
export function lifeEvent(key: ObjectKey, telling: LifeTelling, told: Told): AgentAuditEvent {
  switch (telling.type) {
    case 'drifted':
      return driftEvent(key, telling.what, told.live);
    case 'corrected': {
      const message = telling.wanted
        ? `${placeOf(key)} is as it should be again`
        : `${placeOf(key)}, which somebody changed, is gone: nothing of it is wanted any more`;
      return objectEvent('drift.corrected', key, message);
    }
    case 'contended': {
      const { changedBy, message } = telling;
      const details = changedBy === '' ? undefined : { changedBy };
      return withPeople(
        objectEvent('drift.contended', key, `${placeOf(key)}: ${message}`, details),
        told,
      );
    }
    case 'foreign': {
      const { ownership, inTheWay } = telling.object;
      return withPeople(
        objectEvent('object.foreign', key, foreignMessage(key, ownership, told.gap), {
          ownership,
          inTheWay,
        }),
        told,
      );
    }
    case 'removalRefused': {
      const { message } = telling;
      const people = told.gap.subjects.length;
      const kept = people === 0 ? '' : `; ${people} keep what it gives until it is gone`;
      const event = objectEvent(
        'object.removal_refused',
        key,
        `${placeOf(key)} could not be taken away: ${message}${kept}`,
      );
      return withPeople({ ...event, result: { code: 'kubernetes_refused', message } }, told);
    }
  }
}

export function foreignMessage(key: ObjectKey, ownership: string, gap: AccessGap): string {
  if (ownership === 'copied') {
    return `${placeOf(key)} is not ours and carries our labels; it is left alone`;
  }
  const excess = gap.effect === 'excess' ? ', and it gives access that is not wanted' : '';
  return `${placeOf(key)} is not ours and stands where one of ours should${excess}; it is left alone`;
}

function placeOf(key: ObjectKey): string {
  const { kind, name, namespace } = splitKey(key);
  return `${kind} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

function withPeople(event: AgentAuditEvent, { gap, found }: Told): AgentAuditEvent {
  const { subjects, effect } = gap;
  const stored = found?.metadata.annotations?.[ambitAnnotations.intents]?.split(',') ?? [];
  const grants = stored.filter((name) => name !== '').slice(0, mostGrants);
  return {
    ...event,
    ...(subjects.length === 0 ? {} : { subjects: subjects.slice(0, mostSubjects) }),
    ...(grants.length === 0 || effect === undefined ? {} : { grants }),
    ...(effect === undefined ? {} : { details: { ...event.details, effect } }),
  };
}
