import { createHash } from 'node:crypto';
import type { GrantSubjectWrite } from '@ambit/contracts';
import { subjectText } from './subject-text.ts';

/**
 * Name of the grant that `ambit grant` makes: readable, short enough for a table, and the same for the same subject, role
 * and scope. The hash is over all three, so cutting the readable part can never join two grants.
 */
export function grantName(subject: GrantSubjectWrite, role: string, scope: string): string {
  const whole = [subjectText(subject), role, scope];
  const hash = createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 10);
  const readable = whole
    .join('-')
    .replace(/\*/g, 'all')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replace(/^-+|-+$/g, '');
  return `${readable}-${hash}`;
}
