import { readFile } from 'node:fs/promises';
import { AmbitGrpcClient } from '@ambit/client/grpc';

const [server = '', tokenFile = '', file = ''] = process.argv.slice(2);
const token = (await readFile(tokenFile, 'utf8')).trim();
const text = (await readFile(file, 'utf8')).replaceAll(/\r?\n /g, '');
const read = (line: string): [name: string, value: string] => {
  const [, name = '', colons, value = ''] = /^([^:]+)(::?) *(.*)$/.exec(line) ?? [];
  return [name, colons === '::' ? Buffer.from(value, 'base64').toString() : value];
};
const entries = text.split(/(?:\r?\n){2,}/).map((entry) => {
  const lines = entry.split(/\r?\n/).map(read);
  return (name: string) => lines.filter(([key]) => key === name).map(([, value]) => value);
});
const one = (values: string[]): string => values[0] ?? '';
const idOf = new Map(entries.map((get) => [one(get('dn')), one(get('entryUUID'))]));
const are = (kind: string) => entries.filter((get) => get('objectClass').includes(kind));
const users = are('inetOrgPerson').map((get) => ({
  externalId: one(get('entryUUID')),
  userName: one(get('mail')),
  displayName: one(get('cn')),
  attributes: { department: one(get('departmentNumber')) },
}));
const groups = are('groupOfNames').map((get) => ({
  externalId: one(get('entryUUID')),
  displayName: one(get('cn')),
  members: get('member').flatMap((dn) => idOf.get(dn) ?? []),
}));
const client = new AmbitGrpcClient({ server, token });
console.log(JSON.stringify(await client.syncDirectory({ users, groups })));
client.close();
