import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStore } from './store.ts';

const object = (name: string, resourceVersion: string, uid = 'u') => ({
  metadata: { namespace: 'n', name, uid, resourceVersion },
});

test('an older version, or the same again, is no news', () => {
  const store = createStore();
  assert.equal(store.put(object('a', '10')), true);
  assert.equal(store.put(object('a', '9')), false);
  assert.equal(store.put(object('a', '10')), false);
  assert.equal(store.put(object('a', '100')), true);
  assert.equal(store.get('n/a')?.metadata.resourceVersion, '100');
});

test('an object made anew under an old name replaces it; the tombstone of the old one does not remove it', () => {
  const store = createStore();
  store.put(object('a', '10', 'old'));
  assert.equal(store.put(object('a', '12', 'new')), true);
  assert.equal(store.remove(object('a', '11', 'old')), false);
  assert.equal(store.size, 1);
  assert.equal(store.remove(object('a', '13', 'new')), true);
  assert.equal(store.remove(object('a', '13', 'new')), false);
});

test('versions that are no numbers are compared for difference only', () => {
  const store = createStore();
  store.put(object('a', 'x'));
  assert.equal(store.put(object('a', 'x')), false);
  assert.equal(store.put(object('a', 'w')), true);
});

test('property: after a list the store holds exactly what was listed', () => {
  const objects = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      version: fc.integer({ min: 1, max: 50 }),
      uid: fc.constantFrom('u', 'v'),
    }),
    { selector: ({ name }) => name },
  );
  fc.assert(
    fc.property(objects, objects, (before, listed) => {
      const store = createStore();
      for (const { name, version, uid } of before) store.put(object(name, String(version), uid));
      // A list is never older than what the store holds.
      const list = listed.map(({ name, version, uid }) => object(name, String(version + 50), uid));
      const changed = store.replace(list);
      assert.deepEqual(new Set(store.values()), new Set(list));
      assert.equal(changed, before.length > 0 || list.length > 0);
      assert.equal(store.replace(list), false);
    }),
  );
});
