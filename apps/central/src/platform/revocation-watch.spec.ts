import { describe, expect, test } from '@jest/globals';
import type { FeedCommit, RevokedCredential } from '@ambit/persistence';
import { RevocationWatch } from './revocation-watch.ts';

function watching(of: RevokedCredential['kind'] = 'Agent') {
  let tell: (commit: FeedCommit) => void = () => undefined;
  const commits = {
    subscribe: (listener: (commit: FeedCommit) => void) => {
      tell = listener;
      return () => undefined;
    },
  };
  const watch = new RevocationWatch(commits, of);
  const cut: string[] = [];
  return {
    cut,
    watch: (uid: string, name = uid) => watch.watch(uid, () => cut.push(name)),
    revoke: (uid: string, kind: RevokedCredential['kind'] = 'Agent') =>
      tell({ revoked: [{ kind, uid }] } as Partial<FeedCommit> as FeedCommit),
  };
}

describe('what a revoked credential holds open', () => {
  test('is cut in the turn of the commit, all of it and nothing else', () => {
    const { watch, revoke, cut } = watching();
    watch('a', 'stream');
    watch('a', 'upload');
    watch('b');
    revoke('a');
    expect(cut).toEqual(['stream', 'upload']);
  });

  test('is cut once, however often the revocation is told', () => {
    const { watch, revoke, cut } = watching();
    watch('a');
    revoke('a');
    revoke('a');
    expect(cut).toEqual(['a']);
  });

  test('is cut at once when the revocation came between the look at its record and the watch', () => {
    const { watch, revoke, cut } = watching();
    revoke('a');
    watch('a')();
    expect(cut).toEqual(['a']);
    watch('b');
    expect(cut).toEqual(['a']);
  });

  test('an agent and a token of one uid are two', () => {
    const { watch, revoke, cut } = watching('ApiToken');
    watch('a');
    revoke('a', 'Agent');
    expect(cut).toEqual([]);
    revoke('a', 'ApiToken');
    expect(cut).toEqual(['a']);
  });

  test('is not cut after its watch has ended, and what else it holds still is', () => {
    const { watch, revoke, cut } = watching();
    const end = watch('a', 'ended');
    watch('a', 'open');
    end();
    end();
    revoke('a');
    expect(cut).toEqual(['open']);
  });

  test('a watch that ended twice does not end one that came after it', () => {
    const { watch, revoke, cut } = watching();
    const end = watch('a', 'first');
    end();
    watch('a', 'second');
    end();
    revoke('a');
    expect(cut).toEqual(['second']);
  });

  test('may end its own watch, or begin another, while it is cut', () => {
    const { watch, revoke, cut } = watching();
    const end = watch('a', 'first');
    watch('a', 'second');
    revoke('a');
    end();
    watch('a', 'late');
    expect(cut).toEqual(['first', 'second', 'late']);
  });
});
