import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '@ambit/kernel';
import { parseAllDocuments } from 'yaml';
import { apiCall, type ApiAnswer, type ApiEndpoint } from './api-call.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
const plurals: Readonly<Record<string, string>> = {
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};
const withinMs = 20_000;

interface PolicyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Writes the policies and bindings of a YAML stream, and resolves when the API server decides by them. */
export async function enforcePolicies(endpoint: ApiEndpoint, yaml: string): Promise<void> {
  const documents = parseAllDocuments(yaml);
  for (const document of 'empty' in documents ? [] : documents) {
    await apply(endpoint, document.toJS() as PolicyObject);
  }
  await untilInForce(endpoint);
}

/**
 * The API server takes up policies in the order in which they were written: when it refuses by one that was written
 * last, all are in force.
 */
async function untilInForce(endpoint: ApiEndpoint): Promise<void> {
  const name = `dev-cluster-probe-${randomBytes(4).toString('hex')}`;
  const probe = probeObjects(name);
  for (const object of probe) await apply(endpoint, object);
  const deadline = performance.now() + withinMs;
  for (;;) {
    const { status } = await apiCall(endpoint, {
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps?dryRun=All',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
    });
    if (status === 403) break;
    if (performance.now() > deadline) {
      const message = 'The API server did not take up admission policies in time.';
      throw new AppError('kubernetes_unavailable', message, { why: `It answered ${status}.` });
    }
    await wait(20);
  }
  for (const object of probe) {
    await apiCall(endpoint, { method: 'DELETE', path: pathOf(object) });
  }
}

function probeObjects(name: string): PolicyObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const resourceRule = {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['CREATE'],
    resources: ['configmaps'],
  };
  const policy = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [resourceRule] },
      matchConditions: [{ name: 'probe', expression: `object.metadata.name == '${name}'` }],
      validations: [{ expression: 'false', reason: 'Forbidden' }],
    },
  };
  const spec = { policyName: name, validationActions: ['Deny'] };
  const kind = 'ValidatingAdmissionPolicyBinding';
  const binding = { apiVersion, kind, metadata: { name }, spec };
  return [policy, binding];
}

function pathOf({ kind, metadata }: PolicyObject): string {
  const plural = plurals[kind];
  if (plural !== undefined) return `${group}/${plural}/${metadata.name}`;
  throw new AppError('invalid_request', `A ${kind} is no admission policy.`, {
    hint: 'Give the output of "ambit-agent print-policy" as it stands.',
  });
}

async function apply(endpoint: ApiEndpoint, object: PolicyObject): Promise<ApiAnswer> {
  const answer = await apiCall(endpoint, {
    method: 'PATCH',
    path: `${pathOf(object)}?fieldManager=dev-cluster&force=true`,
    body: object,
    contentType: 'application/apply-patch+yaml',
  });
  if (answer.status < 300) return answer;
  const message = `The policy ${object.metadata.name} was refused with ${answer.status}.`;
  throw new AppError('kubernetes_unavailable', message, { why: answer.text.slice(0, 1_000) });
}
