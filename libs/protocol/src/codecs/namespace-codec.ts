import { profileObjectKinds } from '@ambit/rbac';
import type { NamespaceEntry, ProfileEntry, ProfileObject, ProfileObjectKind } from '@ambit/rbac';
import type * as wire from '../core/generated/messages.ts';
import { codecOf } from './codec.ts';
import { newer, required, unreadable, whole } from './entry-rules.ts';

const profileCodec = codecOf<Partial<wire.ProfileEntry>>('ProfileEntry');
const namespaceCodec = codecOf<Partial<wire.NamespaceEntry>>('NamespaceEntry');

const objectKinds = {
  ResourceQuota: 'PROFILE_OBJECT_KIND_RESOURCE_QUOTA',
  LimitRange: 'PROFILE_OBJECT_KIND_LIMIT_RANGE',
  NetworkPolicy: 'PROFILE_OBJECT_KIND_NETWORK_POLICY',
} as const satisfies Record<ProfileObjectKind, wire.ProfileObjectKind>;

/** The body of a PROFILE entry. */
export function encodeProfile({ uid, name, create, labels, objects }: ProfileEntry): Uint8Array {
  return profileCodec.encode({
    uid,
    name,
    ...(create && { create }),
    labels: labels.map(([key, value]) => ({ key, value })),
    objects: objects.map((object) => ({ ...object, kind: objectKinds[object.kind] })),
  });
}

/** The body of a NAMESPACE entry. */
export function encodeNamespace({
  pattern,
  teamUid,
  team,
  profileUid,
}: NamespaceEntry): Uint8Array {
  return namespaceCodec.encode({ pattern, teamUid, team, profileUid });
}

/** The profile of a body: all of it, or none. Throws `unsupported_field` and `invalid_request`. */
export function decodeProfile(key: string, body: Uint8Array): ProfileEntry {
  const entry = whole(profileCodec, body);
  return {
    section: 'PROFILE',
    key,
    uid: required(key, 'the uid', entry.uid),
    name: required(key, 'the name', entry.name),
    create: entry.create ?? false,
    labels: (entry.labels ?? []).map((label) => [
      required(key, 'the key of a label', label.key),
      label.value,
    ]),
    objects: (entry.objects ?? []).map((object) => objectFromWire(key, object)),
  };
}

function objectFromWire(key: string, { kind, name, spec }: wire.ProfileObject): ProfileObject {
  const known = profileObjectKinds.find((each) => objectKinds[each] === kind);
  if (known === undefined) {
    if (kind === 'PROFILE_OBJECT_KIND_UNSPECIFIED')
      throw unreadable(key, 'the kind of an object is missing');
    throw newer('the kind of an object');
  }
  return {
    kind: known,
    name: required(key, 'the name of an object', name),
    spec: required(key, 'the spec of an object', spec),
  };
}

/** The namespace of a body: all of it, or none. Throws `unsupported_field` and `invalid_request`. */
export function decodeNamespace(key: string, body: Uint8Array): NamespaceEntry {
  const entry = whole(namespaceCodec, body);
  return {
    section: 'NAMESPACE',
    key,
    pattern: required(key, 'the namespace', entry.pattern),
    teamUid: required(key, 'the uid of the team', entry.teamUid),
    team: required(key, 'the team', entry.team),
    profileUid: required(key, 'the uid of the profile', entry.profileUid),
  };
}
