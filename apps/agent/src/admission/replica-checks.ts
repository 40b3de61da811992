import { replicaObjects } from '../replicas/replica-rights.ts';
import type { Check, Variable } from './admission-policy.ts';
import { celText } from './cel-text.ts';

/*
 * What the gate lets the agent's account do with the one Lease and the one Secret by which its replicas follow each other. They
 * are in the namespace of the very ServiceAccount that asks: any other user has none.
 */

const ofLease =
  "request.resource.group == 'coordination.k8s.io' && request.resource.resource == 'leases'";
const ofSecret = "request.resource.group == '' && request.resource.resource == 'secrets'";

export const replicaVariables: readonly Variable[] = [
  {
    name: 'ofReplicas',
    expression: [
      'has(request.namespace)',
      "request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')",
      "(!has(request.subResource) || request.subResource == '')",
      `((${ofLease} && request.operation in ['CREATE', 'UPDATE'])\n|| (${ofSecret} && request.operation == 'UPDATE'))`,
      `object.metadata.name == ${celText(replicaObjects)}`,
    ].join('\n&& '),
  },
];

const none = (field: string): string =>
  `(!has(object.metadata.${field}) || object.metadata.${field}.size() == 0\n|| (oldObject != null && has(oldObject.metadata.${field}) && object.metadata.${field} == oldObject.metadata.${field}))`;

export const replicaChecks: readonly Check[] = [
  {
    expression: `!variables.ofReplicas || (${['labels', 'annotations', 'finalizers', 'ownerReferences'].map(none).join('\n&& ')})`,
    message: 'of the Lease and the Secret of its replicas this account writes what they say alone',
  },
  {
    // For ever: nobody could take it back, and no replica could follow another.
    expression:
      '!variables.ofReplicas || !has(object.immutable) || object.immutable == null || object.immutable == false',
    message: 'this account does not make the Secret of its replicas immutable',
  },
];
