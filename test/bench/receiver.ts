// The receiving server of the benchmarks: bare sockets, so that it costs little and the contender is what is measured.
// Prints one JSON line `{sequence, at, signed}` a mail, buffered. Run: receiver.ts <port> [<certificate> <key>]
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { sequenceOf } from './message.ts';

const [port = '0', certificate, key] = process.argv.slice(2);
const context =
  certificate && key
    ? createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.2' })
    : undefined;
let lines: string[] = [];

setInterval(() => {
  if (lines.length > 0) process.stdout.write(lines.join(''));
  lines = [];
}, 100);

createServer((socket) => greet(socket)).listen(Number(port), '127.0.0.1', () =>
  process.stdout.write('{"listening":true}\n'),
);

function greet(socket: Socket): void {
  socket.write('220 receiver.example ESMTP\r\n');
  converse(socket, context !== undefined);
}

function converse(socket: Socket, offerTls: boolean): void {
  let text = '';
  let inData = false;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (;;) {
      const marker = inData ? '\r\n.\r\n' : '\r\n';
      const end = text.indexOf(marker);
      if (end < 0) return;
      const part = text.slice(0, end);
      text = text.slice(end + marker.length);
      if (inData) {
        inData = false;
        record(part);
        socket.write('250 2.0.0 Ok\r\n');
      } else if (/^STARTTLS/i.test(part) && offerTls) return upgrade(socket);
      else inData = answer(socket, part, offerTls);
    }
  });
}

/** Answers one command; true when the next bytes are a mail. */
function answer(socket: Socket, command: string, offerTls: boolean): boolean {
  const verb = command.slice(0, 4).toUpperCase();
  if (verb === 'EHLO')
    socket.write(
      `250-receiver.example\r\n250-PIPELINING\r\n${offerTls ? '250-STARTTLS\r\n' : ''}250-SIZE 50000000\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n`,
    );
  else if (verb === 'DATA') socket.write('354 Go ahead\r\n');
  else if (verb === 'QUIT') socket.end('221 2.0.0 Bye\r\n');
  else socket.write('250 2.0.0 Ok\r\n');
  return verb === 'DATA';
}

function upgrade(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.write('220 2.0.0 Ready\r\n');
  converse(new TLSSocket(socket, { isServer: true, ...(context ? { secureContext: context } : {}) }), false);
}

function record(mail: string): void {
  const sequence = sequenceOf(mail);
  if (sequence === undefined) return;
  const signed = /^DKIM-Signature:/im.test(mail.slice(0, mail.indexOf('\r\n\r\n')));
  lines.push(`${JSON.stringify({ sequence, at: performance.timeOrigin + performance.now(), signed })}\n`);
}
