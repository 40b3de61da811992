import type { Compare, DirectoryFilter } from './directory-record.ts';

/** How an attribute lies in SQL: texts are compared without case unless they are ids. */
interface Column {
  readonly sql: string;
  readonly type: 'text' | 'exact' | 'boolean' | 'time';
  /** The expression stands for a list of values, any of which may match; `sql` is the name of one of them. */
  readonly each?: string;
}

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:user';
const attribute = (path: string): Column => ({ sql: `d.attributes #>> '{${path}}'`, type: 'text' });
const company = (name: string): Column => ({
  sql: `d.attributes -> 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' ->> '${name}'`,
  type: 'text',
});
const values = (list: string): Column => ({
  sql: 'e.value',
  each: `SELECT v ->> 'value' AS value FROM jsonb_array_elements(d.attributes -> '${list}') AS v`,
  type: 'text',
});

/** By attribute in lower case; nothing else of a filter becomes part of a statement. */
const userColumns: Readonly<Record<string, Column>> = {
  id: { sql: 'd.user_uid', type: 'exact' },
  externalid: { sql: 'd.external_id', type: 'exact' },
  username: { sql: 'd.user_name', type: 'text' },
  active: { sql: 'u.active', type: 'boolean' },
  'meta.created': { sql: 'd.created_at', type: 'time' },
  'meta.lastmodified': { sql: 'd.changed_at', type: 'time' },
  displayname: attribute('displayName'),
  title: attribute('title'),
  usertype: attribute('userType'),
  nickname: attribute('nickName'),
  'name.givenname': attribute('name,givenName'),
  'name.familyname': attribute('name,familyName'),
  'name.formatted': attribute('name,formatted'),
  emails: values('emails'),
  'emails.value': values('emails'),
  roles: values('roles'),
  'roles.value': values('roles'),
  [`${enterprise}:department`]: company('department'),
  [`${enterprise}:employeenumber`]: company('employeeNumber'),
};

const groupColumns: Readonly<Record<string, Column>> = {
  id: { sql: 'd.group_uid', type: 'exact' },
  externalid: { sql: 'd.external_id', type: 'exact' },
  displayname: { sql: 'd.display_name', type: 'text' },
  'meta.created': { sql: 'd.created_at', type: 'time' },
  'meta.lastmodified': { sql: 'd.changed_at', type: 'time' },
  members: {
    sql: 'e.value',
    each: 'SELECT v.user_uid AS value FROM given_memberships v WHERE v.group_uid = d.group_uid AND v.source = $2',
    type: 'exact',
  },
};
const columns = {
  User: userColumns,
  Group: {
    ...groupColumns,
    'members.value': groupColumns['members'],
  } as Readonly<Record<string, Column>>,
};

/** Type of an attribute by which a list can be filtered; undefined for any other. */
export function filterableType(
  kind: 'User' | 'Group',
  attribute: string,
): Column['type'] | undefined {
  return Object.hasOwn(columns[kind], attribute) ? columns[kind][attribute]?.type : undefined;
}

/** The condition in SQL; what the filter compares with is added to `parameters`. Attributes have to be filterable. */
export function filterCondition(
  kind: 'User' | 'Group',
  filter: DirectoryFilter,
  parameters: unknown[],
): string {
  const condition = (of: DirectoryFilter): string => {
    if ('filters' in of)
      return `(${of.filters.map(condition).join(of.op === 'and' ? ' AND ' : ' OR ')})`;
    if ('filter' in of) return `NOT coalesce(${condition(of.filter)}, false)`;
    const column = Object.hasOwn(columns[kind], of.attribute)
      ? columns[kind][of.attribute]
      : undefined;
    if (column === undefined) throw new Error('a filter by what is no column');
    const compared = 'value' in of ? compare(column, of, parameters) : isPresent(column);
    return column.each === undefined
      ? `(${compared})`
      : `EXISTS (SELECT 1 FROM (${column.each}) AS e WHERE ${compared})`;
  };
  return condition(filter);
}

const isPresent = ({ sql }: Column): string => `${sql} IS NOT NULL`;

const orders: Readonly<Partial<Record<Compare, string>>> = {
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
};

function compare(
  { sql, type }: Column,
  { op, value }: { readonly op: Compare; readonly value: string | number | boolean },
  parameters: unknown[],
): string {
  parameters.push(type === 'boolean' ? value === true || value === 'true' : String(value));
  const given = `$${parameters.length}`;
  if (type === 'boolean') return `${sql} ${op === 'ne' ? '<>' : '='} ${given}::boolean`;
  const [left, right] = {
    text: [`lower(${sql})`, `lower(${given}::text)`],
    exact: [sql, `${given}::text`],
    time: [sql, `${given}::timestamptz`],
  }[type] as [string, string];
  const order = orders[op];
  if (order !== undefined) return `${left} ${order} ${right}`;
  if (op === 'eq') return `${left} = ${right}`;
  if (op === 'ne') return `${left} IS DISTINCT FROM ${right}`;
  if (op === 'co') return `position(${right} in ${left}) > 0`;
  return op === 'sw'
    ? `starts_with(${left}, ${right})`
    : `right(${left}, length(${right})) = ${right}`;
}
