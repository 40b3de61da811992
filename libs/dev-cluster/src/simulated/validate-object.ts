import {
  dnsLabelProblem,
  dnsSubdomainProblem,
  labelKeyProblem,
  labelValueProblem,
  pathSegmentProblem,
} from '@ambit/kernel';
import { rbacApiGroup, ruleProblems } from '@ambit/rbac';
import type { RbacSubject } from '@ambit/rbac';
import { sameValue } from './api-object.ts';
import type { ApiMeta, ApiObject } from './api-object.ts';
import { namespaces, serviceAccounts } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { quote } from './status-error.ts';
import type { FieldFault } from './status-error.ts';

/** Everything Kubernetes would answer 422 to in an object as it would be stored. */
export function objectFaults(resource: ServedResource, object: ApiObject): FieldFault[] {
  return [
    ...metaFaults(resource, object.metadata),
    ...(object.rules ?? []).flatMap((rule, index) =>
      ruleProblems(rule, { namespaced: resource.namespaced }).map((item) => {
        const field = `rules[${index}].${(item.pointer ?? '').replace(/^\//, '')}`;
        return required(field, item.message);
      }),
    ),
    ...(resource.fields.includes('roleRef') ? bindingFaults(resource, object) : []),
  ];
}

/** What an update may not do to what is there. */
export function updateFaults(object: ApiObject, existing: ApiObject): FieldFault[] {
  const faults: FieldFault[] = [];
  if (object.metadata.uid !== existing.metadata.uid) {
    faults.push(wrong('metadata.uid', `${quote(object.metadata.uid ?? '')}: field is immutable`));
  }
  const added = newFinalizers(object.metadata, existing.metadata);
  if (existing.metadata.deletionTimestamp !== undefined && added.length > 0) {
    const list = `[]string{${added.map(quote).join(', ')}}`;
    faults.push({
      kind: 'Forbidden',
      field: 'metadata.finalizers',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
    });
  }
  if (object.roleRef !== undefined && !sameValue(object.roleRef, existing.roleRef)) {
    const { apiGroup, kind, name } = object.roleRef;
    const shown = JSON.stringify({ APIGroup: apiGroup, Kind: kind, Name: name });
    faults.push(wrong('roleRef', `${shown}: cannot change roleRef`));
  }
  return faults;
}

function newFinalizers(meta: ApiMeta, existing: ApiMeta): string[] {
  return (meta.finalizers ?? []).filter((name) => !existing.finalizers?.includes(name));
}

function metaFaults(resource: ServedResource, meta: ApiMeta): FieldFault[] {
  const name = nameFault(resource, meta.name);
  const labels = Object.entries(meta.labels ?? {}).flatMap(([key, value]) => {
    const problem = labelKeyProblem(key) ?? labelValueProblem(value);
    return problem === undefined ? [] : [wrong('metadata.labels', `${quote(key)}: ${problem}`)];
  });
  const finalizers = (meta.finalizers ?? []).flatMap((finalizer, index) =>
    finalizer.includes('/') || ['orphan', 'foregroundDeletion'].includes(finalizer)
      ? []
      : [
          wrong(
            `metadata.finalizers[${index}]`,
            `${quote(finalizer)}: name is neither a standard finalizer name nor is it fully qualified`,
          ),
        ],
  );
  return [...(name === undefined ? [] : [name]), ...labels, ...finalizers];
}

function nameFault(resource: ServedResource, name: string): FieldFault | undefined {
  if (name === '') return required('metadata.name', 'name or generateName is required');
  const problem =
    resource === namespaces || resource === serviceAccounts
      ? dnsProblem(name, resource === namespaces)
      : pathSegmentProblem(name);
  return problem === undefined ? undefined : wrong('metadata.name', `${quote(name)}: ${problem}`);
}

function dnsProblem(name: string, isLabel: boolean): string | undefined {
  const problem = isLabel ? dnsLabelProblem(name) : dnsSubdomainProblem(name);
  if (problem === undefined) return undefined;
  return isLabel
    ? 'a lowercase RFC 1123 label is required'
    : 'a lowercase RFC 1123 subdomain is required';
}

function bindingFaults(resource: ServedResource, object: ApiObject): FieldFault[] {
  const kinds = resource.namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const { apiGroup = rbacApiGroup, kind = '', name = '' } = object.roleRef ?? {};
  const faults: FieldFault[] = [];
  if (apiGroup !== rbacApiGroup)
    faults.push(unsupported('roleRef.apiGroup', apiGroup, [rbacApiGroup]));
  if (!kinds.includes(kind)) faults.push(unsupported('roleRef.kind', kind, kinds));
  if (name === '') faults.push(required('roleRef.name'));
  const subjects = (object.subjects ?? []).flatMap((subject, index) =>
    subjectFaults(subject, `subjects[${index}]`, resource.namespaced),
  );
  return [...faults, ...subjects];
}

/** RBAC guards no name of a subject: `system:masters` and duplicates pass. */
function subjectFaults(subject: RbacSubject, field: string, namespaced: boolean): FieldFault[] {
  const kinds = ['ServiceAccount', 'User', 'Group'];
  if (subject.name === '') return [required(`${field}.name`)];
  if (!kinds.includes(subject.kind)) return [unsupported(`${field}.kind`, subject.kind, kinds)];
  const isAccount = subject.kind === 'ServiceAccount';
  const group = isAccount ? '' : rbacApiGroup;
  if ((subject.apiGroup ?? '') !== group) {
    return [unsupported(`${field}.apiGroup`, subject.apiGroup ?? '', [group])];
  }
  if (isAccount && !namespaced && subject.namespace === undefined)
    return [required(`${field}.namespace`)];
  return [];
}

function wrong(field: string, message: string): FieldFault {
  return { kind: 'Invalid', field, message: `Invalid value: ${message}` };
}

function required(field: string, message = ''): FieldFault {
  const text = message === '' ? 'Required value' : `Required value: ${message}`;
  return { kind: 'Required', field, message: text };
}

function unsupported(field: string, value: string, supported: readonly string[]): FieldFault {
  const list = supported.map(quote).join(', ');
  return {
    kind: 'NotSupported',
    field,
    message: `Unsupported value: ${quote(value)}: supported values: ${list}`,
  };
}
