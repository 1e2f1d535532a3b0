import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceOn } from './advice.ts';
import { stepNames } from './submit.ts';

test('whatever fails, there is something to do', () => {
  for (const step of stepNames)
    for (const failure of [{ step }, { step, code: 421 }, { step, code: 550 }, { step, errno: 'ECONNRESET' }])
      assert.ok(adviceOn(failure).length > 10, JSON.stringify(failure));
});

test('the advice fits what failed', () => {
  assert.match(adviceOn({ step: 'connect', errno: 'ECONNREFUSED' }), /nobody listens/);
  assert.match(adviceOn({ step: 'tls', errno: 'ERR_TLS_CERT_ALTNAME_INVALID' }), /another name/);
  assert.match(adviceOn({ step: 'tls', errno: 'SELF_SIGNED_CERT_IN_CHAIN' }), /authority/);
  assert.match(adviceOn({ step: 'auth', code: 535, status: '5.7.8' }), /user or password/);
  assert.match(adviceOn({ step: 'auth', code: 454, status: '4.7.0' }), /that passes/);
  assert.match(adviceOn({ step: 'mail', code: 452, status: '4.3.1' }), /queue is nearly full/);
  assert.match(adviceOn({ step: 'mail', code: 550, status: '5.7.1' }), /may not send so/);
  assert.match(adviceOn({ step: 'data' }), /may have been queued all the same/);
});
