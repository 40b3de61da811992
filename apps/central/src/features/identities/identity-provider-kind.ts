import type { IdentityProviderSpecWrite } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { LeftMember, Transaction } from '@ambit/persistence';
import { auditMembers } from '../people/public.ts';
import { plainKind } from '../policy/public.ts';
import type { DocumentOf, ServedKind } from '../policy/public.ts';
import { endSessionsOfIdentities } from '../sessions/public.ts';
import { expressionProblem } from './claims-expression.ts';
import { claimsSource, directorySource } from './provider-spec.ts';

const kind = 'IdentityProvider';
const plain = plainKind(kind);

type Document = DocumentOf<typeof kind>;

interface Problem {
  readonly pointer: string;
  readonly message: string;
}

/** Providers of the company with which people sign in. The end of one ends its sessions and what its claims gave. */
export const identityProviderKind = {
  ...plain,
  problems: async (tx: Transaction, { metadata, spec }: Document) => [
    ...expressionProblems(spec),
    ...(await rivalProblems(tx, metadata.name, spec)),
  ],
  put: async (context, document, meta) => {
    const { spec } = document as Document;
    await endFormerIssuer(context.tx, meta.name, spec.issuer);
    const put = await plain.put(context, document, meta);
    // Documents that are applied together were looked at one by one.
    const [rival] = await rivalProblems(context.tx, meta.name, spec);
    if (rival === undefined) return put;
    throw new AppError('invalid_policy', `IdentityProvider ${meta.name}: ${rival.message}.`);
  },
  remove: async (tx, name, options) => {
    const provider = await tx.plain(kind).find(name);
    const identities = provider === null ? [] : await tx.identities.ofProvider(provider.uid);
    const removed = await plain.remove(tx, name, options);
    await endSessionsOfIdentities(tx, identities, `IdentityProvider ${name} was deleted.`);
    for (const source of [claimsSource(name), directorySource(name)])
      auditLeft(tx, await tx.members.takeAll(source));
    await tx.users.forgetAttributes(directorySource(name));
    return removed;
  },
} as ServedKind;

/** Who came in through another issuer came in through another provider, whatever its name is: what that gave goes as with it. */
async function endFormerIssuer(tx: Transaction, name: string, issuer: string): Promise<void> {
  const before = await tx.plain(kind).find(name);
  if (before === null || before.spec['issuer'] === issuer) return;
  const identities = await tx.identities.ofProvider(before.uid);
  await tx.identities.orphan(identities);
  await endSessionsOfIdentities(tx, identities, `IdentityProvider ${name} has another issuer now.`);
  auditLeft(tx, await tx.members.takeAll(claimsSource(name)));
}

function expressionProblems({ groups }: IdentityProviderSpecWrite): readonly Problem[] {
  return groups.flatMap(({ when, each }, at) => {
    const pointer = `/spec/groups/${at}/${when === undefined ? 'each' : 'when'}`;
    const text = when ?? each;
    if (text === undefined) return [];
    const message = expressionProblem(text, when === undefined ? 'texts' : 'truth');
    return message === undefined ? [] : [{ pointer, message }];
  });
}

/** An account is one person's, an address and a token of a directory too: no two providers speak for the same. */
async function rivalProblems(
  tx: Transaction,
  name: string,
  spec: IdentityProviderSpecWrite,
): Promise<readonly Problem[]> {
  const rival = await tx.identities.rivalOf(name, spec);
  if (rival === undefined) return [];
  const other = `IdentityProvider ${rival.name}`;
  switch (rival.by) {
    case 'issuer':
      return [{ pointer: '/spec/issuer', message: `${other} has this issuer` }];
    case 'domain':
      return [
        {
          pointer: `/spec/domains/${spec.domains.indexOf(rival.domain)}`,
          message: `${other} speaks for ${rival.domain}; take it out there first`,
        },
      ];
    case 'service':
      return [
        {
          pointer: '/spec/directory/service',
          message: `${other} has its directory spoken for by this service; each needs one of its own`,
        },
      ];
  }
}

function auditLeft(tx: Transaction, left: readonly LeftMember[]): void {
  const groups = new Map(left.map(({ group }) => [group.uid, group]));
  const names = new Map<string, string[]>();
  for (const { group, user } of left) {
    const known = names.get(group.uid) ?? [];
    known.push(user.name);
    names.set(group.uid, known);
  }
  for (const [uid, group] of groups)
    auditMembers(tx, group, { added: [], removed: names.get(uid) ?? [] });
}
