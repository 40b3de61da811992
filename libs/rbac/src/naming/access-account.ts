import { base32, type Digests } from '@ambit/kernel';
import { serviceAccountUser } from '../evaluate/subject-applies.ts';

/** The namespace of the ServiceAccounts that stand for people and programs. Nothing else of ours is in it. */
export const accessNamespace = 'ambit-access';

const slugLength = 40;
const hashLength = 16;

/** What `accountName` makes, whatever it hashes, as a regular expression of RE2 and of JavaScript. */
export const accountNamePattern = `^[a-z0-9]([-a-z0-9]{0,${slugLength - 2}}[a-z0-9])?-[a-z2-7]{${hashLength}}$`;

const pattern = new RegExp(accountNamePattern);

/**
 * The name of the ServiceAccount that stands for somebody: a DNS label in which people recognise the name, and 80 bits
 * of a hash over name and uid. Who is created anew, or gets another name, is another account, so that nobody takes over
 * what was another's. `name` is the whole name in the cluster, prefix included.
 */
export function accountName(name: string, uid: string, digests: Digests): string {
  // The length keeps name and uid apart.
  const digest = digests.sha256(digests.utf8(`${name.length}:${name}${uid}`));
  return [slugOf(name), base32(digest, hashLength)].join('-');
}

/** True for what `accountName` may have made. */
export function isAccountName(name: string): boolean {
  return pattern.test(name);
}

/** The user that such an account is to Kubernetes. */
export function accountUser(account: string): string {
  return serviceAccountUser(accessNamespace, account);
}

function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, slugLength)
    .replace(/-$/, '');
  return slug === '' ? 'person' : slug;
}
