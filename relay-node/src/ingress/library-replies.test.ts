import assert from 'node:assert/strict';
import test from 'node:test';
import { replies } from '../replies.ts';
import { libraryReply } from './library-replies.ts';

const of = (code: number, text = '', context?: string | false) => libraryReply({ code, text, context }, true);

test('the texts of the pinned library have replies of ours with the same code', () => {
  const said: readonly (readonly [code: number, text: string, context?: string])[] = [
    [421, 'relay.test Too many connected clients, try again in a moment'],
    [421, 'Timeout - closing connection'],
    [421, 'Server shutting down'],
    [421, 'relay.test You talk too soon'],
    [421, 'HTTP requests not allowed'],
    [421, 'Error: too many unrecognized commands'],
    [421, 'Error: too many unauthenticated commands'],
    [421, 'Error: Command line too long'],
    [451, 'Error: internal server error'],
    [500, 'Error: command not recognized'],
    [501, 'Error: Bad sender address syntax', 'SENDER_SYNTAX_ERROR'],
    [501, 'Error: Bad recipient address syntax', 'MAILBOX_SYNTAX_ERROR'],
    [501, 'Error: duplicate SIZE parameter'],
    [503, 'Error: nested MAIL command'],
    [504, 'Error: Unrecognized authentication type'],
    [530, 'Error: authentication Required'],
    [538, 'Error: Must issue a STARTTLS command first'],
    [552, 'Error: message exceeds fixed maximum message size 100', 'MESSAGE_TOO_BIG'],
  ];
  for (const [code, text, context] of said) {
    const reply = of(code, text, context);
    assert.ok(reply !== undefined, text);
    assert.ok(replies[reply].line.startsWith(`${code} `), `${text}: ${reply}`);
  }
});

test('the ways to be closed are told apart', () => {
  assert.equal(of(421, 'Timeout - closing connection'), 'tooSlow');
  assert.equal(of(421, 'Server shutting down'), 'shuttingDown');
  assert.equal(of(421, 'relay.test Too many connected clients, try again in a moment', false), 'tooManyConnections');
  assert.equal(of(421, 'HTTP requests not allowed'), 'protocolAbuse');
});

test('a command of SMTP that is not offered is told apart from one that does not exist, before and after login', () => {
  for (const secure of [true, false]) {
    const refusal = { code: 500, text: 'Error: command not recognized' };
    assert.equal(libraryReply({ ...refusal, context: 'BDAT' }, secure), 'notImplemented');
    assert.equal(libraryReply({ ...refusal, context: 'XCLIENT' }, secure), 'unknownCommand');
  }
});

test('what is missing before mail depends on what is there', () => {
  assert.equal(libraryReply({ code: 530, text: '', context: undefined }, false), 'tlsRequired');
  assert.equal(libraryReply({ code: 530, text: '', context: undefined }, true), 'authenticationRequired');
});
