import { attributeLimits, UserAttributes } from '@ambit/contracts';
import type { AttributeValue, PersonAttributes } from '@ambit/domain';
import type { DirectoryAttributes, DirectoryValue } from '@ambit/persistence';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** Of the person and of the company: what rules can read under the same name. */
const plain = ['title', 'userType', 'nickName', 'preferredLanguage', 'locale', 'timezone'];
const company = ['employeeNumber', 'costCenter', 'organization', 'division', 'department'];
const lists = ['roles', 'entitlements'];
const places = ['country', 'region', 'locality'];

/**
 * What rules see of what a directory says of a person: texts by the names of SCIM, `manager` by its id, `roles` and
 * `entitlements` as lists, and the place of the address that counts. A value that is longer than attributes are is left out:
 * cut off, two of them could be one.
 */
export function personAttributes(said: DirectoryAttributes): PersonAttributes {
  const extension = partsOf(said[enterprise]);
  const found: (readonly [string, DirectoryValue | undefined])[] = [
    ...plain.map((name) => [name, said[name]] as const),
    ...company.map((name) => [name, extension[name]] as const),
    ['manager', partsOf(extension['manager'])['value']],
    ...lists.map((name) => [name, valuesOf(said[name])] as const),
    ...placeOf(said['addresses']),
    ...Object.entries(partsOf(said[ownAttributes])),
  ];
  const kept = new Map<string, AttributeValue>();
  for (const [name, value] of found) {
    const parsed = UserAttributes.safeParse({ [name]: value });
    if (
      value !== undefined &&
      value !== '' &&
      parsed.success &&
      kept.size < attributeLimits.attributes
    )
      kept.set(name, parsed.data[name] ?? '');
  }
  return Object.fromEntries(kept) as PersonAttributes;
}

/** Where attributes stand that a directory sends by names of its own. */
export const ownAttributes = 'attributes';

type Parts = Readonly<Record<string, DirectoryValue | undefined>>;

const partsOf = (value: DirectoryValue | undefined): Parts =>
  typeof value === 'object' && !Array.isArray(value) ? (value as Parts) : {};

const listOf = (value: DirectoryValue | undefined): readonly Parts[] =>
  Array.isArray(value) ? value.map(partsOf) : [];

function valuesOf(value: DirectoryValue | undefined): DirectoryValue | undefined {
  const values = listOf(value).flatMap((each) => each['value'] ?? []);
  return values.length === 0 ? undefined : values;
}

/** Of the primary address, or else the first. */
function placeOf(
  value: DirectoryValue | undefined,
): (readonly [string, DirectoryValue | undefined])[] {
  const addresses = listOf(value);
  const address = addresses.find(({ primary }) => primary === true) ?? addresses[0] ?? {};
  return places.map((name) => [name, address[name]] as const);
}
