import { AppError } from '@ambit/kernel';
import { accessNamespace, withProtected } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { stringify } from 'yaml';
import { policyObjects } from './admission-policies.ts';
import { celText } from './cel-text.ts';
import { namespaceOfAccount } from '../platform/own-account.ts';

/** What the agent's account is called when nobody says otherwise: as a user, and as a ServiceAccount. */
const usualAccounts = ['ambit-agent', 'system:serviceaccount:ambit-system:ambit-agent'];

/**
 * The policies of a ceiling as YAML, ready for `kubectl apply -f -`. Throws `config_invalid` for an account that the
 * ceiling itself would let be bound: central could give it roles.
 */
export function printPolicy(
  ceiling: Ceiling,
  named: { readonly account?: string | undefined; readonly namespace?: string | undefined },
): string {
  const accounts = named.account === undefined ? usualAccounts : [named.account];
  for (const account of accounts) refuseBindable(account, ceiling);
  const own = [named.namespace, ...accounts.map(namespaceOfAccount)];
  const effective = withProtected(
    ceiling,
    own.filter((namespace) => namespace !== undefined),
  );
  const documents = policyObjects(effective, accounts, nodeDigests);
  return (
    `# What the API server refuses to the account of ambit-agent under this ceiling: ${accounts.map(asComment).join(' or ')}.\n` +
    '# Everybody else is untouched by it. It is in force about a second after it was written.\n' +
    documents
      .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n')
  );
}

/** Without an end of line in it, after which it would be no comment. */
const asComment = (account: string): string => celText(account).slice(1, -1);

function refuseBindable(account: string, { subjectPrefixes }: Ceiling): void {
  if (namespaceOfAccount(account) === accessNamespace) {
    throw new AppError('config_invalid', `The agent may not run as "${account}".`, {
      why: `In ${accessNamespace} are the ServiceAccounts of people, which central gives roles.`,
      hint: 'Give the agent an account in another namespace, and name that with --account.',
    });
  }
  const prefix = subjectPrefixes.find((each) => account.startsWith(each));
  if (prefix === undefined) return;
  throw new AppError('config_invalid', `The agent may not run as "${account}".`, {
    why: `The name begins with "${prefix}" of subjectPrefixes, so that central could give it roles.`,
    hint: 'Give the agent an account with another name, and name that with --account.',
  });
}
