import {
  maxSubjectsPerObject,
  type BindingIntent,
  type ConfigEntry,
  type CredentialsEntry,
  type DenyEntry,
  type Intent,
  type IntentScope,
  type LabelSelector,
  type PolicyRule,
  type RoleIntent,
  type RoleReference,
  type SelectorOperator,
  type SubjectMode,
} from '@ambit/rbac';
import type * as wire from '../core/generated/messages.ts';
import { sectionOf } from '../core/hash-rules.ts';
import { codecOf } from './codec.ts';
import { newer, required, unreadable, whole } from './entry-rules.ts';
import {
  decodeNamespace,
  decodeProfile,
  encodeNamespace,
  encodeProfile,
} from './namespace-codec.ts';

// Only what differs from the default is put into a message: the bytes are hashed, so one value has one form.
const configCodec = codecOf<Partial<wire.ConfigEntry>>('ConfigEntry');
const roleCodec = codecOf<Partial<wire.RoleIntent>>('RoleIntent');
const denyCodec = codecOf<Partial<wire.DenyEntry>>('DenyEntry');
const credentialsCodec = codecOf<Partial<wire.CredentialsEntry>>('CredentialsEntry');
const bindingCodec = codecOf<Partial<wire.BindingIntent>>('BindingIntent');

const subjectModes = {
  Users: 'SUBJECT_MODE_USERS',
  Groups: 'SUBJECT_MODE_GROUPS',
  ServiceAccounts: 'SUBJECT_MODE_SERVICE_ACCOUNTS',
} as const satisfies Record<SubjectMode, wire.SubjectMode>;
const operators: readonly string[] = [
  'In',
  'NotIn',
  'Exists',
  'DoesNotExist',
] satisfies SelectorOperator[];

/** The bytes of an entry's body: the same for the same intent, on every machine. */
export function encodeIntent(intent: Intent): Uint8Array {
  switch (intent.section) {
    case 'CONFIG':
      return configCodec.encode({
        clusterName: intent.clusterName,
        clusterUid: intent.clusterUid,
        userPrefix: intent.userPrefix,
        subjectMode: subjectModes[intent.subjectMode],
      });
    case 'ROLE':
      return roleCodec.encode({
        uid: intent.uid,
        name: intent.name,
        rules: intent.rules.map(ruleToWire),
      });
    case 'DENY':
      return denyCodec.encode({ userUid: intent.userUid, subject: intent.subject });
    case 'BINDING':
      return bindingCodec.encode(bindingToWire(intent));
    case 'CREDENTIALS':
      return credentialsCodec.encode(credentialsToWire(intent));
    case 'PROFILE':
      return encodeProfile(intent);
    case 'NAMESPACE':
      return encodeNamespace(intent);
  }
}

/**
 * The intent of an entry. Throws `unsupported_field` for what only a newer version can have put there: a section, a
 * value, a field that is no hint (see state.proto); what takes away is obeyed all the same. Throws `invalid_request`
 * when the body is not one of the section its key names or lacks what the section needs.
 */
export function decodeIntent(key: string, body: Uint8Array): Intent {
  switch (sectionOf(key)) {
    case 'CONFIG':
      return decodeConfig(key, body);
    case 'ROLE':
      return decodeRole(key, body);
    case 'DENY':
      return decodeDeny(key, body);
    case 'BINDING':
      return decodeBinding(key, body);
    case 'CREDENTIALS':
      return decodeCredentials(key, body);
    case 'PROFILE':
      return decodeProfile(key, body);
    case 'NAMESPACE':
      return decodeNamespace(key, body);
    default:
      throw newer(`the section ${sectionOf(key)}`);
  }
}

/** A rule in the shape of the wire. */
export function ruleToWire(rule: PolicyRule): wire.PolicyRule {
  return {
    apiGroups: rule.apiGroups ?? [],
    resources: rule.resources ?? [],
    resourceNames: rule.resourceNames ?? [],
    nonResourceUrls: rule.nonResourceURLs ?? [],
    verbs: rule.verbs,
  };
}

/** A rule in the shape of Kubernetes; empty lists are left out. */
export function ruleFromWire(rule: wire.PolicyRule): PolicyRule {
  return {
    ...(rule.apiGroups.length > 0 && { apiGroups: rule.apiGroups }),
    ...(rule.resources.length > 0 && { resources: rule.resources }),
    ...(rule.resourceNames.length > 0 && { resourceNames: rule.resourceNames }),
    ...(rule.nonResourceUrls.length > 0 && { nonResourceURLs: rule.nonResourceUrls }),
    verbs: rule.verbs,
  };
}

function modeFromWire(key: string, mode: wire.SubjectMode | undefined): SubjectMode {
  if (mode === subjectModes.Users) return 'Users';
  if (mode === subjectModes.Groups) return 'Groups';
  if (mode === subjectModes.ServiceAccounts) return 'ServiceAccounts';
  if (mode === undefined || mode === 'SUBJECT_MODE_UNSPECIFIED') {
    throw unreadable(key, 'the subject mode is missing');
  }
  throw newer('the subject mode');
}

function decodeConfig(key: string, body: Uint8Array): ConfigEntry {
  const entry = configCodec.decode(body);
  return {
    section: 'CONFIG',
    key,
    clusterName: required(key, 'the cluster name', entry.clusterName),
    clusterUid: required(key, 'the cluster uid', entry.clusterUid),
    userPrefix: entry.userPrefix ?? '',
    subjectMode: modeFromWire(key, entry.subjectMode),
  };
}

function decodeRole(key: string, body: Uint8Array): RoleIntent {
  const entry = whole(roleCodec, body);
  const uid = required(key, 'the role uid', entry.uid);
  const name = required(key, 'the role name', entry.name);
  return { section: 'ROLE', key, uid, name, rules: (entry.rules ?? []).map(ruleFromWire) };
}

function decodeDeny(key: string, body: Uint8Array): DenyEntry {
  const entry = denyCodec.decode(body);
  const userUid = required(key, 'the user uid', entry.userUid);
  const subject = required(key, 'the subject', entry.subject);
  return { section: 'DENY', key, userUid, subject };
}

function credentialsToWire(intent: CredentialsEntry): Partial<wire.CredentialsEntry> {
  const { issuer, audience, userPrefix, keys, endedSessions, issuedFrom } = intent;
  const { departures = [], groupsFrom } = intent;
  return {
    issuer,
    audience,
    userPrefix,
    keys: keys.map(({ kid, x, y }) => ({ kid, x, y })),
    endedSessions,
    ...(issuedFrom !== undefined && { issuedFrom }),
    ...(departures.length > 0 && { departures: [...departures] }),
    ...(groupsFrom !== undefined && { groupsFrom }),
  };
}

function decodeCredentials(key: string, body: Uint8Array): CredentialsEntry {
  const entry = whole(credentialsCodec, body);
  const issuedFrom = momentFromWire(key, entry.issuedFrom);
  const groupsFrom = momentFromWire(key, entry.groupsFrom);
  const departures = (entry.departures ?? []).map((left) => ({
    id: required(key, 'the id of who left', left.id),
    before: momentFromWire(key, left.before) ?? 0,
  }));
  return {
    section: 'CREDENTIALS',
    key,
    issuer: required(key, 'the issuer', entry.issuer),
    audience: required(key, 'the audience', entry.audience),
    userPrefix: required(key, 'the prefix of names', entry.userPrefix),
    keys: (entry.keys ?? []).map(({ kid, x, y }) => ({
      kty: 'EC',
      crv: 'P-256',
      kid: required(key, 'the kid of a key', kid),
      x: required(key, 'the x of a key', x),
      y: required(key, 'the y of a key', y),
    })),
    endedSessions: entry.endedSessions ?? [],
    ...(issuedFrom !== undefined && { issuedFrom }),
    ...(departures.length > 0 && { departures }),
    ...(groupsFrom !== undefined && { groupsFrom }),
  };
}

function bindingToWire(intent: BindingIntent): Partial<wire.BindingIntent> {
  return {
    role: roleToWire(intent.role),
    scope: scopeToWire(intent.scope),
    ...(intent.grantUid !== undefined && { grantUid: intent.grantUid }),
    ...(intent.shard !== '' && { shard: intent.shard }),
    subjects: intent.subjects,
    ...(intent.notBefore !== undefined && { notBefore: intent.notBefore }),
    ...(intent.notAfter !== undefined && { notAfter: intent.notAfter }),
    grants: intent.grants,
    subjectKind: subjectModes[intent.subjectKind],
  };
}

function roleToWire(role: RoleReference): wire.RoleReference {
  return role.type === 'existing'
    ? { target: 'clusterRole', clusterRole: role.clusterRole }
    : { target: 'roleUid', roleUid: role.roleUid };
}

function scopeToWire(scope: IntentScope): wire.IntentScope {
  switch (scope.type) {
    case 'clusterWide':
      return { where: 'clusterWide', clusterWide: {} };
    case 'namespaces':
      return { where: 'namespaces', namespaces: { names: scope.names } };
    case 'selector':
      return { where: 'namespaceSelector', namespaceSelector: scope.selector };
  }
}

function decodeBinding(key: string, body: Uint8Array): BindingIntent {
  const entry = whole(bindingCodec, body);
  const subjects = entry.subjects ?? [];
  if (subjects.length > maxSubjectsPerObject) throw unreadable(key, 'it has too many subjects');
  const notBefore = momentFromWire(key, entry.notBefore);
  const notAfter = momentFromWire(key, entry.notAfter);
  return {
    section: 'BINDING',
    key,
    role: roleFromWire(key, entry.role),
    scope: scopeFromWire(key, entry.scope),
    ...(entry.grantUid !== undefined && entry.grantUid !== '' && { grantUid: entry.grantUid }),
    shard: entry.shard ?? '',
    subjectKind: modeFromWire(key, entry.subjectKind),
    subjects,
    ...(notBefore !== undefined && { notBefore }),
    ...(notAfter !== undefined && { notAfter }),
    grants: entry.grants ?? [],
  };
}

// Only an absent field means "no end": a number that cannot be a moment must not become one that never comes.
function momentFromWire(key: string, value: number | undefined): number | undefined {
  if (value === undefined || value === 0) return undefined;
  if (value > 0 && Number.isSafeInteger(value)) return value;
  throw unreadable(key, 'it has an impossible time');
}

function roleFromWire(key: string, role: wire.RoleReference | null | undefined): RoleReference {
  if (role?.target === 'clusterRole') {
    return { type: 'existing', clusterRole: required(key, 'the role', role.clusterRole) };
  }
  if (role?.target === 'roleUid') {
    return { type: 'ours', roleUid: required(key, 'the role', role.roleUid) };
  }
  throw unreadable(key, 'the role is missing');
}

function scopeFromWire(key: string, scope: wire.IntentScope | null | undefined): IntentScope {
  switch (scope?.where) {
    case 'clusterWide':
      return { type: 'clusterWide' };
    case 'namespaces':
      if (scope.namespaces.names.length === 0) throw unreadable(key, 'no namespace is named');
      return { type: 'namespaces', names: scope.namespaces.names };
    case 'namespaceSelector':
      return { type: 'selector', selector: selectorFromWire(scope.namespaceSelector) };
    default:
      throw unreadable(key, 'the scope is missing');
  }
}

function selectorFromWire(selector: wire.LabelSelector): LabelSelector {
  const requirements = selector.requirements.map(({ key: label, operator, values }) => {
    if (!operators.includes(operator)) throw newer('a selector operator');
    return { key: label, operator: operator as SelectorOperator, values };
  });
  return { requirements };
}
