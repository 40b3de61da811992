import { couldBeNamedByUs, isBinding } from '@ambit/rbac';
import type {
  BindingIntent,
  BindingObject,
  Intent,
  ObjectKey,
  Ownership,
  RbacObject,
} from '@ambit/rbac';
import type { ObservedObjects } from './observed-objects.ts';

const anywhere = '';

/** Who has which role through objects of ours that stand in the cluster now. */
export class StandingAccess {
  readonly #known = new Set<string>();

  constructor(
    observed: ObservedObjects,
    ownerOf: (key: ObjectKey, object: RbacObject) => Ownership,
  ) {
    for (const key of observed.keys()) {
      const object = observed.get(key);
      if (object === undefined || !isBinding(object)) continue;
      if (['ours', 'adoptable'].includes(ownerOf(key, object))) this.#note(object);
    }
  }

  /** An intent less the subjects who do not have it now; none when nobody does. */
  only(intent: Intent): Intent[] {
    if (intent.section !== 'BINDING') return [intent];
    const subjects = intent.subjects.filter((subject) =>
      placesOf(intent).some((place) => this.#known.has(textOf(roleOf(intent), place, subject))),
    );
    return subjects.length === 0 ? [] : [{ ...intent, subjects }];
  }

  #note({ metadata, roleRef, subjects }: BindingObject): void {
    const role = couldBeNamedByUs(roleRef.name) ? anywhere : roleRef.name;
    for (const { name } of subjects ?? []) {
      this.#known.add(textOf(role, metadata.namespace ?? '*', name));
      this.#known.add(textOf(role, anywhere, name));
    }
  }
}

/** Of a role of ours only that it is one: its name is not known here. */
function roleOf({ role }: BindingIntent): string {
  return role.type === 'existing' ? role.clusterRole : anywhere;
}

function placesOf({ scope }: BindingIntent): readonly string[] {
  if (scope.type === 'clusterWide') return ['*'];
  return scope.type === 'namespaces' ? scope.names : [anywhere];
}

function textOf(role: string, place: string, subject: string): string {
  return JSON.stringify([role, place, subject]);
}
