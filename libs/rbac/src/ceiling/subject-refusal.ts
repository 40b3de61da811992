import type { SubjectMode } from '../intents.ts';
import { accessNamespace, isAccountName } from '../naming/access-account.ts';
import type { Ceiling } from './ceiling.ts';
import type { Refusal } from './refusal.ts';

const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Why the ceiling refuses a subject of this name; undefined when it may be bound. Users and groups are compared as
 * Kubernetes compares, byte for byte; only the reserved `system:` is also looked for behind spaces, case and look-alikes.
 */
export function subjectRefusal(
  subject: string,
  ceiling: Ceiling,
  kind: SubjectMode = 'Users',
): Refusal | undefined {
  if (kind === 'ServiceAccounts') return accountRefusal(subject, ceiling);
  if (foldsToSystem(subject)) {
    const message = `subject "${subject}" is refused: names that begin with "system:" belong to Kubernetes`;
    return { reason: 'subject_reserved', message, subject };
  }
  if (hasControlCharacter(subject)) {
    const message = `subject "${visible(subject)}" is refused: it holds control or invisible characters`;
    return { reason: 'subject_characters', message, subject };
  }
  for (const prefix of ceiling.subjectPrefixes) {
    if (prefix !== '' && subject.length > prefix.length && subject.startsWith(prefix))
      return undefined;
  }
  const allowed = ceiling.subjectPrefixes.map((prefix) => `"${prefix}"`).join(', ') || 'no subject';
  const message = `subject "${subject}" is refused: this cluster accepts only names that begin with ${allowed}`;
  return { reason: 'subject_prefix', message, subject };
}

/** Of our own namespace, and only where the owner wants people to come in that way. */
function accountRefusal(account: string, { credentials }: Ceiling): Refusal | undefined {
  if (!credentials.includes('ServiceAccountToken')) {
    const message = `ServiceAccount "${visible(account)}" is refused: this cluster gives people no ServiceAccounts (credentials does not name ServiceAccountToken)`;
    return { reason: 'subject_account', message, subject: account };
  }
  if (isAccountName(account)) return undefined;
  const message = `ServiceAccount "${visible(account)}" is refused: no account of a person in ${accessNamespace} is named so`;
  return { reason: 'subject_account', message, subject: account };
}

/** True when the name is `system:…` once case, width, spaces and invisible characters are folded away. */
export function foldsToSystem(name: string): boolean {
  const first = name.charCodeAt(0);
  // Folding never turns another printable ASCII character into an "s".
  if (first > 0x20 && first < 0x7f && first !== 0x53 && first !== 0x73) return false;
  return folded(name).startsWith('system:');
}

/** True when a name that begins with this prefix may still fold to `system:…`. */
export function beginsLikeSystem(prefix: string): boolean {
  return 'system:'.startsWith(folded(prefix));
}

/**
 * True when the name holds what no reader sees: control and format characters, line and paragraph separators,
 * private use, halves of a pair.
 */
export function hasControlCharacter(name: string): boolean {
  return unseen.test(name);
}

function visible(name: string): string {
  const escaped = (found: string): string => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`;
  return name.replace(new RegExp(unseen, 'gu'), escaped);
}

function folded(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\p{C}\p{Z}\p{M}\s]/gu, '')
    .toLowerCase();
}
