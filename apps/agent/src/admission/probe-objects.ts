import {
  ambitAnnotations,
  ambitLabels,
  managedByValue,
  rbacApiGroup,
  rbacApiVersion,
} from '@ambit/rbac';
import type { Ceiling, RbacObject } from '@ambit/rbac';
import type { Check } from './admission-policy.ts';
import { ceilingName, gateName } from './admission-policy.ts';
import { celText } from './cel-text.ts';

/** Names of objects that are never made: each policy refuses the one of its own, and nothing else does. */
const probeNames: Readonly<Record<string, string>> = {
  [gateName]: 'ambit-probe-gaaaaaaaaaaa',
  [ceilingName]: 'ambit-probe-caaaaaaaaaaa',
};

/** Refuses the probe of a policy. */
export function probeCheck(policy: string): Check {
  const name = celText(probeNames[policy] ?? '');
  return {
    expression: `request.operation != 'CREATE' || !has(object.metadata) || !has(object.metadata.name) || object.metadata.name != ${name}`,
    message: `this is the probe of ${policy}, which is in force`,
  };
}

/**
 * A write that only this policy refuses, for a dry run; undefined when the ceiling lets the agent make nothing, so
 * that the API server says no before any policy is asked.
 */
export function probeObject(policy: string, ceiling: Ceiling): RbacObject | undefined {
  const name = probeNames[policy] ?? '';
  const labels = {
    [ambitLabels.managedBy]: managedByValue,
    [ambitLabels.cluster]: 'probe',
    [ambitLabels.installation]: 'probe',
  };
  const metadata = { name, labels, annotations: { [ambitAnnotations.identity]: 'probe' } };
  const [clusterRole] = ceiling.allowedClusterRoles;
  if (clusterRole !== undefined) {
    return {
      apiVersion: rbacApiVersion,
      kind: 'RoleBinding',
      metadata: { ...metadata, namespace: 'default' },
      roleRef: { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: clusterRole },
      subjects: [],
    };
  }
  if (ceiling.customRoles.rules.length === 0) return undefined;
  return { apiVersion: rbacApiVersion, kind: 'ClusterRole', metadata, rules: [] };
}
