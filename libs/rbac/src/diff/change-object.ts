import type { DesiredObject } from '../desired/desired-object.ts';
import { covers, maxRuleAtoms, ruleAtoms } from '../evaluate/covers.ts';
import { sameRules } from '../evaluate/normalize-rules.ts';
import { isBinding } from '../is-binding.ts';
import type { BindingObject, RbacObject, RoleObject } from '../model.ts';
import { objectKey } from '../naming/object-key.ts';
import { metadataChanges } from './metadata-changes.ts';
import type { Lane, ObjectPatch, OwnedField, UpdateObject } from './operation.ts';
import { subjectChanges } from './subject-changes.ts';

/** The patch that makes a live object of ours what is wanted; undefined when it is. */
export function changeObject(
  { key, body }: DesiredObject,
  observed: RbacObject,
): UpdateObject | undefined {
  const { patch: content, ...effect } = contentChange(body, observed);
  const { labels, annotations } = metadataChanges(body.metadata, observed.metadata);
  const fields = { ...content, labels, annotations };
  const changes = ownedFields.filter((field) => fields[field] !== undefined);
  if (changes.length === 0) return undefined;
  const { uid, resourceVersion } = seen(observed);
  const lane: Lane = effect.narrows ? 'P0' : isBinding(body) ? 'P2' : 'P1';
  const metadata = {
    uid,
    resourceVersion,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  };
  const patch: ObjectPatch = { metadata, ...content };
  return { type: 'update', key, uid, resourceVersion, lane, patch, changes, ...effect, body };
}

/** What later writes name an object by, as it was seen. */
export function seen({ kind, metadata }: RbacObject): {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
} {
  const { uid = '', resourceVersion = '', name, namespace } = metadata;
  return { key: objectKey(kind, namespace, name), uid, resourceVersion };
}

const ownedFields: readonly OwnedField[] = ['subjects', 'rules', 'labels', 'annotations'];

type ContentChange = Pick<UpdateObject, 'narrows' | 'gains' | 'loses'> & {
  readonly patch: Pick<ObjectPatch, 'subjects' | 'rules'>;
};

function contentChange(wanted: RbacObject, found: RbacObject): ContentChange {
  if (isBinding(wanted)) return isBinding(found) ? subjectsChange(wanted, found) : unchanged;
  return isBinding(found) ? unchanged : rulesChange(wanted, found);
}

const unchanged: ContentChange = { narrows: false, gains: [], loses: [], patch: {} };

function subjectsChange(wanted: BindingObject, found: BindingObject): ContentChange {
  const { subjects = [] } = wanted;
  const { gains, loses } = subjectChanges(found.subjects ?? [], subjects);
  if (gains.length + loses.length === 0) return unchanged;
  return { narrows: loses.length > 0, gains, loses, patch: { subjects } };
}

function rulesChange(wanted: RoleObject, found: RoleObject): ContentChange {
  if (sameRules(wanted.rules, found.rules)) return unchanged;
  // Rules too many to compare were written by somebody else, and less of them is less.
  const comparable = ruleAtoms(found.rules) <= maxRuleAtoms;
  const narrows = !comparable || !covers(wanted.rules, found.rules).covered;
  return { ...unchanged, narrows, patch: { rules: wanted.rules ?? [] } };
}
