import type { api } from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';
import type { GrpcCall, DirectoryHandlers } from '../../platform/grpc-api/api-call.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { directoryCaller } from './directory-caller.ts';
import type { DirectoryCaller } from './directory-caller.ts';
import type { DirectoryUseCases } from './directory-use-cases.ts';
import { displayNameOf } from './directory-names.ts';
import { SyncDraft } from './sync/sync-draft.ts';
import type { SyncResult } from './sync/sync-directory.ts';

/** Refusals that an answer names one by one. */
const mostRefused = 100;
const mostOfPage = 1_000;
const usualPage = 100;

interface DirectoryServicePorts {
  readonly directories: Pick<DirectoryUseCases, 'users' | 'groups' | 'sync' | 'news'>;
  readonly world: PolicyWorld;
}

/** `DirectoryService` over the same use cases as SCIM, for the directory that the caller speaks for. */
export function directoryService({ directories, world }: DirectoryServicePorts): DirectoryHandlers {
  const { users, groups, news } = directories;
  /** What a directory asks for, and what became of it, is told by `ambit directory status`. */
  const noted = async <T>(
    { actor, requestId }: GrpcCall,
    work: (caller: DirectoryCaller) => Promise<T>,
  ): Promise<T> => {
    const caller = directoryCaller(world, actor, requestId);
    try {
      const done = await work(caller);
      news.note(caller.directory.uid);
      return done;
    } catch (error) {
      if (error instanceof AppError)
        news.note(caller.directory.uid, `${error.code}: ${error.message}`);
      throw error;
    }
  };
  return {
    SyncDirectory: (requests, call) =>
      noted(call, (caller) => syncOf(directories, caller, { requests, ended: call.ended })),
    ListDirectoryUsers: (request, call) =>
      noted(call, async ({ directory }) => {
        const page = pageOf(request);
        const { total, items } = await users.list(directory, page);
        return {
          users: items.map(({ name, uid, externalId, userName, attributes, active }) => ({
            name,
            uid,
            externalId,
            userName,
            displayName: displayNameOf(attributes),
            active,
          })),
          ...nextPage(page, { total, came: items.length }),
        };
      }),
    ListDirectoryGroups: (request, call) =>
      noted(call, async ({ directory }) => {
        const page = pageOf(request);
        const { total, items } = await groups.list(directory, page);
        const members = await groups.members(directory, items);
        return {
          groups: items.map(({ name, uid, externalId, displayName }) => ({
            name,
            uid,
            externalId,
            displayName,
            members: (members.get(uid) ?? []).map((member) => member.name),
          })),
          ...nextPage(page, { total, came: items.length }),
        };
      }),
  };
}

async function syncOf(
  { sync }: Pick<DirectoryUseCases, 'sync'>,
  caller: DirectoryCaller,
  {
    requests,
    ended,
  }: { readonly requests: AsyncIterable<api.SyncDirectoryRequest>; readonly ended: AbortSignal },
): Promise<ReturnType<typeof resultMessage>> {
  const done = sync.begin(caller);
  try {
    const { begin, said } = await gathered(requests);
    return resultMessage(await sync.run(caller, said, { dryRun: begin.dryRun, ended }));
  } finally {
    done();
  }
}

interface Begun {
  readonly begin: api.SyncBegin;
  readonly draft: SyncDraft;
  said?: ReturnType<SyncDraft['finish']>;
}

/** All that the stream says: one begin, pages, and one commit with nothing behind it. Throws `invalid_request`. */
async function gathered(
  requests: AsyncIterable<api.SyncDirectoryRequest>,
): Promise<Required<Begun>> {
  let begun: Begun | undefined;
  for await (const request of requests) {
    if (begun === undefined) begun = begunBy(request);
    else follow(begun, request);
  }
  if (begun?.said === undefined)
    throw unexpected('The sync ended without its commit; nothing was changed.');
  return { ...begun, said: begun.said };
}

function begunBy(request: api.SyncDirectoryRequest): Begun {
  if (request.step !== 'begin') throw unexpected('A sync begins with one begin.');
  return { begin: request.begin, draft: draftOf(request.begin) };
}

function follow(begun: Begun, request: api.SyncDirectoryRequest): void {
  if (begun.said !== undefined) throw unexpected('Nothing may follow the commit.');
  if (request.step === 'page') begun.draft.add(request.page);
  else if (request.step === 'commit') begun.said = begun.draft.finish(request.commit);
  else if (request.step === 'begin') throw unexpected('A sync begins once.');
  // Left out, it could be what says that somebody stays.
  else throw unexpected('A step of the sync is not known to this central.');
}

function draftOf({ mode }: api.SyncBegin): SyncDraft {
  if (mode === 'SYNC_MODE_FULL') return new SyncDraft(true);
  if (mode === 'SYNC_MODE_DELTA') return new SyncDraft(false);
  throw unexpected('mode has to be SYNC_MODE_FULL or SYNC_MODE_DELTA.', '/begin/mode');
}

const unexpected = (message: string, pointer = '/step'): AppError =>
  new AppError('invalid_request', message, { errors: [{ pointer, message }] });

const resultMessage = ({ refused, ...result }: SyncResult) => ({
  ...result,
  refused: refused.slice(0, mostRefused),
  refusedTotal: refused.length,
});

interface Page {
  readonly skip: number;
  readonly limit: number;
}

/** Throws `invalid_request`. */
function pageOf({ pageSize, pageToken }: api.ListDirectoryUsersRequest): Page {
  if (pageSize > mostOfPage) throw unexpected(`page_size is at most ${mostOfPage}.`, '/pageSize');
  if (!/^\d{0,9}$/.test(pageToken))
    throw unexpected('page_token has to be one of an answer.', '/pageToken');
  return { skip: Number(pageToken), limit: pageSize === 0 ? usualPage : pageSize };
}

const nextPage = (
  { skip }: Page,
  { total, came }: { readonly total: number; readonly came: number },
): { readonly nextPageToken: string; readonly total: number } => ({
  total,
  nextPageToken: came > 0 && skip + came < total ? String(skip + came) : '',
});
