import { expect, test } from '@jest/globals';
import { document, grant, group, user } from '../../apps/central/src/central.test-support.ts';
import {
  anEffect,
  aCluster,
  aProgress,
  aResult,
  aRevision,
  aUser,
} from '../../apps/cli/src/small-central.test-support.ts';
import { applying, refusing } from './rest-caller.ts';
import type { RestCaller } from './rest-caller.ts';
import { crew } from './rest-world.ts';

const created = { document: 0, kind: 'User', name: 'carol', action: 'created' };

/** What is changed, and what the answer tells of it. */
export function restChanges(rest: RestCaller): void {
  test('a dry run tells what would become of each object and cluster, and stores nothing', async () => {
    const claim = aResult({ dryRun: true, objects: [created], clusters: [anEffect('prod-eu')] });
    const set = [user('carol'), group('sre', ['alice', 'carol'])];
    const body = await rest.claimed({ apply: claim }, applying(set, { dryRun: 'All' }));
    expect(body).toMatchObject({
      dryRun: true,
      changed: true,
      clusters: [{ name: 'prod-eu', connected: true, bindingsAdded: 1, gainTotal: 1 }],
    });
    expect(body.objects[0]).toMatchObject(created);
    expect(await rest.refused({ path: '/users/carol' })).toMatchObject({ code: 'not_found' });
  });

  test('a set tells the same, its revision, and how far each cluster is with it', async () => {
    const claim = aResult({ objects: [created], clusters: [anEffect('prod-eu')] });
    const set = [user('carol'), group('sre', ['alice', 'carol'])];
    const body = await rest.claimed({ apply: claim }, applying(set));
    expect(body).toMatchObject({ dryRun: false, changed: true, clusters: [{ name: 'prod-eu' }] });
    const { revision } = body;
    const path = `/revisions/${revision}/status?clusters=prod-eu&wait=10s`;
    const progress = aRevision([aProgress('prod-eu')]);
    const told = await rest.claimed({ getRevisionStatus: { ...progress, revision } }, { path });
    expect(told).toMatchObject({
      revision,
      done: true,
      clusters: [{ name: 'prod-eu', connected: true, done: true, inForce: true }],
    });
  });

  test('what is as it should be is unchanged', async () => {
    const objects = [{ ...created, name: 'bob', action: 'unchanged' }];
    const claim = aResult({ changed: false, objects });
    const body = await rest.claimed({ apply: claim }, applying([user('bob')]));
    expect(body).toMatchObject({ changed: false, objects, clusters: [] });
  });

  test('a name that does not exist is refused where it stands, in words that are known, with the nearest', async () => {
    const item = {
      document: 1,
      pointer: '/spec/role',
      message: 'there is no Role admn; did you mean admin?',
      didYouMean: 'admin',
    };
    rest.target.tell({ apply: refusing('invalid_policy', item.message, { errors: [item] }) });
    const wrong = grant('g', [{ user: 'bob' }], ['prod-eu'], { role: 'admn' });
    expect(await rest.refused(applying([user('bob'), wrong]))).toMatchObject({
      status: 422,
      code: 'invalid_policy',
      errors: [item],
    });
  });

  test('much that is taken away needs a digest, and goes ahead with it', async () => {
    const digest = 'abcdef0123456789';
    const details = { digest };
    const fewer = [group('crew', crew.slice(0, 2))];
    rest.target.tell({ apply: refusing('confirmation_required', 'Much goes.', { details }) });
    const problem = await rest.refused(applying(fewer));
    expect(problem).toMatchObject({ status: 409, code: 'confirmation_required' });
    const confirmRemovals = problem.details?.['digest'];
    const effect = { gain: [], gainTotal: 0, lose: ['crew-02'], loseTotal: 28 };
    const claim = aResult({ clusters: [anEffect('prod-eu', effect)] });
    const body = await rest.claimed({ apply: claim }, applying(fewer, { confirmRemovals }));
    expect(body).toMatchObject({ changed: true, clusters: [{ name: 'prod-eu', loseTotal: 28 }] });
  });

  test('a version that is not the stored one is refused', async () => {
    rest.target.tell({ apply: refusing('stale_resource', 'bob was changed.') });
    const stale = { ...user('bob'), metadata: { name: 'bob', resourceVersion: '1' } };
    expect(await rest.refused(applying([stale]))).toMatchObject({
      status: 412,
      code: 'stale_resource',
    });
  });

  test('a cluster is made once', async () => {
    const asked = {
      method: 'PUT',
      path: '/clusters/prod-us',
      body: document('Cluster', 'prod-us', {}),
      headers: { 'if-none-match': '*' },
    };
    rest.target.tell({ putCluster: () => aCluster('prod-us') });
    expect(await rest.call(asked)).toMatchObject({ status: 201, body: { kind: 'Cluster' } });
    const there = 'There is a Cluster prod-us.';
    rest.target.tell({ putCluster: refusing('already_exists', there) });
    expect(await rest.refused(asked)).toMatchObject({ status: 409, code: 'already_exists' });
  });

  test('members come and go', async () => {
    const claim = aResult({ clusters: [anEffect('prod-eu')] });
    const asked = { method: 'POST', path: '/groups/sre/members', body: { add: ['bob'] } };
    const body = await rest.claimed({ changeGroupMembers: claim }, asked);
    expect(body).toMatchObject({ changed: true, clusters: [{ name: 'prod-eu' }] });
  });

  test.each([
    ['/users/crew-29', { kind: 'User', name: 'crew-29' }],
    ['/groups/crew', { kind: 'Group', name: 'crew' }],
    ['/grants/sre-prod', { kind: 'Grant', name: 'sre-prod' }],
    ['/roles/ops', { kind: 'Role', name: 'ops' }],
  ])('%s: a dry run of its deletion deletes nothing, the deletion does', async (path, object) => {
    const deleted = { ...object, action: 'deleted' };
    const operation = `delete${object.kind}`;
    const asked = { method: 'DELETE', path };
    const trial = aResult({ dryRun: true, objects: [deleted] });
    const tried = await rest.claimed(
      { [operation]: trial },
      { ...asked, path: `${path}?dryRun=All` },
    );
    expect(tried).toMatchObject({ dryRun: true, changed: true });
    expect(tried.objects[0]).toMatchObject(deleted);
    const body = await rest.claimed({ [operation]: aResult({ objects: [deleted] }) }, asked);
    expect(body).toMatchObject({ dryRun: false, changed: true });
    expect(body.objects[0]).toMatchObject(deleted);
    rest.target.tell({});
    expect(await rest.refused({ path })).toMatchObject({ code: 'not_found' });
  });

  test('a cluster that is granted is let go by its own command', async () => {
    const nextCommand = 'ambit cluster rm prod-eu';
    rest.target.tell({ deleteCluster: refusing('in_use', 'It is in use.', { nextCommand }) });
    const asked = { method: 'DELETE', path: '/clusters/prod-eu' };
    expect(await rest.refused(asked)).toMatchObject({ status: 409, code: 'in_use', nextCommand });
  });

  test('a person is locked by what was read', async () => {
    rest.target.tell({ getUser: () => aUser('bob'), apply: () => aResult() });
    const { body } = await rest.call({ path: '/users/bob' });
    const locked = { ...body, spec: { ...body.spec, active: false } };
    const answer = await rest.call(applying([locked]));
    expect(answer).toMatchObject({ status: 200, body: { changed: true } });
  });
}
