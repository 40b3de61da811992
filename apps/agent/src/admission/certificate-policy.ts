import type { Ceiling } from '@ambit/rbac';
import { clientSigner, requestNamePrefix } from '../credentials/signing-request.ts';
import { certificatesGroup, certificatesName } from './admission-policy.ts';
import type { Check, PolicyDraft, Variable } from './admission-policy.ts';
import { celText } from './cel-text.ts';

const resource = 'certificatesigningrequests';

/** Does this ceiling let the agent have certificates made? */
export function makesCertificates({ credentials }: Pick<Ceiling, 'credentials'>): boolean {
  return credentials.includes('ClientCertificate');
}

/** The writes that this policy judges, as the gate names them. */
export const ofCertificates = [
  `request.resource.group == ${celText(certificatesGroup)} && request.resource.resource == ${celText(resource)}`,
  "&& (!has(request.subResource) || request.subResource == ''",
  "? request.operation in ['CREATE', 'DELETE'] : request.subResource == 'approval' && request.operation == 'UPDATE')",
].join('\n');

/**
 * For whom the agent's account may have certificates made: for names with a prefix of the ceiling, by the signer of clients,
 * for an hour at most. A policy sees a request as base64 of PEM of base64 of DER, so that it decodes both by arithmetic: the
 * first line, in which the whole subject begins. The DER has one form alone, that of `readCertificateRequest`: what is not
 * seen of it is as long as a key of P-256.
 */
export function certificatePolicy({
  subjectPrefixes,
}: Pick<Ceiling, 'subjectPrefixes'>): PolicyDraft {
  return {
    name: certificatesName,
    resourceRules: [
      {
        apiGroups: [certificatesGroup],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        resources: [resource, `${resource}/approval`],
        scope: '*',
      },
    ],
    variables: [...variables, prefixedBy(subjectPrefixes)],
    checks,
  };
}

/** Base64 of `-----BEGIN CERTIFICATE REQUEST-----` and the end of its line, which comes out without padding. */
const head = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\n').toString('base64');
/** Of a first line of 64 characters and what ends it: so many of the outer base64, of the inner, and bytes. */
const outer = 88;
const inner = 64;
const bytes = 48;
/** Where a name begins at the latest. */
const latestName = 23;
/** Of a name that many bytes can be seen: a longer prefix cannot be judged, and lets nobody in. */
const longestPrefixBytes = bytes - latestName;

const upTo = (count: number): string =>
  `[${Array.from({ length: count }, (_, at) => at).join(',')}]`;
/**
 * Eights of bits from sixes, three from each four. Indices and `map` alone: what else CEL knows of lists came with 1.34.
 */
const eights = (count: number, sixes: string): string => {
  const six = (nth: number): string => `${sixes}[i/3*4 + ${nth}]`;
  return (
    `${upTo(count)}.map(i, i%3 == 0 ? ${six(0)}*4 + ${six(1)}/16\n` +
    `: i%3 == 1 ? ${six(1)}%16*16 + ${six(2)}/4 : ${six(2)}%4*64 + ${six(3)})`
  );
};
/** Are these the bytes of the request from that place on? */
const stands = (from: string, bytesThere: readonly (number | string)[]): string =>
  `${upTo(bytesThere.length)}.map(i, variables.der[${from} + i]) == [${bytesThere.join(', ')}]`;

const variables: readonly Variable[] = [
  { name: 'made', expression: "request.operation == 'DELETE' ? oldObject : object" },
  { name: 'judged', expression: "request.operation != 'DELETE'" },
  {
    name: 'pem',
    expression: 'variables.judged ? string(object.spec.request) : ""',
  },
  {
    name: 'alphabet',
    expression: "'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'",
  },
  {
    name: 'outer',
    expression: `${upTo(outer)}.map(i, variables.alphabet.indexOf(variables.pem.charAt(${head.length} + i)))`,
  },
  { name: 'line', expression: eights((outer / 4) * 3, 'variables.outer') },
  {
    name: 'inner',
    expression: `${upTo(inner)}.map(i, variables.line[i]).map(x, x >= 65 && x <= 90 ? x - 65 : x >= 97 && x <= 122 ? x - 71 : x >= 48 && x <= 57 ? x + 4 : x == 43 ? 62 : x == 47 ? 63 : -1)`,
  },
  { name: 'der', expression: eights(bytes, 'variables.inner') },
  // Where the part that is signed begins, behind a length of one byte or of two; and where it goes on behind its own.
  { name: 'info', expression: 'variables.der[1] == 129 ? 3 : 4' },
  {
    name: 'long',
    expression: 'variables.der[variables.info + 1] == 129',
  },
  { name: 'version', expression: 'variables.info + (variables.long ? 3 : 2)' },
  {
    name: 'infoLength',
    expression: 'variables.der[variables.info + (variables.long ? 2 : 1)]',
  },
  { name: 'nameLength', expression: 'variables.der[variables.version + 15]' },
];

const restOf = (more: number): string => `variables.nameLength + ${more}`;
/** What stands before a name: a sequence of one set of one sequence of the OID of a common name and a UTF8String. */
const headOfName = [48, restOf(11), 49, restOf(9), 48, restOf(7), 6, 3, 85, 4, 3, 12, restOf(0)];
/** What stands beside the name in the part that is signed: the version, the heads of the subject, a key of P-256, no attributes. */
const besideName = 3 + 13 + 91 + 2;

/** Does the name go on behind one of these? */
function prefixedBy(subjectPrefixes: readonly string[]): Variable {
  const seen = subjectPrefixes
    .map((prefix) => Buffer.from(prefix))
    .filter(({ length }) => length > 0 && length <= longestPrefixBytes)
    .map(
      (prefix) =>
        `(variables.nameLength > ${prefix.length} && ${stands('variables.version + 16', [...prefix])})`,
    );
  return { name: 'prefixed', expression: seen.length === 0 ? 'false' : seen.join('\n|| ') };
}

/** `-----BEGIN` in base64, by where in three bytes it begins: what of it does not depend on its neighbours. */
const begins = ['LS0tLS1CRUdJT', '0tLS0tQkVHSU', 'tLS0tLUJFR0lO'];

const checks: readonly Check[] = [
  {
    expression: 'variables.made.spec.username == request.userInfo.username',
    message: 'this account touches only requests of certificates that it made itself',
  },
  {
    expression: `variables.made.metadata.name.startsWith(${celText(requestNamePrefix)})`,
    message: 'this account writes only objects that are named as Ambit names its own',
  },
  {
    expression:
      '!variables.judged || ((!has(object.metadata.finalizers) || object.metadata.finalizers.size() == 0)\n' +
      '&& (!has(object.metadata.ownerReferences) || object.metadata.ownerReferences.size() == 0)\n' +
      "&& (!has(object.metadata.generateName) || object.metadata.generateName == ''))",
    message: 'this account adds no finalizers and no owners, and names what it makes itself',
  },
  {
    expression: "request.operation != 'DELETE' || request.name != ''",
    message: 'this account deletes objects one by one',
  },
  {
    expression:
      `!variables.judged || (object.spec.signerName == ${celText(clientSigner)} && object.spec.usages == ['client auth']\n` +
      '&& has(object.spec.expirationSeconds) && object.spec.expirationSeconds <= 3600)',
    message: 'a certificate is for a client, from the signer for clients, and for an hour at most',
  },
  {
    expression:
      `!variables.judged || (variables.pem.startsWith('${head}')\n` +
      `&& !${JSON.stringify(begins)}.exists(x, variables.pem.substring(${head.length}).contains(x)))`,
    message: 'the request is one block of PEM',
  },
  {
    expression: `!variables.judged || (variables.inner.all(x, x >= 0) && variables.line[${inner}] == 10)`,
    message: 'the request is base64 in lines of 64 characters, without headers',
  },
  {
    expression: [
      '!variables.judged || (variables.der[0] == 48 && (variables.der[1] == 129 || variables.der[1] == 130)',
      '&& variables.der[variables.info] == 48',
      '&& (variables.long || variables.der[variables.info + 1] < 128)',
      `&& ${stands('variables.version', [2, 1, 0])}`,
      '&& variables.nameLength < 104',
      `&& ${stands('variables.version + 3', headOfName)}`,
      `&& variables.infoLength == variables.nameLength + ${besideName})`,
    ].join('\n'),
    message: 'the request has one common name, a key of P-256, and nothing beside them',
  },
  {
    expression: '!variables.judged || variables.prefixed',
    message: 'the name does not begin with one of subjectPrefixes of the ceiling',
  },
];
