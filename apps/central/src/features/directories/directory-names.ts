import { checkName } from '@ambit/domain';
import type { DirectoryAttributes } from '@ambit/persistence';
import { unfitFor } from './directory-refusals.ts';

/** Nothing is folded but the case of ASCII letters: no two names become one that were not one. Throws `invalid_request`. */
export function userNameOf(userName: string): string {
  const name = /^[\x21-\x7e]*$/.test(userName) ? userName.toLowerCase() : userName;
  const problem = checkName('User', name);
  if (problem === undefined) return name;
  throw unfitFor('userName', problem.message, 'Send another attribute as userName.');
}

/**
 * The name that a new group gets for ever: in lower case, with "-" for spaces, "_" and ".". Two names that fold into one are
 * told apart by whoever finds it taken. Throws `invalid_request`.
 */
export function groupNameOf(displayName: string): string {
  const name = displayName
    .trim()
    .toLowerCase()
    .replaceAll(/[ _.]+/g, '-');
  const problem = /^[\x20-\x7e]*$/.test(displayName)
    ? checkName('Group', name)
    : checkName('Group', displayName);
  if (problem === undefined) return name;
  throw unfitFor('displayName', problem.message, 'Give the group another name in the directory.');
}

const longestText = 1_024;

/** Why a text is none that a directory may say; undefined when it is one. */
export function textProblem(text: string): string | undefined {
  if (text.length > longestText) return `has more than ${longestText} characters.`;
  // Controls write on terminals and NUL is in no database; what cannot be seen makes two names look like one.
  return /[\p{Cc}\p{Cf}\p{Cs}]/u.test(text) ? 'holds characters that cannot be seen.' : undefined;
}

/** As people read it; undefined when the directory does not say. */
export function displayNameOf({ displayName, name }: DirectoryAttributes): string | undefined {
  if (typeof displayName === 'string' && displayName !== '') return displayName.slice(0, 256);
  const { formatted, givenName, familyName } = (name ?? {}) as Readonly<Record<string, string>>;
  const whole = formatted ?? [givenName, familyName].filter(Boolean).join(' ');
  return whole === '' ? undefined : whole.slice(0, 256);
}
