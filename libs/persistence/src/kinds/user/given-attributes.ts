import type { PersonAttributes } from '@ambit/domain';
import { compareText } from '@ambit/kernel';

/** Attributes by who says them, such as `scim:corp`. What an administrator wrote stands elsewhere. */
export type GivenAttributes = Readonly<Record<string, PersonAttributes>>;

/** What a User has of its person. */
export interface SaidAttributes {
  /** Those that somebody wrote. */
  readonly attributes: PersonAttributes;
  /** Those that sources say; absent when none does. */
  readonly given?: GivenAttributes;
}

/** What holds of a person: what somebody wrote into the User, before what sources say, of whom the first by name counts. */
export function effectiveAttributes(
  written: PersonAttributes,
  given: GivenAttributes,
): PersonAttributes {
  const sources = Object.keys(given).sort(compareText).reverse();
  return Object.assign({}, ...sources.map((source) => given[source]), written) as PersonAttributes;
}

/** Names of the attributes that differ. */
export function attributesThatDiffer(before: PersonAttributes, after: PersonAttributes): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const text = (attributes: PersonAttributes, name: string): string =>
    Object.hasOwn(attributes, name) ? JSON.stringify(attributes[name]) : '';
  return [...names].filter((name) => text(before, name) !== text(after, name));
}
