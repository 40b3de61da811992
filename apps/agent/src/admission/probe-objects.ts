import { kubeResources } from '@ambit/kube';
import type { KubeObject, KubeResource } from '@ambit/kube';
import {
  ambitAnnotations,
  ambitLabels,
  managedByValue,
  rbacApiGroup,
  rbacApiVersion,
} from '@ambit/rbac';
import type { BindingObject, Ceiling, RoleObject } from '@ambit/rbac';
import { createClientRequest, generateAgentKey } from '@ambit/transport';
import { requestNamePrefix, signingRequest } from '../credentials/signing-request.ts';
import type { Check } from './admission-policy.ts';
import { ceilingName, certificatesName, gateName } from './admission-policy.ts';
import { celText } from './cel-text.ts';

/** Names of objects that are never made: each policy refuses the one of its own, and nothing else does. */
const probeNames: Readonly<Record<string, string>> = {
  [gateName]: 'ambit-probe-gaaaaaaaaaaa',
  [ceilingName]: 'ambit-probe-caaaaaaaaaaa',
  [certificatesName]: `${requestNamePrefix}probe`,
};

/** Refuses the probe of a policy. */
export function probeCheck(policy: string): Check {
  const name = celText(probeNames[policy] ?? '');
  return {
    expression: `request.operation != 'CREATE' || !has(object.metadata) || !has(object.metadata.name) || object.metadata.name != ${name}`,
    message: `this is the probe of ${policy}, which is in force`,
  };
}

/** A write of some kind. */
export interface ProbeWrite {
  readonly resource: KubeResource;
  readonly object: KubeObject;
}

/**
 * A write that only this policy refuses, for a dry run; undefined when the ceiling lets the agent make nothing, so
 * that the API server says no before any policy is asked.
 */
export function probeWrite(policy: string, ceiling: Ceiling): ProbeWrite | undefined {
  return policy === certificatesName ? certificateProbe(ceiling) : accessProbe(policy, ceiling);
}

function accessProbe(policy: string, ceiling: Ceiling): ProbeWrite | undefined {
  const name = probeNames[policy] ?? '';
  const labels = {
    [ambitLabels.managedBy]: managedByValue,
    [ambitLabels.cluster]: 'probe',
    [ambitLabels.installation]: 'probe',
  };
  const metadata = { name, labels, annotations: { [ambitAnnotations.identity]: 'probe' } };
  const [clusterRole] = ceiling.allowedClusterRoles;
  if (clusterRole !== undefined) {
    const object: BindingObject = {
      apiVersion: rbacApiVersion,
      kind: 'RoleBinding',
      metadata: { ...metadata, namespace: 'default' },
      roleRef: { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: clusterRole },
      subjects: [],
    };
    return { resource: kubeResources.roleBindings, object };
  }
  if (ceiling.customRoles.rules.length === 0) return undefined;
  const object: RoleObject = {
    apiVersion: rbacApiVersion,
    kind: 'ClusterRole',
    metadata,
    rules: [],
  };
  return { resource: kubeResources.clusterRoles, object };
}

/** By a key that is forgotten at once. */
function certificateProbe({ subjectPrefixes: [prefix = ''] }: Ceiling): ProbeWrite {
  const csr = createClientRequest(generateAgentKey(), `${prefix}probe`);
  const request = signingRequest(csr, 600, {});
  const name = probeNames[certificatesName] ?? '';
  const object = { ...request, metadata: { ...request.metadata, name } };
  return { resource: kubeResources.certificateSigningRequests, object };
}
