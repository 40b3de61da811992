/** An attribute that is kept, as RFC 7643 describes it. */
export interface Attribute {
  readonly type: 'string' | 'boolean' | 'complex';
  readonly description: string;
  readonly multiValued?: true;
  readonly required?: true;
  readonly unique?: true;
  readonly readOnly?: true;
  readonly caseExact?: true;
  readonly sub?: Attributes;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** What resources of one kind are made of. */
export interface ResourceShape {
  readonly kind: 'User' | 'Group';
  readonly schema: string;
  readonly attributes: Attributes;
  /** Attributes that stand under the name of an extension. */
  readonly extensions: Readonly<Record<string, Attributes>>;
  /** Names in lower case of what is known and not kept: it is taken and left out. */
  readonly leftOut: ReadonlySet<string>;
}

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const text = (description: string): Attribute => ({ type: 'string', description });
const list = (description: string): Attribute => ({
  type: 'complex',
  multiValued: true,
  description,
  sub: {
    value: text('The value itself.'),
    type: text('What it is for, such as work.'),
    display: text('As people read it.'),
    primary: { type: 'boolean', description: 'The one that counts.' },
  },
});
const externalId: Attribute = {
  type: 'string',
  caseExact: true,
  description: 'What the directory itself calls it, for ever.',
};

const notKept = ['id', 'meta', 'schemas', 'groups', 'password'];

export const userShape: ResourceShape = {
  kind: 'User',
  schema: userSchema,
  attributes: {
    userName: {
      type: 'string',
      required: true,
      unique: true,
      description: 'In lower case the name of the User in Ambit.',
    },
    externalId,
    active: { type: 'boolean', description: 'False: all access and every session end at once.' },
    displayName: text('As people read it.'),
    nickName: text('As friends say it.'),
    title: text('What the person does.'),
    userType: text('Such as employee or contractor.'),
    preferredLanguage: text('A language tag.'),
    locale: text('A language tag.'),
    timezone: text('Such as Europe/Berlin.'),
    name: {
      type: 'complex',
      description: 'The parts of the name.',
      sub: {
        formatted: text('The whole name.'),
        familyName: text('The family name.'),
        givenName: text('The given name.'),
        middleName: text('The middle name.'),
        honorificPrefix: text('Such as Dr.'),
        honorificSuffix: text('Such as III.'),
      },
    },
    emails: list('Addresses of mail.'),
    addresses: {
      type: 'complex',
      multiValued: true,
      description: 'Where the person is. Streets are not kept.',
      sub: {
        type: text('What it is for, such as work.'),
        primary: { type: 'boolean', description: 'The one that counts.' },
        country: text('Such as DE.'),
        region: text('A state or a province.'),
        locality: text('A city.'),
      },
    },
    roles: list('What the person is in the company.'),
    entitlements: list('What the person may do in the company.'),
  },
  extensions: {
    [enterpriseSchema]: {
      employeeNumber: text('Of the person in the company.'),
      costCenter: text('Of the person in the company.'),
      organization: text('Of the person in the company.'),
      division: text('Of the person in the company.'),
      department: text('Of the person in the company.'),
      manager: {
        type: 'complex',
        description: 'Whom the person reports to.',
        sub: { value: text('The id.'), displayName: text('As people read it.') },
      },
    },
  },
  leftOut: new Set([...notKept, 'phonenumbers', 'ims', 'photos', 'profileurl', 'x509certificates']),
};

export const groupShape: ResourceShape = {
  kind: 'Group',
  schema: groupSchema,
  attributes: {
    displayName: {
      type: 'string',
      required: true,
      unique: true,
      description: 'Its first one names the Group in Ambit: lower case, "-" for spaces.',
    },
    externalId,
    members: {
      type: 'complex',
      multiValued: true,
      description: 'People of this directory.',
      sub: {
        value: text('The id of a User.'),
        display: { ...text('The name of the User in Ambit.'), readOnly: true },
        type: { ...text('User.'), readOnly: true },
      },
    },
  },
  extensions: {},
  leftOut: new Set(notKept),
};

/** The attribute with its name as it is written, whatever the case in which it was asked for. */
export function attributeNamed(
  attributes: Attributes,
  name: string,
): readonly [name: string, attribute: Attribute] | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(attributes).find(([each]) => each.toLowerCase() === wanted);
}

/** The extension with its URN as it is written. */
export function extensionNamed(
  { extensions }: ResourceShape,
  urn: string,
): readonly [urn: string, attributes: Attributes] | undefined {
  const wanted = urn.toLowerCase();
  return Object.entries(extensions).find(([each]) => each.toLowerCase() === wanted);
}
