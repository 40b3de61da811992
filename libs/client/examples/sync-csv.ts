import { readFile } from 'node:fs/promises';
import { AmbitGrpcClient } from '@ambit/client/grpc';
import { parse } from 'csv-parse/sync';

const [server = '', tokenFile = '', file = ''] = process.argv.slice(2);
const token = (await readFile(tokenFile, 'utf8')).trim();
type Row = Record<'externalId' | 'userName' | 'displayName' | 'department' | 'groups', string>;
const rows: Row[] = parse(await readFile(file, 'utf8'), { columns: true });
const users = rows.map(({ department, ...row }) => ({ ...row, attributes: { department } }));
const members = rows.flatMap((row) => row.groups.split(';').map((name) => ({ name, ...row })));
const byName = Map.groupBy(members, ({ name }) => name);
byName.delete('');
const groups = Array.from(byName, ([name, of]) => ({
  externalId: name,
  displayName: name,
  members: of.map(({ externalId }) => externalId),
}));
const client = new AmbitGrpcClient({ server, token });
console.log(JSON.stringify(await client.syncDirectory({ users, groups })));
client.close();
