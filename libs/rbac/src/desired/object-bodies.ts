import {
  ambitAnnotations,
  ambitLabels,
  managedByValue,
  rbacApiGroup,
  rbacApiVersion,
  type BindingObject,
  type RoleObject,
} from '../model.ts';
import { identityText, objectName, roleIdentity } from '../naming/object-identity.ts';
import { objectKey } from '../naming/object-key.ts';
import type { Digests } from '@ambit/kernel';
import type { RoleIntent } from '../intents.ts';
import { bindingIdentity, type BindingView } from './binding-groups.ts';
import { subjectIn } from './binding-subject.ts';
import type { DesiredObject } from './desired-object.ts';
import { instantText } from './instant.ts';

/** Whose objects these are: uid of kube-system and uid of the installation. */
export interface Owner {
  readonly clusterUid: string;
  readonly installationUid: string;
}

/** The labels of every object of ours, and no others: nothing that aggregates, nothing that another tool prunes by. */
export function ownerLabels(owner: Owner): Readonly<Record<string, string>> {
  return {
    [ambitLabels.managedBy]: managedByValue,
    [ambitLabels.cluster]: owner.clusterUid,
    [ambitLabels.installation]: owner.installationUid,
  };
}

/** The object of a binding cell. */
export function bindingObject(
  cell: BindingView,
  labels: Readonly<Record<string, string>>,
  createHeld: boolean,
): DesiredObject {
  const { part, family, namespace, key } = cell;
  const identity = identityText(bindingIdentity(family, namespace, part.shard));
  const end = part.notAfter;
  const annotations: Record<string, string> = {
    [ambitAnnotations.identity]: identity,
    [ambitAnnotations.intents]: grantNames(part.grants),
  };
  if (end !== undefined) annotations[ambitAnnotations.notAfter] = instantText(end);
  const name = key.slice(key.lastIndexOf('/') + 1);
  const body: BindingObject = {
    apiVersion: rbacApiVersion,
    kind: namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name, ...(namespace !== '' && { namespace }), labels, annotations },
    roleRef: { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: family.clusterRole },
    subjects: part.subjects.map((subject) => subjectIn(family, subject)),
  };
  const { intents, grants } = part;
  const ends = end !== undefined && { notAfter: end };
  return { key, body, identity, ...ends, intents, grants, createHeld };
}

/** The ClusterRole of a role whose rules come with the policy. Its name stays when the rules change. */
export function roleObject(
  intent: RoleIntent,
  labels: Readonly<Record<string, string>>,
  digests: Digests,
): DesiredObject {
  const parts = roleIdentity(intent);
  const identity = identityText(parts);
  const name = objectName(parts, digests);
  const annotations = {
    [ambitAnnotations.identity]: identity,
    [ambitAnnotations.intents]: intent.name,
  };
  const body: RoleObject = {
    apiVersion: rbacApiVersion,
    kind: 'ClusterRole',
    metadata: { name, labels, annotations },
    rules: intent.rules,
  };
  const key = objectKey('ClusterRole', '', name);
  return { key, body, identity, intents: [intent.key], grants: [], createHeld: false };
}

/** For people who read the object in Kubernetes. Any text is legal in an annotation. */
function grantNames(grants: readonly string[]): string {
  const shown = grants.slice(0, 16).join(', ');
  return grants.length > 16 ? `${shown}, …` : shown;
}
