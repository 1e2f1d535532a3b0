import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '../../resource.ts';
import { defaultFleet, type Listener } from '../fleet-manifest.ts';
import { createNewsDesk } from './news-desk.ts';

type State = { generation: number; acknowledged: number; status: 'True' | 'False'; reason: string };

function desk() {
  const state: State & { refused: string[]; now: number; listeners: readonly Listener[] } = {
    listeners: defaultFleet.listeners,
    generation: 1,
    acknowledged: 2,
    status: 'True',
    reason: 'Ready',
    refused: [],
    now: 0,
  };
  const resources = (): readonly Resource[] => {
    const { generation, acknowledged, status, reason, listeners } = state;
    const condition = { type: 'Ready', status, reason, message: 'words', lastTransitionTime: '' };
    const metadata = { namespace: 'relayfleet-system', name: 'default' };
    const fleet = { readyReplicas: 2, config: { generation, acknowledged }, conditions: [condition] };
    return [{ kind: 'RelayFleet', metadata, spec: { listeners }, status: fleet } as unknown as Resource];
  };
  const reader = { resources, refused: () => state.refused };
  const { look } = createNewsDesk({ reader, logs: new Map(), fleet: defaultFleet, now: () => state.now });
  return { state, look };
}

test('what is so already is no news', () => {
  const { look } = desk();
  assert.deepEqual(look(), []);
});

test('a configuration is news once every node has it', () => {
  const { state, look } = desk();
  Object.assign(state, { generation: 2, acknowledged: 1 });
  assert.deepEqual(look(), []);
  state.acknowledged = 2;
  assert.deepEqual(look(), ['Configuration 2 is in force on every node (2)']);
  assert.deepEqual(look(), []);
});

test('a change on its way is told when it has arrived, or when it takes long', () => {
  const { state, look } = desk();
  Object.assign(state, { status: 'False', reason: 'WaitingForNodes' });
  assert.deepEqual(look(), []);
  Object.assign(state, { status: 'True', reason: 'Ready', now: 1_000 });
  assert.deepEqual(look(), []); // it went by unnoticed
  Object.assign(state, { status: 'False', reason: 'WaitingForNodes', now: 2_000 });
  assert.deepEqual(look(), []);
  state.now = 5_000;
  assert.deepEqual(look(), ['RelayFleet relayfleet-system/default  Ready True -> False (WaitingForNodes): words']);
});

test('a refusal is told once, and that it is over', () => {
  const { state, look } = desk();
  state.refused = ['a.yaml: is not valid YAML'];
  assert.deepEqual(look(), ['Refused: a.yaml: is not valid YAML']);
  assert.deepEqual(look(), []);
  state.refused = [];
  assert.deepEqual(look(), ['Nothing is refused any more.']);
});

test('what only a new start carries is said once, and that it was taken back', () => {
  const { state, look } = desk();
  const [first, ...others] = defaultFleet.listeners;
  for (const listeners of [others, [{ ...first!, port: 466 }, ...others]]) {
    state.listeners = listeners;
    assert.deepEqual(look(), ['spec.listeners changed: takes effect at the next start (Ctrl-C, then start again)']);
    assert.deepEqual(look(), []);
    state.listeners = defaultFleet.listeners;
    assert.deepEqual(look(), ['spec.listeners is again what the parts were started with']);
  }
});
