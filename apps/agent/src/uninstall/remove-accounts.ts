import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject } from '@ambit/kube';
import { accessNamespace } from '@ambit/rbac';
import type { Owner } from '@ambit/rbac';
import type { Digests } from '@ambit/kernel';
import { accountSelector, holderOf } from '../credentials/account-object.ts';

export interface AccountRemoval {
  readonly removed: number;
  readonly foreign: readonly string[];
  readonly left: readonly { readonly object: string; readonly why: string }[];
}

const nothing: AccountRemoval = { removed: 0, foreign: [], left: [] };
const pageSize = 500;

/**
 * Removes the ServiceAccounts that the agent keeps for people, and with them their tokens. Where the ceiling wants none
 * and there are no rights to look, there is nothing to do: `wanted` says whether that is a failure.
 */
export async function removeAccounts(
  client: Pick<KubeClient, 'list' | 'delete'>,
  { owner, digests, wanted }: { owner: Owner; digests: Digests; wanted: boolean },
): Promise<AccountRemoval> {
  let found: readonly KubeObject[];
  try {
    found = await labelled(client, owner);
  } catch (error) {
    if (!isKubeError(error)) throw error;
    const why = error.message;
    return wanted
      ? { ...nothing, left: [{ object: `ServiceAccounts in ${accessNamespace}`, why }] }
      : nothing;
  }
  let removed = 0;
  const foreign: string[] = [];
  const left: { object: string; why: string }[] = [];
  for (const object of found) {
    const { name, uid } = object.metadata;
    const text = `ServiceAccount ${accessNamespace}/${name}`;
    if (holderOf(object, digests) === undefined) {
      foreign.push(text);
      continue;
    }
    const why = await remove(client, name, uid);
    if (why === undefined) removed++;
    else left.push({ object: text, why });
  }
  return { removed, foreign, left };
}

/** Undefined when it is gone, else why it is not. */
async function remove(
  client: Pick<KubeClient, 'delete'>,
  name: string,
  uid: string | undefined,
): Promise<string | undefined> {
  try {
    const at = { name, namespace: accessNamespace };
    const stays = await client.delete(
      kubeResources.serviceAccounts,
      at,
      uid === undefined ? {} : { uid },
    );
    return stays && 'a finalizer of somebody else holds it';
  } catch (error) {
    if (isKubeError(error, 404)) return undefined;
    return isKubeError(error) ? error.message : String(error);
  }
}

async function labelled(client: Pick<KubeClient, 'list'>, owner: Owner): Promise<KubeObject[]> {
  const all: KubeObject[] = [];
  let next: string | undefined;
  do {
    const page = await client.list<KubeObject>(kubeResources.serviceAccounts, {
      namespace: accessNamespace,
      labelSelector: accountSelector(owner),
      limit: pageSize,
      ...(next === undefined ? {} : { continue: next }),
    });
    all.push(...page.items);
    next = page.continue;
  } while (next !== undefined);
  return all;
}
